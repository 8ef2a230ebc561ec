"""The recorded corpora: one file for each corpus spec of the suites, and no other.

The numbers in them are compared with PyTorch's by `gradkit corpora --check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.expressions import Expressions
from gradkit.corpora.files import load_corpus
from gradkit.corpora.spec import CorpusSpec
from gradkit.course.corpora import corpus_specs, find_keys_file, write_key_line
from gradkit.suite.diagnosis.fingerprints import DIAGNOSES

from .course import Course
from .finding import Finding


def check_corpora(course: Course) -> Iterator[Finding]:
    """Yield a finding for each corpus that is not recorded as the suites need it, and for each superfluous file."""
    collected = tuple(each for each in course.assignments if each.name in course.tests)
    try:
        specs = corpus_specs(collected)
    except ValueError as error:
        yield Finding("tests", f"{error}.", "Give one of them another name.")
        return

    for spec in specs.values():
        if reason := _fault(spec):
            yield Finding(f"tests/corpora/{spec.file_name}", reason, "gradkit corpora")
    yield from _check_keys(course, [write_key_line(spec) for spec in specs.values()])

    if len(collected) == len(course.assignments):  # otherwise items that cannot be collected may use a file
        wanted = {spec.file_name for spec in specs.values()} | {DIAGNOSES}
        for path in sorted(corpora_folder().glob("*.json")):
            if path.name not in wanted:
                yield Finding(course.path(path), "No item uses this corpus.", "Delete the file.")


def _check_keys(course: Course, lines: list[str]) -> Iterator[Finding]:
    """Yield a finding for each line that the table of keys lacks, and for each that no corpus spec has."""
    path = find_keys_file()
    table = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line not in table:
            file_name = line.partition(":")[0]
            yield Finding(course.path(path), f"It does not have the key of {file_name}.", "gradkit corpora")
    for line in table:
        if line not in lines:
            yield Finding(course.path(path), f"No item uses a corpus with this key: {line}", "gradkit corpora")


def _fault(spec: CorpusSpec[Any, Any]) -> str:
    """Return why a corpus must be recorded anew; an empty text if it need not be."""
    path = corpora_folder() / spec.file_name
    if not path.is_file():
        return "It is not recorded yet."
    try:
        recorded = load_corpus(spec, path)
    except msgspec.DecodeError as error:
        return f"It cannot be read: {error}."
    if isinstance(spec, Expressions) and recorded.cases != spec.graphs:
        return "Its expressions are not those of the suite."
    return ""
