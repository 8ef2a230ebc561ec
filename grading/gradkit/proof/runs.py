"""Run the graded suites on specimens, which are ours and need no sandbox, and see what became of each item."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gradkit.catalogue.assignments import Assignment, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader import report
from gradkit.grader.conditions import conditions_of
from gradkit.grader.suite import suite_of
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.submissions.intake.roster import Student
from gradkit.submissions.outcome import Verdict
from gradkit.suite.results import ItemResult
from gradkit.suite.visibility import follows_from_others

Record = dict[str, ItemResult]
"""Every item's result, by its id."""


def run_all(folders: Mapping[str, Path], asked: Sequence[Assignment], workers: int = 2) -> Iterator[tuple[str, Record]]:
    """The records of many folders in some assignments, as they come. Raises RuntimeError where the run itself broke."""
    suite = suite_of(asked, Library(corpora_folder()), retries=False)
    with tempfile.TemporaryDirectory() as out:
        classroom = Classroom(suite, conditions_of(suite, sandboxed=False), Path(out), isolated=False)
        students = [Student(name, folder.resolve()) for name, folder in folders.items()]
        for graded in classroom.grade(students, workers):
            if graded and graded.reason:
                raise RuntimeError(f"{graded.student.name}: {graded.reason}")
            if graded:
                yield graded.student.name, report.read(classroom.report_path(graded.student)).by_id()


def primaries(record: Record) -> set[str]:
    """The items that fail in their own right: everything they need passes."""
    fine = (Verdict.PASSED, Verdict.BLOCKED)
    return {
        name
        for name, result in record.items()
        if result.verdict not in fine and not follows_from_others(result, record)
    }
