"""What students may know of hidden items: the titles and points. A release contains these in place of the items."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from .home import course_home

FILE = "assignments/hidden_items.json"
"""The list in a release, relative to the folder of the course. The repository has the items themselves."""


class HiddenItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hidden item as students see it.

    Attributes:
        assignment: The assignment's name.
        title: Its title.
        points: Its points.
    """

    assignment: str
    title: str
    points: float


@cache
def hidden_items() -> tuple[HiddenItem, ...]:
    """Read the hidden items that this copy of the course was released without; none if it is complete."""
    path = course_home() / FILE
    return msgspec.json.decode(path.read_bytes(), type=tuple[HiddenItem, ...]) if path.exists() else ()


def write_hidden_items(items: tuple[HiddenItem, ...], path: Path) -> None:
    """Write the list for a release."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(items)) + b"\n")
