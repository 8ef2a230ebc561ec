"""Check that a report holds what `gradkit grade` could have written: a report is only a file, and anyone may write one.

The types are checked when it is decoded (report.py). Here are sizes, sums and graphs, so that whatever prints or draws
a report needs no check of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gradkit.inside.operations import OPERATIONS
from gradkit.submissions.outcome import Verdict

if TYPE_CHECKING:
    from .report import DrawingRecord, EvidenceRecord, ItemRecord, Report

MAX_REPORT_BYTES = 8 << 20
"""All 222 items of the course, failed with as much evidence as there can be, take 2 MB; usual are 0.1 MB."""
MAX_ITEMS = 2_000
MAX_POINTS = 1_000.0
"""Points of an item."""
MAX_LINES = 500
"""Lines of code, or of a traceback, in the evidence of one item. The longest so far has 12 and 24."""
MAX_LINES_IN_ALL = 20_000
MAX_NODES = 1_000
"""Nodes of a drawn graph. A picture shows 200."""
MAX_TEXT_LENGTH = 2_000
"""Letters of a name, a title, a line, a message, a hint. Messages are cut to 300 when they are made."""
MAX_CONSTANT = 1e300
MAX_LIST = 2_000
"""Entries of any other list."""


def check(report: Report) -> None:
    """Check a decoded report. Raises ValueError, which says what no report can hold."""
    _must(len(report.items) <= MAX_ITEMS, f"it has more than {MAX_ITEMS:,} items")
    _texts("its head", report.student, report.submission, *report.missing, *report.notes)
    made_with = report.conditions
    _texts("its conditions", made_with.kit, made_with.python, made_with.suite, made_with.seed, *made_with.packages)
    _must(len({item.id for item in report.items}) == len(report.items), "two of its items have one id")
    for item in report.items:
        _item(item)
    lines = sum(_lines(item.evidence) for item in report.items if item.evidence)
    _must(lines <= MAX_LINES_IN_ALL, f"its evidence has more than {MAX_LINES_IN_ALL:,} lines")
    for said, total in (
        (report.earned, sum(item.earned for item in report.items)),
        (report.points, sum(item.points for item in report.items)),
    ):
        _must(math.isclose(said, total, abs_tol=1e-6), "its points do not add up")


def _item(item: ItemRecord) -> None:
    _texts("an item", item.id, item.assignment, item.title, *item.needs, *item.blocked_by)
    _must(0 < item.points <= MAX_POINTS, f"the points of {item.id} are not between 0 and {MAX_POINTS:g}")
    due = item.points if item.verdict is Verdict.PASSED else 0.0
    _must(item.earned == due, f"the points earned in {item.id} do not fit its verdict")
    if item.evidence:
        _evidence(item.id, item.evidence)


def _evidence(name: str, evidence: EvidenceRecord) -> None:
    texts = (evidence.message, evidence.heading, evidence.source, evidence.origin, evidence.hint)
    _texts(name, *texts, *evidence.code, *(row.name for row in evidence.rows), *evidence.traceback.splitlines())
    _must(_lines(evidence) <= MAX_LINES, f"the evidence of {name} has more than {MAX_LINES} lines")
    if evidence.drawing:
        _must(_is_graph(evidence.drawing), f"the graph of {name} is damaged")


def _lines(evidence: EvidenceRecord) -> int:
    return len(evidence.code) + len(evidence.rows) + len(evidence.traceback.splitlines())


def _is_graph(drawing: DrawingRecord) -> bool:
    """Return whether steps are known operations on earlier nodes, and every list has an entry for every node."""
    leaves, count = len(drawing.inputs), len(drawing.inputs) + len(drawing.steps)
    return (
        count <= MAX_NODES
        and all(map(math.isfinite, drawing.inputs))
        and all(_is_step(step, leaves + place) for place, step in enumerate(drawing.steps))
        and len(drawing.names) in (0, leaves)
        and all(len(name) <= MAX_TEXT_LENGTH for name in drawing.names)
        and all(len(answers.data) == count for answers in (drawing.want, drawing.got))
        and len(drawing.want.grad) in (0, count)
        and len(drawing.got.grad) in (0, len(drawing.want.grad))
        and all(0 <= node < count for node in (drawing.output, *drawing.wrong))
    )


def _is_step(step: tuple[str | int | float, ...], node: int) -> bool:
    """Return whether a step makes this node: an operation's name, earlier nodes, and a plain number if it takes one."""
    operation = OPERATIONS.get(step[0]) if step and isinstance(step[0], str) else None
    if operation is None or len(step) != 1 + len(operation.parameters):
        return False
    operands, constants = step[1 : 1 + operation.arity], step[1 + operation.arity :]
    return all(isinstance(parent, int) and 0 <= parent < node for parent in operands) and all(
        isinstance(number, int | float) and abs(number) <= MAX_CONSTANT for number in constants
    )


def _texts(where: str, *texts: str) -> None:
    _must(len(texts) <= MAX_LIST, f"{where} holds more than {MAX_LIST:,} texts")
    _must(
        all(len(text) <= MAX_TEXT_LENGTH for text in texts), f"{where} holds a text of over {MAX_TEXT_LENGTH:,} letters"
    )


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
