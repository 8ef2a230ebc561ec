"""What is wrong with the sum, mean or maximum of a student's Tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

from gradkit.graphs.tensor.graph import Leaf, Shape, TensorGraph
from gradkit.oracle.tolerance import is_close

from .slips import agree, find_slip
from .student import Student
from .tensor_wiring import TensorCall, nothing_arrives_hint, replay_graph

SHAPE: Shape = (2, 3)

ROWS = ((0.7, 1.3, 2.2), (1.6, 0.4, 3.1))
"""The numbers of a tensor of shape (2, 3)."""

_ALL = [number for row in ROWS for number in row]
_COLUMNS = list(zip(*ROWS))

Fold = Callable[[Sequence[float]], float]

REDUCTIONS: dict[str, Fold] = {"sum": sum, "mean": lambda numbers: sum(numbers) / len(numbers), "max": max}
"""The methods that make one number of many."""

AXES: tuple[tuple[tuple[int, ...], Shape, Shape], ...] = (((), (), (1, 1)), ((0,), (3,), (1, 3)), ((1,), (2,), (2, 1)))
"""(axes, shape of the result, shape with keepdims=True)."""


def _fold(fold: Fold, axes: tuple[int, ...]) -> list[float]:
    if not axes:
        return [fold(_ALL)]
    return [fold(column) for column in _COLUMNS] if axes[0] == 0 else [fold(row) for row in ROWS]


def reduction_hint(student: Student, method: str, gradients: bool) -> str:
    """Return what is wrong with sum, mean or max of a tensor of shape (2, 3); empty if nothing known is."""
    fold = REDUCTIONS[method]
    for keeps, (axes, shape, kept_shape) in product((False, True), AXES):
        name = f"{method}_kept" if keeps else method
        due = kept_shape if keeps else shape
        given = ", ".join([*(f"axis={axis}" for axis in axes), *["keepdims=True"] * keeps])
        text = f"`x.{method}({given})` of shape (2, 3)"
        upstream = Leaf(due, (3.0, -2.0, 0.5)[: math.prod(due)])
        graph = TensorGraph((Leaf(SHAPE, tuple(_ALL)),), ((name, 0, *axes),), upstream)
        arrays = replay_graph(student, graph, backward=False)
        if arrays is None:
            continue
        result = arrays[1]
        if result.shape != due:
            return f"{text} comes out with shape {result.shape}, and {due} is due: look at what axis and keepdims do."
        right = _fold(fold, axes)
        if not agree(result.numbers, right):
            others = {
                f"gives the {other}, where the {method} is due": _fold(rule, axes)
                for other, rule in REDUCTIONS.items()
                if other != method
            }
            if method == "mean":
                others |= {
                    "divides by how many numbers there are in all, not by how many went into each mean": [
                        total / len(_ALL) for total in _fold(sum, axes)
                    ],
                    "divides by the number of rows": [total / 2 for total in _fold(sum, axes)],
                    "divides by the number of columns": [total / 3 for total in _fold(sum, axes)],
                }
            found = find_slip(result.numbers, others)
            return f"{text} {found}." if found else ""
        if not gradients:
            continue
        arrays = replay_graph(student, graph, backward=True)
        if arrays is None or arrays[2].shape != SHAPE:
            continue
        if not any(arrays[2].numbers):
            return nothing_arrives_hint(student, TensorCall(method, f"`x.{method}()`"), "x")
        hint = _fold_gradient_hint(text, method, axes, list(upstream.numbers), list(arrays[2].numbers))
        if hint:
            return hint
        twice = TensorGraph(graph.leaves, (*graph.steps, ("add", 1, 1)), upstream)
        again = TensorGraph(graph.leaves, (*graph.steps, graph.steps[0], ("add", 1, 2)), upstream)
        both = [replay_graph(student, each, backward=True) for each in (twice, again)]
        if both[0] and both[1]:
            once = [2 * share for share in arrays[2].numbers]
            added = list(both[1][len(again)].numbers)
            if agree(list(both[0][len(twice)].numbers), once) and agree(added, arrays[2].numbers):
                return (
                    f"x.{method}() passes the right gradient on, but overwrites (=) what is in x.grad already: collect "
                    "with +=."
                )
    return ""


def _fold_gradient_hint(
    text: str, method: str, axes: tuple[int, ...], upstream: list[float], share: list[float]
) -> str:
    """Explain the gradient that sum, mean or max passes back."""

    def factor(row: int, column: int) -> float:
        return upstream[0 if not axes else column if axes[0] == 0 else row]

    def group(row: int, column: int) -> Sequence[float]:
        return _ALL if not axes else _COLUMNS[column] if axes[0] == 0 else ROWS[row]

    def shares(rule: Callable[[float, float, Sequence[float]], float]) -> list[float]:
        """Return what the rule passes to each place: (upstream gradient, its number, all numbers of its group)."""
        return [
            rule(factor(row, column), ROWS[row][column], group(row, column))
            for row, column in product(range(2), range(3))
        ]

    rules: dict[str, Callable[[float, float, Sequence[float]], float]] = {
        "sum": lambda g, x, numbers: g,
        "mean": lambda g, x, numbers: g / len(numbers),
        "max": lambda g, x, numbers: g if x == max(numbers) else 0.0,
    }
    right = shares(rules[method])
    if agree(share, right):
        return ""
    if method == "max" and any(map(math.isnan, share)):
        return (
            f"What {text} passes back to x is not a number (nan) at some places, as 0 / 0 is: in a group, no number "
            "counts as the largest. With an axis, each group has its own largest; compare with that."
        )
    slips = {
        "is 1 everywhere, whatever the upstream gradient is": [1.0] * 6,
        "has the wrong sign": [-each for each in right],
        "is twice what is due": [2 * each for each in right],
        "goes to every number, where only the largest gets it": shares(rules["sum"]) if method == "max" else [],
        "is not divided by how many numbers went into the mean": shares(rules["sum"]) if method == "mean" else [],
        "is divided by how many numbers there are in all": (
            shares(lambda g, x, numbers: g / 6) if method == "mean" and axes else []
        ),
        "is divided by how many numbers went in, which is the mean's rule": (
            shares(rules["mean"]) if method == "sum" else []
        ),
        "goes to the smallest number, where the largest gets it": (
            shares(lambda g, x, numbers: g if x == min(numbers) else 0.0) if method == "max" else []
        ),
        "goes only to the largest of all numbers, where each group has its own": (
            shares(lambda g, x, numbers: g if x == max(_ALL) else 0.0) if method == "max" and axes else []
        ),
        "is 1 where the largest stands, whatever the upstream gradient is": (
            shares(lambda g, x, numbers: float(x == max(numbers))) if method == "max" else []
        ),
        "is multiplied by the numbers themselves": [each * x for each, x in zip(right, _ALL)],
        "is the sum of the upstream gradient everywhere": [sum(upstream)] * 6 if len(upstream) > 1 else [],
    }
    found = find_slip(share, {slip: numbers for slip, numbers in slips.items() if numbers})
    if found:
        return f"What {text} passes back to x {found}."
    places = [is_close(mine, want) for mine, want in zip(share, right)]
    return "" if any(places) else f"What {text} passes back to x is wrong at every place."
