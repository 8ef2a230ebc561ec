"""A graph as a picture: every node with its operation, data and gradient."""

from __future__ import annotations

import html
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from .graph import Answers, Graph
from .render import expression_text, node_names


def picture(
    graph: Graph,
    want: Answers | None = None,
    got: Answers | None = None,
    wrong: Collection[int] = (),
    names: Mapping[int, str] | None = None,
) -> str:
    """The graph as SVG; wrong nodes stand out, with both numbers.

    names: what each node is called, where a story names them.
    Raises ImportError, saying what to install, where pygraphviz is missing.
    """
    return _drawn(_dot(graph, want, got, wrong, names), "svg").decode()


def png(graph: Graph, want: Answers, names: Mapping[int, str]) -> bytes:
    """The graph as PNG, which notebooks show wherever they are opened. Raises ImportError as `picture` does."""
    return _drawn(_dot(graph, want, None, (), names), "png", "-Gdpi=96")


def _drawn(dot: str, kind: str, options: str = "") -> bytes:
    try:
        import pygraphviz
    except ImportError as error:
        raise ImportError("Pictures need Graphviz: pip install 'gradkit[pictures]'") from error
    with _quiet():
        drawn: bytes = pygraphviz.AGraph(string=dot).draw(format=kind, prog="dot", args=options)
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


def _dot(
    graph: Graph,
    want: Answers | None,
    got: Answers | None,
    wrong: Collection[int],
    given: Mapping[int, str] | None,
) -> str:
    names = {**node_names(graph, range(len(graph))), **(given or {})}
    lines = ['digraph { rankdir=LR; bgcolor="transparent"; node [shape=plain fontname="Helvetica" fontsize=11];']
    for node in range(len(graph)):
        lines.append(f"n{node} [label=<{_card(graph, node, names, want, got, node in wrong)}>];")
        lines += [f"n{parent} -> n{node};" for parent in graph.parents(node)]
    return "\n".join([*lines, "}"])


def _card(
    graph: Graph, node: int, names: Mapping[int, str], want: Answers | None, got: Answers | None, wrong: bool
) -> str:
    """A node's label as Graphviz's HTML-like table."""
    head = f"<b>{html.escape(names[node])}</b>"
    if node >= len(graph.inputs):
        head += " = " + html.escape(expression_text(graph, node, names))
    rows = [f'<td colspan="2">{head}</td>']
    for kind in ("data", "grad"):
        numbers = [
            _short(getattr(answers, kind)[node]) for answers in (want, got) if answers and getattr(answers, kind)
        ]
        if numbers:
            differs = wrong and len(set(numbers)) > 1
            shown = f"{numbers[-1]} <b>≠ {numbers[0]}</b>" if differs else numbers[0]
            rows.append(f'<td align="left">{kind}</td><td align="right">{shown}</td>')
    colour = "#fde0dc" if wrong else "#e8f0fe" if node < len(graph.inputs) else "#ffffff"
    edge = 'color="#c62828"' if wrong else 'color="#5f6368"'
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table border="1" cellborder="0" cellspacing="0" cellpadding="4" bgcolor="{colour}" {edge}>{body}</table>'


def _short(number: float) -> str:
    return html.escape(f"{number:.4g}")
