"""What is wrong with the gradient of an operand that broadcasting has stretched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from gradkit.graphs.tensor.graph import Leaf, Shape, TensorGraph

from .formulas import derivative
from .operation import Operation
from .slips import agree, find_slip
from .student import Student
from .tensor_methods import SCALAR_NAMES
from .tensor_wiring import replay_graph

LEFT_SHAPE: Shape = (2, 3)
STRETCHED: tuple[Shape, ...] = ((3,), (2, 1), (1, 3), (), (1,))


def stretch_hint(student: Student, name: str) -> str:
    """Return what is wrong with the gradient of an operand that broadcasting has stretched; empty if nothing is."""
    operation = Operation(SCALAR_NAMES[name])
    text = operation.text
    for shape, small in product(STRETCHED, (1, 0)):
        large_leaf = Leaf(LEFT_SHAPE, (0.7, 1.3, 2.2, 1.6, 0.4, 3.1))
        small_leaf = Leaf(shape, (1.9, 0.6, 2.3)[: math.prod(shape)])
        leaves = (large_leaf, small_leaf) if small == 1 else (small_leaf, large_leaf)
        upstream = (3.0, -2.0, 0.5, 4.0, -1.5, 2.5)
        graph = TensorGraph(leaves, ((name, 0, 1),), Leaf(LEFT_SHAPE, upstream))
        arrays = replay_graph(student, graph, backward=True)
        if arrays is None:
            continue
        share = arrays[len(arrays) // 2 + small]
        whole = _stretched_shares(operation, small, leaves, upstream, shape)
        groups = _groups(shape)
        right = [sum(whole[index] for index in group) for group in groups]
        letter = operation.operands[small]
        where = f"In {text} with shapes {leaves[0].shape} and {leaves[1].shape}"
        if share.shape != shape:
            if math.prod(share.shape) > max(1, math.prod(shape)):
                return (
                    f"{where}, the gradient of {letter} comes out with shape {share.shape}: what broadcasting used "
                    "several times is to be summed up, to the shape of its own data."
                )
            if math.prod(share.shape) == math.prod(shape):
                return (
                    f"{where}, the gradient of {letter} comes out with shape {share.shape}: the sums are there; axes "
                    "of size 1 must stay, and axes in front that it does not have must go."
                )
            return (
                f"{where}, the gradient of {letter} comes out with shape {share.shape}: too much is summed; only the "
                "axes that broadcasting added or stretched are."
            )
        if agree(share.numbers, right):
            continue
        slips = {
            "is the mean over what was stretched, where the sum is due": [
                sum(whole[index] for index in group) / len(group) for group in groups
            ],
            "holds only the first of the shares, where their sum is due": [whole[group[0]] for group in groups],
            "holds only the last of the shares, where their sum is due": [whole[group[-1]] for group in groups],
            "is 0, so nothing arrives": [0.0] * len(groups),
            "is the sum over everything, where only stretched axes are summed over": [sum(whole)] * len(groups),
            "is the largest of the shares, where their sum is due": [
                max(whole[index] for index in group) for group in groups
            ],
        }
        found = find_slip(share.numbers, slips)
        if found:
            return f"{where}, the gradient of {letter} {found}."
    return ""


def _groups(shape: Shape) -> list[list[int]]:
    """Return, for each number of an operand of this shape, the places in LEFT_SHAPE that it was stretched to."""
    rows, columns = LEFT_SHAPE
    padded = (1,) * (2 - len(shape)) + tuple(shape)
    groups: dict[tuple[int, int], list[int]] = {}
    for row, column in product(range(rows), range(columns)):
        key = (row if padded[0] > 1 else 0, column if padded[1] > 1 else 0)
        groups.setdefault(key, []).append(row * columns + column)
    return [groups[key] for key in sorted(groups)]


def _stretched_shares(
    operation: Operation, operand: int, leaves: Sequence[Leaf], upstream: Sequence[float], shape: Shape
) -> list[float]:
    """Return what each place of the result passes on to an operand, before it is summed up."""
    place_of = {index: place for place, group in enumerate(_groups(shape)) for index in group}
    shares = []
    for index, factor in enumerate(upstream):
        point = [leaf.numbers[index] if leaf.shape == LEFT_SHAPE else leaf.numbers[place_of[index]] for leaf in leaves]
        shares.append(factor * derivative(operation.name, operand, tuple(point)))
    return shares
