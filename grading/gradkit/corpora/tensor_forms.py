"""The forms of tensor operations: an operation, and how the shapes of its operands are related.

A form draws, for an operand of a given shape, the shape of the other operand and the plain numbers. A new form is one
entry of `FORMS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gradkit.graphs.tensor.graph import Shape
from gradkit.inside.tensor_replay import TENSOR_OPERATIONS

if TYPE_CHECKING:
    import hypothesis.strategies as st

NUMBERS = (2.0, 3.0, 0.5, -1.5, -2.0)
"""The plain numbers of forms that take one."""

POWERS = (2, 3, -1)
"""The exponents of `pow_number`."""


class Step(NamedTuple):
    """An operation on an operand of a given shape.

    Attributes:
        operation: The name in TENSOR_OPERATIONS.
        second: The shape of the other operand; None if the operation has only one.
        constants: The plain numbers.
        result: The shape of the result.
    """

    operation: str
    second: Shape | None
    constants: tuple[float, ...]
    result: Shape


Form = Callable[["st.DrawFn", Shape], "Step | None"]
"""Draws a step on an operand of this shape; returns None if the form does not apply to the shape."""

Related = Callable[["st.DrawFn", Shape], "Shape | None"]
"""Draws the shape of the other operand; returns None if there is not one."""

Option = TypeVar("Option")


# Hypothesis is imported in the functions below, because a self-check reads the names of the forms and draws nothing.


def _integer(draw: st.DrawFn, low: int, high: int) -> int:
    import hypothesis.strategies as st

    return draw(st.integers(low, high))


def _shuffled(draw: st.DrawFn, options: Sequence[Option]) -> list[Option]:
    import hypothesis.strategies as st

    return draw(st.permutations(options))


def _one_of(draw: st.DrawFn, options: Sequence[Option]) -> Option:
    import hypothesis.strategies as st

    return draw(st.sampled_from(options))


def _broadcast(a: Shape, b: Shape) -> Shape:
    axes = max(len(a), len(b))
    padded = ((1,) * (axes - len(each)) + each for each in (a, b))
    return tuple(max(sizes) for sizes in zip(*padded))


def _same(draw: st.DrawFn, shape: Shape) -> Shape | None:
    return shape


def _leading(draw: st.DrawFn, shape: Shape) -> Shape | None:
    """Drop some of the leading axes, but not all: a single number is another form."""
    return shape[_integer(draw, 1, len(shape) - 1) :] if len(shape) > 1 else None


def _ones(draw: st.DrawFn, shape: Shape) -> Shape | None:
    """Shrink some axes to size 1."""
    long = [axis for axis, size in enumerate(shape) if size > 1]
    if not long:
        return None
    import hypothesis.strategies as st

    shrunk = draw(st.lists(st.sampled_from(long), min_size=1, unique=True))
    return tuple(1 if axis in shrunk else size for axis, size in enumerate(shape))


def _both(draw: st.DrawFn, shape: Shape) -> Shape | None:
    """Make broadcasting stretch both operands.

    The other operand has one more leading axis, some axes of size 1, and longer axes where this operand has size 1.
    """
    shrunk = _ones(draw, shape) if 1 in shape else None
    if not shrunk:
        return None
    leading = _integer(draw, 2, 3)
    return (leading, *(_integer(draw, 2, 3) if size == 1 else other for size, other in zip(shape, shrunk)))


def _single(draw: st.DrawFn, shape: Shape) -> Shape | None:
    return () if shape else None


def _binary(operation: str, related: Related, draw: st.DrawFn, a: Shape) -> Step | None:
    b = related(draw, a)
    return None if b is None else Step(operation, b, (), _broadcast(a, b))


def _unary(operation: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    return Step(operation, None, (), shape)


def _number(operation: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    numbers = POWERS if operation == "pow_number" else NUMBERS
    return Step(operation, None, (_one_of(draw, numbers),), shape)


def _reduction(operation: str, axes: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    """Reduce some axes: "all" (without naming them), "one", "negative" (counted from the end) or "several"."""
    n_axes = len(shape)
    if n_axes < (2 if axes == "several" else 1):
        return None

    chosen: tuple[int, ...] = ()
    if axes == "several":
        order = _shuffled(draw, range(n_axes))
        chosen = tuple(order[: _integer(draw, 2, n_axes)])
    elif axes == "one":
        chosen = (_integer(draw, 0, n_axes - 1),)
    elif axes == "negative":
        chosen = (_integer(draw, -n_axes, -1),)

    reduced = {axis % n_axes for axis in chosen} if chosen else set(range(n_axes))
    keeps_axes = operation.endswith("_kept")
    result = tuple(
        1 if axis in reduced else size for axis, size in enumerate(shape) if keeps_axes or axis not in reduced
    )
    return Step(operation, None, chosen, result)


def _reshape(draw: st.DrawFn, shape: Shape) -> Step | None:
    size = math.prod(shape)
    first = _one_of(draw, [each for each in range(1, size + 1) if size % each == 0])
    result = _one_of(draw, [(first, size // first), (size,), (first, 1, size // first)])
    return Step("reshape", None, result, result) if result != shape else None


def _transpose(draw: st.DrawFn, shape: Shape) -> Step | None:
    if len(shape) < 2:
        return None
    _, *orders = permutations(range(len(shape)))  # the first permutation is the identity
    axes = _one_of(draw, [*orders, ()])
    return Step("transpose", None, axes, tuple(shape[axis] for axis in axes) if axes else shape[::-1])


def _reverse(draw: st.DrawFn, shape: Shape) -> Step | None:
    """Reverse all axes, by a transpose without arguments."""
    return Step("transpose", None, (), shape[::-1]) if len(shape) > 1 else None


def _item(draw: st.DrawFn, shape: Shape) -> Step | None:
    if not shape:
        return None
    n_indices = _integer(draw, 1, len(shape))
    indices = tuple(_integer(draw, -size, size - 1) for size in shape[:n_indices])
    return Step("item", None, indices, shape[n_indices:])


def _slice(draw: st.DrawFn, shape: Shape) -> Step | None:
    if not shape:
        return None
    start = _integer(draw, 0, shape[0] - 1)
    end = _integer(draw, start + 1, shape[0])
    return Step("slice", None, (start, end), (end - start, *shape[1:]))


def _stride(draw: st.DrawFn, shape: Shape) -> Step | None:
    if not shape or shape[0] < 2:
        return None
    step = _integer(draw, 2, 3)
    return Step("stride", None, (step,), (len(range(0, shape[0], step)), *shape[1:]))


def _column(draw: st.DrawFn, shape: Shape) -> Step | None:
    if len(shape) < 2:
        return None
    return Step("column", None, (_integer(draw, -shape[1], shape[1] - 1),), (shape[0], *shape[2:]))


def _rows(operation: str, draw: st.DrawFn, shape: Shape) -> Step | None:
    """Choose rows by their indices, one of them twice."""
    if not shape:
        return None
    import hypothesis.strategies as st

    rows = draw(st.lists(st.integers(0, shape[0] - 1), min_size=1, max_size=3))
    rows.append(rows[0])
    return Step(operation, None, tuple(rows), (len(rows), *shape[1:]))


def _picks(draw: st.DrawFn, shape: Shape) -> Step | None:
    """Choose elements by their indices along the first two axes, the first element twice."""
    if len(shape) < 2:
        return None
    import hypothesis.strategies as st

    pairs = draw(st.lists(st.tuples(*(st.integers(0, size - 1) for size in shape[:2])), min_size=1, max_size=3))
    pairs.append(pairs[0])
    indices = tuple(first for first, _ in pairs) + tuple(second for _, second in pairs)
    return Step("picks", None, indices, (len(pairs), *shape[2:]))


def _matmul(kind: str, draw: st.DrawFn, a: Shape) -> Step | None:
    """Multiply "matrices", "vectors" (by a matrix or vector), "batches" (with leading axes), "vector_batches"."""
    if not a:
        return None
    inner = a[-1]
    column = (_integer(draw, 1, 3),)
    # The shapes of the other operand and of the result.
    others: dict[str, list[tuple[Shape, Shape]]] = {
        name: [] for name in ("matrices", "vectors", "batches", "vector_batches")
    }
    if len(a) == 2:
        others["matrices"] = [((inner, *column), (a[0], *column))]
        others["batches"] = [((2, inner, *column), (2, a[0], *column))]
    if len(a) == 3:
        fronts = [((), a[0]), ((a[0],), a[0]), ((1,), a[0])] + [((3,), 3)] * (a[0] == 1)
        others["batches"] = [((*front, inner, *column), (size, a[1], *column)) for front, size in fronts]
        others["vector_batches"] = [((inner,), a[:-1])]
    if len(a) == 1:
        others["vectors"] = [((inner,), ()), ((inner, *column), column)]
        others["vector_batches"] = [((2, inner, *column), (2, *column))]
    elif len(a) == 2:
        others["vectors"] = [((inner,), a[:-1])]
    if not others[kind]:
        return None
    b, result = _one_of(draw, others[kind])
    return Step("matmul", b, (), result)


_RELATIONS: dict[str, Related] = {"": _same, "_leading": _leading, "_ones": _ones, "_both": _both, "_single": _single}
ELEMENTWISE = ("add", "sub", "mul", "div", "pow")
WITH_NUMBER = (
    *("add_number", "number_add", "sub_number", "number_sub"),
    *("mul_number", "number_mul", "div_number", "number_div"),
)
_AXES = ("all", "one", "negative", "several")
_REDUCING = ("sum", "mean", "max", "sum_kept", "mean_kept", "max_kept")

FORMS: dict[str, Form] = {
    **{
        f"{name}{suffix}": partial(_binary, name, related)
        for name in ELEMENTWISE
        for suffix, related in _RELATIONS.items()
    },
    **{name: partial(_unary, name) for name in ("neg", "exp", "log", "tanh", "relu")},
    **{name: partial(_number, name) for name in (*WITH_NUMBER, "pow_number")},
    **{f"{name}_{axes}": partial(_reduction, name, axes) for name in _REDUCING for axes in _AXES},
    **{f"matmul_{kind}": partial(_matmul, kind) for kind in ("matrices", "vectors", "batches", "vector_batches")},
    "reshape": _reshape,
    "transpose": _transpose,
    "transpose_reversed": _reverse,
    "item": _item,
    "slice": _slice,
    "stride": _stride,
    "column": _column,
    "rows": partial(_rows, "rows"),
    "rows_array": partial(_rows, "rows_array"),
    "picks": _picks,
}
"""Every form by name: `add_ones` is a sum in which one operand has axes of size 1."""


def operation_of(form: str) -> str:
    """Return the operation of a form: "sum_kept" of "sum_kept_one", and "matmul" of "matmul_vectors"."""
    return max((name for name in TENSOR_OPERATIONS if form.startswith(name)), key=len)


def takes_two_tensors(form: str) -> bool:
    """Return whether the operation of a form has two tensors as operands, in either order."""
    return TENSOR_OPERATIONS[operation_of(form)].arity == 2
