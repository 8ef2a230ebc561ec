"""Decide whether a student's number counts as PyTorch's."""

from __future__ import annotations

import math

ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE = 1e-9, 1e-7

ROUNDED_TOLERANCE = 1e-5
"""A wrong number within this relative distance is the right one, computed with too few digits."""


def is_close(got: float, want: float) -> bool:
    """Return whether |got - want| <= 1e-9 + 1e-7 * |want|.

    NaN is never close to anything, and infinity only to the same infinity.
    """
    return got == want or abs(got - want) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * abs(want) < math.inf
