"""Turn what a student may write after `pytest` into the paths of suites, which pytest can collect.

A suite lies among the installed packages, so its tests are shown as `a2_backprop::test_power`. What is shown can be
typed, and so can an assignment, an item, a file of the student's, and the student's folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

import pytest

from gradkit.catalogue.assignments import Assignment, assignments

_TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


def assignments_present(folder: Path) -> list[Assignment]:
    """Return the assignments whose files are all in a folder; if there are none, those that grade the first file."""
    present = [each for each in assignments() if all(os.path.exists(folder / f"{name}.py") for name in each.files)]
    return present or [each for each in assignments() if each.modules == assignments()[0].modules]


def suite_paths(folder: Path) -> list[str]:
    """Return the suites of the assignments that a student has begun."""
    return [str(assignment.suite) for assignment in assignments_present(folder)]


def resolve_arguments(arguments: Sequence[str], folder: Path, start: Path, has_settings: bool = True) -> list[str]:
    """Replace the names of assignments, items and a student's files by paths of suites; keep all other arguments.

    Args:
        arguments: What was written after `pytest`, without options.
        folder: The student's folder.
        start: The folder in which pytest was started.
        has_settings: Whether pytest found settings. If not, `start` can be the folder above the student's.

    Raises:
        UsageError: If an assignment has no item of the given name.
    """
    folder, start = folder.resolve(), start.resolve()
    resolved: list[str] = []
    for argument in arguments:
        if not has_settings and (start / argument).resolve() == start:
            resolved += suite_paths(folder)
        else:
            resolved += _resolve(argument, folder, start)
    return list(dict.fromkeys(resolved))


def _resolve(argument: str, folder: Path, start: Path) -> list[str]:
    written, _, test = argument.partition("::")
    path = (start / written).resolve()
    if not os.path.exists(path) and os.path.exists(
        folder / written
    ):  # written as if pytest had been started in the folder
        path, argument = (folder / written).resolve(), str(folder / argument)
    if os.path.exists(path):
        if test:
            return [argument]
        if path == folder:
            return [*suite_paths(folder), argument]  # the student's own tests come after the suites
        graded = [each for each in assignments() if path.parent == folder and path.stem in each.modules]
        return [str(each.suite) for each in graded] if graded and path.suffix == ".py" else [argument]

    name, _, rest = written.replace("\\", "/").removeprefix("./").partition("/")
    if not test and rest and _named(name):  # as a report writes it: a2_backprop/test_power
        written, test = name, rest
    assignment = _named(Path(written).name)
    if assignment:
        return [f"{_file_of(assignment, test)}::{_full_name(test)}" if test else str(assignment.suite)]
    found = [(each, _tests_of(each).get(_full_name(written))) for each in assignments()]
    return [f"{file}::{_full_name(written)}" for _, file in found if file] or [argument]


def _named(name: str) -> Assignment | None:
    """Return the assignment with this name, long or short."""
    return next((each for each in assignments() if name in (each.name, each.short)), None)


def _full_name(test: str) -> str:
    return test if test.startswith("test_") else f"test_{test}"


def _tests_of(assignment: Assignment) -> dict[str, Path]:
    """Return the file of each test of a suite, by the test's name, without importing anything."""
    return {
        name: path
        for path in sorted(assignment.suite.glob("test_*.py"))
        for name in _TEST.findall(path.read_text(encoding="utf-8"))
    }


def count_tests(names: Collection[str]) -> dict[str, int]:
    """Return how many tests the suites of these assignments have, by the assignment's name."""
    return {each.name: len(_tests_of(each)) for each in assignments() if each.name in names}


def _file_of(assignment: Assignment, test: str) -> Path:
    """Return the file of a test. Raises UsageError if the suite does not have it."""
    tests = _tests_of(assignment)
    if _full_name(test) not in tests:
        listed = f"(pytest --items {assignment.short} lists them)"
        raise pytest.UsageError(f"{assignment.name} has no item {test}.{suggest(test, tests)} {listed}")
    return tests[_full_name(test)]


def unknown_word(expression: str, tests: Sequence[str]) -> str:
    """Return the first word of a `-k` expression that is in no test's name; empty if each is in one."""
    words = [word for word in re.findall(r"\w+", expression) if word not in ("and", "or", "not")]
    return next((word for word in words if not any(word.lower() in test.lower() for test in tests)), "")


def suggest(word: str, tests: Sequence[str] | dict[str, Path]) -> str:
    """Return a question that names the item, or the part of an item's name, that a word may be meant for."""
    word = word.removeprefix("test_").lower()
    names = [test.removeprefix("test_") for test in tests]
    parts = {part for name in names for part in name.split("_")}
    close = [name for name in names if word in name] or get_close_matches(word, [*sorted(parts), *names], n=1)
    return f" Is it {close[0]}?" if close else ""
