"""Decide which cases are well-posed: every correct engine agrees on them, in whatever order it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

MIN_SIZE, MAX_SIZE = 1e-6, 1e6
"""Bounds of the absolute value of every number that is not exactly 0."""

FLOAT32_TOLERANCE = 1e-4
"""Maximum relative difference between float32 and float64."""


class HasNumbers(Protocol):
    """The answers to a case."""

    def numbers(self) -> Sequence[float]:
        """Return all numbers of the answers, in a fixed order."""
        ...


Case = TypeVar("Case")
Answer = TypeVar("Answer", bound=HasNumbers)


def answer_if_well_posed(answer: Callable[[Case, str], Answer], case: Case) -> Answer | None:
    """Return the float64 answer to a case, or None if correct engines could disagree on the case.

    A case is well-posed if every number is exactly 0 or between MIN_SIZE and MAX_SIZE in size, and float32 agrees with
    float64 to FLOAT32_TOLERANCE. Then the order of arithmetic cannot matter at the tolerance of the comparison.

    Args:
        answer: Computes the answer to a case with a PyTorch dtype ("float64" or "float32").
        case: The case.
    """
    exact = answer(case, "float64")
    rough = answer(case, "float32")
    return exact if _is_well_posed(exact.numbers(), rough.numbers()) else None


def _is_well_posed(exact: Sequence[float], rough: Sequence[float]) -> bool:
    if not all(number == 0 or MIN_SIZE <= abs(number) <= MAX_SIZE for number in exact):
        return False
    return all(abs(a - b) <= FLOAT32_TOLERANCE * abs(a) for a, b in zip(exact, rough))
