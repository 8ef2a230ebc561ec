"""The recorded corpora: one file for each corpus spec of the suites, and no other.

The numbers in them are compared with PyTorch's by `gradkit corpora --check`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradkit.catalogue.assignments import corpora_folder
from gradkit.course.corpora import wishes
from gradkit.suite.diagnosis import DIAGNOSES

from .course import Course
from .finding import Finding


def check_corpora(course: Course) -> Iterator[Finding]:
    """Yield a finding for each corpus that is not recorded, and for each file that no item asks for."""
    collected = tuple(each for each in course.assignments if each.name in course.tests)
    try:
        specs = wishes(collected)
    except ValueError as error:
        yield Finding("tests", str(error), "Give one of them another name.")
        return

    files = {path.name for path in corpora_folder().glob("*.json")} - {DIAGNOSES}
    wanted = {f"{name}.json" for name in specs}
    for name in sorted(wanted - files):
        yield Finding(f"tests/corpora/{name}", "It is not recorded yet.", "gradkit corpora")
    if len(collected) == len(course.assignments):  # or the items of a suite that cannot be collected would be missed
        for name in sorted(files - wanted):
            yield Finding(f"tests/corpora/{name}", "No item asks for this corpus.", "Delete the file.")
