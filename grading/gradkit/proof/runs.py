"""Grade specimens with the graded suites; by default without a sandbox, because they are the course's own code."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from gradkit.submissions.intake.roster import Student
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.suite.diagnosis.find_hint import strict_questions
from gradkit.suite.results import ItemResult, make_result
from gradkit.suite.visibility import follows_from_others

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
        parts: The part of the suite that is run on each specimen, by its name. Every other item counts as passed.
    """

    suite: Suite
    parts: Mapping[str, Suite]


@dataclass(frozen=True)
class SpecimenSteps(StudentSteps):
    """Runs on each student its part of the suite.

    Attributes:
        parts: The part of each student, by name.
    """

    parts: Mapping[str, Suite]

    def run_public(self, scratch: Path, sandbox: Sandbox, student: Student) -> PhaseResult:
        with strict_questions():
            return self._steps(student).run_public(scratch, sandbox, student)

    def run_later(self, phase: LaterPhase, scratch: Path, sandbox: Sandbox, student: Student) -> PhaseResult:
        return self._steps(student).run_later(phase, scratch, sandbox, student)

    def _steps(self, student: Student) -> StudentSteps:
        return StudentSteps(self.parts[student.name], self.conditions, self.out)


@dataclass(frozen=True)
class SpecimenClass(Classroom):
    """A class of specimens.

    Attributes:
        parts: The part of the suite that is run on each one, by name.
    """

    parts: Mapping[str, Suite] = field(default_factory=dict)

    @property
    def steps(self) -> StudentSteps:
        return SpecimenSteps(self.suite, self.conditions, self.out, self.parts)


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


def find_assignments_using(name: str) -> tuple[Assignment, ...]:
    """Return the assignments with a file in which a specimen differs from the solution. In others it is equal.

    For the solution itself, return all.
    """
    changed = files_of(name)
    return tuple(assignment for assignment in assignments() if changed & set(assignment.files))


def find_assignments_grading(name: str) -> tuple[Assignment, ...]:
    """Return the assignments that ask for a file in which a specimen differs from the solution.

    For the solution itself, return all.
    """
    changed = files_of(name)
    return tuple(assignment for assignment in assignments() if changed & set(assignment.modules))


def batches(
    names: Iterable[str],
    selection: Selection | None = None,
    assignments_of: Callable[[str], tuple[Assignment, ...]] = find_assignments_using,
) -> list[Batch]:
    """Group specimens by the suite that they are graded with.

    Args:
        names: The specimens; "solution" is one too.
        selection: Selects the items of each misconception. Without it, and for other specimens, all items are run.
        assignments_of: Returns the assignments to grade a specimen in.
    """
    library = Library(corpora_folder())
    misconceptions = read_misconceptions()
    suites: dict[tuple[Assignment, ...], Suite] = {}
    parts: dict[tuple[Assignment, ...], dict[str, Suite]] = {}
    for name in names:
        asked = assignments_of(name)
        if asked not in suites:
            suites[asked] = load_suite(asked, library, retries=False)
            parts[asked] = {}
        part = suites[asked]
        if selection and name in misconceptions:
            selected = selection.items(misconceptions[name], part.items)
            part = _part(part, {item.id for item in selected})
        parts[asked][name] = part
    return [
        Batch(suite, {name: parts[asked][name] for name in some})
        for asked, suite in suites.items()
        for some in _chunks(list(parts[asked]))
    ]


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), MAX_BATCH):
        yield names[start : start + MAX_BATCH]


def _part(suite: Suite, ids: set[str]) -> Suite:
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
        RuntimeError: If a specimen cannot be graded.
    """
    conditions = make_conditions(batch.suite, sandboxed=isolated)
    with tempfile.TemporaryDirectory() as out:
        classroom = kind(batch.suite, conditions, Path(out), isolated, batch.parts)
        students = [Student(name, folders[name].resolve()) for name in batch.parts]
        for graded in classroom.grade(students, n_workers=2):
            if graded.reason:
                raise RuntimeError(f"{graded.student.name}: {graded.reason}")
            report = read(classroom.report_path(graded.student))
            yield SpecimenRun(graded.student.name, batch.suite, report)


def find_primary_failures(results: ItemResults) -> set[str]:
    """Return the items that fail although everything they need passes."""
    passed_or_blocked = (Verdict.PASSED, Verdict.BLOCKED)
    return {
        name
        for name, result in results.items()
        if result.verdict not in passed_or_blocked and not follows_from_others(result, results)
    }
