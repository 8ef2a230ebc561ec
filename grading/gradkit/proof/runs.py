"""Grade specimens with the graded suites; by default without a sandbox, because they are the course's own code."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.conditions import make_conditions
from gradkit.grader.phases import LaterPhase
from gradkit.grader.report import Report, read
from gradkit.grader.suite import Suite, load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.grader.whole_class.student_steps import PhaseResult, StudentSteps
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.suite.diagnosis.find_hint import strict_questions
from gradkit.suite.results import ItemResult, make_result
from gradkit.suite.visibility import follows_from_others

from .errors import ProofError
from .selection import Selection
from .specimens import files_of, read_misconceptions

MAX_BATCH = 20
"""How many specimens a batch holds at most. The kit's tests grade a batch when they need one specimen of it."""

ItemResults = dict[str, ItemResult]
"""The result of every item of a suite, by its id."""


@dataclass(frozen=True)
class Batch:
    """Specimens that are graded as one class.

    Attributes:
        suite: All items of the assignments that hold a file of the specimens.
        selected: The items that are run on each specimen, by its name. Every other item counts as passed.
    """

    suite: Suite
    selected: Mapping[str, Suite]


@dataclass(frozen=True)
class SpecimenSteps(StudentSteps):
    """Runs on each student the items that are selected for it.

    Attributes:
        selected: The items of each student, by name.
    """

    selected: Mapping[str, Suite]

    def run_public(self, scratch: Path, sandbox: Sandbox, student: Student) -> PhaseResult:
        with strict_questions():
            return self._steps(student).run_public(scratch, sandbox, student)

    def run_later(self, phase: LaterPhase, scratch: Path, sandbox: Sandbox, student: Student) -> PhaseResult:
        return self._steps(student).run_later(phase, scratch, sandbox, student)

    def _steps(self, student: Student) -> StudentSteps:
        return StudentSteps(self.selected[student.name], self.conditions, self.out)


@dataclass(frozen=True)
class SpecimenClass(Classroom):
    """A class of specimens.

    Attributes:
        selected: The items that are run on each one, by name.
    """

    selected: Mapping[str, Suite] = field(default_factory=dict)

    @property
    def steps(self) -> StudentSteps:
        return SpecimenSteps(self.suite, self.conditions, self.out, self.selected)


@dataclass(frozen=True)
class SpecimenRun:
    """A specimen's report, which is about the items that were run, and the suite that they are part of."""

    name: str
    suite: Suite
    report: Report

    @property
    def results(self) -> ItemResults:
        """The result of every item of the suite: an item that was not run has passed."""
        run = self.report.by_id()
        return {item.id: run.get(item.id) or make_result(item, Verdict.PASSED) for item in self.suite.items}


def find_assignments(name: str, graded_only: bool = False) -> tuple[Assignment, ...]:
    """Return the assignments that use a file in which a specimen differs from the solution. In others it is equal.

    For the solution itself, return all.

    Args:
        name: The name of the specimen, or "solution".
        graded_only: Whether to leave out assignments that only build on such a file, and do not ask for it.
    """
    changed = files_of(name)
    return tuple(each for each in assignments() if changed & set(each.modules if graded_only else each.files))


def batches(names: Iterable[str], selection: Selection | None = None, graded_only: bool = False) -> list[Batch]:
    """Group specimens by the suite that they are graded with.

    Args:
        names: The specimens; "solution" is one too.
        selection: Selects the items of each misconception. Without it, and for other specimens, all items are run.
        graded_only: Whether to grade a specimen only in assignments that ask for one of its files.
    """
    library = Library(corpora_folder())
    misconceptions = read_misconceptions()
    suites: dict[tuple[Assignment, ...], Suite] = {}
    selected: dict[tuple[Assignment, ...], dict[str, Suite]] = {}
    for name in names:
        chosen = find_assignments(name, graded_only)
        if chosen not in suites:
            suites[chosen] = load_suite(chosen, library, retries=False)
            selected[chosen] = {}
        suite = suites[chosen]
        if selection and name in misconceptions:
            items = selection.items(misconceptions[name], suite.items)
            suite = _select(suite, {item.id for item in items})
        selected[chosen][name] = suite
    return [
        Batch(suite, {name: selected[chosen][name] for name in some})
        for chosen, suite in suites.items()
        for some in _chunks(list(selected[chosen]))
    ]


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), MAX_BATCH):
        yield names[start : start + MAX_BATCH]


def _select(suite: Suite, ids: set[str]) -> Suite:
    return replace(suite, tests=tuple(test for test in suite.tests if test.item.id in ids))


def run_batch(
    batch: Batch, folders: Mapping[str, Path], isolated: bool = False, kind: type[SpecimenClass] = SpecimenClass
) -> Iterator[SpecimenRun]:
    """Grade the specimens of a batch as a class; yield each one as it is done.

    Args:
        batch: The specimens.
        folders: The folder of each specimen, by name.
        isolated: Whether to run them in the sandbox.
        kind: What grades them.

    Raises:
        ProofError: If a specimen cannot be graded.
    """
    conditions = make_conditions(batch.suite, sandboxed=isolated)
    with tempfile.TemporaryDirectory() as out:
        classroom = kind(batch.suite, conditions, Path(out), isolated, batch.selected)
        for name, report in grade_folders(classroom, {name: folders[name] for name in batch.selected}):
            yield SpecimenRun(name, batch.suite, report)


def grade_folders(classroom: Classroom, folders: Mapping[str, Path]) -> Iterator[tuple[str, Report]]:
    """Grade folders as a class; yield the name and the report of each one as it is done.

    Args:
        classroom: What grades them.
        folders: The submissions, by the students' names.

    Raises:
        ProofError: If one of them cannot be graded.
    """
    students = [Student(name, folder.resolve()) for name, folder in folders.items()]
    for graded in classroom.grade(students, n_workers=2):
        if graded.reason:
            raise ProofError(f"{graded.student.name} was not graded, so run the same command again: {graded.reason}")
        yield graded.student.name, read(classroom.report_path(graded.student))


def find_primary_failures(results: ItemResults) -> set[str]:
    """Return the items that fail although everything they need passes."""
    passed_or_blocked = (Verdict.PASSED, Verdict.BLOCKED)
    return {
        name
        for name, result in results.items()
        if result.verdict not in passed_or_blocked and not follows_from_others(result, results)
    }
