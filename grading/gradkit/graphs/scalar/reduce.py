"""Make a failing graph smaller while it still fails, so that a student sees the least that breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS

NICE_NUMBERS = (2.0, 0.5, 3.0, -2.0, 1.0)
"""Leaves to try, nicest first. Not all the same and 2 before 1: at 1 a wrong rule is often right by chance."""

TRIES = 400
"""How many candidates a reduction may ask about: each is one replay of the student's code."""


def reduced(graph: Graph, still_fails: Callable[[Graph], bool], values: Callable[[Graph], list[float]]) -> Graph:
    """The smallest graph that greedy steps reach: earlier output, a node cut to a leaf, a step bypassed, a repeated
    use given a leaf of its own, nicer numbers.

    still_fails: whether a candidate shows the fault.
    values:      the right value of every node of a graph that fails.
    """
    tries = TRIES
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(graph, values(graph)):
            if _cost(candidate) >= _cost(graph):
                continue
            tries -= 1
            if tries < 0:
                return graph
            if still_fails(candidate):
                graph, smaller = candidate, True
                break
    return graph


def _cost(graph: Graph) -> tuple[int, int, int, int]:
    """Fewer steps, then fewer uses of one node, then fewer leaves, then nicer numbers: it only ever goes down."""
    numbers = [*graph.inputs, *(step[-1] for step in graph.steps if OPERATIONS[step[0]].constants)]
    ugliness = sum(NICE_NUMBERS.index(x) if x in NICE_NUMBERS else 99 for x in numbers)
    repeats = len(graph.inputs) - len(set(graph.inputs))
    used = [parent for node in range(len(graph)) for parent in graph.parents(node)]
    return (len(graph.steps), len(used) - len(set(used)), len(graph.inputs), ugliness + 10 * repeats)


def _candidates(graph: Graph, values: list[float]) -> Iterator[Graph]:
    steps = range(len(graph.inputs), len(graph))
    for node in steps:
        yield graph.rebuilt(output=node)
    for node in steps:
        yield graph.rebuilt(leaves={node: round(values[node], 2)})
    for node in steps:
        for parent in graph.parents(node):
            yield graph.rebuilt(aliases={node: parent})
    for node in steps:
        for place in range(len(graph.parents(node))):
            yield graph.split(node, place, values[graph.parents(node)[place]] + 1)
    for node in steps:
        if OPERATIONS[graph.steps[node - len(graph.inputs)][0]].constants:
            yield from (graph.rebuilt(constants={node: whole}) for whole in (2, 3))
    for node in range(len(graph.inputs)):
        for number in NICE_NUMBERS:
            yield graph.rebuilt(leaves={node: number})
