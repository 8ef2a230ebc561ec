"""The assignments, as their `assignment.toml` says, and where they, their suites and their corpora lie."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Assignment:
    """One assignment.

    name:         its folder, as in a1_expressions.
    title, story: what a student reads about it.
    modules:      the files it grades, without `.py`.
    names:        what the student writes in it: `Value.__add__` and so on.
    item_seconds, submission_seconds: limits on the student's code.
    """

    name: str
    title: str
    story: str
    modules: tuple[str, ...]
    names: tuple[str, ...]
    item_seconds: float
    submission_seconds: float

    @property
    def short(self) -> str:
        """a1, a2, ..."""
        return self.name.partition("_")[0]

    @property
    def suite(self) -> Path:
        """The folder of its graded tests."""
        return course_home() / "tests" / self.name


def course_home() -> Path:
    """The folder that holds assignments/ and tests/: the installed package's own, or the repository's root."""
    packaged = Path(__file__).parents[1] / "_course"
    return packaged if packaged.exists() else Path(__file__).parents[3]


def corpora_folder() -> Path:
    """Where the recorded corpora lie."""
    return course_home() / "tests" / "corpora"


@cache
def assignments() -> tuple[Assignment, ...]:
    """Every assignment of the course, in order. Raises KeyError where an assignment.toml lacks a field."""
    return tuple(map(_read, sorted((course_home() / "assignments").glob("*/assignment.toml"))))


def chosen(name: str) -> tuple[Assignment, ...]:
    """The assignments that a command's word means: a2_backprop, a2, or all. Raises LookupError, naming them all."""
    course = assignments()
    found = course if name == "all" else tuple(a for a in course if name in (a.name, a.short))
    if not found:
        raise LookupError(f"There is no assignment {name!r}: choose all, {', '.join(a.name for a in course)}.")
    return found


def _read(path: Path) -> Assignment:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    limits = table["limits"]
    return Assignment(
        path.parent.name,
        table["title"],
        table["story"],
        tuple(table["modules"]),
        tuple(table["names"]),
        limits["item_seconds"],
        limits["submission_seconds"],
    )
