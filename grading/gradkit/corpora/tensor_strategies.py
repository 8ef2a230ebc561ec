"""Hypothesis strategies: random graphs of tensors, their shapes, structure and numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import NamedTuple

import hypothesis.strategies as st

from gradkit.graphs.tensor.graph import LAYOUTS, Layout, Leaf, Shape, TensorGraph, Tensors

MOST = 18
"""Numbers in an array: enough for three axes, and few enough to be read."""

WIDE: tuple[Shape, ...] = ((2, 3), (3, 2), (3, 3), (2, 1, 3), (2, 3, 2), (1, 2, 3))
"""Shapes in which it makes a difference whether numbers lie in memory by rows or by columns."""

NUMBERS = (2.0, 3.0, 0.5, -1.5, -2.0)
"""Plain numbers in forms that take one."""

POSITIVE = ("log", "pow")
"""Operations whose leaves must be above 0."""


class Step(NamedTuple):
    """What a form makes of an operand's shape.

    second: the other operand's shape, if it takes one.   plain: its plain numbers.   made: the result's shape.
    """

    operation: str
    second: Shape | None
    plain: tuple[float, ...]
    made: Shape


Form = Callable[[st.DrawFn, Shape], "Step | None"]
"""Makes a step on an operand of this shape; None where the form has no use for such a shape."""


def _broadcast(a: Shape, b: Shape) -> Shape:
    axes = max(len(a), len(b))
    padded = ((1,) * (axes - len(each)) + each for each in (a, b))
    return tuple(max(sizes) for sizes in zip(*padded))


def _same(draw: st.DrawFn, shape: Shape) -> Shape | None:
    return shape


def _leading(draw: st.DrawFn, shape: Shape) -> Shape | None:
    """Without some of the axes in front, but not without all: a single number is a form of its own."""
    return shape[draw(st.integers(1, len(shape) - 1)) :] if len(shape) > 1 else None


def _ones(draw: st.DrawFn, shape: Shape) -> Shape | None:
    """Some axes have size 1."""
    long = [axis for axis, size in enumerate(shape) if size > 1]
    if not long:
        return None
    shrunk = draw(st.lists(st.sampled_from(long), min_size=1, unique=True))
    return tuple(1 if axis in shrunk else size for axis, size in enumerate(shape))


def _both(draw: st.DrawFn, shape: Shape) -> Shape | None:
    """Both operands are stretched: the other has an axis more in front, one of size 1, and more where this has 1."""
    inner = _ones(draw, shape) if 1 in shape else None
    if not inner:
        return None
    grown = (draw(st.integers(2, 3)) if own == 1 else size for own, size in zip(shape, inner))
    return (draw(st.integers(2, 3)), *grown)


def _single(draw: st.DrawFn, shape: Shape) -> Shape | None:
    return () if shape else None


Related = Callable[[st.DrawFn, Shape], "Shape | None"]


def _binary(operation: str, related: Related, draw: st.DrawFn, a: Shape) -> Step | None:
    b = related(draw, a)
    return None if b is None else Step(operation, b, (), _broadcast(a, b))


def _unary(operation: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    return Step(operation, None, (), shape)


def _number(operation: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    numbers = (2, 3, -1) if operation == "pow_number" else NUMBERS
    return Step(operation, None, (draw(st.sampled_from(numbers)),), shape)


def _reduced(operation: str, axes: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    """axes: which are summed over: "all" (none is named), "one", "negative" or "several"."""
    count = len(shape)
    if count < (2 if axes == "several" else 1):
        return None
    chosen: tuple[int, ...] = ()
    if axes == "several":
        chosen = tuple(draw(st.permutations(range(count)))[: draw(st.integers(2, count))])
    elif axes != "all":
        chosen = (draw(st.integers(0, count - 1) if axes == "one" else st.integers(-count, -1)),)
    gone = {axis % count for axis in chosen} if chosen else set(range(count))
    kept = operation.endswith("_kept")
    made = tuple(1 if axis in gone else size for axis, size in enumerate(shape) if kept or axis not in gone)
    return Step(operation, None, chosen, made)


def _reshaped(draw: st.DrawFn, shape: Shape) -> Step | None:
    size = math.prod(shape)
    first = draw(st.sampled_from([each for each in range(1, size + 1) if size % each == 0]))
    made = draw(st.sampled_from([(first, size // first), (size,), (first, 1, size // first)]))
    return Step("reshape", None, made, made) if made != shape else None


def _transposed(draw: st.DrawFn, shape: Shape) -> Step | None:
    if len(shape) < 2:
        return None
    _, *orders = permutations(range(len(shape)))  # the first leaves all where they are
    axes = draw(st.sampled_from([*orders, ()]))
    return Step("transpose", None, axes, tuple(shape[axis] for axis in axes) if axes else shape[::-1])


def _item(draw: st.DrawFn, shape: Shape) -> Step | None:
    if not shape:
        return None
    count = draw(st.integers(1, len(shape)))
    places = tuple(draw(st.integers(-size, size - 1)) for size in shape[:count])
    return Step("item", None, places, shape[count:])


def _slice(draw: st.DrawFn, shape: Shape) -> Step | None:
    if not shape:
        return None
    start = draw(st.integers(0, shape[0] - 1))
    end = draw(st.integers(start + 1, shape[0]))
    return Step("slice", None, (start, end), (end - start, *shape[1:]))


def _rows(draw: st.DrawFn, shape: Shape) -> Step | None:
    """Rows by their numbers, one of them twice."""
    if not shape:
        return None
    rows = draw(st.lists(st.integers(0, shape[0] - 1), min_size=1, max_size=3))
    rows.append(rows[0])
    return Step("rows", None, tuple(rows), (len(rows), *shape[1:]))


def _picks(draw: st.DrawFn, shape: Shape) -> Step | None:
    """Single places by their numbers along two axes, the first of them twice."""
    if len(shape) < 2:
        return None
    pairs = draw(st.lists(st.tuples(*(st.integers(0, size - 1) for size in shape[:2])), min_size=1, max_size=3))
    pairs.append(pairs[0])
    plain = tuple(first for first, _ in pairs) + tuple(second for _, second in pairs)
    return Step("picks", None, plain, (len(pairs), *shape[2:]))


def _matmul(kind: str, draw: st.DrawFn, a: Shape) -> Step | None:
    """kind: "matrices", "vectors" (one operand at least is one), or "batches" (more axes in front)."""
    if not a:
        return None
    inner = a[-1]
    column = (draw(st.integers(1, 3)),)
    others: dict[str, list[tuple[Shape, Shape]]] = {"matrices": [], "vectors": [], "batches": []}
    if len(a) == 2:
        others["matrices"] = [((inner, *column), (a[0], *column))]
        others["batches"] = [((2, inner, *column), (2, a[0], *column))]
    if len(a) == 3:
        fronts = [((), a[0]), ((a[0],), a[0]), ((1,), a[0])] + [((3,), 3)] * (a[0] == 1)
        others["batches"] = [((*front, inner, *column), (size, a[1], *column)) for front, size in fronts]
    if len(a) == 1:
        others["vectors"] = [((inner,), ()), ((inner, *column), column)]
    elif len(a) == 2:
        others["vectors"] = [((inner,), a[:-1])]
    if not others[kind]:
        return None
    b, made = draw(st.sampled_from(others[kind]))
    return Step("matmul", b, (), made)


_RELATED = {"": _same, "_leading": _leading, "_ones": _ones, "_both": _both, "_single": _single}
_ELEMENTWISE = ("add", "sub", "mul", "div", "pow")
_WITH_NUMBER = ("add_number", "number_add", "sub_number", "number_sub", "mul_number", "number_mul")
_AXES = ("all", "one", "negative", "several")
_REDUCING = ("sum", "mean", "max", "sum_kept", "mean_kept", "max_kept")

FORMS: dict[str, Form] = {
    **{f"{name}{how}": partial(_binary, name, related) for name in _ELEMENTWISE for how, related in _RELATED.items()},
    **{name: partial(_unary, name) for name in ("neg", "exp", "log", "tanh", "relu")},
    **{name: partial(_number, name) for name in (*_WITH_NUMBER, "div_number", "number_div", "pow_number")},
    **{f"{name}_{axes}": partial(_reduced, name, axes) for name in _REDUCING for axes in _AXES},
    **{f"matmul_{kind}": partial(_matmul, kind) for kind in ("matrices", "vectors", "batches")},
    "reshape": _reshaped,
    "transpose": _transposed,
    "item": _item,
    "slice": _slice,
    "rows": _rows,
    "picks": _picks,
}
"""Every form by name: `add_ones` is a sum in which one operand has axes of size 1."""


def kinds_of(wish: Tensors) -> list[tuple[str, bool | None]]:
    """What a wish's graphs are to be of, in equal parts: (form, swapped) for random_tensor_graphs.

    Where each graph is a single operation, its operands stand either way.
    """
    ways = {
        form: (False, True) if wish.steps == 1 and form.removesuffix(_how(form)) in _ELEMENTWISE else (None,)
        for form in wish.forms
    }
    return [(form, swapped) for form in wish.forms for swapped in ways[form]]


def _how(form: str) -> str:
    """How the shapes of a form's operands are related, as its name ends."""
    return next(how for how in reversed(_RELATED) if form.endswith(how))


