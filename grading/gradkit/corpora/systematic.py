"""The systematic part of a corpus: for each operation f the few patterns that random graphs would often miss."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gradkit.graphs.scalar.domain import all_in_domain
from gradkit.graphs.scalar.trace import Tracer, trace_expression
from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS

if TYPE_CHECKING:
    from .scalar import RandomGraphs

Pattern = Callable[..., Tracer]
"""An expression of an operation f and three nodes: (f, x, y, z)."""

_MAX_TRIES = 60
"""Choices of numbers for one pattern, until one of them is well-posed."""

_TREES: dict[int, tuple[Pattern, ...]] = {
    1: (
        lambda f, x, y, z: f(x),
        lambda f, x, y, z: f(x) + y,
        lambda f, x, y, z: f(x) * y,
        lambda f, x, y, z: f(x + y) * z,
        lambda f, x, y, z: f(x * y) * z,
        lambda f, x, y, z: f(f(x)) * y,
    ),
    2: (
        lambda f, x, y, z: f(x, y),
        lambda f, x, y, z: f(x, y) + z,
        lambda f, x, y, z: f(x, y) * z,
        lambda f, x, y, z: f(f(x, y), z),
        lambda f, x, y, z: f(x, f(y, z)),
        lambda f, x, y, z: f(x + y, z),
    ),
}
_REUSING: dict[int, tuple[Pattern, ...]] = {
    1: (
        lambda f, x, y, z: f(x) + x,
        lambda f, x, y, z: x + f(x),
        lambda f, x, y, z: f(x) * x,
        lambda f, x, y, z: x * f(x),
        lambda f, x, y, z: f(x) + f(x),
        lambda f, x, y, z: f(f(x) + x) * x,
    ),
    2: (
        lambda f, x, y, z: f(x, x),
        lambda f, x, y, z: f(x, y) + x,
        lambda f, x, y, z: y + f(x, y),
        lambda f, x, y, z: f(x, y) * x + y,
        lambda f, x, y, z: f(x, f(x, y)),
        lambda f, x, y, z: f(x + y, x) * y,
    ),
}


def systematic_patterns(
    spec: RandomGraphs, operation: str, constant: float | None
) -> Iterator[Callable[[Tracer, Tracer, Tracer], Tracer]]:
    """Yield the patterns of one operation as functions of three nodes.

    Patterns that need operations other than this one and its companions are left out.

    Args:
        spec: Its companions and `reuse` decide which patterns are used.
        operation: The name of the operation.
        constant: The plain number of the operation, if it takes one.
    """
    patterns = _TREES if spec.reuse == "nothing" else _REUSING
    constants = () if constant is None else (constant,)
    allowed = {operation, *spec.companions}

    def f(*operands: Tracer) -> Tracer:
        return operands[0].apply(operation, *operands[1:], *constants)

    for pattern in patterns[OPERATIONS[operation].arity]:

        def instance(x: Tracer, y: Tracer, z: Tracer, pattern: Pattern = pattern) -> Tracer:
            return pattern(f, x, y, z)

        if {step[0] for step in trace_expression(instance, 1.0, 1.0, 1.0).steps} <= allowed:
            yield instance


def draw_systematic(spec: RandomGraphs, seed: str, answer: Callable[[Graph], Answers | None]) -> dict[Graph, Answers]:
    """Draw numbers for every pattern of every operation.

    Args:
        spec: The spec.
        seed: The seed that chooses the numbers.
        answer: Returns the answers to a graph, or None if it must not be used.
    """
    rng = random.Random(f"{seed} {spec.key}")
    drawn: dict[Graph, Answers] = {}
    for operation in spec.operations:
        constants = spec.constants_of(operation)
        n_instances = 2 if len(constants) > 1 else 4
        for constant in constants or (None,):
            for pattern in systematic_patterns(spec, operation, constant):
                for _ in range(n_instances):
                    drawn.update(_draw_numbers(pattern, rng, answer))
    return drawn


def _draw_numbers(
    pattern: Pattern, rng: random.Random, answer: Callable[[Graph], Answers | None]
) -> dict[Graph, Answers]:
    """Return the first graph of a pattern that has answers and is within its domain; empty if there is none."""
    for _ in range(_MAX_TRIES):
        numbers = [rng.choice((1, 1, -1)) * rng.randint(10, 300) / 100 for _ in range(3)]
        traced = trace_expression(pattern, *numbers)
        graph = Graph(traced.inputs, traced.steps, traced.output)  # without the names x, y and z
        answers = answer(graph)
        if answers and all_in_domain(graph, answers.data):
            return {graph: answers}
    return {}
