"""Hypothesis strategies for random graphs of tensors, their structure, shapes and numbers."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import hypothesis.strategies as st

from gradkit.graphs.tensor.graph import Layout, Leaf, Shape, TensorGraph

from .tensor_forms import FORMS, is_elementwise

if TYPE_CHECKING:
    from .tensors import Tensors

MAX_ARRAY_SIZE = 18
"""Numbers in an array: enough for three axes, and few enough to be read."""

WIDE_SHAPES: tuple[Shape, ...] = ((2, 3), (3, 2), (3, 3), (2, 1, 3), (2, 3, 2), (1, 2, 3))
"""Shapes in which it makes a difference whether numbers are stored by rows or by columns."""

SHAPES: tuple[Shape, ...] = ((), (3,), (1, 3), (2, 1), *WIDE_SHAPES)

LAYOUTS: tuple[Layout, ...] = ("columns", "columns", "columns", "gaps")
"""Layouts as often as leaves have them: nearly all errors are about columns."""

POSITIVE_OPERATIONS = ("log", "pow")
"""Operations that need positive leaves."""

_Step = tuple[str, tuple[int, ...], tuple[float, ...]]
"""(operation, operand nodes, plain numbers)."""


def list_parts(spec: Tensors) -> list[tuple[str, bool | None]]:
    """Return the parts that a corpus is made of, with equally many graphs: (form, is_swapped).

    `is_swapped` is the argument of `random_tensor_graphs`. Where each graph is a single operation, both orders of its
    operands are a part.
    """
    parts: list[tuple[str, bool | None]] = []
    for form in spec.forms:
        if spec.steps == 1 and is_elementwise(form):
            parts += [(form, False), (form, True)]
        else:
            parts.append((form, None))
    return parts


@st.composite
def random_tensor_graphs(draw: st.DrawFn, spec: Tensors, form: str, is_swapped: bool | None) -> TensorGraph | None:
    """Draw a random graph of a spec with at least one step of a form; None if the form does not apply to its shapes.

    Each step has the node before it as an operand, so that the output depends on every node. A second operand is any
    node that fits, or a new leaf.

    Args:
        draw: The function that Hypothesis passes to a composite strategy.
        spec: The spec.
        form: The name of the form in FORMS.
        is_swapped: Whether the second operand is on the left; None for sometimes.
    """
    shapes = [draw(st.sampled_from(WIDE_SHAPES if spec.layout else SHAPES))]
    leaves = [0]  # nodes are numbered in the order in which they are drawn; _number_graph puts the leaves first
    steps: list[_Step] = []
    n_steps = draw(st.integers(min(2, spec.steps), spec.steps))
    focus = draw(st.integers(0, n_steps - 1))  # this step has the form
    for index in range(n_steps):
        latest = len(shapes) - 1
        name = form if index == focus else draw(st.sampled_from(spec.forms))
        step = FORMS[name](draw, shapes[latest])
        if step is None or max(math.prod(step.result), math.prod(step.second or ())) > MAX_ARRAY_SIZE:
            if index == focus:
                return None
            continue

        operands = [latest]
        if step.second is not None:
            fitting = [node for node, shape in enumerate(shapes) if shape == step.second and steps]
            other = draw(st.sampled_from([*fitting, None]))
            if other is None:
                other = len(shapes)
                leaves.append(other)
                shapes.append(step.second)
            operands.append(other)
            if step.operation != "matmul" and (draw(st.booleans()) if is_swapped is None else is_swapped):
                operands.reverse()
        steps.append((step.operation, tuple(operands), step.constants))
        shapes.append(step.result)

    if spec.twice:
        latest = len(shapes)
        steps += [steps[-1], ("add", (latest - 1, latest), ())]
        shapes += [shapes[-1]] * 2
    return _number_graph(draw, spec, shapes, leaves, steps)


def _number_graph(
    draw: st.DrawFn, spec: Tensors, shapes: list[Shape], leaves: list[int], steps: list[_Step]
) -> TensorGraph:
    """Draw the numbers of a graph, and number its nodes with the leaves first.

    Args:
        draw: The function that Hypothesis passes to a composite strategy.
        spec: The spec.
        shapes: The shape of every node.
        leaves: The nodes that are leaves.
        steps: The steps, in the order of the other nodes.
    """
    rng = random.Random(draw(st.integers(0, 2**32)))
    is_positive = any(operation in POSITIVE_OPERATIONS for operation, *_ in steps)
    results = [node for node in range(len(shapes)) if node not in leaves]
    new_index = {node: index for index, node in enumerate([*leaves, *results])}

    def draw_leaf(shape: Shape) -> Leaf:
        layout: Layout = rng.choice(LAYOUTS) if spec.layout and shape else ""
        numbers = tuple(_draw_number(rng, is_positive, spec.ties) for _ in range(math.prod(shape)))
        return Leaf(shape, numbers, layout)

    graph_leaves = tuple(draw_leaf(shapes[node]) for node in leaves)
    graph_steps: list[tuple[str | int | float, ...]] = []
    for operation, operands, constants in steps:
        graph_steps.append((operation, *(new_index[node] for node in operands), *constants))
    upstream = tuple(_draw_number(rng, False, False) for _ in range(math.prod(shapes[-1])))
    return TensorGraph(graph_leaves, tuple(graph_steps), Leaf(shapes[-1], upstream))


def _draw_number(rng: random.Random, is_positive: bool, has_ties: bool) -> float:
    """Draw a number with two decimals that is not 1, at which a wrong rule is often right by chance."""
    if has_ties:
        return rng.choice((2.0, 3.0))
    number = rng.choice([size for size in range(10, 301) if size != 100]) / 100
    return number if is_positive or rng.random() < 0.5 else -number
