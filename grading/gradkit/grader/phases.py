"""The phases of grading: everything that a student is shown is made before any worker receives a secret.

Two processes on one kernel can always exchange some bits: through the page cache, through futexes, through the clock.
So secrecy is kept by order, for the whole class at once::

    public         every item on the corpora that students have, with evidence; its workers receive nothing secret
    private        hidden items, and items that have another corpus under a private seed
    earlier files  public items of earlier assignments that are not graded, if a retry depends on them
    retry a4       items that did not pass, on the reference's earlier files; then a5, a6

No worker of a later phase starts while one of an earlier phase lives. After the public phase an item has two outcomes,
passed or not passed. How it failed, and in which words, appears in no output, because the code that failed has read a
secret and could choose among failures to send it. An item has its points if it passes every phase that runs it, or its
reference retry. A retry is for submissions whose earlier files are wrong. The retries go from earlier assignments to
later ones, because the files of a5's retry solve a4.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.corpora.library import Library
from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import GradedTest
from gradkit.suite.results import ItemResult

from .report import Report
from .suite import Suite

LATER_LIMIT_FACTOR = 2
"""Factor on the time limits of the public phase. A retry runs two corpora, and an engine that is close to a limit must
not fail only because the machine is slower this time."""

PassedItems = Mapping[str, Collection[str]]
"""The ids of the items that passed, by the name of each later phase that has ended."""


class Phase(ABC):
    """A phase of a run.

    Attributes:
        limit_factor: Factor on the time limits of the assignments.
    """

    limit_factor: int

    @property
    @abstractmethod
    def name(self) -> str:
        """What progress shows, and the key of the phase's result in an unfinished submission's file."""

    @abstractmethod
    def tests(self, suite: Suite) -> list[GradedTest]:
        """Return the tests that this phase can run on a submission."""

    def packages(self, suite: Suite) -> set[tuple[str, ...]]:
        """Return the sets of packages that workers of this phase can import, one for each of its assignments."""
        names = {test.item.assignment for test in self.tests(suite)}
        return {assignment.packages for assignment in suite.all_assignments if assignment.name in names}

    def seconds(self, suite: Suite) -> float:
        """Return how many seconds the code of one submission can run in this phase."""
        return self.limit_factor * _sum_limits(suite, self.tests(suite))


class PublicPhase(Phase):
    """The first phase: it takes submissions in and runs items on the public corpora, with evidence."""

    name = "public"
    limit_factor = 1

    def tests(self, suite: Suite) -> list[GradedTest]:
        return [test for test in suite.tests if not test.item.hidden]

    def seconds(self, suite: Suite) -> float:
        return super().seconds(suite) + self.limit_factor * _sum_limits(suite, suite.earlier)


def _sum_limits(suite: Suite, tests: Iterable[GradedTest]) -> float:
    """Return how many seconds the code of one submission can run in these tests, by the limits of their assignments."""
    n_items = Counter(test.item.assignment for test in tests)
    return sum(min(each.submission_seconds, n_items[each.name] * each.item_seconds) for each in suite.all_assignments)


class LaterPhase(Phase):
    """A phase after the public one, whose workers may have secrets: of an item it says only whether the item passes."""

    limit_factor = LATER_LIMIT_FACTOR

    @abstractmethod
    def tests_to_run(self, suite: Suite, public: Report, passed: PassedItems) -> list[GradedTest]:
        """Return the tests that this phase runs on a submission: those whose outcome it can change.

        Args:
            suite: The items.
            public: The report of the public phase.
            passed: The items that passed in the earlier of the later phases.
        """

    def can_still_decide(self, suite: Suite, test: GradedTest, failed: Collection[str]) -> bool:
        """Return whether the result of a test can still matter, after other tests of this phase have not passed.

        Args:
            suite: The items.
            test: One of the tests that this phase runs on the submission.
            failed: The names of the assignments of the tests that have not passed.
        """
        return True

    @abstractmethod
    def libraries(self, suite: Suite, test: GradedTest) -> list[Library]:
        """Return the libraries with the corpora that a test must pass in this phase."""


class PrivatePhase(LaterPhase):
    """Hidden items, and items that have another corpus under a private seed."""

    name = "private"

    def tests(self, suite: Suite) -> list[GradedTest]:
        return [test for test in suite.tests if is_private(suite, test)]

    def tests_to_run(self, suite: Suite, public: Report, passed: PassedItems) -> list[GradedTest]:
        items = {item.id: item for item in public.items}
        return [test for test in self.tests(suite) if has_passed_public_phase(items[test.item.id])]

    def libraries(self, suite: Suite, test: GradedTest) -> list[Library]:
        if suite.private and suite.has_private_corpus(test):
            return [suite.private]
        return [suite.library]


class EarlierFilesPhase(LaterPhase):
    """The public items of assignments that are not graded, and whose files a reference retry replaces.

    There is a retry only if one of them does not pass. So the first that does not pass decides about every retry that
    replaces its file, and the phase runs only what another retry depends on.
    """

    name = "earlier files"
    limit_factor = 1  # as in the public phase of these assignments

    def tests(self, suite: Suite) -> list[GradedTest]:
        return list(suite.retry_tests)

    def tests_to_run(self, suite: Suite, public: Report, passed: PassedItems) -> list[GradedTest]:
        undecided: set[str] = set()
        for assignment in suite.assignments:
            if _items_to_retry(suite, assignment, public, passed) and not _has_graded_failure(assignment, public):
                undecided |= replaced_assignments(assignment)
        return [test for test in suite.retry_tests if test.item.assignment in undecided]

    def can_still_decide(self, suite: Suite, test: GradedTest, failed: Collection[str]) -> bool:
        replaced = (replaced_assignments(assignment) for assignment in suite.assignments)
        return any(test.item.assignment in names and names.isdisjoint(failed) for names in replaced)

    def libraries(self, suite: Suite, test: GradedTest) -> list[Library]:
        return [suite.library]


@dataclass(frozen=True)
class RetryPhase(LaterPhase):
    """The reference retry of one assignment: items that did not pass, on the reference's earlier files.

    It is for what the student's earlier files have caused. So there is a retry only if one of these files does not pass
    a public item of its own assignment. Otherwise the first result stands: an item that failed by itself and passes
    when it is run again has not earned its points.
    """

    assignment: Assignment

    @property
    def name(self) -> str:
        return f"retry {self.assignment.short}"

    def tests(self, suite: Suite) -> list[GradedTest]:
        return [test for test in suite.tests if test.item.assignment == self.assignment.name]

    def tests_to_run(self, suite: Suite, public: Report, passed: PassedItems) -> list[GradedTest]:
        if not self._has_wrong_earlier_file(suite, public, passed):
            return []
        return _items_to_retry(suite, self.assignment, public, passed)

    def _has_wrong_earlier_file(self, suite: Suite, public: Report, passed: PassedItems) -> bool:
        """Return whether one of the student's files that the retry replaces fails a public item of its assignment."""
        if _has_graded_failure(self.assignment, public):
            return True
        replaced = replaced_assignments(self.assignment)
        not_graded = [test.item for test in suite.retry_tests if test.item.assignment in replaced]
        return not all(item.id in passed.get(EARLIER_FILES.name, ()) for item in not_graded)

    def libraries(self, suite: Suite, test: GradedTest) -> list[Library]:
        if suite.private and suite.has_private_corpus(test):
            return [suite.library, suite.private]
        return [suite.library]


