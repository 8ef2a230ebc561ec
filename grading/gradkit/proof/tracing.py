"""Trace the solution: which of its functions are entered at import, and by each item of the course."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.grader.suite import Suite, load_suite
from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.submissions.intake.students import Student
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import run_test

from .edited_functions import Functions
from .errors import ProofError
from .specimens import reference_folder

TRACE_SECONDS = 600.0
"""How long tracing may take. It takes about 10 s."""

RUN_AGAIN = "Run the same command again. If it fails again, run `pytest`: does the solution pass every item?"


@dataclass(frozen=True)
class Trace:
    """The functions of the solution that were entered.

    Attributes:
        at_import: The functions that were entered while the files were imported.
        by_item: The functions that each item entered, by the item's id.
    """

    at_import: Functions
    by_item: Mapping[str, Functions]


def trace_solution() -> Trace:
    """Run every item of the course on the solution, and return which functions each one entered.

    Raises:
        ProofError: If an item does not pass, or the process that runs them is lost.
    """
    suite = load_suite(assignments(), Library(corpora_folder()), retries=False)
    folder = reference_folder() / "solution"
    for done in run_in_processes(
        [Student("solution", folder)], lambda _student: _traced(suite, folder), 1, TRACE_SECONDS
    ):
        if done and done.value is None:
            raise ProofError(f"The solution cannot be traced: {done.reason} {RUN_AGAIN}")
        if done and done.value:
            return done.value
    raise ProofError(f"The solution cannot be traced. {RUN_AGAIN}")


def _traced(suite: Suite, folder: Path) -> Trace:
    """Trace all items in this process, which must not have imported a submission."""
    transport = LocalTransport(folder, Clock())
    inside_folder = f"{transport.folder}/"
    entered: set[tuple[str, str]] = set()

    def enter(frame: FrameType, _event: str, _argument: object) -> None:
        code = frame.f_code
        if code.co_filename.startswith(inside_folder):
            # Not the code itself: equal functions on the same line of two files are equal as code.
            entered.add((code.co_filename, code.co_qualname))

    by_item: dict[str, Functions] = {}
    # Not sys.setprofile: worker.calls sets its own profiler, and the functions that it counts would be missing.
    sys.settrace(enter)
    try:
        for name in dict.fromkeys(name for test in suite.tests for name in test.subjects):
            transport.load(*SUBJECTS[name])
        at_import = _names(entered)

        for test in suite.tests:
            entered.clear()
            transport.start_item(TRACE_SECONDS)
            run_test(test, {name: transport.load(*SUBJECTS[name]) for name in test.subjects}, suite.library)
            by_item[test.item.id] = _names(entered)
    finally:
        sys.settrace(None)
    return Trace(at_import, by_item)


def _names(entered: set[tuple[str, str]]) -> Functions:
    return frozenset(f"{Path(file).stem}.{name}" for file, name in entered)
