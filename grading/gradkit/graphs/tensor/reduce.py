"""Reduce a failing graph of tensors: fewer steps, smaller shapes, shorter numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec

from ..reduction import NOT_A_CASE
from .graph import Leaf, Shape, TensorGraph

NICE_NUMBERS = (2.0, 0.5, 3.0, -2.0, 1.0, -1.0, 4.0, 1.5, -0.5, 5.0, -3.0, 2.5)
"""Numbers for leaves, nicest first. They differ, because the largest of equal numbers is not defined."""

POSITIVE_NUMBERS = tuple(number for number in NICE_NUMBERS if number > 0)


class _Step(NamedTuple):
    """A step of a graph: the operation, its operand nodes, its plain numbers."""

    name: str
    operands: tuple[int, ...]
    constants: tuple[Any, ...]


_Node = Leaf | _Step

_SIZES = ("reshape", "slice")
"""Operations whose plain numbers are sizes or bounds of axes."""

_ELEMENTWISE = ("neg", "exp", "log", "tanh", "relu")
"""Operations on one operand, of any shape."""

_INDICES = ("item", "rows", "picks")
"""Operations whose plain numbers are indices."""


def smaller_tensor_graphs(graph: TensorGraph, evaluate: Callable[[TensorGraph], list[Any]]) -> Iterator[TensorGraph]:
    """Yield graphs that may be smaller, those with fewer steps first.

    Plain numbers of steps stay, unless they are sizes or indices, so that the item about `x ** -1` shows that.

    Args:
        graph: A graph.
        evaluate: Computes every node of a graph as a numpy array. Raises an exception if shapes do not fit, or if the
            graph is not well-posed.
    """
    try:
        return _Candidates(graph, evaluate).all()
    except NOT_A_CASE:  # a graph that was written by hand need not be well-posed
        return iter(())


def tensor_graph_cost(graph: TensorGraph) -> tuple[int, ...]:
    """Order graphs: fewer steps, fewer repeated uses, fewer leaves, smaller and flatter arrays, nicer numbers."""
    operands = [node for step in range(len(graph.steps)) for node in graph.operands(step)]
    arrays = [*graph.leaves, graph.upstream]
    return (
        len(graph.steps),
        len(operands) - len(set(operands)),
        len(graph.leaves),
        sum(len(array.numbers) for array in arrays),
        sum(len(array.shape) for array in arrays),
        sum(bool(leaf.layout) for leaf in graph.leaves),
        _ugliness([number for leaf in graph.leaves for number in leaf.numbers]) + _ugliness(graph.upstream.numbers),
    )


def _ugliness(numbers: Sequence[float]) -> int:
    places = [NICE_NUMBERS.index(number) if number in NICE_NUMBERS else 99 for number in numbers]
    return sum(places) + 10 * (len(places) - len(set(places)))


@dataclass(frozen=True)
class _Draft:
    """A candidate whose upstream gradient is not chosen yet. Not all nodes need to be used."""

    nodes: tuple[_Node, ...]
    output: int

    def with_node(self, index: int, node: _Node) -> _Draft:
        return replace(self, nodes=(*self.nodes[:index], node, *self.nodes[index + 1 :]))

    def with_operands(self, new: Callable[[int], int]) -> _Draft:
        nodes = tuple(
            node if isinstance(node, Leaf) else node._replace(operands=tuple(map(new, node.operands)))
            for node in self.nodes
        )
        return replace(self, nodes=nodes)

    def graph(self, upstream: Leaf) -> TensorGraph:
        """Return the graph of the nodes that the output depends on."""
        used = {self.output}
        for index in reversed(range(len(self.nodes))):
            node = self.nodes[index]
            if index in used and isinstance(node, _Step):
                used.update(node.operands)
        nodes = {index: node for index, node in enumerate(self.nodes) if index in used}
        leaves = {index: node for index, node in nodes.items() if isinstance(node, Leaf)}
        steps = {index: node for index, node in nodes.items() if isinstance(node, _Step)}
        number = {index: new for new, index in enumerate([*leaves, *steps])}
        rows = tuple((step.name, *(number[each] for each in step.operands), *step.constants) for step in steps.values())
        return TensorGraph(tuple(leaves.values()), rows, upstream)


class _Candidates:
    """Graphs that may be smaller than a failing one."""

    def __init__(self, graph: TensorGraph, evaluate: Callable[[TensorGraph], list[Any]]) -> None:
        self._graph = graph
        self._evaluate = evaluate
        steps = []
        for index, (name, *numbers) in enumerate(graph.steps):
            operands = graph.operands(index)
            steps.append(_Step(str(name), operands, tuple(numbers[len(operands) :])))
        self._draft = _Draft((*graph.leaves, *steps), len(graph) - 1)
        self._arrays = evaluate(graph)
        self._features = _features(graph, self._arrays)
        self._steps = range(len(graph.leaves), len(graph))

    def all(self) -> Iterator[TensorGraph]:
        """Yield candidates, those with fewer steps first. Graphs that cannot be evaluated are left out."""
        for draft in self._drafts():
            yield from self._finished(draft)
        for graph in self._with_nicer_numbers():
            if self._shape_of_output(graph) is not None:
                yield graph

    def _drafts(self) -> Iterator[_Draft]:
        draft = self._draft
        for node in self._steps:
            if node != draft.output:
                yield replace(draft, output=node)
        for node in self._steps:
            if node != draft.output:
                yield draft.with_node(node, _leaf_of(self._arrays[node]))
        for node in self._steps:
            for parent in self._operands(node):
                yield self._without(node, parent)
        for node in self._steps:
            yield from self._split(node)
        yield from self._smaller()
        for node, leaf in enumerate(self._graph.leaves):
            if leaf.layout:
                yield draft.with_node(node, Leaf(leaf.shape, leaf.numbers))

    def _operands(self, node: int) -> tuple[int, ...]:
        return self._graph.operands(node - len(self._graph.leaves))

    def _without(self, node: int, parent: int) -> _Draft:
        """Use a step's operand in its place."""
        draft = self._draft.with_operands(lambda each: parent if each == node else each)
        return replace(draft, output=parent) if draft.output == node else draft

    def _split(self, node: int) -> Iterator[_Draft]:
        """Replace one use of an operand by a new leaf."""
        step = self._draft.nodes[node]
        if isinstance(step, Leaf):
            return
        for position, parent in enumerate(step.operands):
            leaf = _leaf_of(self._arrays[parent] + 1)
            # The new leaf is put in front, which moves all other nodes by one.
            moved = self._draft.with_operands(lambda each: each + 1)
            nodes = list(moved.nodes)
            new_operands = tuple(0 if place == position else each + 1 for place, each in enumerate(step.operands))
            nodes[node] = step._replace(operands=new_operands)
            yield _Draft((leaf, *nodes), self._draft.output + 1)

    def _smaller(self) -> Iterator[_Draft]:
        """Make all axes of one size smaller; then take an axis away from all leaves, counted from the last."""
        leaves = self._graph.leaves
        sizes = sorted({size for leaf in leaves for size in leaf.shape if size > 1}, reverse=True)
        for size in sizes:
            for smaller in range(1, min(size, 3)):
                draft = self._draft
                for node, leaf in enumerate(leaves):
                    for axis in range(len(leaf.shape)):
                        if leaf.shape[axis] == size:
                            leaf = _cut(leaf, axis, smaller)
                    draft = draft.with_node(node, leaf)
                yield _with_smaller_constants(draft, size, smaller)
                yield draft
        for axis in range(max((len(leaf.shape) for leaf in leaves), default=0)):
            draft = self._draft
            for node, leaf in enumerate(leaves):
                if len(leaf.shape) > axis:
                    draft = draft.with_node(node, _without_axis(leaf, len(leaf.shape) - 1 - axis))
            yield draft

    def _finished(self, draft: _Draft) -> Iterator[TensorGraph]:
        """Yield the graph of a draft, with an upstream gradient in the shape of its output."""
        upstream = self._graph.upstream
        graph = draft.graph(upstream)
        if not graph.steps:
            return
        shape = self._shape_of_output(graph)
        if shape is None:
            return
        if shape != upstream.shape:
            upstream = _nice_leaf(shape, 0)
        yield TensorGraph(graph.leaves, graph.steps, upstream)

    def _shape_of_output(self, graph: TensorGraph) -> Shape | None:
        """Return the shape of a candidate's output; None if it is not a graph, or has a feature that this one lacks."""
        try:
            arrays = self._evaluate(graph)
        except NOT_A_CASE:
            return None
        shape: Shape = arrays[-1].shape
        return shape if _features(graph, arrays) <= self._features else None

    def _with_nicer_numbers(self) -> Iterator[TensorGraph]:
        graph = self._graph
        n_leaves = len(graph.leaves)
        for numbers in (NICE_NUMBERS, POSITIVE_NUMBERS):
            nice = tuple(_nice_leaf(leaf.shape, node, numbers) for node, leaf in enumerate(graph.leaves))
            yield msgspec.structs.replace(
                graph, leaves=nice, upstream=_nice_leaf(graph.upstream.shape, n_leaves, NICE_NUMBERS)
            )
            yield msgspec.structs.replace(graph, leaves=nice)
        for start in range(3):
            yield msgspec.structs.replace(graph, upstream=_nice_leaf(graph.upstream.shape, start, NICE_NUMBERS))
        for node, leaf in enumerate(graph.leaves):
            for numbers in (NICE_NUMBERS, POSITIVE_NUMBERS):
                for start in range(4):
                    nice_leaf = Leaf(leaf.shape, _nice_leaf(leaf.shape, start, numbers).numbers, leaf.layout)
                    leaves = (*graph.leaves[:node], nice_leaf, *graph.leaves[node + 1 :])
                    yield msgspec.structs.replace(graph, leaves=leaves)


