"""Hints for `+=` on an array that has no room for what is added: what the two shapes in numpy's message allow."""

from __future__ import annotations

import re
from collections import Counter

_ADDED = re.compile(
    r"non-broadcastable output operand with shape (\(.*?\)) doesn't match the broadcast shape (\(.*?\))"
)


def added_shape_hint(own: tuple[int, ...], stretched: tuple[int, ...], source: str = "") -> str:
    """Return a hint for `+=` on an array that does not have room for what is added to it.

    numpy says to which shape both were stretched, and not which shape was added. So say only what can be.

    Args:
        own: The shape of the array.
        stretched: The shape to which it would have to be stretched.
        source: The line of code.
    """
    if len(stretched) > len(own):
        return (
            f"The array before += has shape {own}, and what is added to it has more axes ({len(stretched)}). Axes that "
            "broadcasting added are summed over (unbroadcast), and that comes last: first the product of out.grad and "
            "the local derivative, whole, and then its sum, in the shape of the operand's own data."
        )
    start = f"The array before += has shape {own}, and what is added to it has another"
    other_order = is_reordered(own, stretched)
    fewer_axes = lacks_axis(own, stretched)
    if other_order and re.search(r"transpose|swapaxes|moveaxis", source) and "@" not in source:
        return (
            f"{start}: the axes are not back in their old order. With more than two axes, the order that goes back is "
            "not always the one that went forward: each axis returns to the place that it came from."
        )
    causes = [
        *["an axis of size 1 is missing and has to be put back"] * fewer_axes,
        *["the axes stand in another order and have to be turned back"] * other_order,
        "an axis was stretched and has to be summed up, to the shape of this very operand",
    ]
    either = "either " if len(causes) > 1 else ""
    return f"{start}. Compare the two shapes: {either}{', or '.join(causes)}."


def lacks_axis(own: tuple[int, ...], stretched: tuple[int, ...]) -> bool:
    """Return whether what is added to an array can be its own shape without one of its axes."""
    return any(_stretch(own, (*own[:axis], *own[axis + 1 :])) == stretched for axis in range(len(own)))


def is_reordered(own: tuple[int, ...], stretched: tuple[int, ...]) -> bool:
    """Return whether what is added to an array can be its own shape with its axes in another order.

    The shapes come from a student's text and can have any number of axes, so no order is tried: an axis of size 1 must
    meet one of the stretched size, and every other axis can meet itself or an axis of size 1.
    """
    if len(own) != len(stretched) or any(size not in (1, to) for size, to in zip(own, stretched)):
        return False
    needed = Counter(to for size, to in zip(own, stretched) if size == 1 != to)
    return needed <= Counter(own)


def find_added_shapes(message: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the two shapes of numpy's message about a `+=` that has no room; None if it is another message."""
    shapes = _ADDED.search(message)
    return (_sizes(shapes[1]), _sizes(shapes[2])) if shapes else None


def _stretch(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which broadcasting stretches two shapes; an empty one if they do not fit."""
    n_axes = max(len(first), len(second))
    pairs = list(zip((1,) * (n_axes - len(first)) + first, (1,) * (n_axes - len(second)) + second))
    fits = all(one == other or 1 in (one, other) for one, other in pairs)
    return tuple(other if one == 1 else one for one, other in pairs) if fits else ()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))
