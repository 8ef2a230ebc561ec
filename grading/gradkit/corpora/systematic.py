"""The systematic part of a corpus: for each operation f the few patterns that random graphs would often miss."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
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

_SIZES = (*range(10, 301), *(-size for size in range(10, 301)), *range(10, 301))
"""The numbers of operands, in hundredths; two in three are positive."""

_ZERO, _WHOLE = (0,), range(200, 900, 100)
_SMALL, _SMALL_NEGATIVE = range(1, 10), range(-9, 0)
_LARGE, _LARGE_NEGATIVE = range(310, 601), range(-600, -309)
_MEDIUM, _MEDIUM_NEGATIVE = range(210, 351), range(-350, -209)

_SPECIAL_NUMBERS: dict[str, tuple[tuple[Sequence[int], ...], ...]] = {
    "mul": ((_ZERO, _SIZES), (_SIZES, _ZERO)),
    "div": ((_WHOLE, _WHOLE),),
    "exp": ((_LARGE,), (_LARGE_NEGATIVE,), (range(-49, 50),)),
    "log": ((range(10, 100),), (range(310, 5000),)),
    "tanh": ((_MEDIUM,), (_MEDIUM_NEGATIVE,), (range(-49, 50),)),
    "sigmoid": ((_LARGE,), (_LARGE_NEGATIVE,), (range(-49, 50),)),
    "relu": ((_SMALL,), (_SMALL_NEGATIVE,)),
}
"""Numbers of the first nodes of a pattern, in hundredths, at which some errors show that elsewhere do not."""

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
    """Draw numbers for every pattern of every operation: some with two decimals, some with eight, and special ones.

    Args:
        spec: The spec.
        seed: The seed that chooses the numbers.
        answer: Returns the answers to a graph, or None if it must not be used.
    """
    rng = random.Random(f"{seed} {spec.key}")
    drawn: dict[Graph, Answers] = {}
    for operation in spec.operations:
        constants = spec.constants_of(operation)
        has_own_corpus = len(spec.operations) > 1
        n_instances = 2 if len(constants) > 1 or has_own_corpus else 4
        special_numbers = () if has_own_corpus else _SPECIAL_NUMBERS.get(operation, ())
        for constant in constants or (None,):
            for pattern in systematic_patterns(spec, operation, constant):
                for instance in range(n_instances):
                    is_long = instance == n_instances - 1 and constant in (None, *constants[:1])
                    drawn.update(_draw_numbers(pattern, rng, answer, n_decimals=8 if is_long else 2))
                for special in special_numbers:
                    drawn.update(_draw_numbers(pattern, rng, answer, special))
    return drawn


def _draw_numbers(
    pattern: Pattern,
    rng: random.Random,
    answer: Callable[[Graph], Answers | None],
    special: tuple[Sequence[int], ...] = (),
    n_decimals: int = 2,
) -> dict[Graph, Answers]:
    """Return the first graph of a pattern that has answers and is within its domain; empty if there is none.

    Args:
        pattern: The pattern.
        rng: The random generator.
        answer: Returns the answers to a graph, or None if it must not be used.
        special: The numbers to choose from for the first nodes, in hundredths.
        n_decimals: Number of decimals of the numbers.
    """
    choices = [*special, *[_SIZES] * 3][:3]
    for _ in range(_MAX_TRIES):
        numbers = [rng.choice(sizes) / 100 for sizes in choices]
        if n_decimals > 2:
            numbers = [round(number + rng.random() / 100, n_decimals) for number in numbers]
        traced = trace_expression(pattern, *numbers)
        graph = Graph(traced.inputs, traced.steps, traced.output)  # without the names x, y and z
        answers = answer(graph)
        if answers and all_in_domain(graph, answers.data):
            return {graph: answers}
    return {}
