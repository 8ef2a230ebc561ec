"""Later assignments on the course's own files: where an item about nn.py fails on a student's engine, it is asked again
with the reference's in its place, so that one early mistake costs once.

A submission can read what stands in, and could carry it out in any word or number. So of these workers nothing counts
but whether an item passed: what a student is shown was made before, where no reference was within reach.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ..submissions.outcome import SubmissionError, Verdict
from ..submissions.subject import Transport
from ..suite.assignments import Assignment, course_home
from ..suite.collection import GradedTest
from ..suite.evidence import Evidence, NotPassed
from ..suite.judging import must_not_run
from ..suite.results import ItemResult, Results


def reference_files(assignment: Assignment) -> list[Path]:
    """What may stand in for an assignment's earlier files; nothing in a release, which has no reference."""
    folder = course_home() / "reference" / "solution"
    paths = [folder / f"{module}.py" for module in assignment.stand_ins]
    return paths if all(path.is_file() for path in paths) else []


def files_that_stand_in(assignment: Assignment) -> str:
    """Their names, for a sentence."""
    *first, last = (f"{module}.py" for module in assignment.stand_ins)
    return f"{', '.join(first)} and {last}" if first else last


def put_in_place(assignment: Assignment, submission: Path, target: Path) -> None:
    """Make a folder of a submission's files, with the reference's in place of those that an assignment builds on."""
    target.mkdir(parents=True)
    for path in [*submission.glob("*.py"), *reference_files(assignment)]:
        shutil.copyfile(path, target / path.name)


def worth_asking(assignment: Assignment, results: Results) -> bool:
    """Whether an item of an assignment did not pass, and files could stand in."""
    mine = [result for result in results.all() if result.item.assignment == assignment.name]
    return bool(reference_files(assignment)) and any(result.verdict is not Verdict.PASSED for result in mine)


def ask_again(
    assignment: Assignment,
    tests: Iterator[GradedTest],
    results: Results,
    transport: Transport,
    run: Callable[[GradedTest, Transport], None],
) -> int:
    """Ask an assignment's items that did not pass once more; those that pass now do. Returns how many do.

    transport: the way to a submission in whose place the reference's files stand.
    run:       runs a test there. Raises NotPassed or SubmissionError where it does not pass.
    """
    again = Results()
    left = assignment.submission_seconds
    said = f"This passes with the course's own {files_that_stand_in(assignment)}, and not yet with what you handed in."
    for test in tests:
        if results.by_id[test.item.id].verdict is Verdict.PASSED or must_not_run(again, test.item) or left <= 0:
            continue
        before = transport.spent
        transport.begin(min(assignment.item_seconds, left), assignment.packages)
        verdict = Verdict.PASSED
        try:
            run(test, transport)
        except (NotPassed, SubmissionError) as error:
            verdict = error.verdict
        left -= transport.spent - before
        again.add(test.item, verdict)
        if verdict is Verdict.PASSED:
            results.by_id[test.item.id] = ItemResult(test.item, verdict, Evidence(verdict, said))
    return sum(result.verdict is Verdict.PASSED for result in again.all())
