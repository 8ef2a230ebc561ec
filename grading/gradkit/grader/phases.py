"""The phases of grading: everything that a student is shown is made before any worker receives a secret.

Two processes on one kernel can always exchange some bits: through the page cache, through futexes, through the clock.
So secrecy is kept by order, for the whole class at once::

    public      every item on the corpora that students have, with evidence; its workers receive nothing secret
    private     hidden items, and items that have another corpus under a private seed
    retry a4    items that did not pass, on the reference's earlier files; then a5, a6

No worker of a later phase starts while one of an earlier phase lives. After the public phase an item has two outcomes,
passed or not passed. How it failed, and in which words, appears in no output, because the code that failed has read a
secret and could choose among failures to send it. An item has its points if it passes every phase that runs it, or its
reference retry. The retries go from earlier assignments to later ones, because the files of a5's retry solve a4.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.corpora.library import Library
from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import GradedTest
from gradkit.suite.results import ItemResult

from .reference_retry import reference_files
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
        return {assignment.packages for assignment in suite.assignments if assignment.name in names}

    def seconds(self, suite: Suite) -> float:
        """Return how many seconds the code of one submission can run in this phase."""
        n_items = Counter(test.item.assignment for test in self.tests(suite))
        limits = [min(each.submission_seconds, n_items[each.name] * each.item_seconds) for each in suite.assignments]
        return self.limit_factor * sum(limits)


class PublicPhase(Phase):
    """The first phase: it takes submissions in and runs items on the public corpora, with evidence."""

    name = "public"
    limit_factor = 1

    def tests(self, suite: Suite) -> list[GradedTest]:
        return [test for test in suite.tests if not test.item.hidden]

    def seconds(self, suite: Suite) -> float:
        n_items = Counter(test.item.assignment for test in suite.earlier)
        limits = [min(each.submission_seconds, n_items[each.name] * each.item_seconds) for each in assignments()]
        return super().seconds(suite) + self.limit_factor * sum(limits)


class LaterPhase(Phase):
    """A phase whose workers receive secrets: of each item it says only whether the item passes."""

    limit_factor = LATER_LIMIT_FACTOR

    @abstractmethod
    def tests_to_run(self, suite: Suite, public: Report, passed: PassedItems) -> list[GradedTest]:
        """Return the tests that this phase runs on a submission: those whose outcome it can change.

        Args:
            suite: The items.
            public: The report of the public phase.
            passed: The items that passed in the earlier of the later phases.
        """

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


@dataclass(frozen=True)
class RetryPhase(LaterPhase):
    """The reference retry of one assignment: items that did not pass, on the reference's earlier files."""

    assignment: Assignment

    @property
    def name(self) -> str:
        return f"retry {self.assignment.short}"

    def tests(self, suite: Suite) -> list[GradedTest]:
        return [test for test in suite.tests if test.item.assignment == self.assignment.name]

    def tests_to_run(self, suite: Suite, public: Report, passed: PassedItems) -> list[GradedTest]:
        items = {item.id: item for item in public.items}
        return [
            test for test in self.tests(suite) if not has_passed_without_retry(suite, test, items[test.item.id], passed)
        ]

    def libraries(self, suite: Suite, test: GradedTest) -> list[Library]:
        if suite.private and suite.has_private_corpus(test):
            return [suite.library, suite.private]
        return [suite.library]


PUBLIC, PRIVATE = PublicPhase(), PrivatePhase()


def list_later_phases(suite: Suite) -> list[LaterPhase]:
    """List the phases after the public one, in order."""
    phases: list[LaterPhase] = []
    if PRIVATE.tests(suite):
        phases.append(PRIVATE)
    for assignment in suite.assignments:
        if reference_files(assignment, suite.reference):
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
