"""Check that a report holds what `gradkit grade` could have written. A report is only a file, and anyone can write one.

The types are checked when it is decoded (report.py). Sizes, sums and graphs are checked here, so that whatever prints
or renders a report needs no check of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from gradkit.inside.operations import OPERATIONS
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, FailingGraph, PictureNode
from gradkit.suite.results import ItemResult, strip_result

if TYPE_CHECKING:
    from .report import Report

MAX_REPORT_BYTES = 8 << 20
"""222 items, all failed with the largest evidence, take 2 MB. A usual report takes 0.1 MB."""

MAX_ITEMS = 2_000
MAX_ITEM_POINTS = 1_000.0
MAX_EVIDENCE_LINES = 500
"""Lines of code and traceback in the evidence of one item. The longest of the course have 12 and 24."""

MAX_REPORT_LINES = 20_000
"""Lines of code and traceback in all evidence of a report."""

MAX_NODES = 1_000
"""Nodes of a failing expression. A picture shows 200."""

MAX_PICTURE_ROWS = 50
"""Rows of a node in a picture. Those of the course have 8."""

MAX_TEXT_LENGTH = 2_000
"""Characters of a name, a title, a line, a message or a hint. Messages are cut to 300 when they are made."""

MAX_CONSTANT = 1e300
MAX_LIST_LENGTH = 2_000
"""Entries of any other list."""


def check(report: Report) -> None:
    """Check a decoded report.

    Raises:
        ValueError: If `gradkit grade` cannot have written it. The message says why.
    """
    _require(len(report.items) <= MAX_ITEMS, f"it has more than {MAX_ITEMS:,} items")
    _check_texts("its head", report.student, report.submitted, report.submission, *report.missing, *report.warnings)
    _check_texts("its ids", *report.ids, *report.ids.values())
    for each in report.not_taken_in:
        _check_texts("what was not taken in", each.file, each.reason, each.advice)
    for stopped in report.stopped:
        _check_texts("a stopped import", stopped.file, stopped.message)
    _require(len(report.not_taken_in) <= MAX_LIST_LENGTH, f"over {MAX_LIST_LENGTH:,} files were not taken in")
    _require(len(report.stopped) <= MAX_LIST_LENGTH, f"over {MAX_LIST_LENGTH:,} imports were stopped")
    conditions = report.conditions
    _check_texts(
        "its conditions", conditions.kit, conditions.python, conditions.suite, conditions.seed, *conditions.packages
    )
    _require(len({item.id for item in report.items}) == len(report.items), "two of its items have one id")
    for item in report.items:
        _check_item(item)

    n_lines = sum(_count_lines(item.evidence) for item in report.items if item.evidence)
    _require(n_lines <= MAX_REPORT_LINES, f"its evidence has more than {MAX_REPORT_LINES:,} lines")
    earned = sum(item.earned for item in report.items)
    points = sum(item.points for item in report.items if not item.bonus)
    adds_up = math.isclose(report.earned, earned, abs_tol=1e-6) and math.isclose(report.points, points, abs_tol=1e-6)
    _require(adds_up, "its points do not add up")


def check_unblocked(report: Report, unblocked: Mapping[str, ItemResult]) -> None:
    """Check what blocked items show if nothing blocks them: see `PublicResult`. The final report can contain all of it.

    Args:
        report: The report of the public phase, which `check` has accepted.
        unblocked: The results, by the item's id.

    Raises:
        ValueError: If `gradkit grade` cannot have found one of the results. The message says why.
    """
    blocked = {item.id: item for item in report.items if item.verdict is Verdict.BLOCKED}
    _require(unblocked.keys() <= blocked.keys(), "it unblocks an item that is not blocked")
    for name, result in unblocked.items():
        _require(strip_result(result) == strip_result(blocked[name]), f"it unblocks {name} as another item")
        _require(result.verdict is not Verdict.PASSED, f"{name} is blocked, and passes if nothing blocks it")
    items = tuple(unblocked.get(item.id, item) for item in report.items)
    check(msgspec.structs.replace(report, items=items))


def _check_item(item: ItemResult) -> None:
    _check_texts("an item", item.id, item.assignment, item.title, *item.needs, *item.blocked_by)
    _require(0 < item.points <= MAX_ITEM_POINTS, f"the points of {item.id} are not between 0 and {MAX_ITEM_POINTS:g}")
    earned = item.points if item.verdict is Verdict.PASSED else 0.0
    _require(item.earned == earned, f"the points earned in {item.id} do not fit its verdict")
    if item.evidence:
        _check_evidence(item.id, item.evidence)


def _check_evidence(item_id: str, evidence: Evidence) -> None:
    texts = (evidence.message, evidence.heading, evidence.source, evidence.origin, evidence.hint)
    row_names = (row.name for row in evidence.rows)
    _check_texts(item_id, *texts, *evidence.code, *row_names, *evidence.traceback.splitlines())
    n_lines = _count_lines(evidence)
    _require(n_lines <= MAX_EVIDENCE_LINES, f"the evidence of {item_id} has more than {MAX_EVIDENCE_LINES} lines")
    if evidence.failing_graph:
        _require(_is_graph(evidence.failing_graph), f"the graph of {item_id} is damaged")
    _require(_is_picture(evidence.nodes), f"the graph of {item_id} is damaged")


def _count_lines(evidence: Evidence) -> int:
    return len(evidence.code) + len(evidence.rows) + len(evidence.traceback.splitlines())


def _is_graph(failing: FailingGraph) -> bool:
    """Return whether steps are known operations on earlier nodes, and every list has an entry for every node."""
    n_leaves = len(failing.inputs)
    n_nodes = n_leaves + len(failing.steps)
    return (
        n_nodes <= MAX_NODES
        and all(map(math.isfinite, failing.inputs))
        and all(_is_step(step, n_leaves + index) for index, step in enumerate(failing.steps))
        and len(failing.names) in (0, n_leaves)
        and all(len(name) <= MAX_TEXT_LENGTH for name in failing.names)
        and all(len(numbers.data) == n_nodes for numbers in (failing.want, failing.got))
        and len(failing.want.grad) in (0, n_nodes)
        and len(failing.got.grad) in (0, len(failing.want.grad))
        and all(0 <= node < n_nodes for node in (failing.output, *failing.wrong))
    )


def _is_picture(nodes: tuple[PictureNode, ...]) -> bool:
    """Return whether every operand is an earlier node, and all texts are short."""
    return len(nodes) <= MAX_NODES and all(
        all(0 <= parent < index for parent in node.parents)
        and len(node.parents) <= MAX_NODES
        and len(node.rows) <= MAX_PICTURE_ROWS
        and all(len(text) <= MAX_TEXT_LENGTH for row in node.rows for text in (node.name, node.expression, *row[:2]))
        for index, node in enumerate(nodes)
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


def _check_texts(where: str, *texts: str) -> None:
    _require(len(texts) <= MAX_LIST_LENGTH, f"{where} holds more than {MAX_LIST_LENGTH:,} texts")
    is_short = all(len(text) <= MAX_TEXT_LENGTH for text in texts)
    _require(is_short, f"{where} holds a text of over {MAX_TEXT_LENGTH:,} letters")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
