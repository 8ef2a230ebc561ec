"""Derivatives without derivative formulas: nudge a node by a tiny imaginary step and read the imaginary part.

f(x + ih) = f(x) + ih f'(x) + O(h**2), and with h = 1e-200 the rest is below rounding: the result is exact to rounding.
(Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998.)
Used while a failing graph is reduced, so that an explanation never has to import PyTorch.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import cast

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS, compiled

STEP = 1e-200

_NAMES: dict[str, object] = {name: getattr(cmath, name) for name in ("exp", "log", "tanh")}
FUNCTIONS: dict[str, Callable[..., complex]] = {
    name: cast("Callable[..., complex]", compiled(row.complex, row.parameters, _NAMES))
    for name, row in OPERATIONS.items()
}


def answers(graph: Graph) -> Answers:
    """The value of every node, and the derivative of the output with respect to it.

    Raises ArithmeticError or ValueError where the graph leaves the functions' domain or its numbers are not finite.
    """
    plain = graph.build(complex, FUNCTIONS)
    data = [node.real for node in plain]
    grad = [_derivative(graph, plain, node) for node in range(len(graph))]
    if not all(map(math.isfinite, data + grad)):
        raise ArithmeticError("a value or gradient of this graph is not finite")
    return Answers(data, grad)


def values(graph: Graph) -> list[float]:
    """The value of every node. Raises as `answers` does."""
    data = [node.real for node in graph.build(complex, FUNCTIONS)]
    if not all(map(math.isfinite, data)):
        raise ArithmeticError("a value of this graph is not finite")
    return data


def _derivative(graph: Graph, plain: list[complex], nudged: int) -> float:
    """d(output)/d(nudged): only what is made from the nudged node is worked out again."""
    moved = {nudged: plain[nudged].real + 1j * STEP}
    for node in range(nudged + 1, graph.output + 1):
        parents = graph.parents(node)
        if any(parent in moved for parent in parents):
            name, *operands = graph.steps[node - len(graph.inputs)]
            arguments = [moved.get(parent, plain[parent]) for parent in parents]
            moved[node] = FUNCTIONS[name](*arguments, *operands[len(parents) :])
    return moved[graph.output].imag / STEP if graph.output in moved else 0.0


def passed_on(graph: Graph, data: list[float], consumer: int, parent: int, only: int | None = None) -> float:
    """The local derivative d(consumer)/d(parent): what `consumer` passes on for each unit of its own gradient.

    only: the place of the one operand to count, where the parent stands in more than one.
    """
    name, *operands = graph.steps[consumer - len(graph.inputs)]
    parents = graph.parents(consumer)
    nudged = [node == parent and only in (None, place) for place, node in enumerate(parents)]
    arguments = [data[node] + (1j * STEP if nudge else 0) for node, nudge in zip(parents, nudged)]
    result = FUNCTIONS[name](*arguments, *operands[len(parents) :])
    return result.imag / STEP