PUBLIC, PRIVATE, EARLIER_FILES = PublicPhase(), PrivatePhase(), EarlierFilesPhase()


def list_later_phases(suite: Suite) -> list[LaterPhase]:
    """List the phases after the public one, in order."""
    phases: list[LaterPhase] = [phase for phase in (PRIVATE, EARLIER_FILES) if phase.tests(suite)]
    for assignment in suite.assignments:
        if suite.has_retry(assignment):
            phases.append(RetryPhase(assignment))
    return phases


def next_phase(suite: Suite, public: Report, passed: PassedItems) -> LaterPhase | None:
    """Return the phase to run next on a submission, or None if there is no other.

    Args:
        suite: The items.
        public: The report of the public phase.
        passed: The items that passed in the later phases that have ended.
    """
    for phase in list_later_phases(suite):
        if phase.name not in passed and phase.tests_to_run(suite, public, passed):
            return phase
    return None


def replaced_assignments(assignment: Assignment) -> set[str]:
    """Return the names of the assignments whose files a retry of this assignment replaces."""
    return {each.name for each in assignments() if set(each.modules) & set(assignment.retry_with)}


def _items_to_retry(suite: Suite, assignment: Assignment, public: Report, passed: PassedItems) -> list[GradedTest]:
    """Return the tests of an assignment whose items have no points yet; none if the assignment has no retry."""
    if not suite.has_retry(assignment):
        return []
    items = {item.id: item for item in public.items}
    tests = [test for test in suite.tests if test.item.assignment == assignment.name]
    return [test for test in tests if not has_passed_without_retry(suite, test, items[test.item.id], passed)]


def _has_graded_failure(assignment: Assignment, public: Report) -> bool:
    """Return whether a public item does not pass in a graded assignment whose files a retry replaces."""
    replaced = replaced_assignments(assignment)
    items = [item for item in public.items if item.assignment in replaced and not item.hidden]
    return any(item.verdict is not Verdict.PASSED for item in items)


def is_private(suite: Suite, test: GradedTest) -> bool:
    """Return whether the private phase runs a test."""
    return test.item.hidden or suite.has_private_corpus(test)


def has_passed_public_phase(item: ItemResult) -> bool:
    """Return whether an item passed the public phase. A hidden item that was not run counts as passed.

    Args:
        item: The item in the report of the public phase.
    """
    if item.hidden:
        return item.verdict is Verdict.FAILED
    return item.verdict is Verdict.PASSED


def has_passed_without_retry(suite: Suite, test: GradedTest, item: ItemResult, passed: PassedItems) -> bool:
    """Return whether an item passed every phase that runs it on the student's own files.

    Args:
        suite: The items.
        test: The item's test.
        item: The item in the report of the public phase.
        passed: The items that passed in the later phases.
    """
    if not has_passed_public_phase(item):
        return False
    return not is_private(suite, test) or test.item.id in passed.get(PRIVATE.name, ())
