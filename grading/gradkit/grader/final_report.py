"""The final report of a submission: the report of the public phase, and one bit for each item of the later phases."""

from __future__ import annotations

import msgspec

from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import GradedTest
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import ItemResult, make_result
from gradkit.suite.visibility import make_private_only_result

from .phases import PRIVATE, PassedItems, has_passed_public_phase, has_passed_without_retry
from .reference_retry import file_names
from .report import Report
from .suite import Suite


def make_final_report(suite: Suite, public: Report, passed: PassedItems) -> Report:
    """Return the report of a submission whose phases have all ended.

    The later phases add one bit to each item. In particular, the report does not say whether an item that passed the
    public phase passed the private one or its retry.

    Args:
        suite: The items.
        public: The report of the public phase.
        passed: The items that passed in the later phases.
    """
    items = tuple(_final_item(suite, test, item, passed) for test, item in zip(suite.tests, public.items, strict=True))
    warnings = (*public.warnings, *_retry_warnings(suite, public.items, items))
    return msgspec.structs.replace(public, warnings=warnings, items=items, earned=sum(item.earned for item in items))


def _final_item(suite: Suite, test: GradedTest, item: ItemResult, passed: PassedItems) -> ItemResult:
    """Return an item of the final report, given the item of the public phase."""
    has_passed_retry = any(item.id in ids for phase, ids in passed.items() if phase != PRIVATE.name)
    if not has_passed_retry and not has_passed_without_retry(suite, test, item, passed):
        return make_private_only_result(item) if item.verdict is Verdict.PASSED else item

    if has_passed_public_phase(item):
        return make_result(item, Verdict.PASSED)

    files = file_names(suite.assignment(item.assignment))
    evidence = Evidence(f"This passes with the course's own {files}, and not yet with what you handed in.")
    return make_result(item, Verdict.PASSED, evidence)


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
