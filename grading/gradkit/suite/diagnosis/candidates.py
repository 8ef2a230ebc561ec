"""Recognise a known slip: the only one of a table whose numbers agree with the student's at every point."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from gradkit.oracle.tolerance import is_close

Point = TypeVar("Point")

Formulas = Mapping[str, Callable[..., float]]
"""Formulas by their text, each a function of a point's numbers."""

MIN_POINTS = 3
"""Points at which a formula must agree: two numbers can agree by chance, or for a reason of their own."""


def agree(yours: Sequence[float], expected: Sequence[float]) -> bool:
    """Return whether two lists hold the same numbers, within the tolerance."""
    return len(yours) == len(expected) and all(map(is_close, yours, expected))


def compute(formula: Callable[..., float], points: Sequence[Sequence[float]]) -> list[float]:
    """Return a formula's number at every point; NaN where it has none."""
    results = []
    for point in points:
        try:
            results.append(float(formula(*point)))
        except (ArithmeticError, ValueError, TypeError):  # TypeError for a complex power
            results.append(math.nan)
    return results


def identify(yours: Sequence[float], points: Sequence[Sequence[float]], formulas: Formulas) -> str:
    """Return the text of the formula that gives the student's numbers; empty if none does, or more than one.

    Args:
        yours: The student's number at every point.
        points: The arguments of the formulas: at least MIN_POINTS.
        formulas: Known slips.
    """
    if len(points) < MIN_POINTS or len(yours) != len(points):
        return ""
    texts = [text for text, formula in formulas.items() if agree(yours, compute(formula, points))]
    return texts[0] if len(texts) == 1 else ""


def match(yours: Sequence[float], slips: Mapping[str, Sequence[float]]) -> str:
    """Return the text of the slip whose numbers are the student's; empty if none is, or more than one."""
    texts = [text for text, numbers in slips.items() if agree(yours, numbers)]
    return texts[0] if len(texts) == 1 else ""
