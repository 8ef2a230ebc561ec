"""A graph as runnable Python, for a student's engine or for PyTorch."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from gradkit.inside.graph import Graph
from gradkit.inside.operations import ATOM, OPERATIONS, Operation


@dataclass(frozen=True)
class Dialect:
    """How a program is written for one engine.

    Attributes:
        imports: The first line of the program.
        leaf: The expression that makes a leaf from the number {}.
        keep: The statement that makes the engine keep the gradient of the inner node {}; can be empty.
        show: The statement that prints attribute {} of node {}: first the node, then the attribute.
        text: Returns the text of an operation, with {a}, {b} and {k}.
    """

    imports: str
    leaf: str
    keep: str
    show: str
    text: Callable[[Operation], str]


STUDENT = Dialect("from engine import Value", "Value({})", "", "print({}.{})", attrgetter("text"))
PYTORCH = Dialect(
    "import torch",
    "torch.tensor(float({}), dtype=torch.float64, requires_grad=True)",
    "{}.retain_grad()",
    "print({}.{}.item())",
    attrgetter("torch"),
)

_FUNCTION = re.compile(r"(?<![\w.])(\w+)\(")
"""A function without its module, which is one of `torch.nn.functional`: softplus({a}), but not {a}.exp()."""

_LEAF_LETTERS = "abcdghijklmnopqrst"
_INNER_LETTERS = "uvwz"


def name_nodes(graph: Graph, shown: Collection[int] = (), given: Mapping[int, str] | None = None) -> dict[int, str]:
    """Return names for the nodes that need one: leaves, the output, nodes with several uses, and nodes to be shown.

    Args:
        graph: The graph.
        shown: Nodes that the program prints.
        given: Names that some nodes have already; no other node gets one of them.
    """
    n_uses = dict.fromkeys(range(len(graph)), 0)
    for node in range(len(graph)):
        for parent in graph.parents(node):
            n_uses[parent] += 1

    names = dict(given or {})
    used_names = {*graph.names, *names.values()}
    letters = iter(_INNER_LETTERS)
    for node in range(len(graph)):
        if node in names:
            continue
        if node < len(graph.inputs):
            names[node] = graph.names[node] if graph.names else _unused(_leaf_name(node, len(graph.inputs)), used_names)
        elif node == graph.output:
            names[node] = _unused("y", used_names)
        elif n_uses[node] > 1 or node in shown:
            free_letters = (letter for letter in letters if letter not in used_names)
            names[node] = _unused(next(free_letters, f"v{node}"), used_names)
    return names


def _unused(name: str, used_names: Collection[str]) -> str:
    """Append underscores to a name until it is not used."""
    while name in used_names:
        name += "_"
    return name


def _leaf_name(node: int, n_leaves: int) -> str:
    if n_leaves == 1:
        return "x"
    return _LEAF_LETTERS[node] if n_leaves <= len(_LEAF_LETTERS) else f"x{node}"


def write_expression(graph: Graph, node: int, names: Mapping[int, str], dialect: Dialect = STUDENT) -> str:
    """Return the expression that makes `node`, in which nodes without a name are written out.

    Args:
        graph: The graph.
        node: The node, which must not be an input.
        names: The name of each node that has one.
        dialect: The engine that the expression is for.
    """
    return _inline(graph, node, {other: name for other, name in names.items() if other != node}, dialect)[0]


def _inline(graph: Graph, node: int, names: Mapping[int, str], dialect: Dialect) -> tuple[str, int]:
    """Return the text of a node, and the precedence of its outermost operation."""
    if node in names:
        return names[node], ATOM
    name, *rest = graph.steps[node - len(graph.inputs)]
    operation = OPERATIONS[name]

    texts = []
    for operand, need in zip(rest, operation.needs):
        text, binds = _inline(graph, operand, names, dialect)
        texts.append(text if binds >= need else f"({text})")
    constants = dict(zip(("k",), rest[operation.arity :]))
    return dialect.text(operation).format(**dict(zip("ab", texts)), **constants), operation.binds


def write_program(
    graph: Graph, dialect: Dialect = STUDENT, gradients: bool = True, shown: Sequence[int] = ()
) -> list[str]:
    """Return the lines of a program that builds a graph and prints one number for each node in `shown`.

    Args:
        graph: The graph.
        dialect: The engine that the program is for.
        gradients: Whether the program calls backward(), and prints gradients rather than data.
        shown: The nodes to print. The last len(shown) lines print them, in this order.
    """
    names = name_nodes(graph, shown)
    lines = [dialect.imports, *_imports_of_functions(graph, dialect)]
    lines.append("; ".join(f"{names[i]} = {dialect.leaf.format(x)}" for i, x in enumerate(graph.inputs)))
    for node in range(len(graph.inputs), len(graph)):
        if node in names:
            lines.append(f"{names[node]} = {write_expression(graph, node, names, dialect)}")
            if dialect.keep and gradients:
                lines.append(dialect.keep.format(names[node]))
    if gradients:
        lines.append(f"{names[graph.output]}.backward()")
    attribute = "grad" if gradients else "data"
    return lines + [dialect.show.format(names[node], attribute) for node in shown]


def _imports_of_functions(graph: Graph, dialect: Dialect) -> Iterator[str]:
    """Yield the line that imports the functions which the operations of a graph call, if there are any."""
    texts = [dialect.text(OPERATIONS[name]) for name, *_ in graph.steps]
    functions = {name for text in texts for name in _FUNCTION.findall(text)}
    if functions:
        yield f"from torch.nn.functional import {', '.join(sorted(functions))}"