def _features(graph: TensorGraph, arrays: Sequence[Any]) -> set[str]:
    """Return what a graph asks of its operations beyond their names.

    A smaller graph has no others: an item about operands of one shape must not show one that was stretched.
    """
    features: set[str] = set()
    for step, (name, *_) in enumerate(graph.steps):
        operands = [arrays[node].shape for node in graph.operands(step)]
        if name == "matmul":
            features.add(f"matmul {[min(len(shape), 3) for shape in operands]}")
        elif len(operands) == 2:
            a, b = operands
            n_common = min(len(a), len(b))
            if len(a) != len(b):
                features.add("more axes in front")
            if a[len(a) - n_common :] != b[len(b) - n_common :]:
                features.add("an axis is stretched")
        elif name not in _ELEMENTWISE and not operands[0]:
            features.add(f"{name} without axes")
        if name in ("max", "max_kept"):
            numbers = arrays[graph.operands(step)[0]].ravel().tolist()
            if len(set(numbers)) < len(numbers):
                features.add("equal numbers")
    return features


def _leaf_of(array: Any) -> Leaf:
    """Return an array as a leaf, with numbers of two digits."""
    return Leaf(tuple(array.shape), tuple(round(number, 2) for number in array.ravel().tolist()))


def _nice_leaf(shape: Shape, start: int, numbers: Sequence[float] = NICE_NUMBERS) -> Leaf:
    """Return a leaf of nice numbers, beginning with the one at index `start`."""
    return Leaf(shape, tuple(numbers[(start + index) % len(numbers)] for index in range(math.prod(shape))))


