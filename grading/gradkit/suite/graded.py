"""The mark that makes a test an item: points, title, prerequisites and corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeVar

from gradkit.corpora.spec import CorpusSpec

Test = TypeVar("Test", bound=Callable[..., None])

ATTRIBUTE = "gradkit_item"
REGISTER = "_gradkit_items"
"""The name in a suite's file of the list of all that was graded in it, also of what has lost its name since."""


@dataclass(frozen=True)
class Mark:
    """What `@graded` says of a test.

    points: a multiple of 0.5; all or nothing.
    title:  what the student reads.
    needs:  the items without which this one cannot pass, as `test_name` (same assignment) or `assignment/test_name`.
    corpus: what the test's `corpus` argument gets.
    hidden: left out of what students get, who see its title and verdict alone. Its file's name ends in `_hidden.py`.
    """

    points: float
    title: str
    needs: tuple[str, ...] = ()
    corpus: CorpusSpec[Any, Any] | None = None
    hidden: bool = False


def graded(
    points: float,
    title: str,
    *,
    needs: str | Sequence[str] = (),
    corpus: CorpusSpec[Any, Any] | None = None,
    hidden: bool = False,
) -> Callable[[Test], Test]:
    """Make a test an item.

    Raises ValueError for points that are not a positive multiple of 0.5, and TypeError for what is not a function.
    """
    if points <= 0 or (2 * points) % 1:
        raise ValueError(f"{title}: points are positive multiples of 0.5, not {points}")
    mark = Mark(points, title, (needs,) if isinstance(needs, str) else tuple(needs), corpus, hidden)

    def attach(test: Test) -> Test:
        if not isinstance(test, FunctionType):
            raise TypeError(f"{title}: @graded stands directly above a function")
        setattr(test, ATTRIBUTE, mark)
        test.__globals__.setdefault(REGISTER, []).append(test)
        return test

    return attach
