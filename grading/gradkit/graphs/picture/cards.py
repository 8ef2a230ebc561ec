"""Cards: what a picture shows of each node, and the cards of a graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gradkit.errors import UserError
from gradkit.graphs.scalar.program import name_nodes, write_expression
from gradkit.inside.graph import Answers, Graph

MAX_NODES = 200
"""Graphviz needs long for a larger graph, and nobody could read the picture."""

CardKind = Literal["leaf", "inner", "wrong"]


class TooLargeError(UserError, ValueError):
    """A graph has more nodes than a picture can show."""

    def __init__(self) -> None:
        super().__init__(
            f"This graph has more than {MAX_NODES} nodes, which is too large for a picture: draw a part of it."
        )


class Row(NamedTuple):
    """One number of a card, such as ("data", "0.5")."""

    label: str
    text: str
    is_wrong: bool = False


@dataclass(frozen=True)
class Card:
    """What a picture shows of one node.

    Attributes:
        name: The name of the node; can be empty.
        expression: How the node was made, such as "a * b"; can be empty.
        rows: The numbers of the node.
        parents: The indices of the cards of its operands.
        kind: The kind of node, which decides the colours.
    """

    name: str
    expression: str
    rows: tuple[Row, ...]
    parents: tuple[int, ...]
    kind: CardKind = "inner"


def cards_of_graph(
    graph: Graph,
    want: Answers | None = None,
    got: Answers | None = None,
    wrong: Collection[int] = (),
    names: Mapping[int, str] | None = None,
) -> list[Card]:
    """Return a card for each node of a graph.

    Args:
        graph: The graph.
        want: The right numbers, if they are to be shown.
        got: The student's numbers, if they are to be shown.
        wrong: The nodes to show as wrong, with both numbers.
        names: Names that some nodes have already; the others get new names.

    Raises:
        TooLargeError: If the graph has more than MAX_NODES nodes.
    """
    if len(graph) > MAX_NODES:
        raise TooLargeError
    all_names = name_nodes(graph, range(len(graph)), names)

    cards = []
    for node in range(len(graph)):
        is_leaf = node < len(graph.inputs)
        is_wrong = node in wrong
        expression = "" if is_leaf else write_expression(graph, node, all_names)
        rows = _rows("data", node, want, got, is_wrong) + _rows("grad", node, want, got, is_wrong)
        kind: CardKind = "wrong" if is_wrong else "leaf" if is_leaf else "inner"
        cards.append(Card(all_names[node], expression, tuple(rows), graph.parents(node), kind))
    return cards


def short_number(number: float) -> str:
    """Format a number for a card. Adding 0.0 turns -0.0 into 0.0, whose sign would only distract."""
    return f"{number + 0.0:.4g}"


def _rows(
    kind: Literal["data", "grad"], node: int, want: Answers | None, got: Answers | None, is_wrong: bool
) -> list[Row]:
    right, yours = (getattr(answers, kind) if answers else () for answers in (want, got))
    if not right and not yours:
        return []
    if not (is_wrong and right and yours):
        return [Row(kind, short_number((right or yours)[node]))]

    # Nine digits if four look the same. If nine look the same too, the difference is within the tolerance.
    for n_digits in (4, 9):
        your_text, right_text = (f"{numbers[node] + 0.0:.{n_digits}g}" for numbers in (yours, right))
        if your_text != right_text:
            return [Row(f"your {kind}", your_text, True), Row(f"PyTorch’s {kind}", right_text)]
    return [Row(kind, short_number(right[node]))]
