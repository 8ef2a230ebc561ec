"""The self-check's screen, as lines of text with a style each. It knows results, and nothing of pytest or reports."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TextIO

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.hidden_items import HiddenItem
from gradkit.inside.worker import SHOULD_HAVE
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

_OTHER_NAME = re.compile(rf"\w+\.py has \w+{re.escape(SHOULD_HAVE)}\w+\.")
"""The whole message about a name whose capitals are wrong. A student's exception can have a part of it."""

MAX_FAILURE_LINES = 27
"""Lines that failures may take. With the bars and pytest's own lines that makes one screen."""

BAR_WIDTH = 24
"""Characters of a progress bar."""


def summary(
    results: Sequence[ItemResult],
    n_items: Mapping[str, int],
    course: Sequence[Assignment],
    warnings: Sequence[str],
    hidden: Sequence[HiddenItem] = (),
) -> list[Line]:
    """Return the whole screen: points, warnings, what to correct first, what is complete, and what to write next.

    Args:
        results: The results, in the order in which they came.
        n_items: How many items an assignment has, by its name. If fewer have run, the screen says so. An assignment
            that is not in it is complete.
        course: All assignments of the course, in order.
        warnings: Lines to show above the failures.
        hidden: The items that grading has in addition.
    """
    names = {result.assignment for result in results}
    shown = [assignment for assignment in course if assignment.name in names]
    by_id = {result.id: result for result in results}
    failures = [result for result in results if is_listed_on_screen(result, by_id)]
    complete = [assignment for assignment in shown if _is_complete(assignment, results, n_items)]

    lines = [_bar(assignment, results, n_items) for assignment in shown]
    lines += [("bad", f"! {warning}") for warning in (*warnings, *_other_names(results))]
    lines += _failures(results, failures)
    lines += _praise(complete, course, hidden)
    lines += _not_written(results, course)
    lines += _next(results, shown, complete, course)
    return lines


def list_items(items: Sequence[Item], course: Sequence[Assignment], hidden: Sequence[HiddenItem]) -> list[Line]:
    """Return a line for each item: points, the name behind `-k`, title. Hidden items have no name.

    Args:
        items: The items, in the course's order.
        course: All assignments of the course, in order.
        hidden: The items that grading has in addition.
    """
    lines: list[Line] = []
    for assignment in course:
        mine = [item for item in items if item.assignment == assignment.name]
        if not mine:
            continue
        unknown = [item for item in hidden if item.assignment == assignment.name]
        width = max(len(test_name(item)) for item in mine)
        points = sum(item.points for item in mine) + sum(item.points for item in unknown)
        lines += [("plain", ""), ("title", f"{assignment.name}: {assignment.title} ({_count(points, 'point')})")]
        lines += [
            ("plain", f"{item.points:4g}  {'(hidden)' if item.hidden else test_name(item):<{width}}  {item.title}")
            for item in mine
        ]
        lines += [("plain", f"{item.points:4g}  {'(hidden)':<{width}}  {item.title}") for item in unknown]
    return lines


def test_name(item: Item) -> str:
    """Return the name of an item as `-k` selects it."""
    return item.id.rpartition("/test_")[2]


def explanation(result: ItemResult) -> list[Line]:
    """Return one item's evidence: title, code to paste with both numbers, first wrong node, hint."""
    evidence = result.evidence
    short = result.assignment.partition("_")[0]
    points = _count(result.points, "point")
    heading = evidence.heading if evidence and evidence.heading else result.title
    lines: list[Line] = [("title", f"{heading}  ({short}, {points}; -k {test_name(result)})")]
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


def _bar(assignment: Assignment, results: Sequence[ItemResult], n_items: Mapping[str, int]) -> Line:
    mine = [result for result in results if result.assignment == assignment.name]
    n_all = n_items.get(assignment.name, len(mine))
    earned = sum(result.earned for result in mine)
    points = sum(result.points for result in mine)

    filled = int(BAR_WIDTH * earned / points)
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    text = f"{assignment.name:<16} {bar} {earned:g} of {points:g} points"
    if len(mine) < n_all:
        text += f" ({len(mine)} of {n_all} items ran)"
    return ("good" if earned == points else "plain", text)


def _is_complete(assignment: Assignment, results: Sequence[ItemResult], n_items: Mapping[str, int]) -> bool:
    """Return whether all items of an assignment ran and passed."""
    verdicts = [result.verdict for result in results if result.assignment == assignment.name]
    return set(verdicts) == {Verdict.PASSED} and len(verdicts) == n_items.get(assignment.name, len(verdicts))


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


# --- what is complete, and what comes next ---------------------------------------------------------------------------


