"""The final report of a submission: the report of the public phase, and one bit for each item of the later phases."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import GradedTest
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import ItemResult, make_result
from gradkit.suite.visibility import make_private_only_result

from .phases import (
    PassedItems,
    RetryPhase,
    has_passed_public_phase,
    has_passed_without_retry,
    replaced_assignments,
)
from .reference_retry import file_names
from .report import Report
from .suite import Suite


def make_final_report(suite: Suite, public: Report, passed: PassedItems, unblocked: Mapping[str, ItemResult]) -> Report:
    """Return the report of a submission whose phases have all ended.

    The later phases add one bit to each item. In particular, the report does not say whether an item that passed the
    public phase passed the private one or its retry.

    Args:
        suite: The items.
        public: The report of the public phase.
        passed: The items that passed in the later phases.
        unblocked: What the public phase found out about blocked items: see `PublicResult`.
    """
    items = tuple(_final_item(suite, test, item, passed) for test, item in zip(suite.tests, public.items, strict=True))
    no_points = {item.id for item in items if item.verdict is not Verdict.PASSED}
    items = tuple(_reconsider_block(suite, item, passed, no_points, unblocked) for item in items)
    warnings = (*public.warnings, *_retry_warnings(suite, public.items, items))
    return msgspec.structs.replace(public, warnings=warnings, items=items, earned=sum(item.earned for item in items))


def _final_item(suite: Suite, test: GradedTest, item: ItemResult, passed: PassedItems) -> ItemResult:
    """Return an item of the final report, given the item of the public phase."""
    has_passed_retry = item.id in passed.get(RetryPhase(suite.assignment(item.assignment)).name, ())
    if not has_passed_retry and not has_passed_without_retry(suite, test, item, passed):
        return make_private_only_result(item) if item.verdict is Verdict.PASSED else item

    if has_passed_public_phase(item):
        return make_result(item, Verdict.PASSED)

    files = file_names(suite.assignment(item.assignment))
    evidence = Evidence(f"This passes with the course's own {files}, and not yet with what you handed in.")
    return make_result(item, Verdict.PASSED, evidence)


def _reconsider_block(
    suite: Suite, item: ItemResult, passed: PassedItems, no_points: Collection[str], unblocked: Mapping[str, ItemResult]
) -> ItemResult:
    """Return an item without the causes that a retry has ruled out. If none is left, it shows its own failure.

    A cause is ruled out if it passes now, or if it is about a file that the retry has replaced: the item has failed
    without it. What is shown was found in the public phase, with the student's own files.

    Args:
        suite: The items.
        item: The item.
        passed: The items that passed in the later phases.
        no_points: The ids of the items that do not pass.
        unblocked: What blocked items show if nothing blocks them.
    """
    assignment = suite.assignment(item.assignment)
    if item.verdict is not Verdict.BLOCKED or RetryPhase(assignment).name not in passed:
        return item
    replaced = replaced_assignments(assignment)
    causes = tuple(cause for cause in item.blocked_by if cause in no_points and cause.partition("/")[0] not in replaced)
    if causes:
        return make_result(item, Verdict.BLOCKED, blocked_by=causes)
    own = unblocked.get(item.id)
    if own is None or own.verdict is Verdict.BLOCKED:  # it was not run in the public phase
        evidence = Evidence(f"It fails with the course's own {file_names(assignment)}, too.")
        return make_result(item, Verdict.FAILED, evidence)
    return own


def _retry_warnings(suite: Suite, before: tuple[ItemResult, ...], after: tuple[ItemResult, ...]) -> list[str]:
    """Return a sentence for each assignment in which items passed by a reference retry.

    Args:
        suite: The items.
        before: The items of the public phase.
        after: The same items in the final report.
    """
    warnings = []
    for assignment in suite.assignments:
        n_items = 0
        for old, new in zip(before, after, strict=True):
            if new.assignment == assignment.name and _has_passed_by_retry(old, new):
                n_items += 1
        if n_items:
            items_pass = "1 more item passes" if n_items == 1 else f"{n_items} more items pass"
            warnings.append(f"{assignment.name}: with the course's own {file_names(assignment)}, {items_pass}")
    return warnings


def _has_passed_by_retry(old: ItemResult, new: ItemResult) -> bool:
    """Return whether an item passed because of its retry: it did not pass the public phase, and passes now."""
    return new.verdict is Verdict.PASSED and not has_passed_public_phase(old)
