"""Hypothesis strategies for random graphs of tensors, their structure, shapes and numbers."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import hypothesis.strategies as st

from gradkit.graphs.tensor.graph import Layout, Leaf, Shape, TensorGraph

from .tensor_forms import ELEMENTWISE, FORMS, Step, operation_of, takes_two_tensors

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

OPERATIONS_AT_ZERO = ("add", "sub", "mul", "pow_number")
"""Operations of graphs in which some leaves are 0."""

SMALL_SIZES = range(1, 10)
"""Sizes, in hundredths, of leaves near the kink of relu."""

SIZES = [size for size in range(10, 301) if size != 100]
"""Sizes of other leaves, in hundredths. At 1 a wrong rule is often right by chance."""

_SHARE_OF_LONG_NUMBERS = 0.2
"""Share of graphs whose leaves have eight decimals."""

_N_TRIES = 6
"""Number of forms that are tried for a step, until one applies to its operand."""

_DrawnStep = tuple[str, tuple[int, ...], tuple[float, ...]]
"""(operation, operand nodes, plain numbers)."""


class Part(NamedTuple):
    """A part of a corpus: graphs of the same size about the same form.

    Attributes:
        form: The name of the form in FORMS.
        is_swapped: Whether the second operand is on the left; None for sometimes.
        n_steps: Number of steps of each graph.
        n_graphs: Number of graphs.
    """

    form: str
    is_swapped: bool | None
    n_steps: int
    n_graphs: int


def list_parts(spec: Tensors) -> list[Part]:
    """Return the parts that a corpus is made of: about equally many graphs of every form and of every size.

    If graphs are small, both orders of two operands have a part of their own. In a corpus of larger graphs every form
    has a graph of at least three steps, in which it can be in the middle.
    """
    is_small = spec.steps <= 2
    forms: list[tuple[str, bool | None]] = []
    for form in spec.forms:
        forms += [(form, False), (form, True)] if is_small and takes_two_tensors(form) else [(form, None)]

    count = math.ceil(spec.count / len(forms))
    if is_small:
        count, min_steps = max(spec.steps, count), 1
    else:
        min_steps = 2 if count > 1 else 3
    parts = []
    for index, (form, is_swapped) in enumerate(forms):
        sizes = Counter(min_steps + (index * count + graph) % (spec.steps - min_steps + 1) for graph in range(count))
        parts += [Part(form, is_swapped, n_steps, sizes[n_steps]) for n_steps in sorted(sizes)]
    return parts


@st.composite
def random_tensor_graphs(draw: st.DrawFn, spec: Tensors, part: Part) -> TensorGraph | None:
    """Draw a random graph of a part, with at least one step of its form; None if forms do not apply to the shapes.

    Each step has the node before it as an operand, so that the output depends on every node. A second operand is a new
    leaf, or, in a corpus of larger graphs, any node that fits. In a graph of three or more steps the form is neither
    first nor last, and in a graph of two steps it usually occurs twice: so its operation has an inner node as its
    operand, and its result goes into another operation.

    Args:
        draw: The function that Hypothesis passes to a composite strategy.
        spec: The spec.
        part: The part.
    """
    shapes = [draw(st.sampled_from(WIDE_SHAPES if spec.layout else SHAPES))]
    leaves = [0]  # nodes are numbered in the order in which they are drawn; _number_graph puts the leaves first
    steps: list[_DrawnStep] = []
    n_steps = part.n_steps
    focus = draw(st.integers(1, n_steps - 2)) if n_steps > 2 else draw(st.integers(0, n_steps - 1))
    for index in range(n_steps):
        latest = len(shapes) - 1
        is_swapped = draw(st.booleans()) if part.is_swapped is None else part.is_swapped
        if index == focus:
            forms = [part.form]
        elif n_steps == 2:
            forms = [*_related_forms(draw, part.form), draw(st.sampled_from(spec.forms))]
        else:
            forms = [draw(st.sampled_from(spec.forms)) for _ in range(_N_TRIES)]
        step = _draw_step(draw, forms, shapes[latest], is_swapped)
        if step is None:
            return None

        operands = [latest]
        if step.second is not None:
            other = _draw_node(draw, shapes, step.second) if spec.steps > 2 and steps else None
            if other is None:
                other = len(shapes)
                leaves.append(other)
                shapes.append(step.second)
            operands.insert(0 if is_swapped else 1, other)
        steps.append((step.operation, tuple(operands), step.constants))
        shapes.append(step.result)

    if spec.twice:
        latest = len(shapes)
        steps += [steps[-1], ("add", (latest - 1, latest), ())]
        shapes += [shapes[-1]] * 2
    return _number_graph(draw, spec, shapes, leaves, steps)


def _related_forms(draw: st.DrawFn, form: str) -> list[str]:
    """Return, in a random order, a form and its operation on equal shapes: what is graded with the form or before."""
    operation = operation_of(form)
    forms = [form, operation] if operation in ELEMENTWISE and operation != form else [form]
    return draw(st.permutations(forms))


def _draw_step(draw: st.DrawFn, forms: list[str], shape: Shape, is_swapped: bool) -> Step | None:
    """Draw a step of the first of some forms that applies to an operand; None if none of them does.

    Args:
        draw: The function that Hypothesis passes to a composite strategy.
        forms: Names in FORMS.
        shape: The shape of the operand.
        is_swapped: Whether the operand is on the right of another one.
    """
    for form in forms:
        # If (a @ b).T is b.T @ a.T, shapes that fit a.T on the left are those that fit a on the right, transposed.
        is_transposed = is_swapped and operation_of(form) == "matmul"
        step = FORMS[form](draw, _transposed(shape) if is_transposed else shape)
        if step is not None and is_transposed:
            other = step.second or ()
            has_vector = 1 in (len(shape), len(other))  # its axis is missing from the result, and the others stay
            result = step.result if has_vector else _transposed(step.result)
            step = step._replace(second=_transposed(other), result=result)
        if step is not None and max(math.prod(step.result), math.prod(step.second or ())) <= MAX_ARRAY_SIZE:
            return step
    return None


def _transposed(shape: Shape) -> Shape:
    """Return a shape with its last two axes swapped, if it has as many."""
    return (*shape[:-2], *reversed(shape[-2:]))


def _draw_node(draw: st.DrawFn, shapes: list[Shape], shape: Shape) -> int | None:
    """Draw one of the nodes that have this shape, or None for a new leaf."""
    fitting = [node for node, node_shape in enumerate(shapes) if node_shape == shape]
    return draw(st.sampled_from([*fitting, None]))


def _number_graph(
    draw: st.DrawFn, spec: Tensors, shapes: list[Shape], leaves: list[int], steps: list[_DrawnStep]
) -> TensorGraph:
    """Draw the numbers of a graph, and number its nodes with the leaves first.

    Args:
        draw: The function that Hypothesis passes to a composite strategy.
        spec: The spec.
        shapes: The shape of every node.
        leaves: The nodes that are leaves.
        steps: The steps, in the order of the other nodes.
    """
    # 0 is the first seed that Hypothesis tries, and its favourite.
    rng = random.Random(f"{draw(st.integers(0, 2**32))} {shapes} {steps}")
    results = [node for node in range(len(shapes)) if node not in leaves]
    new_index = {node: index for index, node in enumerate([*leaves, *results])}
    drawn_steps = steps[:-2] if spec.twice else steps
    draw_number = _choose_numbers(rng, [operation for operation, *_ in drawn_steps], spec.ties)

    def draw_leaf(shape: Shape) -> Leaf:
        layout: Layout = rng.choice(LAYOUTS) if spec.layout and shape else ""
        return Leaf(shape, tuple(draw_number() for _ in range(math.prod(shape))), layout)

    graph_leaves = tuple(draw_leaf(shapes[node]) for node in leaves)
    graph_steps: list[tuple[str | int | float, ...]] = []
    for operation, operands, constants in steps:
        graph_steps.append((operation, *(new_index[node] for node in operands), *constants))
    upstream = tuple(rng.choice((1, -1)) * rng.choice(SIZES) / 100 for _ in range(math.prod(shapes[-1])))
    return TensorGraph(graph_leaves, tuple(graph_steps), Leaf(shapes[-1], upstream))


def _choose_numbers(rng: random.Random, operations: Sequence[str], has_ties: bool) -> Callable[[], float]:
    """Return a function that draws the numbers of a graph's leaves.

    Most have two decimals; in some graphs all have eight, so that rounding shows.

    Args:
        rng: The random generator.
        operations: The operation of every step.
        has_ties: Whether many numbers must be equal.
    """
    if has_ties:
        return lambda: rng.choice((2.0, 3.0))

    signs = (1,) if any(operation in POSITIVE_OPERATIONS for operation in operations) else (1, -1)
    sizes: Sequence[int] = SIZES
    if operations.count("log") > 1:
        sizes = [size for size in SIZES if size > 100]  # a logarithm must be positive to have one itself
    elif set(operations) <= set(OPERATIONS_AT_ZERO):
        sizes = [*SIZES, *[0] * (len(SIZES) // 10)]
    elif "relu" in operations:
        sizes = [*SIZES, *[*SMALL_SIZES] * (len(SIZES) // 5 // len(SMALL_SIZES))]
    is_long = rng.random() < _SHARE_OF_LONG_NUMBERS

    def draw_number() -> float:
        size = rng.choice(sizes) / 100
        if is_long and size:
            size = round(size + rng.random() / 100, 8)
        return rng.choice(signs) * size + 0.0  # -0.0 + 0.0 is 0.0

    return draw_number
