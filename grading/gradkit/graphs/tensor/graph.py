"""A graph of tensors as data: arrays, steps, and the upstream gradient of the last one."""

from __future__ import annotations

import marshal
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from typing import Any, Literal

import msgspec

from gradkit.inside.tensor_replay import MOST_AXES, MOST_NUMBERS, OPERATIONS, expression

Layout = Literal["", "columns", "gaps"]
LAYOUTS: tuple[Layout, ...] = ("columns", "columns", "columns", "gaps")
"""How often leaves have each: nearly all slips are about columns."""

Shape = tuple[int, ...]


class Leaf(msgspec.Struct, frozen=True, array_like=True):
    """An input: its shape, its numbers row by row, and how numpy keeps them: see tensor_replay.array_of."""

    shape: Shape
    numbers: tuple[float, ...]
    layout: Layout = ""


class TensorGraph(msgspec.Struct, frozen=True, array_like=True):
    """One expression of tensors. Nodes are numbered: the leaves first, then one for each step; the last is the output.

    steps:    (operation, operand nodes..., plain numbers...), as in ("sum", 0, 1) for the sum of node 0 along axis 1.
    upstream: what backward() starts from, in the shape of the output.
    """

    leaves: tuple[Leaf, ...]
    steps: tuple[tuple[str | int | float, ...], ...]
    upstream: Leaf

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self.leaves) + len(self.steps)

    @property
    def structure(self) -> object:
        """Equal for graphs that differ in their numbers alone."""
        return tuple((leaf.shape, leaf.layout) for leaf in self.leaves), self.steps

    def operands(self, step: int) -> tuple[int, ...]:
        """The nodes that a step is made from."""
        name, *numbers = self.steps[step]
        return tuple(map(int, numbers[: OPERATIONS[str(name)][0]]))

    def packed(self) -> bytes:
        """This graph as bytes, for the same Python, which must trust the writer."""
        leaves = tuple((leaf.shape, leaf.numbers, leaf.layout) for leaf in self.leaves)
        return marshal.dumps((leaves, self.steps, (self.upstream.shape, self.upstream.numbers, "")))


class TensorAnswers(msgspec.Struct, frozen=True, array_like=True):
    """The shape, the data and the gradient of every node; the arrays' numbers one after the other, row by row."""

    shapes: tuple[Shape, ...]
    data: tuple[float, ...]
    grad: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        return self.data + self.grad

    def arrays(self, name: Literal["data", "grad"]) -> list[Array]:
        """The data or the gradient of each node."""
        found, numbers = [], iter(getattr(self, name))
        for shape in self.shapes:
            found.append(Array(shape, tuple(next(numbers) for _ in range(math.prod(shape)))))
        return found


class Array(msgspec.Struct, frozen=True):
    """An array: its shape, and its numbers row by row."""

    shape: Shape
    numbers: tuple[float, ...]

    def place(self, number: int) -> str:
        """How a program indexes the number at a place: "[1, 2]"; nothing where there is only one."""
        indices = list(product(*map(range, self.shape)))[number]
        return f"[{', '.join(map(str, indices))}]" if indices else ""


def decoded(numbers: Sequence[float], count: int) -> list[Array]:
    """What tensor_replay.encoded made of so many arrays.

    Raises ValueError, or OverflowError for sizes beyond all bounds, where it did not make that.
    """
    found, place = [], 0

    def take(size: float) -> tuple[float, ...]:
        nonlocal place
        if not (size == int(size) and 0 <= size <= MOST_NUMBERS and place + size <= len(numbers)):
            raise ValueError("no array begins so")
        place += int(size)
        return tuple(numbers[place - int(size) : place])

    for _ in range(count):
        (axes,) = take(1)
        shape = take(axes)
        if axes > MOST_AXES or not all(size == int(size) and 0 <= size <= MOST_NUMBERS for size in shape):
            raise ValueError("no shape of an array")
        found.append(Array(tuple(map(int, shape)), take(math.prod(shape))))
    if place != len(numbers):
        raise ValueError("more than arrays")
    return found


