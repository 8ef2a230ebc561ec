"""Decide what a student's screen, a student's page and a report show of an item's result.

No other module decides that for hidden and private items, for stubs (not implemented), and for blocked items.

========================  =============================  ==========================  =======================
Result of an item         student's screen               student's page              report
========================  =============================  ==========================  =======================
failed                    evidence                       evidence                    evidence
not implemented           what to write next             the stub's own words        evidence
blocked                   counted with its cause         the title of its cause      ids of its causes
blocked from outside      evidence of its cause          evidence of its cause       the same, and ids
hidden, failed            the sentence HIDDEN            the sentence HIDDEN         the sentence HIDDEN
hidden, needs a failure   not listed                     the sentence HIDDEN         the sentence HIDDEN
failed in private only    the sentence PRIVATE_ONLY      the sentence PRIVATE_ONLY   the sentence PRIVATE_ONLY
========================  =============================  ==========================  =======================

An item is blocked from outside if its cause is an item of an assignment that is not graded: see earlier.py. That item
is in no report, so the first of those that it blocks shows its evidence.

A report is made first, and screens and pages are made of it, so nothing that a report leaves out can reach them. The
instructor's `gradkit explain` shows all that a report contains. `gradkit explain --private` runs a private item again
and shows its evidence to the instructor alone; that evidence is not written to any report. Self-check and a notebook's
`check()` run hidden items only in an instructor's copy, because a release does not contain them.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradkit.submissions.outcome import Verdict

from .evidence import Evidence
from .failures import Explained, Failure
from .results import Item, ItemResult, make_result

HIDDEN = "What this item checks is kept for grading: its title is the hint."
"""All that a report says of a hidden item that did not pass."""

PRIVATE_ONLY = "It is right on the cases that you have, and not on all of those that the class is graded with."
"""All that a report says of an item that passed on the public corpus and not on the private one."""

NOT_WRITTEN_YET = "not written yet"
"""The message of a stub that does not have a message."""


# --- the report ------------------------------------------------------------------------------------------------------


def failure_for_report(item: Item, failure: Failure) -> Failure:
    """Return the failure that a report may hold: for a hidden item one that says only that it did not pass."""
    return Explained(Verdict.FAILED, Evidence(HIDDEN)) if item.hidden else failure


def make_hidden_result(item: Item) -> ItemResult:
    """Make the result of a hidden item in the public phase, which does not run it: failed, with the sentence HIDDEN."""
    return make_result(item, Verdict.FAILED, Evidence(HIDDEN))


def make_private_only_result(item: Item) -> ItemResult:
    """Make the result of an item that passed the public phase and failed the private one."""
    return make_result(item, Verdict.FAILED, Evidence(PRIVATE_ONLY))


# --- the student's screen --------------------------------------------------------------------------------------------


def is_listed_on_screen(result: ItemResult, by_id: Mapping[str, ItemResult]) -> bool:
    """Return whether a screen lists an item among the failures to correct.

    Args:
        result: The item's result.
        by_id: All results, by item id.
    """
    if result.verdict is Verdict.BLOCKED:
        return result.evidence is not None
    counted_elsewhere = (Verdict.PASSED, Verdict.NOT_IMPLEMENTED)
    return result.verdict not in counted_elsewhere and not follows_from_others(result, by_id)


def follows_from_others(item: Item, by_id: Mapping[str, ItemResult]) -> bool:
    """Return whether a hidden item needs one that did not pass.

    A report never calls a hidden item blocked, because the only thing that its worker may decide is whether it passed.
    Outputs that show what to correct first leave this item out.
    """
    return item.hidden and any(name in by_id and by_id[name].verdict is not Verdict.PASSED for name in item.needs)


# --- the student's page ----------------------------------------------------------------------------------------------


def evidence_on_page(result: ItemResult) -> Evidence | None:
    """Return what a page shows of an item's evidence, if anything.

    Of a hidden item that is the sentence alone, and of a stub the words that its author or the student wrote.
    """
    evidence = result.evidence
    if evidence is None:
        return None
    if result.hidden:
        return Evidence(evidence.message)
    if result.verdict is Verdict.NOT_IMPLEMENTED:
        return None if evidence.message == NOT_WRITTEN_YET else Evidence(evidence.message)
    return evidence
