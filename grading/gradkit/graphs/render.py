"""A graph as runnable Python, for a student's engine or for PyTorch, and as a picture."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .graph import Answers, Graph
from .operations import ATOM, OPERATIONS


@dataclass(frozen=True)
class Dialect:
    """How one engine's program begins, makes a leaf, keeps an inner node's gradient and prints a number."""

    imports: str
    leaf: str
    keep: str
    show: str


STUDENT = Dialect("from engine import Value", "Value({})", "", "print({}.{})")
PYTORCH = Dialect(
    "import torch",
    "torch.tensor(float({}), dtype=torch.float64, requires_grad=True)",
    "{}.retain_grad()",
    "print({}.{}.item())",
)

_LEAVES = "abcdghijklmnopqrst"
_INNER = "uvwz"


def node_names(graph: Graph, shown: Collection[int] = ()) -> dict[int, str]:
    """Names for the nodes that need one: leaves, the output, what is used more than once, and what is to be shown."""
    uses: dict[int, int] = dict.fromkeys(range(len(graph)), 0)
    for node in range(len(graph)):
        for parent in graph.parents(node):
            uses[parent] += 1
    names: dict[int, str] = {}
    taken = iter(_INNER)
    for node in range(len(graph)):
        if node < len(graph.inputs):
            names[node] = graph.names[node] if graph.names else _leaf_name(node, len(graph.inputs))
        elif node == graph.output:
            names[node] = _apart("y", graph.names)
        elif uses[node] > 1 or node in shown:
            names[node] = _apart(next(taken, f"v{node}"), graph.names)
    return names


def _apart(name: str, given: Sequence[str]) -> str:
    """The name, made to differ from those that a story gives its leaves."""
    while name in given:
        name += "_"
    return name


def _leaf_name(node: int, count: int) -> str:
    if count == 1:
        return "x"
    return _LEAVES[node] if count <= len(_LEAVES) else f"x{node}"


def expression_text(graph: Graph, node: int, names: Mapping[int, str]) -> str:
    """The right-hand side that makes `node`, with everything unnamed below it written out."""
    return _inline(graph, node, {other: name for other, name in names.items() if other != node})[0]


def _inline(graph: Graph, node: int, names: Mapping[int, str]) -> tuple[str, int]:
    if node in names:
        return names[node], ATOM
    name, *rest = graph.steps[node - len(graph.inputs)]
    operation = OPERATIONS[name]
    texts = []
    for operand, need in zip(rest, operation.needs):
        text, binds = _inline(graph, operand, names)
        texts.append(text if binds >= need else f"({text})")
    plain = dict(zip(("k",), rest[operation.arity :]))
    return operation.text.format(**dict(zip("ab", texts)), **plain), operation.binds


def program(graph: Graph, dialect: Dialect = STUDENT, gradients: bool = True, shown: Sequence[int] = ()) -> list[str]:
    """The lines of a program that builds the graph, runs backward() if asked to, and prints one number per shown node.

    The last len(shown) lines are the prints, in the order of `shown`.
    """
    names = node_names(graph, shown)
    lines = [dialect.imports]
    lines.append("; ".join(f"{names[i]} = {dialect.leaf.format(x)}" for i, x in enumerate(graph.inputs)))
    for node in range(len(graph.inputs), len(graph)):
        if node in names:
            lines.append(f"{names[node]} = {expression_text(graph, node, names)}")
            if dialect.keep and gradients:
                lines.append(dialect.keep.format(names[node]))
    if gradients:
        lines.append(f"{names[graph.output]}.backward()")
    attribute = "grad" if gradients else "data"
    return lines + [dialect.show.format(names[node], attribute) for node in shown]


def picture(graph: Graph, want: Answers | None = None, got: Answers | None = None, wrong: Collection[int] = ()) -> str:
    """The graph as SVG: each node with its operation, data and gradient; wrong nodes stand out, with both numbers.

    Raises ImportError, saying what to install, where pygraphviz is missing.
    """
    try:
        import pygraphviz
    except ImportError as error:
        raise ImportError("Pictures need Graphviz: pip install 'gradkit[pictures]'") from error
    names = node_names(graph, range(len(graph)))
    lines = ['digraph { rankdir=LR; bgcolor="transparent"; node [shape=plain fontname="Helvetica" fontsize=11];']
    for node in range(len(graph)):
        lines.append(f"n{node} [label=<{_card(graph, node, names[node], want, got, node in wrong)}>];")
        lines += [f"n{parent} -> n{node};" for parent in graph.parents(node)]
    drawn: bytes = pygraphviz.AGraph(string="\n".join([*lines, "}"])).draw(format="svg", prog="dot")
    return drawn.decode()


def _card(graph: Graph, node: int, name: str, want: Answers | None, got: Answers | None, wrong: bool) -> str:
    """A node's label as Graphviz's HTML-like table."""
    head = f"<b>{html.escape(name)}</b>"
    if node >= len(graph.inputs):
        head += " = " + html.escape(_inline(graph, node, _shorts(graph, node))[0])
    rows = [f'<td colspan="2">{head}</td>']
    for title, kind in (("data", "data"), ("grad", "grad")):
        numbers = [
            _short(getattr(answers, kind)[node]) for answers in (want, got) if answers and getattr(answers, kind)
        ]
        if numbers:
            differs = wrong and len(set(numbers)) > 1
            shown = f"{numbers[-1]} <b>≠ {numbers[0]}</b>" if differs else numbers[0]
            rows.append(f'<td align="left">{title}</td><td align="right">{shown}</td>')
    colour = "#fde0dc" if wrong else "#e8f0fe" if node < len(graph.inputs) else "#ffffff"
    edge = 'color="#c62828"' if wrong else 'color="#5f6368"'
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table border="1" cellborder="0" cellspacing="0" cellpadding="4" bgcolor="{colour}" {edge}>{body}</table>'


def _shorts(graph: Graph, node: int) -> dict[int, str]:
    names = node_names(graph, range(len(graph)))
    return {parent: names[parent] for parent in graph.parents(node)}


def _short(number: float) -> str:
    return html.escape(f"{number:.4g}")
