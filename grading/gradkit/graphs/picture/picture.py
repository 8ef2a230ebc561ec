"""A graph as a picture: every node with its operation, data and gradient."""

from __future__ import annotations

import html
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gradkit.errors import UserError
from gradkit.graphs.scalar.program import expression_text, node_names
from gradkit.inside.graph import Answers, Graph

MOST_NODES = 200
"""A larger picture takes Graphviz long, and nobody can read it."""

MOST_LETTERS = 60
"""So many letters of a text a card shows."""

_COLOURS = {"leaf": ("#e8f0fe", "#5f6368"), "inner": ("#ffffff", "#5f6368"), "wrong": ("#fde0dc", "#c62828")}
"""Each kind's paper and edge."""


class TooLargeError(UserError):
    """A graph has more nodes than a picture can show."""

    def __init__(self) -> None:
        super().__init__(f"This graph has more than {MOST_NODES} nodes, which makes no picture: draw a part of it.")


class Row(NamedTuple):
    """One number of a card, as in ("data", "0.5")."""

    label: str
    text: str
    is_wrong: bool = False


@dataclass(frozen=True)
class Card:
    """What a picture shows of one node.

    name:    what it is called; may be empty.
    made:    how it was made.
    parents: the numbers of the nodes that it was made from.
    """

    name: str
    made: str
    rows: tuple[Row, ...]
    parents: tuple[int, ...]
    kind: Literal["leaf", "inner", "wrong"] = "inner"


def picture(
    graph: Graph,
    want: Answers | None = None,
    got: Answers | None = None,
    wrong: Collection[int] = (),
    names: Mapping[int, str] | None = None,
) -> str:
    """The graph as SVG; wrong nodes stand out, with both numbers.

    names: what nodes are called, where a story names them; the others get names of their own.
    Raises TooLargeError, and ImportError, saying what to install, where pygraphviz is missing.
    """
    return svg(_cards(graph, want, got, wrong, names))


def png(graph: Graph, want: Answers, names: Mapping[int, str]) -> bytes:
    """The graph as PNG, which notebooks show wherever they are opened. Raises as `picture` does."""
    return _drawn(_cards(graph, want, None, (), names), "png", "-Gdpi=96")


def svg(cards: Sequence[Card]) -> str:
    """Cards, and arrows to each from its parents, as SVG. Raises as `picture` does."""
    return _drawn(cards, "svg").decode()


def short(number: float) -> str:
    """A number as a card shows it. Adding 0.0 makes a 0.0 of a -0.0, which would only be one more thing to wonder."""
    return f"{number + 0.0:.4g}"


def _drawn(cards: Sequence[Card], kind: str, options: str = "") -> bytes:
    if len(cards) > MOST_NODES:
        raise TooLargeError
    try:
        import pygraphviz
    except ImportError as error:
        raise ImportError("Pictures need Graphviz: pip install 'gradkit[pictures]'") from error
    with _quiet():
        drawn: bytes = pygraphviz.AGraph(string=_dot(cards)).draw(format=kind, prog="dot", args=options)
    return drawn


@contextmanager
def _quiet() -> Iterator[None]:
    """Graphviz's libraries complain of a machine's fonts on stderr, for which nbgrader would take all points."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _cards(
    graph: Graph,
    want: Answers | None,
    got: Answers | None,
    wrong: Collection[int],
    given: Mapping[int, str] | None,
) -> list[Card]:
    if len(graph) > MOST_NODES:
        raise TooLargeError
    names = node_names(graph, range(len(graph)), given)
    cards = []
    for node in range(len(graph)):
        is_leaf = node < len(graph.inputs)
        made = "" if is_leaf else expression_text(graph, node, names)
        rows = [row for kind in ("data", "grad") for row in _rows(kind, node, want, got, node in wrong)]
        kind: Literal["leaf", "inner", "wrong"] = "wrong" if node in wrong else "leaf" if is_leaf else "inner"
        cards.append(Card(names[node], made, tuple(rows), graph.parents(node), kind))
    return cards


def _rows(kind: str, node: int, want: Answers | None, got: Answers | None, wrong: bool) -> list[Row]:
    right, yours = (getattr(answers, kind) if answers else () for answers in (want, got))
    if not right and not yours:
        return []
    if not (wrong and right and yours):
        return [Row(kind, short((right or yours)[node]))]
    for digits in (4, 9):  # where the numbers look alike, more of them; a tolerance of 1e-7 hides behind 9
        shown = [f"{number[node] + 0.0:.{digits}g}" for number in (yours, right)]
        if shown[0] != shown[1]:
            return [Row(f"your {kind}", shown[0], True), Row(f"PyTorch’s {kind}", shown[1])]
    return [Row(kind, short(right[node]))]


def _dot(cards: Sequence[Card]) -> str:
    # The paper is white: on the dark page of an editor black arrows would not be seen.
    lines = [
        'digraph expression { rankdir=LR; bgcolor="white"; pad=0.1; ranksep=0.4;',
        'node [shape=plain fontname="Helvetica,Arial,sans-serif" fontsize=11]; edge [color="#5f6368" arrowsize=0.7];',
    ]
    for number, card in enumerate(cards):
        lines.append(f"n{number} [label=<{_table(card)}>];")
        lines += [f"n{parent} -> n{number};" for parent in card.parents]
    return "\n".join([*lines, "}"])


def _table(card: Card) -> str:
    """A node's label as Graphviz's HTML-like table."""
    paper, edge = _COLOURS[card.kind]
    name, made = _text(card.name), _text(card.made)
    head = " = ".join(part for part in (name and f"<b>{name}</b>", made) if part)
    rows = [f'<td colspan="2">{head}</td>'] if head or not card.rows else []
    for row in card.rows:
        text = _text(row.text)
        if row.is_wrong:
            text = f'<b><font color="{edge}">{text}</font></b>'
        rows.append(f'<td align="left">{_text(row.label)}</td><td align="right">{text}</td>')
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="4" bgcolor="{paper}" color="{edge}">'
        f"{body}</table>"
    )


def _text(text: str) -> str:
    """A text as markup that shows it: it may be a student's, or stem from a file that anyone wrote."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:MOST_LETTERS])
    # Of a backslash with an N Graphviz would make its own name for the node, unless the backslash is doubled.
    return html.escape(plain + "…" * (len(text) > MOST_LETTERS)).replace("\\", "\\\\")
