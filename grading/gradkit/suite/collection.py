"""The graded tests of an assignment, as items, from the files of its suite.

pytest collects the same files in self-check. What it would skip, run otherwise or run more often than grading does is
refused by both, so that an item is the same test everywhere and its points are never dropped or counted twice.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, ModuleType

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.errors import UserError

from .graded import ATTRIBUTE, REGISTER, Mark
from .results import Item

CORPUS = "corpus"
"""The argument of a test that gets what its mark asks for."""

_SETTINGS = (
    *("pytestmark", "pytest_plugins", "pytest_generate_tests", "collect_ignore", "__test__"),
    *("setup_module", "teardown_module", "setup_function", "teardown_function"),
)
"""Names at the top level of a file that change how pytest collects or runs it, and that grading does not read."""


class SuiteError(UserError):
    """A suite holds what cannot be graded as it stands; the message names the file, the test and what to do."""


@dataclass(frozen=True)
class GradedTest:
    """A graded test as it stands in its suite. `function` takes some of SUBJECTS, and a corpus if its mark says so."""

    name: str
    item: Item
    mark: Mark
    function: Callable[..., None]
    path: Path

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Which of SUBJECTS it takes."""
        return tuple(name for name in inspect.signature(self.function).parameters if name in SUBJECTS)


def item_of(assignment: Assignment, name: str, mark: Mark) -> Item:
    """The item that a test of this name is."""
    needs = tuple(need if "/" in need else f"{assignment.name}/{need}" for need in mark.needs)
    return Item(f"{assignment.name}/{name}", assignment.name, mark.title, mark.points, needs, mark.hidden)


def graded_tests(assignment: Assignment) -> Iterator[GradedTest]:
    """Every graded test of an assignment, in the order of its files. Raises SuiteError."""
    check_files(assignment.suite)
    known: dict[str, Path] = {}
    for path in sorted(assignment.suite.glob("test_*.py")):
        module = _imported(path)
        check_module(module, path)
        for name, found in vars(module).items():
            mark = getattr(found, ATTRIBUTE, None)
            if isinstance(mark, Mark):
                if name in known:
                    raise SuiteError(f"{path}: {name} is in {known[name].name} too. Give each item a name of its own.")
                known[name] = path
                yield GradedTest(name, item_of(assignment, name, mark), mark, found, path)


def _imported(path: Path) -> ModuleType:
    name = f"gradkit_suite_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pytest.skip() raises what is not an Exception
        raise SuiteError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


# --- what is refused -------------------------------------------------------------------------------------------------


def check_files(suite: Path) -> None:
    """Raise SuiteError if pytest would collect other files of a suite than grading does, or run more than they hold."""
    graded = set(suite.glob("test_*.py"))
    others = {*suite.rglob("test_*.py"), *suite.rglob("*_test.py"), *suite.rglob("conftest.py")} - graded
    for path in sorted(others):
        raise SuiteError(f"{path} is not graded. Items are in files named test_*.py, directly in {suite.name}.")


def check_module(module: ModuleType, path: Path) -> None:
    """Raise SuiteError if a file of a suite holds an item that is not a plain function with a plain name.

    module: the file, as it was imported by whoever collects it.
    """
    names = vars(module)
    for name in _SETTINGS:
        if name in names:
            raise SuiteError(f"{path}: {name} has no effect on grading. Remove it.")
    register = names.get(REGISTER, ())
    for test in register:
        if fault := _fault(test, names):
            raise SuiteError(f"{path}: {test.__qualname__} {fault}")
    for name, found in names.items():
        if name.startswith(("test", "Test")) and callable(found) and all(found is not test for test in register):
            raise SuiteError(f"{path}: {name} is not graded in this file. Put @graded(...) directly above a function.")
        if type(found).__module__ == "_pytest.fixtures":
            raise SuiteError(f"{path}: {name} is a fixture, and grading has none. Items take subjects and a corpus.")


def _fault(test: Callable[..., None], names: dict[str, object]) -> str:
    """What keeps a test from being an item, if anything."""
    name = test.__name__
    if names.get(name) is not test:
        return "is graded, but it is not what its name means in the end. Define it once, at the top level of the file."
    if sum(found is test for found in names.values()) > 1:
        return "has two names. Remove one."
    if not name.startswith("test_"):
        return "is graded, but pytest runs only what is named test_... Rename it."
    if marks := [mark.name for mark in getattr(test, "pytestmark", ())]:
        return f"has the mark {marks[0]}. An item is neither skipped nor repeated: remove the mark, or the item."
    if getattr(test, "__test__", True) is not True:
        return "has __test__, which hides it from pytest. Remove that, or the item."
    if inspect.iscoroutinefunction(test) or inspect.isgeneratorfunction(test) or inspect.isasyncgenfunction(test):
        return "does not run when it is called. An item is a plain function: no async, and no yield."
    if used := [name for code in _codes(test.__code__) for name in code.co_names if _is_pytest(names.get(name))]:
        return f"uses {used[0]} of pytest. An item cannot be skipped from within: use the checks of gradkit.suite."
    return _fault_of_arguments(test, getattr(test, ATTRIBUTE))


def _fault_of_arguments(test: Callable[..., None], mark: Mark) -> str:
    takes = inspect.signature(test).parameters.values()
    unknown = [argument.name for argument in takes if argument.name not in SUBJECTS and argument.name != CORPUS]
    if unknown:
        return f"takes {unknown[0]}, which is not among the subjects (gradkit/catalogue/subjects.py)."
    if any(argument.default is not argument.empty for argument in takes):
        return "has an argument with a default. Items take subjects and a corpus."
    if (mark.corpus is not None) != (CORPUS in {argument.name for argument in takes}):
        return "must take `corpus` if, and only if, @graded(corpus=...) says which."
    return ""


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_pytest(found: object) -> bool:
    """Whether something is pytest, or a part of it."""
    home = found.__name__ if isinstance(found, ModuleType) else getattr(found, "__module__", None)
    return isinstance(home, str) and home.partition(".")[0] in ("pytest", "_pytest")
