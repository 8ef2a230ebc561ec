"""A graph of tensors as data: arrays, steps, and the upstream gradient of the output."""

from __future__ import annotations

import marshal
import math
from collections.abc import Sequence
from itertools import product
from typing import Any, Literal

import msgspec

from gradkit.inside.tensor_replay import MAX_AXES, MAX_NUMBERS, TENSOR_OPERATIONS

Layout = Literal["", "columns", "gaps"]
"""How numpy stores a leaf in memory: see tensor_replay.array_of."""

Shape = tuple[int, ...]


class Leaf(msgspec.Struct, frozen=True, array_like=True):
    """An input: its shape, its numbers row by row, and its layout in memory."""

    shape: Shape
    numbers: tuple[float, ...]
    layout: Layout = ""


class TensorGraph(msgspec.Struct, frozen=True, array_like=True):
    """One expression of tensors.

    Nodes are numbered: the leaves first, then one node for each step. The last node is the output.

    Attributes:
        leaves: The inputs.
        steps: (operation, operand nodes..., plain numbers...), such as ("sum", 0, 1): the sum of node 0 along axis 1.
        upstream: The gradient that backward() starts from, in the shape of the output.
    """

    leaves: tuple[Leaf, ...]
    steps: tuple[tuple[str | int | float, ...], ...]
    upstream: Leaf

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.leaves) + len(self.steps)

    @property
    def structure(self) -> object:
        """A value that is equal for graphs that differ only in their numbers."""
        return tuple((leaf.shape, leaf.layout) for leaf in self.leaves), self.steps

    def operands(self, step: int) -> tuple[int, ...]:
        """Return the operand nodes of the step at this index."""
        name, *numbers = self.steps[step]
        return tuple(map(int, numbers[: TENSOR_OPERATIONS[str(name)].arity]))

    def pack(self) -> bytes:
        """Serialize the graph for a process that runs the same Python and trusts this one (marshal is not safe)."""
        leaves = tuple((leaf.shape, leaf.numbers, leaf.layout) for leaf in self.leaves)
        return marshal.dumps((leaves, self.steps, (self.upstream.shape, self.upstream.numbers, "")))


class Array(msgspec.Struct, frozen=True):
    """An array: its shape, and its numbers row by row."""

    shape: Shape
    numbers: tuple[float, ...]

    def index_text(self, number: int) -> str:
        """Return how a program indexes the number at this flat index: "[1, 2]", and "" for an array without axes."""
        indices = list(product(*map(range, self.shape)))[number]
        return f"[{', '.join(map(str, indices))}]" if indices else ""


class TensorAnswers(msgspec.Struct, frozen=True, array_like=True):
    """PyTorch's answers to a graph.

    Attributes:
        shapes: The shape of each of the n_nodes nodes.
        data: The numbers of all nodes, one node after the other, each row by row.
        grad: The gradients in the same order.
    """

    shapes: tuple[Shape, ...]
    data: tuple[float, ...]
    grad: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        """Return the data, then the gradients."""
        return self.data + self.grad

    def arrays(self, name: Literal["data", "grad"]) -> list[Array]:
        """Return the data or the gradient of each node."""
        numbers = iter(getattr(self, name))
        arrays = []
        for shape in self.shapes:
            size = math.prod(shape)
            arrays.append(Array(shape, tuple(next(numbers) for _ in range(size))))
        return arrays


def make_lists(shape: Shape, numbers: Sequence[float]) -> Any:
    """Return the numbers of an array as nested lists, or the number itself if the array does not have axes."""
    if not shape:
        return numbers[0]
    row_size = math.prod(shape[1:])
    return [make_lists(shape[1:], numbers[row_size * row : row_size * (row + 1)]) for row in range(shape[0])]


def decode_arrays(numbers: Sequence[float], n_arrays: int) -> list[Array]:
    """Decode what `tensor_replay.encoded` made of n_arrays arrays.

    The numbers come from a worker, so all of them are checked.

    Raises:
        ValueError: If `encoded` cannot have made these numbers.
        OverflowError: If a size is infinite.
    """
    numbers = tuple(numbers)
    arrays, start = [], 0
    for _ in range(n_arrays):
        if start == len(numbers):
            raise ValueError("an array is missing")
        n_axes = numbers[start]
        if not (_is_size(n_axes) and n_axes <= MAX_AXES):
            raise ValueError("an array has a wrong number of axes")
        after_shape = start + 1 + int(n_axes)
        shape = numbers[start + 1 : after_shape]
        if len(shape) < n_axes or not all(map(_is_size, shape)):
            raise ValueError("an array has a wrong shape")
        sizes = tuple(map(int, shape))
        n_numbers = math.prod(sizes)
        start = after_shape + n_numbers
        if n_numbers > MAX_NUMBERS or start > len(numbers):
            raise ValueError("an array has a wrong size")
        arrays.append(Array(sizes, numbers[after_shape:start]))
    if start != len(numbers):
        raise ValueError("there are more numbers than the arrays have")
    return arrays


def _is_size(size: float) -> bool:
    return size == int(size) and 0 <= size <= MAX_NUMBERS
