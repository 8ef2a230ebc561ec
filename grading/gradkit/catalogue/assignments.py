"""The assignments as their `assignment.toml` describes them, and the folders of their suites and corpora."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from gradkit.errors import UserError

from .home import course_home
from .toml_files import read_toml

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of an assignment's notebook. One test cell checks its items.

    Attributes:
        name: Identifier of its cells in the notebook.
        title: The heading of its part of the notebook.
        minutes: How many minutes a student may need.
        items: The ids of its items, such as "a1_expressions/test_addition". In assignment.toml this is "addition".
    """

    name: str
    title: str
    minutes: int
    items: tuple[str, ...]


class Notebook(msgspec.Struct, frozen=True):
    """The notebook of an assignment. Each of its solution cells becomes a file.

    Attributes:
        name: The name of the notebook's file, without `.ipynb`.
        defines: The names that each solution cell defines at the top level, by the cell's id, which is the name of its
            file without `.py`.
    """

    name: str
    defines: Mapping[str, tuple[str, ...]]


class AssignmentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of an assignment.toml.

    Attributes:
        title: The title that students read.
        story: What the assignment is about, in one sentence for students.
        modules: The files that are graded, without `.py`.
        names: The functions and methods that the student writes in these files, such as "Value.__add__".
        item_seconds: Time limit on the student's code in one item.
        submission_seconds: Time limit on the student's code in all items of the assignment together.
        tasks: The parts of its notebook, in order. Each item belongs to one task.
        builds_on: Files of earlier assignments that it needs, without `.py`.
        packages: What its files may import in addition to Python's standard library.
        retry_with: Files of `builds_on`. An item that fails is run again with the reference's version of these files.
    """

    title: str
    story: str
    modules: tuple[str, ...]
    names: tuple[str, ...]
    item_seconds: Seconds
    submission_seconds: Seconds
    tasks: tuple[Task, ...] = ()
    builds_on: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    retry_with: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        others = set(self.retry_with) - set(self.builds_on)
        if others:
            raise ValueError(f"`retry_with` names {', '.join(sorted(others))}, which `builds_on` does not name")


class Assignment(AssignmentSettings, frozen=True, kw_only=True):
    """One assignment: its settings, and the name of its folder.

    Attributes:
        name: The name of its folder, such as "a1_expressions".
    """

    name: str

    @property
    def short(self) -> str:
        """The short name: "a1", "a2" and so on."""
        return self.name.partition("_")[0]

    @property
    def files(self) -> tuple[str, ...]:
        """All files that it needs, without `.py`."""
        return self.builds_on + self.modules

    @property
    def notebook(self) -> Notebook:
        """Its notebook, with a solution cell for each graded file."""
        names = tuple(dict.fromkeys(name.partition(".")[0] for name in self.names))
        return Notebook(self.name, dict.fromkeys(self.modules, names))

    @property
    def suite(self) -> Path:
        """The folder of its graded tests."""
        return course_home() / "tests" / self.name


def corpora_folder() -> Path:
    """Return the folder of the recorded corpora."""
    return course_home() / "tests" / "corpora"


def settings_file(name: str) -> Path:
    """Return the assignment.toml of an assignment with this name."""
    return course_home() / "assignments" / name / "assignment.toml"


@cache
def assignments() -> tuple[Assignment, ...]:
    """Read every assignment of the course, in order.

    Raises:
        SettingsError: If an assignment.toml has an unknown key, lacks one, or has a value of the wrong type.
    """
    return tuple(_read(path) for path in sorted((course_home() / "assignments").glob("*/assignment.toml")))


def choose_assignments(names: str, course: Sequence[Assignment] | None = None) -> tuple[Assignment, ...]:
    """Return the assignments that a command's argument names, in the order of the course.

    Args:
        names: Full or short names, separated by commas, as in "a2_backprop" or "a1,a2"; or "all".
        course: The assignments of the course. None: all.

    Raises:
        UserError: If no assignment has one of the names. The message lists all names.
    """
    course = assignments() if course is None else course
    if names == "all":
        return tuple(course)
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if all(name not in (each.name, each.short) for each in course):
            raise UserError(f"There is no assignment {name!r}: choose all, {', '.join(each.name for each in course)}.")
    return tuple(each for each in course if each.name in wanted or each.short in wanted)


def _read(path: Path) -> Assignment:
    """Read an assignment.toml and complete the ids of its items."""
    name = path.parent.name
    settings = read_toml(path, AssignmentSettings)
    tasks = tuple(
        msgspec.structs.replace(task, items=tuple(f"{name}/test_{item}" for item in task.items))
        for task in settings.tasks
    )
    return Assignment(name=name, **{**msgspec.structs.asdict(settings), "tasks": tasks})
