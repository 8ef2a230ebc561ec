"""The mathematics that several tables of slips share."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp


def sigmoid(z: float) -> float:
    """Return the logistic function of a number."""
    return 1 / (1 + exp(-z))


def dot(row: Sequence[float], column: Sequence[float]) -> float:
    """Return the sum of the products; the longer sequence is cut."""
    return sum(one * other for one, other in zip(row, column))


def softmax(row: Sequence[float]) -> list[float]:
    """Return the probability of each class from one logit per class. It does not shift: the logits here are small."""
    total = sum(map(exp, row))
    return [exp(z) / total for z in row]


def mean(numbers: Sequence[float]) -> float:
    """Return the mean of some numbers."""
    return sum(numbers) / len(numbers)
