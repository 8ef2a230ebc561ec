"""The self-check's screen, as lines of text with a style each. It knows results, and nothing of pytest or reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from gradkit.catalogue.assignments import Assignment
from gradkit.submissions.outcome import Verdict

from .evidence import Evidence, number_text
from .results import Item, ItemResult
from .visibility import is_listed_on_screen

Line = tuple[str, str]
"""(style, text)"""

STYLES: dict[str, dict[str, bool]] = {
    "plain": {},
    "good": {"green": True},
    "title": {"bold": True},
    "code": {"cyan": True},
    "bad": {"red": True},
    "dim": {"light": True},
}
"""Each style's markup for pytest's terminal writer."""

MAX_FAILURE_LINES = 27
"""Lines that failures may take. With the bars and pytest's own lines that makes one screen."""

BAR_WIDTH = 24
"""Characters of a progress bar."""


def summary(
    results: Sequence[ItemResult], collected: Sequence[Item], course: Sequence[Assignment], warnings: Sequence[str]
) -> list[Line]:
    """Return the whole screen: points, warnings, what to correct first, then what to write next.

    Args:
        results: The results, in the order in which they came.
        collected: All items that were collected. If some did not run, the screen says so.
        course: All assignments of the course, in order.
        warnings: Lines to show above the failures.
    """
    names = {result.assignment for result in results}
    shown = [assignment for assignment in course if assignment.name in names]
    by_id = {result.id: result for result in results}
    failures = [result for result in results if is_listed_on_screen(result, by_id)]

    lines = [_bar(assignment, results, collected) for assignment in shown]
    lines += [("bad", f"! {warning}") for warning in warnings]
    lines += _failures(results, failures)
    lines += _not_written(results, course)
    lines += _praise(shown, results, collected, course)
    return lines


def explanation(result: ItemResult) -> list[Line]:
    """Return one item's evidence: title, code to paste with both numbers, first wrong node, hint."""
    evidence = result.evidence
    short = result.assignment.partition("_")[0]
    points = _count(result.points, "point")
    test = result.id.rpartition("/test_")[2]
    heading = evidence.heading if evidence and evidence.heading else result.title
    lines: list[Line] = [("title", f"{heading}  ({short}, {points}; -k {test})")]
    if evidence is None:
        return [*lines, *(("plain", f"blocked by {name}") for name in result.blocked_by[:1])]

    lines += _code(evidence)
    if evidence.traceback or not evidence.rows or not evidence.code:
        lines += [("bad", text) for text in evidence.traceback.splitlines()]
        lines.append(("bad", evidence.message))
    if evidence.origin:
        lines.append(("plain", f"First wrong node: {evidence.origin}"))
    if evidence.hint:
        lines.append(("plain", f"Hint: {evidence.hint}"))
    return lines


def make_printable(text: str, stream: TextIO) -> str:
    """Return a text in characters that a terminal can show: a Windows console may not have the blocks of a bar."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("█", "#").replace("░", ".").encode(encoding, "replace").decode(encoding)
    return text


# --- points ----------------------------------------------------------------------------------------------------------


def _bar(assignment: Assignment, results: Sequence[ItemResult], collected: Sequence[Item]) -> Line:
    mine = [result for result in results if result.assignment == assignment.name]
    n_collected = sum(item.assignment == assignment.name for item in collected)
    earned = sum(result.earned for result in mine)
    points = sum(result.points for result in mine)

    filled = int(BAR_WIDTH * earned / points)
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    text = f"{assignment.name:<16} {bar} {earned:g} of {points:g} points"
    if len(mine) < n_collected:
        text += f" ({len(mine)} of {n_collected} items ran)"
    return ("good" if earned == points else "plain", text)


# --- failures --------------------------------------------------------------------------------------------------------


def _failures(results: Sequence[ItemResult], failures: Sequence[ItemResult]) -> list[Line]:
    """Return the first few failures. Items with the same cause are shown together with those that they block."""
    groups: dict[tuple[object, ...], list[ItemResult]] = {}
    for result in failures:
        cause = result.cause()
        if cause is not None:
            groups.setdefault(cause, []).append(result)

    lines: list[Line] = []
    n_shown = 0
    for group in groups.values():
        more: list[Line] = [("plain", ""), *explanation(group[0]), *_related_items(results, group)]
        if n_shown and len(lines) + len(more) > MAX_FAILURE_LINES:
            break
        lines += more
        n_shown += 1

    n_left = len(groups) - n_shown
    if n_left:
        these = "this is" if n_shown == 1 else "these are"
        lines += [("plain", ""), ("plain", f"... and {n_left} more to look at once {these} right.")]
    return lines


def _code(evidence: Evidence) -> list[Line]:
    """Return the program, with the student's number and the right one behind each print of a row."""
    n_plain = len(evidence.code) - len(evidence.rows)
    lines: list[Line] = [("code", text) for text in evidence.code[:n_plain]]
    for text, row in zip(evidence.code[n_plain:], evidence.rows):
        yours, expected = number_text(row.yours), number_text(row.expected)
        lines.append(("code", f"{text}  # yours: {yours}  {evidence.source}: {expected}"))
    return lines