def _praise(complete: Sequence[Assignment], course: Sequence[Assignment], hidden: Sequence[HiddenItem]) -> list[Line]:
    """Name the assignments that are complete, and the items that grading has in addition."""
    if not complete:
        return []
    names = _listed([assignment.name for assignment in complete])
    lines: list[Line] = [("plain", ""), ("good", f"All right: every item of {names} agrees with PyTorch.")]
    for assignment in complete:
        more = [item for item in hidden if item.assignment == assignment.name]
        if more:
            items = f"{len(more)} hidden {'item' if len(more) == 1 else 'items'}"
            points, titles = _count(sum(item.points for item in more), "point"), "; ".join(item.title for item in more)
            lines.append(("plain", f"Grading has {items} more in {assignment.short} ({points}): {titles}"))
    if len(complete) == len(course):
        lines.append(("plain", "That is everything there is to check here. For practice: pytest --fresh 50"))
    return lines


def _not_written(results: Sequence[ItemResult], course: Sequence[Assignment]) -> list[Line]:
    """Say how much is not written yet, and which files are missing."""
    stubs = [result for result in results if result.verdict is Verdict.NOT_IMPLEMENTED]
    if not any(stub.evidence for stub in stubs):
        return []
    size = f"{_count(len(stubs), 'item')}, {_count(sum(stub.points for stub in stubs), 'point')}"
    lines: list[Line] = [("plain", ""), ("title", f"Not written yet: {size}.")]
    missing = _missing_files(_messages(stubs), course)
    if missing:
        there = "There is" if len(missing) == 1 else "There are"
        lines.append(("plain", f"{there} no {_listed(missing)} in this folder yet."))
    return lines


def _next(
    results: Sequence[ItemResult],
    shown: Sequence[Assignment],
    complete: Sequence[Assignment],
    course: Sequence[Assignment],
) -> list[Line]:
    """Say in one line what to write next, if nothing that is written is wrong."""
    stubs = [result for result in results if result.verdict is Verdict.NOT_IMPLEMENTED]
    if any(result.verdict not in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED) for result in results):
        return []
    if not stubs:
        if not complete or complete != list(shown):
            return []
        later = course[course.index(complete[-1]) + 1 :]
        return [("plain", f"Next: {_about(later[0])}")] if later else []

    messages = _messages(stubs)
    known = ((each, name) for each in course for name in each.names if messages.keys() & _messages_without(name, each))
    assignment, name = next(known, (_first_with(stubs, course), ""))
    package = next((each for each in messages if each.startswith(f"{assignment.short} stands on ")), "")
    if package:
        return [("plain", f"Next: {package}")]
    if complete and not any(result.earned for result in results if result.assignment == assignment.name):
        return [("plain", f"Next: {_about(assignment)}" + (f" Write {name} first." if name else ""))]
    todo = name or next(iter(_missing_files(messages, course)), "")
    step = f"{assignment.short}: write {todo}" if todo else next(iter(messages), "")
    return [("plain", f"Next: {step}")] if step else []


def _first_with(results: Sequence[ItemResult], course: Sequence[Assignment]) -> Assignment:
    """Return the first assignment that some of these results belong to."""
    names = {result.assignment for result in results}
    return next(assignment for assignment in course if assignment.name in names)


def _messages_without(name: str, assignment: Assignment) -> set[str]:
    """Return the messages of items that need a function or method which is not written: those of a stub, or of none."""
    owner, _, method = name.rpartition(".")
    files = [f"{module}.py" for module in assignment.modules]
    absent = [f"{owner} has no {method} yet."] if owner else [f"{file} has no {name} yet." for file in files]
    return {f"{assignment.short}: write {name}", *absent}


def _about(assignment: Assignment) -> str:
    return f"{assignment.name}. {assignment.title}: {assignment.story}"


def _messages(stubs: Sequence[ItemResult]) -> dict[str, None]:
    """Return the different messages of stubs, in order."""
    return dict.fromkeys(stub.evidence.message for stub in stubs if stub.evidence)


def _missing_files(messages: Collection[str], course: Sequence[Assignment]) -> list[str]:
    """Return the files that stubs miss, in the order of the course."""
    files = dict.fromkeys(f"{module}.py" for assignment in course for module in assignment.files)
    return [file for file in files if f"There is no {file} in this folder yet." in messages]


def _other_names(results: Sequence[ItemResult]) -> list[str]:
    """Return the messages that say under which other name something is there."""
    stubs = [result for result in results if result.verdict is Verdict.NOT_IMPLEMENTED]
    return [message for message in _messages(stubs) if _OTHER_NAME.fullmatch(message)]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(", ".join(names).rsplit(", ", 1))


def _count(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"
