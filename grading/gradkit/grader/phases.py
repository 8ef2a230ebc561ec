"""The phases of grading: what a student is shown is made before any worker receives a secret.

Two processes on one kernel can always exchange a little: by the page cache, by futexes, by the clock. So secrets are
kept by order, and for the whole class at once::

    public      every item on the corpora that students have, with evidence; its workers receive nothing secret
    private     hidden items, and items that have another corpus under a private seed
    retry a4    items that did not pass, on the reference's earlier files; then a5, a6

No worker of a later phase starts while one of an earlier phase lives. After the public phase an item has two outcomes,
passed or not passed: how it failed, and in which words, appears in no output, because the code that failed has read a
secret and could choose among failures to send it. An item has its points if it passes every phase that asks it, or its
reference retry. The retries go from earlier assignments to later ones: the files of a5's retry answer the items of a4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox.packages import MissingPackageError
from gradkit.submissions.sandbox.sandbox import SandboxError
from gradkit.submissions.transport.pipe import PipeTransport
from gradkit.suite.collection import GradedTest
from gradkit.suite.evidence import PRIVATE_ONLY, NotPassed

from .grader import GraderError, Suite, call
from .reference_retry import file_names, reference_files
from .report import EvidenceRecord, ItemRecord, Report

LATER_LIMIT_FACTOR = 2
"""Factor on the limits of the public phase. A retry asks two corpora, and an engine that is close to a limit must not
fail only because the machine is slower this time."""


@dataclass(frozen=True)
class Phase:
    """A phase of a run.

    name:       what the run calls it, and what an unfinished submission's file keeps its result under.
    assignment: the assignment of a reference retry; None for the other phases.
    """

    name: str
    assignment: Assignment | None = None

    def tests(self, suite: Suite) -> list[GradedTest]:
        """Return the tests that this phase may ask."""
        if self is PUBLIC:
            return [test for test in suite.tests if not test.item.hidden]
        if self.assignment is None:
            return [test for test in suite.tests if is_private(suite, test)]
        return [test for test in suite.tests if test.item.assignment == self.assignment.name]

    def packages(self, suite: Suite) -> set[tuple[str, ...]]:
        """Return the packages that workers of this phase are offered, for each of its assignments."""
        asked = {test.item.assignment for test in self.tests(suite)}
        return {assignment.packages for assignment in suite.assignments if assignment.name in asked}

    def seconds(self, suite: Suite) -> float:
        """Return how long the student's code may run in this phase."""
        count = Counter(test.item.assignment for test in self.tests(suite))
        limits = [min(each.submission_seconds, count[each.name] * each.item_seconds) for each in suite.assignments]
        return (1 if self is PUBLIC else LATER_LIMIT_FACTOR) * sum(limits)


PUBLIC, PRIVATE = Phase("public"), Phase("private")

Passed = Mapping[str, Collection[str]]
"""The ids of the items that passed, by the name of each later phase that is done."""


def phases_of(suite: Suite) -> list[Phase]:
    """Return the phases of a run with this suite, in order."""
    phases = [PUBLIC]
    if PRIVATE.tests(suite):
        phases.append(PRIVATE)
    for assignment in suite.assignments:
        if reference_files(assignment, suite.reference):
            phases.append(Phase(f"retry {assignment.short}", assignment))
    return phases


def is_private(suite: Suite, test: GradedTest) -> bool:
    """Return whether the private phase asks a test."""
    return test.item.hidden or suite.has_private_corpus(test)


def next_phase(suite: Suite, public: Report, passed: Passed) -> Phase | None:
    """Return the phase that has to be run next on a submission, or None if all are done.

    Args:
        suite: The items.
        public: What the public phase found.
        passed: What the later phases that are done found.
    """
    for phase in phases_of(suite)[1:]:
        if phase.name not in passed and tests_due(suite, phase, public, passed):
            return phase
    return None


def tests_due(suite: Suite, phase: Phase, public: Report, passed: Passed) -> list[GradedTest]:
    """Return the tests that a phase asks of a submission: those whose outcome it can change."""
    items = {item.id: item for item in public.items}
    tests = phase.tests(suite)
    if phase.assignment is None:
        return [test for test in tests if _passed_so_far(items[test.item.id])]
    return [test for test in tests if not _passed_itself(suite, test, items[test.item.id], passed)]


def _passed_so_far(item: ItemRecord) -> bool:
    """Return whether the public phase found nothing wrong: an item passed, or is hidden and was not run."""
    if item.hidden:
        return item.verdict is Verdict.FAILED
    return item.verdict is Verdict.PASSED


