"""The decorator that makes a test an item, with its settings: points, title, prerequisites and corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeVar

from gradkit.corpora.spec import CorpusSpec

Test = TypeVar("Test", bound=Callable[..., None])

ATTRIBUTE = "gradkit_item"
"""The attribute of a graded test function that holds its settings."""

REGISTER = "_gradkit_items"
"""The name, in a suite's file, of the list of all functions that were graded in it. The list also holds functions whose
name was given to something else afterwards."""


@dataclass(frozen=True)
class ItemSettings:
    """What `@graded` says of a test.

    Attributes:
        points: A multiple of 0.5; all or nothing.
        title: What the student reads.
        about: The functions of the solution that the item is about, as `Class.method` or `function`. `gradkit check`
            requires at least one.
        needs: The items without which this one cannot pass, as `test_name` (same assignment) or `assignment/test_name`.
        corpus: The spec of the corpus that the test's `corpus` argument receives.
        hidden: Whether students see its title and verdict only. It is not released; its file's name ends in
            `_hidden.py`.
    """

    points: float
    title: str
    about: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    corpus: CorpusSpec[Any, Any] | None = None
    hidden: bool = False


def graded(
    points: float,
    title: str,
    *,
    about: Sequence[str] = (),
    needs: str | Sequence[str] = (),
    corpus: CorpusSpec[Any, Any] | None = None,
    hidden: bool = False,
) -> Callable[[Test], Test]:
    """Make a test an item. See `ItemSettings` for the arguments; one prerequisite can be given as a string.

    Raises:
        ValueError: If the points are not a positive multiple of 0.5.
        TypeError: If `about` is a string, or the decorator is applied to something other than a function.
    """
    if points <= 0 or (2 * points) % 1:
        raise ValueError(f"{title}: points must be a positive multiple of 0.5, not {points}")
    if isinstance(about, str):
        raise TypeError(f"{title}: `about` is a tuple of names, so write ({about!r},)")
    prerequisites = (needs,) if isinstance(needs, str) else tuple(needs)
    settings = ItemSettings(points, title, tuple(about), prerequisites, corpus, hidden)

    def attach(test: Test) -> Test:
        if not isinstance(test, FunctionType):
            raise TypeError(f"{title}: put @graded directly above a function")
        setattr(test, ATTRIBUTE, settings)
        test.__globals__.setdefault(REGISTER, []).append(test)
        return test

    return attach
