"""Grades one submission: runs every item's test on it from outside, and notes what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from ..graphs.corpus import Expressions
from ..oracle.recording import Library
from ..submissions.intake import TakenIn
from ..submissions.notebook import Notebook
from ..submissions.outcome import SubmissionError, Verdict
from ..submissions.subject import Subject, Transport
from ..suite.assignments import Assignment
from ..suite.collection import GradedTest, graded_tests
from ..suite.evidence import Evidence, NotPassed, hidden, of_error, withheld
from ..suite.judging import judge, must_not_run
from ..suite.loading import Loader, no_time_left
from ..suite.own_lines import lines_at
from ..suite.results import Results
from .reference_retry import ask_again, files_that_stand_in, worth_asking

WORKER = 0.1
"""Seconds that ending a worker and starting another may take: about three times what they do."""


class GraderError(Exception):
    """The fault is ours: a test ended in a way that has nothing to do with the submission."""


@dataclass(frozen=True)
class Suite:
    """The items to grade, fixed before any submission is opened, and where their graphs come from."""

    assignments: tuple[Assignment, ...]
    tests: tuple[GradedTest, ...]
    library: Library
    stands_in: bool = True
    """Whether assignments that ask for it are asked again on the reference: see reference_retry.py."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The files to grade, without `.py`."""
        return tuple(dict.fromkeys(module for assignment in self.assignments for module in assignment.modules))

    @property
    def builds_on(self) -> tuple[str, ...]:
        """The files that those need beside them and that are not graded, without `.py`."""
        needed = (module for assignment in self.assignments for module in assignment.builds_on)
        return tuple(module for module in dict.fromkeys(needed) if module not in self.modules)

    @property
    def notebook(self) -> Notebook | None:
        """The notebook that may be handed in instead of files. Each assignment has its own, so that of one alone."""
        return self.assignments[0].notebook if len(self.assignments) == 1 else None

    @property
    def packages(self) -> tuple[str, ...]:
        """What the assignments ask for beside Python's standard library."""
        return tuple(dict.fromkeys(package for assignment in self.assignments for package in assignment.packages))

    @property
    def points(self) -> float:
        """How many there are to earn."""
        return sum(test.item.points for test in self.tests)

    @property
    def seconds(self) -> float:
        """How long the student's code may run in all."""
        return sum(
            assignment.submission_seconds * (1 + self._is_asked_again(assignment)) for assignment in self.assignments
        )

    def _is_asked_again(self, assignment: Assignment) -> bool:
        return self.stands_in and bool(assignment.stand_ins)

    @property
    def longest(self) -> float:
        """How many seconds grading takes at most: each item may need a fresh worker."""
        return self.seconds + WORKER * len(self.tests)


def suite_of(assignments: Sequence[Assignment], library: Library, stands_in: bool = True) -> Suite:
    """The suite of some assignments, with every corpus at hand. Raises MissingCorpusError where one is not recorded."""
    tests = tuple(test for assignment in assignments for test in graded_tests(assignment))
    for test in tests:
        if test.mark.corpus:
            library.corpus(test.mark.corpus)
    return Suite(tuple(assignments), tests, library, stands_in)


def grade(
    suite: Suite,
    taken: TakenIn,
    transport: Transport,
    standing_in: Callable[[Assignment], AbstractContextManager[Transport]] | None = None,
) -> Results:
    """Every item's result. Raises GraderError where an item's end is no verdict.

    taken:       how the submission was taken in; a problem with it settles every item.
    standing_in: the way to the same submission with the reference's files in place, for an assignment. Nothing is asked
                 of `transport` once that is open.
    """
    results = Results([test.item for test in suite.tests])
    run = _Run(suite, results, transport, taken.problem)
    for test in suite.tests:
        run.item(test)
    if standing_in is None or not suite.stands_in or taken.problem:
        return results
    for assignment in suite.assignments:
        if worth_asking(assignment, results):
            with standing_in(assignment) as place:
                passed = _asked_again(suite, assignment, results, place)
            if passed:
                own = files_that_stand_in(assignment)
                taken.notes.append(f"{assignment.name}: with the course's own {own}, {passed} more items pass")
    return results


def _asked_again(suite: Suite, assignment: Assignment, results: Results, place: Transport) -> int:
    loader = Loader(place)

    def ask(test: GradedTest, transport: Transport) -> None:
        _call(suite, test, {name: loader.subject(name, False) for name in test.subjects})
        transport.finish()

    tests = (test for test in suite.tests if test.item.assignment == assignment.name)
    return ask_again(assignment, tests, results, place, ask)


def _call(suite: Suite, test: GradedTest, subjects: dict[str, Subject]) -> None:
    """Run a test. Raises what it raises."""
    wish = test.mark.corpus
    corpus = {"corpus": suite.library.corpus(wish)} if wish else {}
    test.function(**subjects, **corpus)


class _Run:
    def __init__(self, suite: Suite, results: Results, transport: Transport, problem: SubmissionError | None) -> None:
        self._suite = suite
        self._results = results
        self._transport = transport
        self._loader = Loader(transport, problem)
        self._limits = {assignment.name: assignment for assignment in suite.assignments}
        self._spent = dict.fromkeys(self._limits, 0.0)

    def item(self, test: GradedTest) -> None:
        """Run one item and note its result."""
        limits = self._limits[test.item.assignment]
        before = self._transport.spent
        seconds = min(limits.item_seconds, limits.submission_seconds - self._spent[limits.name])
        error: BaseException | None = must_not_run(self._results, test.item)
        if error is None and seconds <= 0:
            error = no_time_left(limits)
        if error is None:
            self._transport.begin(seconds, limits.packages)
            try:
                subjects = {name: self._loader.subject(name, seconds < limits.item_seconds) for name in test.subjects}
            except SubmissionError as unusable:
                error = unusable
            else:
                error = self._ended(test, subjects)
        judge(self._results, test.item, error, test.path)
        self._spent[limits.name] += self._transport.spent - before

    def _ended(self, test: GradedTest, subjects: dict[str, Subject]) -> NotPassed | SubmissionError | None:
        """Run a test and say what it raised, if anything, in words that a student may see."""
        try:
            _call(self._suite, test, subjects)
            self._transport.finish()
        except (NotPassed, SubmissionError) as error:
            if test.item.hidden:
                return NotPassed(error.verdict, partial(hidden, error.verdict))
            return self._presentable(test, subjects, error) if self._suite.library.secret else error
        except Exception as error:
            raise GraderError(f"{test.item.id} ended with {type(error).__name__}: {error}") from error
        return None

    def _presentable(
        self, test: GradedTest, subjects: dict[str, Subject], error: NotPassed | SubmissionError
    ) -> NotPassed:
        """The same end, told without any word of code that was told secrets and could pass them on."""
        if test.mark.corpus and not isinstance(test.mark.corpus, Expressions):
            if isinstance(error, NotPassed):
                return error  # the check has seen to it (suite/checks.py, suite/cases.py)
            return NotPassed(error.verdict, partial(withheld, error.verdict))
        return NotPassed(error.verdict, partial(self._told_anew, test, subjects, error.verdict))

    def _told_anew(self, test: GradedTest, subjects: dict[str, Subject], verdict: Verdict) -> Evidence:
        """The evidence of the same item where the student's code was told nothing secret."""
        try:
            _call(self._suite, test, {name: self._transport.untold(subject) for name, subject in subjects.items()})
        except NotPassed as again:
            return again.evidence
        except SubmissionError as again:
            return of_error(again, lines_at(again.__traceback__, test.path))
        return withheld(verdict)
