"""Refuse parameters of corpus specs that do not exist or are out of range, where a suite writes them."""

from __future__ import annotations

from collections.abc import Iterable


def check_choice(kind: str, plural: str, name: str, choices: Iterable[str]) -> None:
    """Check that a name is one of the choices.

    Args:
        kind: What the name is of, such as "operation".
        plural: The same for several, such as "operations".
        name: What the suite wrote.
        choices: what is allowed.

    Raises:
        ValueError: If the name is not one of them. The message lists the choices.
    """
    choices = tuple(choices)
    if name not in choices:
        raise ValueError(f"Unknown {kind} {name!r}. {plural.capitalize()}: {', '.join(choices)}.")


def check_not_empty(plural: str, names: tuple[str, ...]) -> None:
    """Raise ValueError if a suite names none of what a corpus is about."""
    if not names:
        raise ValueError(f"A corpus is about one or more {plural}, and none is named.")


def check_at_least(minimum: int, **numbers: int) -> None:
    """Raise ValueError if one of the numbers, given by the names of their parameters, is below the minimum."""
    for name, number in numbers.items():
        if number < minimum:
            raise ValueError(f"`{name}` is {number}, and must be at least {minimum}.")
