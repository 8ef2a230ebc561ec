"""A graph as runnable Python, for a student's engine or for PyTorch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gradkit.inside.graph import Graph
from gradkit.inside.operations import ATOM, OPERATIONS


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


def node_names(graph: Graph, shown: Collection[int] = (), given: Mapping[int, str] | None = None) -> dict[int, str]:
    """Names for the nodes that need one: leaves, the output, what is used more than once, and what is to be shown.

    given: the names that some nodes have already; no other node gets one of them.
    """
    uses: dict[int, int] = dict.fromkeys(range(len(graph)), 0)
    for node in range(len(graph)):
        for parent in graph.parents(node):
            uses[parent] += 1
    names = dict(given or {})
    taken = {*graph.names, *names.values()}
    letters = iter(_INNER)
    for node in range(len(graph)):
        if node in names:
            continue
        if node < len(graph.inputs):
            names[node] = graph.names[node] if graph.names else _apart(_leaf_name(node, len(graph.inputs)), taken)
        elif node == graph.output:
            names[node] = _apart("y", taken)
        elif uses[node] > 1 or node in shown:
            free = (letter for letter in letters if letter not in taken)
            names[node] = _apart(next(free, f"v{node}"), taken)
    return names


def _apart(name: str, taken: Collection[str]) -> str:
    """The name, made to differ from those that are taken."""
    while name in taken:
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
