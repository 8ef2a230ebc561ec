"""Recognise a known slip: the only one of a table that gives all of the student's numbers."""

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


def find_formula(yours: Sequence[float], points: Sequence[Sequence[float]], formulas: Formulas) -> str:
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


JOIN = "; and "
"""Between two slips that come together. A single one is the more likely cause of the same numbers."""


def find_slip(yours: Sequence[float], slips: Mapping[str, Sequence[float]]) -> str:
    """Return the text of the slip whose numbers are the student's; empty if none is, or more than one.

    One number is enough here, while find_formula needs MIN_POINTS of them. A call such as that of a neuron gives a
    number that depends on all of its inputs, so two mistakes seldom give the same one.
    """
    texts = [text for text, numbers in slips.items() if agree(yours, numbers)]
    return texts[0] if len(texts) == 1 else ""


def find_simplest_slip(yours: Sequence[float], slips: Mapping[str, Sequence[float]]) -> str:
    """Return the single slip whose numbers are the student's, or else the pair of slips; empty as in find_slip."""
    alone = {text: numbers for text, numbers in slips.items() if JOIN not in text}
    return find_slip(yours, alone) or find_slip(yours, slips)
