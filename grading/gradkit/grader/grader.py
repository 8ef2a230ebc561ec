"""The first phase of grading: run every item's test on one submission from outside, and record how each one ended.

Nothing secret takes part in it, so all that a student is shown comes from here. The phases after it decide only whether
an item passes (phases.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradkit.catalogue.assignments import Assignment, Notebook
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import PUBLIC_SEED
from gradkit.errors import UserError
from gradkit.submissions.intake.take_in import TakenIn
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import Subject, Transport
from gradkit.suite.collection import GradedTest, graded_tests
from gradkit.suite.evidence import HIDDEN, Evidence, NotPassed
from gradkit.suite.judging import judge, must_not_run
from gradkit.suite.loading import Loader, no_time_left
from gradkit.suite.results import Item, ItemResult, Results

from .reference_retry import reference_folder


class GraderError(UserError):
    """The fault is ours: a test ended in a way that has nothing to do with the submission."""


@dataclass(frozen=True)
class Suite:
    """The items to grade, fixed before any submission is opened, and where their corpora come from.

    library:   the corpora that students have.
    private:   the corpora of a private seed, if the class is graded with one.
    reference: the folder of the reference's files, if assignments that ask for it get a reference retry.
    """

    assignments: tuple[Assignment, ...]
    tests: tuple[GradedTest, ...]
    library: Library
    private: Library | None = None
    reference: Path | None = None

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
    def items(self) -> tuple[Item, ...]:
        """The items, in order."""
        return tuple(test.item for test in self.tests)

    @property
    def points(self) -> float:
        """The maximum number of points."""
        return sum(test.item.points for test in self.tests)

    @property
    def seed(self) -> str:
        """The private seed, or else the public one."""
        return self.private.seed if self.private else PUBLIC_SEED

    def has_private_corpus(self, test: GradedTest) -> bool:
        """Return whether a test's private corpus differs from the public one."""
        wish = test.mark.corpus
        return self.private is not None and wish is not None and self.private.is_drawn(wish)


def suite_of(
    assignments: Sequence[Assignment], library: Library, private: Library | None = None, retries: bool = True
) -> Suite:
    """Return the suite of some assignments, with every corpus read.

    Raises: MissingCorpusError if one is not recorded.
    """
    tests = tuple(test for assignment in assignments for test in graded_tests(assignment))
    suite = Suite(tuple(assignments), tests, library, private, reference_folder() if retries else None)
    for test in tests:
        if test.mark.corpus:
            library.corpus(test.mark.corpus)
        if private and test.mark.corpus and suite.has_private_corpus(test):
            private.corpus(test.mark.corpus)
    return suite


def call(test: GradedTest, subjects: dict[str, Subject], library: Library) -> None:
    """Run a test on its corpus from this library. Raises what the test raises."""
    wish = test.mark.corpus
    corpus = {"corpus": library.corpus(wish)} if wish else {}
    test.function(**subjects, **corpus)


def grade(suite: Suite, taken: TakenIn, transport: Transport, run_hidden: bool = False) -> Results:
    """Return every item's result on the public corpora.

    Args:
        suite: The items.
        taken: How the submission was taken in. A problem with it settles every item.
        transport: The submission.
        run_hidden: Whether hidden items are run too, as in an instructor's own notebook. Otherwise they are recorded as
            not passed, because a later phase decides about them.

    Raises: GraderError if an item ends in a way that is not a verdict.
    """
    results = Results(list(suite.items))
    run = _Run(suite, results, transport, taken.problem)
    undecided = []
    for test in suite.tests:
        if test.item.hidden and not run_hidden and not run.is_settled(test):
            undecided.append(test.item)
        else:
            run.item(test)
    for item in undecided:  # only now: no other item may be blocked by one that was not run
        results.by_id[item.id] = ItemResult(item, Verdict.FAILED, Evidence(Verdict.FAILED, HIDDEN))
    results.by_id = {item.id: results.by_id[item.id] for item in results.collected}
    return results


class _Run:
    def __init__(self, suite: Suite, results: Results, transport: Transport, problem: SubmissionError | None) -> None:
        self._suite = suite
        self._results = results
        self._transport = transport
        self._loader = Loader(transport, problem)
        self._limits = {assignment.name: assignment for assignment in suite.assignments}
        self._spent = dict.fromkeys(self._limits, 0.0)

    def is_settled(self, test: GradedTest) -> bool:
        """Return whether loading what the test needs has failed already, so that running it would change nothing."""
        return any(self._loader.has_failed(name) for name in test.subjects)

    def item(self, test: GradedTest) -> None:
        """Run one item and record its result."""
        limits = self._limits[test.item.assignment]
        before = self._transport.spent_seconds
        seconds = min(limits.item_seconds, limits.submission_seconds - self._spent[limits.name])
        error: BaseException | None = must_not_run(self._results, test.item)
        if error is None and seconds <= 0:
            error = no_time_left(limits)
        if error is None:
            self._transport.start_item(seconds, limits.packages)
            try:
                subjects = {name: self._loader.subject(name, seconds < limits.item_seconds) for name in test.subjects}
            except SubmissionError as unusable:
                error = unusable
            else:
                error = self._ended(test, subjects)
        judge(self._results, test.item, error, test.path)
        self._spent[limits.name] += self._transport.spent_seconds - before

    def _ended(self, test: GradedTest, subjects: dict[str, Subject]) -> NotPassed | SubmissionError | None:
        """Run a test and return what it raised, if anything."""
        try:
            call(test, subjects, self._suite.library)
            self._transport.finish_item()
        except (NotPassed, SubmissionError) as error:
            if test.item.hidden:
                return NotPassed(Verdict.FAILED, lambda: Evidence(Verdict.FAILED, HIDDEN))
            return error
        except Exception as error:
            raise GraderError(f"{test.item.id} ended with {type(error).__name__}: {error}") from error
        return None
