"""The assignments, as their `assignment.toml` says, and where they, their suites and their corpora lie."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gradkit.errors import UserError

from .home import course_home as course_home

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Task:
    """A part of an assignment's notebook: its items are checked in one cell.

    minutes: how long a student may be at it.   items: their ids, as in a1_expressions/test_addition.
    """

    name: str
    title: str
    minutes: int
    items: tuple[str, ...]


@dataclass(frozen=True)
class Notebook:
    """What an assignment's notebook is called, and which files its solution cells stand for.

    name:    without `.ipynb`.
    defines: by the solution cell's id, which is the file's name without `.py`, what it defines at its top level.
    """

    name: str
    defines: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Assignment:
    """One assignment.

    name:         its folder, as in a1_expressions.
    title, story: what a student reads about it.
    modules:      the files it grades, without `.py`.
    names:        what the student writes in it: `Value.__add__` and so on.
    item_seconds, submission_seconds: limits on the student's code.
    tasks:        the parts of its notebook, in order; each item belongs to one.
    builds_on:    files of earlier assignments that it needs, without `.py`.
    packages:     what its files may import beside Python's standard library.
    stand_ins:    those of `builds_on` in whose place the reference's may stand when `gradkit grade` sees an item fail.
    """

    name: str
    title: str
    story: str
    modules: tuple[str, ...]
    names: tuple[str, ...]
    item_seconds: float
    submission_seconds: float
    tasks: tuple[Task, ...] = ()
    builds_on: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """a1, a2, ..."""
        return self.name.partition("_")[0]

    @property
    def files(self) -> tuple[str, ...]:
        """All files that it needs, without `.py`."""
        return self.builds_on + self.modules

    @property
    def notebook(self) -> Notebook:
        """Its notebook: a solution cell for each file."""
        names = tuple(dict.fromkeys(name.partition(".")[0] for name in self.names))
        return Notebook(self.name, dict.fromkeys(self.modules, names))

    @property
    def suite(self) -> Path:
        """The folder of its graded tests."""
        return course_home() / "tests" / self.name


def corpora_folder() -> Path:
    """Where the recorded corpora lie."""
    return course_home() / "tests" / "corpora"


@cache
def assignments() -> tuple[Assignment, ...]:
    """Every assignment of the course, in order. Raises KeyError where an assignment.toml lacks a field."""
    return tuple(map(_read, sorted((course_home() / "assignments").glob("*/assignment.toml"))))


def chosen(name: str) -> tuple[Assignment, ...]:
    """The assignments that a command's word means: a2_backprop, a2, or all. Raises UserError, naming them all."""
    course = assignments()
    found = course if name == "all" else tuple(a for a in course if name in (a.name, a.short))
    if not found:
        raise UserError(f"There is no assignment {name!r}: choose all, {', '.join(a.name for a in course)}.")
    return found


def _read(path: Path) -> Assignment:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    limits = table["limits"]
    name = path.parent.name
    tasks = tuple(_task(name, task) for task in table.get("tasks", ()))
    return Assignment(
        name,
        table["title"],
        table["story"],
        tuple(table["modules"]),
        tuple(table["names"]),
        limits["item_seconds"],
        limits["submission_seconds"],
        tasks,
        tuple(table.get("builds_on", ())),
        tuple(table.get("packages", ())),
        tuple(table.get("stand_ins", ())),
    )


def _task(assignment: str, table: dict[str, Any]) -> Task:
    items = tuple(f"{assignment}/test_{item}" for item in table["items"])
    return Task(table["name"], table["title"], table["minutes"], items)