def _passed_itself(suite: Suite, test: GradedTest, item: ItemRecord, passed: Passed) -> bool:
    """Return whether an item passed every phase on the student's own files."""
    return _passed_so_far(item) and (not is_private(suite, test) or test.item.id in passed.get(PRIVATE.name, ()))


# --- running one on a submission -------------------------------------------------------------------------------------


def passing(suite: Suite, phase: Phase, tests: Iterable[GradedTest], transport: PipeTransport) -> list[str]:
    """Run tests in a later phase, and return the ids of those that pass.

    Prerequisites are not checked, and after an item that did not pass the next one gets a new worker. So the result of
    an item depends on the others in one way only: they share the time limit of their assignment.

    Args:
        suite: Where the corpora come from.
        phase: A retry asks the public corpus and the private one, if they differ.
        tests: The tests.
        transport: The submission; for a retry with the reference's files in it.

    Raises:
        GraderError: A test ended in a way that is not a verdict. The message names the item and nothing else, because
            the submission may have read a secret.
        SandboxError, MissingPackageError, OSError: No worker can be started.
    """
    limits = {assignment.name: assignment for assignment in suite.assignments}
    left = {name: LATER_LIMIT_FACTOR * each.submission_seconds for name, each in limits.items()}
    found = []
    for test in tests:
        assignment = limits[test.item.assignment]
        seconds = min(LATER_LIMIT_FACTOR * assignment.item_seconds, left[assignment.name])
        if seconds <= 0:
            continue
        before = transport.spent_seconds
        transport.start_item(seconds, assignment.packages)
        try:
            subjects = {name: transport.load(*SUBJECTS[name]) for name in test.subjects}
            for library in _libraries(suite, phase, test):
                call(test, subjects, library)
            transport.finish_item()
            found.append(test.item.id)
        except (NotPassed, SubmissionError):
            transport.close()
        except (SandboxError, MissingPackageError, OSError):
            raise
        except Exception as error:
            raise GraderError(f"{test.item.id} ended with {type(error).__name__}") from None
        left[assignment.name] -= transport.spent_seconds - before
    return found


def _libraries(suite: Suite, phase: Phase, test: GradedTest) -> list[Library]:
    if suite.private is None or not suite.has_private_corpus(test):
        return [suite.library]
    return [suite.library, suite.private] if phase.assignment else [suite.private]


# --- what they add up to ---------------------------------------------------------------------------------------------


def report_after(suite: Suite, public: Report, passed: Passed) -> Report:
    """Return the report of a submission whose phases are all done.

    Of each item the later phases add one bit. In particular a report does not say whether an item that passed the
    public phase passed the private one or its retry.

    Args:
        suite: The items.
        public: What the public phase found.
        passed: What the later phases found.
    """
    items = tuple(_after(suite, test, item, passed) for test, item in zip(suite.tests, public.items, strict=True))
    notes = list(public.notes)
    for assignment in suite.assignments:
        pairs = zip(public.items, items, strict=True)
        more = [new for old, new in pairs if new.assignment == assignment.name and _is_by_retry(old, new)]
        if more:
            many = "1 more item passes" if len(more) == 1 else f"{len(more)} more items pass"
            notes.append(f"{assignment.name}: with the course's own {file_names(assignment)}, {many}")
    return msgspec.structs.replace(public, notes=tuple(notes), items=items, earned=sum(item.earned for item in items))


def _after(suite: Suite, test: GradedTest, item: ItemRecord, passed: Passed) -> ItemRecord:
    retried = any(test.item.id in ids for name, ids in passed.items() if name != PRIVATE.name)
    if not retried and not _passed_itself(suite, test, item, passed):
        return _not_passed(item, PRIVATE_ONLY) if item.verdict is Verdict.PASSED else item
    if _passed_so_far(item):
        return msgspec.structs.replace(item, verdict=Verdict.PASSED, earned=item.points, evidence=None)
    assignment = next(each for each in suite.assignments if each.name == item.assignment)
    said = f"This passes with the course's own {file_names(assignment)}, and not yet with what you handed in."
    return msgspec.structs.replace(
        item, verdict=Verdict.PASSED, earned=item.points, blocked_by=(), evidence=EvidenceRecord(said)
    )


def _not_passed(item: ItemRecord, message: str) -> ItemRecord:
    return msgspec.structs.replace(item, verdict=Verdict.FAILED, earned=0.0, evidence=EvidenceRecord(message))


def _is_by_retry(old: ItemRecord, new: ItemRecord) -> bool:
    """Return whether an item that failed the public phase passed its retry."""
    return new.verdict is Verdict.PASSED and not _passed_so_far(old)