def _related_items(results: Sequence[ItemResult], group: Sequence[ItemResult]) -> list[Line]:
    """Say how many further items have the same cause, and how many depend on these."""
    ids = {result.id for result in group}
    n_same = len(group) - 1
    n_blocked = sum(1 for result in results if ids.intersection(result.blocked_by))

    parts = []
    if n_same:
        parts.append(f"{n_same} more {'item shows' if n_same == 1 else 'items show'} the same")
    if n_blocked:
        before = "and " if parts else ""
        depend = "depends" if n_blocked == 1 else "depend"
        parts.append(f"{before}{n_blocked} more {depend} on {'this' if len(group) == 1 else 'these'}")
    return [("dim", "(" + ", ".join(parts) + ")")] if parts else []


# --- what comes next -------------------------------------------------------------------------------------------------


def _not_written(results: Sequence[ItemResult], course: Sequence[Assignment]) -> list[Line]:
    """Say how much is not written yet and, if nothing that is written is wrong, what to write next."""
    stubs = [result for result in results if result.verdict is Verdict.NOT_IMPLEMENTED]
    messages = {stub.evidence.message for stub in stubs if stub.evidence}
    if not messages:
        return []

    size = f"{_count(len(stubs), 'item')}, {_count(sum(stub.points for stub in stubs), 'point')}"
    lines = [("plain", ""), ("title", f"Not written yet: {size}.")]
    if any(result.verdict not in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED) for result in results):
        return lines

    in_order = [f"{assignment.short}: write {name}" for assignment in course for name in assignment.names]
    known = [message for message in in_order if message in messages]
    return [*lines, ("plain", f"Next: {(known or sorted(messages))[0]}")]


def _praise(
    shown: Sequence[Assignment],
    results: Sequence[ItemResult],
    collected: Sequence[Item],
    course: Sequence[Assignment],
) -> list[Line]:
    """Name the assignments that are complete and, if nothing is wrong, the one that follows."""
    verdicts = {result.id: result.verdict for result in results}
    incomplete = {item.assignment for item in collected if verdicts.get(item.id) is not Verdict.PASSED}
    complete = [assignment for assignment in shown if assignment.name not in incomplete]
    if not complete:
        return []

    names = " and ".join(", ".join(assignment.name for assignment in complete).rsplit(", ", 1))
    lines: list[Line] = [("plain", ""), ("good", f"All right: every item of {names} agrees with PyTorch.")]
    if len(complete) == len(course):
        lines.append(("plain", "That is everything there is to check here. For practice: pytest --fresh 50"))
    elif {verdicts.get(item.id) for item in collected} <= {Verdict.PASSED, Verdict.NOT_IMPLEMENTED}:
        following = next(assignment for assignment in course if assignment not in complete)
        lines.append(("plain", f"Next: {following.name}. {following.title}: {following.story}"))
    return lines


def _count(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"
