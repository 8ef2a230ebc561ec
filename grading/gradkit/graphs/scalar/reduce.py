"""Reduce a failing graph while it still fails, so that a student sees the smallest expression that breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS

NICE_NUMBERS = (2.0, 0.5, 3.0, -2.0, 1.0)
"""Numbers for leaves, nicest first. 2 comes before 1, because at 1 a wrong rule is often right by chance."""

MAX_TRIES = 400
"""Candidates that a reduction tries: each of them is one replay of the student's code."""


def reduce_graph(graph: Graph, still_fails: Callable[[Graph], bool], values: Callable[[Graph], list[float]]) -> Graph:
    """Return the smallest failing graph that greedy steps reach.

    A step moves the output to an earlier node, cuts a node to a leaf, bypasses a step, replaces one use of an operand
    by a new leaf, or chooses nicer numbers.

    Args:
        graph: A graph that fails.
        still_fails: Returns whether a candidate fails as well.
        values: Computes the right value of every node of a failing graph, n_nodes floats, inputs first.
    """
    n_tries = 0
    made_progress = True
    while made_progress:
        made_progress = False
        for candidate in _candidates(graph, values(graph)):
            if _cost(candidate) >= _cost(graph):
                continue
            n_tries += 1
            if n_tries > MAX_TRIES:
                return graph
            if still_fails(candidate):
                graph, made_progress = candidate, True
                break
    return graph


def _cost(graph: Graph) -> tuple[int, int, int, int]:
    """Return a key that orders graphs: fewer steps, then fewer repeated uses, then fewer leaves, then nicer numbers.

    Every accepted step lowers the cost, so the reduction ends.
    """
    numbers = [*graph.inputs, *(step[-1] for step in graph.steps if OPERATIONS[step[0]].constants)]
    ugliness = sum(NICE_NUMBERS.index(x) if x in NICE_NUMBERS else 99 for x in numbers)
    n_repeated_numbers = len(graph.inputs) - len(set(graph.inputs))
    operands = [parent for node in range(len(graph)) for parent in graph.parents(node)]
    n_repeated_uses = len(operands) - len(set(operands))
    return (len(graph.steps), n_repeated_uses, len(graph.inputs), ugliness + 10 * n_repeated_numbers)


def _candidates(graph: Graph, values: list[float]) -> Iterator[Graph]:
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
        if OPERATIONS[graph.steps[node - len(graph.inputs)][0]].constants:
            yield from (graph.rebuild(constants={node: constant}) for constant in (2, 3))
    for node in range(len(graph.inputs)):
        for number in NICE_NUMBERS:
            yield graph.rebuild(leaves={node: number})