def _cut(leaf: Leaf, axis: int, size: int) -> Leaf:
    """Return a leaf with the first `size` entries along an axis."""
    shape = (*leaf.shape[:axis], size, *leaf.shape[axis + 1 :])
    inner = math.prod(leaf.shape[axis + 1 :])
    block = leaf.shape[axis] * inner
    numbers = [leaf.numbers[start : start + size * inner] for start in range(0, len(leaf.numbers), block)]
    return Leaf(shape, tuple(number for part in numbers for number in part), leaf.layout)


def _without_axis(leaf: Leaf, axis: int) -> Leaf:
    """Return a leaf with the first entry along an axis, and without the axis."""
    cut = _cut(leaf, axis, 1)
    shape = (*leaf.shape[:axis], *leaf.shape[axis + 1 :])
    return Leaf(shape, cut.numbers, leaf.layout if shape else "")


def _with_smaller_constants(draft: _Draft, size: int, smaller: int) -> _Draft:
    """Return a draft in which sizes and indices fit axes that have become smaller."""
    for index, node in enumerate(draft.nodes):
        if isinstance(node, Leaf):
            continue
        if node.name in _SIZES:
            constants = tuple(k // size * smaller if k > 0 and k % size == 0 else k for k in node.constants)
            draft = draft.with_node(index, node._replace(constants=constants))
        if node.name in _INDICES:
            constants = tuple(min(k, smaller - 1) for k in node.constants)
            draft = draft.with_node(index, node._replace(constants=constants))
    return draft