@st.composite
def random_tensor_graphs(draw: st.DrawFn, wish: Tensors, form: str, swapped: bool | None) -> TensorGraph | None:
    """A random graph as a wish says, one step at least of this form; None where the shapes that were drawn have no use
    for it.

    Each step works on the node before it, so that all lead to the output; a second operand is any node that fits, or a
    new leaf.

    swapped: whether the second operand goes to the left; None for sometimes.
    """
    shapes = [draw(st.sampled_from(WIDE if wish.layout else ((), (3,), (1, 3), (2, 1), *WIDE)))]
    leaves = [0]  # of the nodes, which are in the order of their making here
    steps: list[tuple[str, tuple[int, ...], tuple[float, ...]]] = []
    count = draw(st.integers(min(2, wish.steps), wish.steps))
    turn = draw(st.integers(0, count - 1))
    for number in range(count):
        latest = len(shapes) - 1
        step = FORMS[form if number == turn else draw(st.sampled_from(wish.forms))](draw, shapes[latest])
        if step is None or max(math.prod(step.made), math.prod(step.second or ())) > MOST:
            if number == turn:
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
            if step.operation != "matmul" and (draw(st.booleans()) if swapped is None else swapped):
                operands.reverse()
        steps.append((step.operation, tuple(operands), step.plain))
        shapes.append(step.made)
    if wish.twice:
        latest = len(shapes)
        steps += [steps[-1], ("add", (latest - 1, latest), ())]
        shapes += [shapes[-1]] * 2
    return _graph(draw, wish, shapes, leaves, steps)


