"""Reduce a failing case greedily while it still fails, so that a student sees the smallest one that breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Case = TypeVar("Case")

NOT_A_CASE = (ArithmeticError, ValueError, IndexError, TypeError)
"""What computing the answers to a candidate raises if it is not a case: shapes do not fit, or a function overflows."""

MAX_TRIES = 400
"""Candidates that a reduction tries: each of them is one run of the student's code."""


def reduce_greedily(
    case: Case,
    candidates: Callable[[Case], Iterable[Case]],
    cost: Callable[[Case], Any],
    still_fails: Callable[[Case], bool],
) -> Case:
    """Return the smallest failing case that greedy steps reach.

    Args:
        case: A case that fails.
        candidates: Makes cases that may be smaller, most promising first.
        cost: A key that orders cases. Every accepted step lowers it, so the reduction ends.
        still_fails: Returns whether a candidate fails as well.
    """
    n_tries = 0
    made_progress = True
    while made_progress:
        made_progress = False
        case_cost = cost(case)
        for candidate in candidates(case):
            if cost(candidate) >= case_cost:
                continue
            n_tries += 1
            if n_tries > MAX_TRIES:
                return case
            if still_fails(candidate):
                case, made_progress = candidate, True
                break
    return case