@dataclass(frozen=True)
class Tensors:
    """Which random graphs of tensors an item wants.

    forms:  names in tensor_strategies.FORMS: an operation, and how its operands' shapes are related.
    steps:  at most so many; with one, each graph is a single operation.
    layout: whether the leaves' numbers lie in memory otherwise than in one piece.
    ties:   whether many numbers are the same.
    twice:  whether the last step is done twice, and the results are added: each operand then has two uses.
    count:  how many graphs, of every form as many; fewer where there are no more that differ in shapes or steps.
    """

    forms: tuple[str, ...]
    steps: int = 1
    layout: bool = False
    ties: bool = False
    twice: bool = False
    count: int = 16

    @property
    def name(self) -> str:
        """What the corpus' file is called."""
        first, *more = self.forms
        words = [first, f"and_{len(more)}_more"] if len(more) > 2 else list(self.forms)
        words += [f"{self.steps}steps"] * (self.steps > 1) + ["layouts"] * self.layout + ["ties"] * self.ties
        words += ["twice"] * self.twice
        return "_".join(["tensor", *words])


def tensor_graphs(
    *forms: str, steps: int = 1, layout: bool = False, ties: bool = False, twice: bool = False, count: int = 16
) -> Tensors:
    """Ask for random graphs of tensors; see Tensors."""
    return Tensors(forms, steps, layout, ties, twice, count)


def keeps_off_the_kinks(graph: TensorGraph, answers: TensorAnswers) -> bool:
    """Whether no relu stands near its bend, and no max has two numbers that are nearly, and not exactly, the same."""
    data = answers.arrays("data")
    for step, (name, *_) in enumerate(graph.steps):
        numbers = data[graph.operands(step)[0]].numbers
        if name == "relu" and any(abs(number) < 0.01 for number in numbers):
            return False
        ordered = sorted(numbers)
        if name in ("max", "max_kept") and any(0 < b - a < 1e-6 for a, b in pairwise(ordered)):
            return False
    return True


# --- as a program ----------------------------------------------------------------------------------------------------


def node_names(graph: TensorGraph) -> list[str]:
    """How a program calls each node: the leaves a, b, c, and so on, then t1, t2, and so on, and the output y."""
    leaves = ["abcdefghij"[place] for place in range(len(graph.leaves))]
    return [*leaves, *(f"t{step}" for step in range(1, len(graph.steps))), "y"]


def lists_of(shape: Shape, numbers: Sequence[float]) -> Any:
    """An array's numbers as nested lists; the number itself where there is only one."""
    if not shape:
        return numbers[0]
    size = math.prod(shape[1:])
    return [lists_of(shape[1:], numbers[size * row : size * (row + 1)]) for row in range(shape[0])]


_ARRAYS: dict[Layout, str] = {
    "": "{}",
    "columns": "np.asfortranarray({})",
    "gaps": "np.repeat({}, 2, axis=-1)[..., ::2]",
}


def tensor_program(graph: TensorGraph, gradients: bool, shown: Sequence[str]) -> list[str]:
    """A program that builds the graph, goes back if asked to, and prints what is shown."""
    return list(_lines(graph, gradients)) + [f"print({name})" for name in shown]


def _lines(graph: TensorGraph, gradients: bool) -> Iterator[str]:
    names = node_names(graph)
    if gradients or any(leaf.layout for leaf in graph.leaves):
        yield "import numpy as np"
    yield "from tensor import Tensor"
    for name, leaf in zip(names, graph.leaves):
        yield f"{name} = Tensor({_ARRAYS[leaf.layout].format(lists_of(leaf.shape, leaf.numbers))})"
    for number, (operation, *rest) in enumerate(graph.steps):
        operands = graph.operands(number)
        text = partial(expression, str(operation), [names[node] for node in operands])
        yield f"{names[len(graph.leaves) + number]} = {text(tuple(rest[len(operands) :]))}"  # type: ignore[arg-type]
    if gradients:
        yield f"y.backward(np.array({lists_of(graph.upstream.shape, graph.upstream.numbers)}))"
