"""Reduce a failing graph while it still fails, so that a student sees the smallest expression that breaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS

from ..reduction import reduce_greedily

NICE_NUMBERS = (2.0, 0.5, 3.0, -2.0, 1.0)
"""Numbers for leaves, nicest first. 2 comes before 1, because at 1 a wrong rule is often right by chance."""


Constants = Mapping[str, Collection[float]]
"""The plain numbers that steps can have, by operation."""


def constants_of(graphs: Iterable[Graph]) -> Constants:
    """Return the plain numbers of the steps of some graphs, by operation."""
    constants: dict[str, set[float]] = {}
    for graph in graphs:
        for name, *_, last in graph.steps:
            if OPERATIONS[name].constants:
                constants.setdefault(name, set()).add(last)
    return constants


def reduce_graph(
    graph: Graph,
    still_fails: Callable[[Graph], bool],
    values: Callable[[Graph], list[float]],
    constants: Constants | None = None,
) -> Graph:
    """Return the smallest failing graph that greedy steps reach.

    A step moves the output to an earlier node, cuts a node to a leaf, bypasses a step, replaces one use of an operand
    by a new leaf, or chooses nicer numbers.

    Args:
        graph: A graph that fails.
        still_fails: Returns whether a candidate fails as well.
        values: Computes the right value of every node of a failing graph, n_nodes floats, inputs first.
        constants: The plain numbers that a step can get, by operation: an item about `x ** -1` must not show `x ** 3`.
            Without it, each step keeps its own.
    """
    return reduce_greedily(
        graph, lambda failing: _candidates(failing, values(failing), constants or {}), _cost, still_fails
    )


def _cost(graph: Graph) -> tuple[int, int, int, int]:
    """Return a key that orders graphs: fewer steps, then fewer repeated uses, then fewer leaves, then nicer numbers.

    Every accepted step lowers the cost, so the reduction ends.
    """
    numbers = [*graph.inputs, *(step[-1] for step in graph.steps if OPERATIONS[step[0]].constants)]
    ugliness = sum(map(_ugliness, numbers))
    n_repeated_numbers = len(graph.inputs) - len(set(graph.inputs))
    operands = [parent for node in range(len(graph)) for parent in graph.parents(node)]
    n_repeated_uses = len(operands) - len(set(operands))
    return (len(graph.steps), n_repeated_uses, len(graph.inputs), ugliness + 10 * n_repeated_numbers)


def _ugliness(number: float) -> int:
    return NICE_NUMBERS.index(number) if number in NICE_NUMBERS else 99


def _candidates(graph: Graph, values: list[float], constants: Constants) -> Iterator[Graph]:
    steps = range(len(graph.inputs), len(graph))
    for node in steps:
        yield graph.rebuild(output=node)
    for node in steps:
        yield graph.rebuild(leaves={node: round(values[node], 2)})
    for node in steps:
        for parent in graph.parents(node):
            yield graph.rebuild(aliases={node: parent})
    for node in steps:
        for index, parent in enumerate(graph.parents(node)):
            yield graph.split(node, index, values[parent] + 1)
    for node in steps:
        for constant in sorted(constants.get(graph.steps[node - len(graph.inputs)][0], ()), key=_ugliness):
            yield graph.rebuild(constants={node: constant})
    for node in range(len(graph.inputs)):
        for number in NICE_NUMBERS:
            yield graph.rebuild(leaves={node: number})
