"""Digests of everything that a verdict or a report depends on, and of nothing else.

A report is kept as long as the digests are equal. If they covered too little, then a class would keep reports that do
not hold any more; if they covered too much, then a changed help text would regrade a class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.files import digest_contents
from gradkit.suite.diagnosis.fingerprints import DIAGNOSES

from .reference_retry import reference_files
from .suite import Suite

KIT = Path(__file__).parents[1]
"""The folder of the package gradkit."""

DIGESTED = (
    "__init__",
    "catalogue",
    "corpora",
    "errors",
    "files",
    "grader",
    "graphs",
    "inside",
    "oracle",
    "submissions",
    "suite",
)
"""The modules and packages of gradkit that decide what a report says: everything that grading a class imports."""

NOT_DIGESTED = (
    "catalogue.course_settings",
    "corpora.recording",
    "grader.doctor",
    "grader.one_submission.appeal",
    "grader.whole_class.capacity",
    "grader.whole_class.processor_limit",
    "grader.whole_class.results",
    "graphs.picture",
    "graphs.scalar.trace_program",
    "oracle.programs",
    "submissions.intake.downloads",
    "submissions.intake.gradescope",
    "submissions.intake.platform_names",
    "submissions.intake.times",
    "submissions.transport.local",
    "suite.screen",
    "suite.static_warnings",
)
"""The modules and packages among DIGESTED that grading a class does not import: they show, or serve self-check."""

GRADED_FIELDS = (
    "name",
    "modules",
    "names",
    "item_seconds",
    "submission_seconds",
    "builds_on",
    "packages",
    "retry_with",
)
"""The fields of an assignment that grading reads. The others are texts for students."""


def digest_kit() -> str:
    """Return the digest of the files of gradkit that a report depends on."""
    paths = sorted(path for path in KIT.rglob("*.py") if is_digested(path))
    return digest_contents((path.relative_to(KIT).as_posix(), path.read_bytes()) for path in paths)


def is_digested(path: Path) -> bool:
    """Return whether the kit's digest covers a file of gradkit."""
    module = ".".join(path.relative_to(KIT).with_suffix("").parts)
    return _is_within(module, DIGESTED) and not _is_within(module, NOT_DIGESTED)


def _is_within(module: str, names: Iterable[str]) -> bool:
    """Return whether a module is one of these modules, or in one of these packages."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def digest_suite(suite: Suite) -> str:
    """Return the digest of what a report depends on in the course: assignments, their tests and corpora.

    They are the graded assignments, those with an item that a graded one needs, and those that decide about retries.

    It also covers the recorded hints of all misconceptions: they are not kept by assignment.
    """
    return digest_contents(_course_contents(suite))


def _course_contents(suite: Suite) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of everything in the course that a report depends on."""
    for assignment in suite.assignments:
        yield assignment.name, encode_graded_fields(assignment)
        for path in [*sorted(assignment.suite.glob("*.py")), *reference_files(assignment, suite.reference)]:
            yield f"{assignment.name}/{path.name}", path.read_bytes()

    earlier = {test.item.assignment for test in (*suite.earlier, *suite.retry_tests)}
    for assignment in assignments():
        if assignment.name in earlier:
            yield assignment.name, encode_graded_fields(assignment)
            for path in sorted(assignment.suite.glob("*.py")):
                yield f"{assignment.name}/{path.name}", path.read_bytes()

    # A course can leave some out, which is not in the files. The graded items are in the report itself.
    not_graded = [(test.item.id, test.item.needs) for test in (*suite.earlier, *suite.retry_tests)]
    yield "items that are not graded", msgspec.json.encode(not_graded)

    tests = (*suite.tests, *suite.earlier, *suite.retry_tests)
    corpora = {test.settings.corpus.file_name for test in tests if test.settings.corpus}
    for path in [corpora_folder() / name for name in (*sorted(corpora), DIAGNOSES)]:
        if path.is_file():
            yield path.name, path.read_bytes()


def encode_graded_fields(assignment: Assignment) -> bytes:
    """Return the fields of an assignment that grading reads, as JSON."""
    return msgspec.json.encode({field: getattr(assignment, field) for field in GRADED_FIELDS})
