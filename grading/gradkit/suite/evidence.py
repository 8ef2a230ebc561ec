"""Evidence: what is shown of an item that did not pass, as structs that a report contains unchanged.

Evidence is made in explanations.py and in checks/. visibility.py decides what of it a viewer sees.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from gradkit.inside.graph import Answers, Graph

NODES_SHOWN = 3
"""Wrong numbers that the evidence of one item shows at most."""

Number = float | Literal["nan", "inf", "-inf"]
"""A number of a report. JSON has no numbers for the three words."""


def report_number(number: float) -> Number:
    """Return a number as a report holds it."""
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "nan"
    return "inf" if number > 0 else "-inf"


def number_text(number: Number | bool) -> str:
    """Return a number as Python prints it."""
    return number if isinstance(number, str) else repr(number)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number of the evidence.

    Attributes:
        name: The expression whose number it is, as the code prints it.
        yours: The student's number, or a bool if the code prints one, as `print(x.data > 0)` does.
        expected: The right one.
    """

    name: str
    yours: Number | bool
    expected: Number | bool


def make_row(name: str, yours: float, expected: float) -> Row:
    """Return the row of two numbers.

    Args:
        name: The expression whose number it is.
        yours: The student's number.
        expected: The right number.
    """
    return Row(name, report_number(yours), report_number(expected))


def wrong_number_message(row: Row, source: str) -> str:
    """Say what a number is, and what it should be.

    Args:
        row: The two numbers.
        source: Where the right number comes from: see `Evidence.source`.
    """
    says = ", PyTorch says" if source == "PyTorch" else " and should be"
    return f"{row.name} is {number_text(row.yours)}{says} {number_text(row.expected)}"


class NodeNumbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of a graph's nodes: n_nodes data and, if gradients were compared, n_nodes gradients."""

    data: tuple[Number, ...]
    grad: tuple[Number, ...]

    def answers(self) -> Answers:
        """Return the numbers as floats."""
        return Answers(list(map(float, self.data)), list(map(float, self.grad)))


class FailingGraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failing expression as a graph, with PyTorch's numbers and the student's: what its picture is made from.

    Attributes:
        inputs, steps, output, names: The graph; see `Graph`.
        want: PyTorch's numbers.
        got: The student's numbers.
        wrong: The nodes that the rows of the evidence show.
    """

    inputs: tuple[float, ...]
    steps: tuple[tuple[str | int | float, ...], ...]
    output: int
    names: tuple[str, ...]
    want: NodeNumbers
    got: NodeNumbers
    wrong: tuple[int, ...]

    @property
    def graph(self) -> Graph:
        """The expression."""
        return Graph(self.inputs, self.steps, self.output, self.names)


def make_failing_graph(graph: Graph, want: Answers, got: Answers, wrong: Sequence[int]) -> FailingGraph:
    """Make the record of a failing expression.

    Args:
        graph: The expression.
        want: PyTorch's numbers.
        got: The student's numbers.
        wrong: The nodes to show as wrong.
    """
    numbers = (_node_numbers(want), _node_numbers(got))
    return FailingGraph(graph.inputs, graph.steps, graph.output, graph.names, *numbers, tuple(wrong))


def _node_numbers(answers: Answers) -> NodeNumbers:
    return NodeNumbers(_report_numbers(answers.data), _report_numbers(answers.grad))


def _report_numbers(numbers: Iterable[float]) -> tuple[Number, ...]:
    return tuple(map(report_number, numbers))


class PictureNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node of a picture, of a graph whose nodes are not single numbers.

    Attributes:
        name: The name of the node, as the code has it.
        expression: How the node was made; empty for a leaf.
        rows: What is shown of it: (label, text, whether that is wrong).
        parents: The indices of its operands among the nodes.
        is_wrong: Whether the node is wrong.
    """

    name: str
    expression: str
    rows: tuple[tuple[str, str, bool], ...]
    parents: tuple[int, ...]
    is_wrong: bool


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a screen, a page or a report shows of a failure.

    Attributes:
        message: One sentence, or the last line of a traceback.
        code: Lines of a program to paste. The last len(rows) lines print the numbers of the rows.
        rows: The student's numbers beside the right ones.
        heading: A title for the failure, if the item's own title does not fit.
        source: Where the right numbers come from: "PyTorch", or "right" in a hand-written item. Empty without rows.
        origin: The node that went wrong first, as the code names it. Empty if the numbers do not show it.
        hint: One line of advice, or empty.
        traceback: The student's own frames, innermost last.
        failing_graph: The expression as a graph, if it has a wrong number. In JSON this field is `drawing`.
        nodes: The nodes of a failing graph of tensors, or of a small network, for its picture.
    """

    message: str
    code: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    heading: str = ""
    source: str = ""
    origin: str = ""
    hint: str = ""
    traceback: str = ""
    failing_graph: FailingGraph | None = msgspec.field(default=None, name="drawing")
    nodes: tuple[PictureNode, ...] = ()
