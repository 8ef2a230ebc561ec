"""Render cards as a picture, with Graphviz."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gradkit.errors import UserError

from .cards import MAX_NODES, Card, CardKind, TooLargeError

MAX_LETTERS = 60
"""Letters of a text that a card shows; the rest is cut off."""

_COLOURS: dict[CardKind, tuple[str, str]] = {
    "leaf": ("#e8f0fe", "#5f6368"),
    "inner": ("#ffffff", "#5f6368"),
    "wrong": ("#fde0dc", "#c62828"),
}
"""Background and border of each kind of card."""


class MissingGraphvizError(UserError, ImportError):
    """pygraphviz is not installed. An ImportError too, which students' notebooks can catch."""


def render_svg(cards: Sequence[Card]) -> str:
    """Render cards, and arrows to each card from its parents, as SVG.

    Raises:
        TooLargeError: If there are more than MAX_NODES cards.
        MissingGraphvizError: If pygraphviz is not installed.
    """
    return _render(cards, "svg").decode()


def render_png(cards: Sequence[Card]) -> bytes:
    """Render cards as PNG, which notebooks show wherever they are opened. Raises as `render_svg` does."""
    return _render(cards, "png", "-Gdpi=96")


def _render(cards: Sequence[Card], output_format: str, options: str = "") -> bytes:
    if len(cards) > MAX_NODES:
        raise TooLargeError
    try:
        import pygraphviz
    except ImportError as error:
        raise MissingGraphvizError("Pictures need Graphviz: pip install 'gradkit[pictures]'") from error

    with _discarded_stderr():
        graph = pygraphviz.AGraph(string=_dot(cards))
        image: bytes = graph.draw(format=output_format, prog="dot", args=options)
    return image


@contextmanager
def _discarded_stderr() -> Iterator[None]:
    """Discard what C libraries write to stderr.

    Graphviz's libraries warn of missing fonts there, and nbgrader takes all points of a cell that writes to stderr.
    """
    saved_stderr, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        os.dup2(saved_stderr, 2)
        os.close(saved_stderr)
        os.close(devnull)


def _dot(cards: Sequence[Card]) -> str:
    """Return the graph in Graphviz's language."""
    # The background is white, because black arrows could not be seen on the dark page of an editor.
    lines = [
        'digraph expression { rankdir=LR; bgcolor="white"; pad=0.1; ranksep=0.4;',
        'node [shape=plain fontname="Helvetica,Arial,sans-serif" fontsize=11]; edge [color="#5f6368" arrowsize=0.7];',
    ]
    for index, card in enumerate(cards):
        lines.append(f"n{index} [label=<{_table(card)}>];")
        lines += [f"n{parent} -> n{index};" for parent in card.parents]
    return "\n".join([*lines, "}"])


def _table(card: Card) -> str:
    """Return the label of a node as Graphviz's HTML-like table."""
    background, border = _COLOURS[card.kind]
    name, expression = _escape(card.name), _escape(card.expression)
    head = " = ".join(part for part in (name and f"<b>{name}</b>", expression) if part)

    rows = [f'<td colspan="2">{head}</td>'] if head or not card.rows else []
    for row in card.rows:
        text = _escape(row.text)
        if row.is_wrong:
            text = f'<b><font color="{border}">{text}</font></b>'
        rows.append(f'<td align="left">{_escape(row.label)}</td><td align="right">{text}</td>')

    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="4" bgcolor="{background}" color="{border}">'
        f"{body}</table>"
    )


def _escape(text: str) -> str:
    """Return the markup that shows a text. The text can be a student's, or from a file that anyone can write."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:MAX_LETTERS])
    ellipsis = "…" if len(text) > MAX_LETTERS else ""
    # Graphviz replaces \N by the name of the node, unless the backslash is doubled.
    return html.escape(plain + ellipsis).replace("\\", "\\\\")
