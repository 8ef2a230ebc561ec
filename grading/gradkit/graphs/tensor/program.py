"""A graph of tensors as runnable Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradkit.inside.tensor_replay import expression

from .graph import Layout, TensorGraph, make_lists


def name_nodes(graph: TensorGraph) -> list[str]:
    """Return the name of each node: the leaves a, b, c and so on, then t1, t2 and so on, and the output y."""
    leaves = ["abcdefghij"[index] for index in range(len(graph.leaves))]
    return [*leaves, *(f"t{step}" for step in range(1, len(graph.steps))), "y"]


_LAYOUT_TEXTS: dict[Layout, str] = {
    "": "{}",
    "columns": "np.asfortranarray({})",
    "gaps": "np.repeat({}, 2, axis=-1)[..., ::2]",
}


def write_tensor_program(graph: TensorGraph, gradients: bool, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that builds the graph and prints these names.

    Args:
        graph: The graph.
        gradients: Whether the program calls backward().
        shown: The expressions to print, one line each, at the end.
    """
    return [*_lines(graph, gradients), *(f"print({name})" for name in shown)]


def write_step(graph: TensorGraph, node: int, names: Sequence[str]) -> str:
    """Return the expression that makes a node.

    Args:
        graph: The graph.
        node: The node, which must not be a leaf.
        names: The name of each node.
    """
    step = node - len(graph.leaves)
    operation, *rest = graph.steps[step]
    operands = graph.operands(step)
    constants = tuple(rest[len(operands) :])
    return expression(str(operation), [names[operand] for operand in operands], constants)  # type: ignore[arg-type]


def _lines(graph: TensorGraph, gradients: bool) -> Iterator[str]:
    names = name_nodes(graph)
    uses_arrays = any(name == "rows_array" for name, *_ in graph.steps)
    if gradients or uses_arrays or any(leaf.layout for leaf in graph.leaves):
        yield "import numpy as np"
    yield "from tensor import Tensor"

    for name, leaf in zip(names, graph.leaves):
        yield f"{name} = Tensor({_LAYOUT_TEXTS[leaf.layout].format(make_lists(leaf.shape, leaf.numbers))})"
    for node in range(len(graph.leaves), len(graph)):
        yield f"{names[node]} = {write_step(graph, node, names)}"
    if gradients:
        yield f"y.backward(np.array({make_lists(graph.upstream.shape, graph.upstream.numbers)}))"