def _graph(
    draw: st.DrawFn,
    wish: Tensors,
    shapes: list[Shape],
    leaves: list[int],
    steps: list[tuple[str, tuple[int, ...], tuple[float, ...]]],
) -> TensorGraph:
    """The graph of these nodes, its leaves first, with numbers."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    positive = any(operation in POSITIVE for operation, *_ in steps)
    made = [node for node in range(len(shapes)) if node not in leaves]
    place = {node: number for number, node in enumerate([*leaves, *made])}

    def leaf(shape: Shape) -> Leaf:
        layout: Layout = rng.choice(LAYOUTS) if wish.layout and shape else ""
        numbers = (_number_of(rng, positive, wish.ties) for _ in range(math.prod(shape)))
        return Leaf(shape, tuple(numbers), layout)

    return TensorGraph(
        tuple(leaf(shapes[node]) for node in leaves),
        tuple((operation, *(place[node] for node in operands), *plain) for operation, operands, plain in steps),
        Leaf(shapes[-1], tuple(_number_of(rng, False, False) for _ in range(math.prod(shapes[-1])))),
    )


def _number_of(rng: random.Random, positive: bool, ties: bool) -> float:
    """A number with two decimals that is not 1, where a wrong rule is often right by chance."""
    if ties:
        return rng.choice((2.0, 3.0))
    number = rng.choice([size for size in range(10, 301) if size != 100]) / 100
    return number if positive or rng.random() < 0.5 else -number
