"""Derivatives without derivative formulas: add a tiny imaginary step to a node and read the imaginary part.

f(x + ih) = f(x) + ih f'(x) + O(h**2), and with h = 1e-200 the remainder is below rounding: the result is exact to
rounding. (Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998.)
It is used while a failing graph is reduced, so that an explanation never has to import PyTorch.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import cast

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS, compiled

STEP = 1e-200

_CMATH = {name: value for name, value in vars(cmath).items() if not name.startswith("_")}

FUNCTIONS: dict[str, Callable[..., complex]] = {
    name: cast("Callable[..., complex]", compiled(row.complex, row.parameters, _CMATH))
    for name, row in OPERATIONS.items()
}
"""Every operation on complex numbers, by name."""


def answer_graph(graph: Graph) -> Answers:
    """Return the value of every node, and the derivative of the output with respect to every node.

    Raises:
        ArithmeticError, ValueError: If the graph leaves the domain of a function, or a number is not finite.
    """
    plain = graph.build(complex, FUNCTIONS)
    data = [node.real for node in plain]
    grad = [_derivative(graph, plain, node) for node in range(len(graph))]
    if not all(map(math.isfinite, data + grad)):
        raise ArithmeticError("a value or gradient of this graph is not finite")
    return Answers(data, grad)


def evaluate_graph(graph: Graph) -> list[float]:
    """Return the value of every node: n_nodes floats, inputs first.

    Raises:
        ArithmeticError, ValueError: As `answer_graph` does.
    """
    data = [node.real for node in graph.build(complex, FUNCTIONS)]
    if not all(map(math.isfinite, data)):
        raise ArithmeticError("a value of this graph is not finite")
    return data


def _derivative(graph: Graph, plain: list[complex], source: int) -> float:
    """Return d(output)/d(source). Only nodes that depend on `source` are computed again."""
    moved = {source: plain[source].real + 1j * STEP}
    for node in range(source + 1, graph.output + 1):
        parents = graph.parents(node)
        if any(parent in moved for parent in parents):
            name, *operands = graph.steps[node - len(graph.inputs)]
            arguments = [moved.get(parent, plain[parent]) for parent in parents]
            moved[node] = FUNCTIONS[name](*arguments, *operands[len(parents) :])
    return moved[graph.output].imag / STEP if graph.output in moved else 0.0


def local_derivative(graph: Graph, data: list[float], consumer: int, parent: int, operand: int | None = None) -> float:
    """Return d(consumer)/d(parent): what `consumer` passes on to `parent` for each unit of its own gradient.

    Args:
        graph: The graph.
        data: The value of every node, n_nodes floats, inputs first.
        consumer: A node that uses `parent`.
        parent: The node.
        operand: The index of the only operand to count, if `parent` is more than one operand of `consumer`.
    """
    name, *operands = graph.steps[consumer - len(graph.inputs)]
    parents = graph.parents(consumer)

    arguments: list[complex] = []
    for index, node in enumerate(parents):
        is_moved = node == parent and operand in (None, index)
        arguments.append(data[node] + (1j * STEP if is_moved else 0))

    result = FUNCTIONS[name](*arguments, *operands[len(parents) :])
    return result.imag / STEP
