"""The self-check's screen, as lines of text with a style each. It knows results, and nothing of pytest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from gradkit.catalogue.assignments import Assignment
from gradkit.submissions.outcome import Verdict

from .diagnosis import named_mistake
from .evidence import Evidence
from .results import ItemResult, Results, follows_from_others

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

MISTAKE_LINES = 27
"""So many lines may go to mistakes: with the bars and pytest's own lines that makes one screen."""

BAR = 24
_QUIET = (Verdict.PASSED, Verdict.BLOCKED, Verdict.NOT_IMPLEMENTED)


def summary(results: Results, course: Sequence[Assignment], warnings: Sequence[str]) -> list[Line]:
    """The whole screen: points, then what to mend first, then what to write next."""
    found = list(results.all())
    taking_part = [a for a in course if any(r.item.assignment == a.name for r in found)]
    lines = [_bar(assignment, results) for assignment in taking_part]
    lines += [("bad", f"! {warning}") for warning in warnings]
    wrong_items = [r for r in found if r.verdict not in _QUIET and not follows_from_others(r.item, results.by_id)]
    lines += _mistakes(results, wrong_items)
    wrong = any(r.verdict not in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED) for r in found)
    lines += _not_written([r for r in found if r.verdict is Verdict.NOT_IMPLEMENTED], course, wrong)
    lines += _praise(taking_part, results, course)
    return lines


def _bar(assignment: Assignment, results: Results) -> Line:
    mine = [r for r in results.all() if r.item.assignment == assignment.name]
    earned, due = sum(r.earned for r in mine), sum(r.item.points for r in mine)
    filled = int(BAR * earned / due)
    text = f"{assignment.name:<16} {'█' * filled}{'░' * (BAR - filled)} {earned:g} of {due:g} points"
    there = sum(item.assignment == assignment.name for item in results.collected)
    part = f" ({len(mine)} of {there} items ran)" if len(mine) < there else ""
    return ("good" if earned == due else "plain", text + part)


def _mistakes(results: Results, wrong: list[ItemResult]) -> list[Line]:
    """The first few mistakes: items that show one and the same cause stand together, and so do those they block."""
    groups: dict[tuple[object, ...], list[ItemResult]] = {}
    for result in wrong:
        if result.evidence:
            groups.setdefault(result.evidence.cause(), []).append(result)
    lines: list[Line] = []
    shown = 0
    for group in groups.values():
        account = [("plain", ""), *explanation(group[0]), *_also(results, group)]
        if shown and len(lines) + len(account) > MISTAKE_LINES:
            break
        lines += account
        shown += 1
    left = len(groups) - shown
    if left:
        these = "this is" if shown == 1 else "these are"
        lines += [("plain", ""), ("plain", f"... and {left} more to look at once {these} right.")]
    return lines


def explanation(result: ItemResult) -> list[Line]:
    """One item's evidence: title, code to paste with yours beside PyTorch's, first wrong node, hint."""
    evidence = result.evidence
    short = result.item.assignment.partition("_")[0]
    points = _count(result.item.points, "point")
    test = result.item.id.rpartition("/test_")[2]
    heading = evidence.heading if evidence and evidence.heading else result.item.title
    lines: list[Line] = [("title", f"{heading}  ({short}, {points}; -k {test})")]
    if evidence is None:
        return [*lines, *(("plain", f"blocked by {name}") for name in result.blocked_by[:1])]
    lines += _code(evidence)
    if evidence.traceback or not evidence.rows or not evidence.code:
        lines += [("bad", text) for text in evidence.traceback.splitlines()]
        lines.append(("bad", evidence.message))
    if evidence.origin:
        lines.append(("plain", f"First wrong node: {evidence.origin}"))
    advice = named_mistake(result.item.id, evidence) or evidence.hint
    if advice:
        lines.append(("plain", f"Hint: {advice}"))
    return lines


def _code(evidence: Evidence) -> list[Line]:
    """The program, with yours and PyTorch's number behind each print."""
    prints = len(evidence.rows)
    lines: list[Line] = [("code", text) for text in evidence.code[: len(evidence.code) - prints]]
    for text, row in zip(evidence.code[len(evidence.code) - prints :], evidence.rows):
        lines.append(("code", f"{text}  # yours: {row.yours!r}  {evidence.source}: {row.expected!r}"))
    return lines


def _also(results: Results, group: list[ItemResult]) -> list[Line]:
    """How many further items show the same, and how many depend on these."""
    ids = {r.item.id for r in group}
    same = len(group) - 1
    blocked = sum(1 for r in results.all() if ids.intersection(r.blocked_by))
    parts = []
    if same:
        parts.append(f"{same} more {'item shows' if same == 1 else 'items show'} the same")
    if blocked:
        parts.append(
            f"{'and ' if parts else ''}{blocked} more {'depends' if blocked == 1 else 'depend'} on "
            f"{'this' if len(group) == 1 else 'these'}"
        )
    return [("dim", "(" + ", ".join(parts) + ")")] if parts else []


def _not_written(stubs: list[ItemResult], course: Sequence[Assignment], something_wrong: bool) -> list[Line]:
    """How much is not written yet and, where nothing that is written is wrong, what to write next."""
    messages = {r.evidence.message for r in stubs if r.evidence}
    if not messages:
        return []
    size = f"{_count(len(stubs), 'item')}, {_count(sum(r.item.points for r in stubs), 'point')}"
    lines = [("plain", ""), ("title", f"Not written yet: {size}.")]
    if something_wrong:
        return lines
    order = [f"{assignment.short}: write {name}" for assignment in course for name in assignment.names]
    known = [message for message in order if message in messages]
    return [*lines, ("plain", f"Next: {(known or sorted(messages))[0]}")]


def _count(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def _praise(taking_part: Sequence[Assignment], results: Results, course: Sequence[Assignment]) -> list[Line]:
    """A word for what is whole and, where nothing is wrong, the assignment that follows."""
    ends = {r.item.id: r.verdict for r in results.all()}
    missing = {item.assignment for item in results.collected if ends.get(item.id) is not Verdict.PASSED}
    whole = [assignment for assignment in taking_part if assignment.name not in missing]
    lines: list[Line] = []
    if whole:
        done = " and ".join(", ".join(a.name for a in whole).rsplit(", ", 1))
        lines += [("plain", ""), ("good", f"All right: every item of {done} agrees with PyTorch.")]
    if len(whole) == len(course):
        lines.append(("plain", "That is everything there is to check here. For practice: pytest --fresh 50"))
    elif whole and {ends.get(item.id) for item in results.collected} <= {Verdict.PASSED, Verdict.NOT_IMPLEMENTED}:
        left = [a for a in course if a not in whole]
        lines.append(("plain", f"Next: {left[0].name}. {left[0].title}: {left[0].story}"))
    return lines


def drawable(text: str, stream: TextIO) -> str:
    """The text in letters that a terminal can show: a Windows console may have no blocks to draw a bar with."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("█", "#").replace("░", ".").encode(encoding, "replace").decode(encoding)
    return text
