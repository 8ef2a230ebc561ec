"""Rules for the files of a suite, which self-check and grading both enforce.

pytest would skip, run differently or run more often some tests that grading runs once. Whatever could make that
difference is refused, so that an item is the same test everywhere and its points are never dropped or counted twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, ModuleType

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.errors import UserError

from .graded import ATTRIBUTE, REGISTER, ItemSettings

CORPUS = "corpus"
"""The argument of a test that receives the corpus of its settings."""

_PYTEST_SETTINGS = (
    *("pytestmark", "pytest_plugins", "pytest_generate_tests", "collect_ignore", "__test__"),
    *("setup_module", "teardown_module", "setup_function", "teardown_function"),
)
"""Names at the top level of a file that change how pytest collects or runs it, and that grading does not read."""


class SuiteError(UserError):
    """A suite cannot be graded as it is. The message names the file, the test and what to do."""


def check_files(suite: Path) -> None:
    """Check that pytest would collect the same files of a suite as grading does.

    Args:
        suite: The suite's folder.

    Raises:
        SuiteError: If pytest would collect another file.
    """
    graded = set(suite.glob("test_*.py"))
    others = {*suite.rglob("test_*.py"), *suite.rglob("*_test.py"), *suite.rglob("conftest.py")} - graded
    for path in sorted(others):
        raise SuiteError(f"{path} is not graded. Items are in files named test_*.py, directly in {suite.name}.")


def check_module(module: ModuleType, path: Path) -> None:
    """Check that every item of a file is a plain function with one name.

    Args:
        module: The file, imported.
        path: The file.

    Raises:
        SuiteError: If an item is anything else, or a test is not an item.
    """
    names = vars(module)
    for name in _PYTEST_SETTINGS:
        if name in names:
            raise SuiteError(f"{path}: {name} has no effect on grading. Remove it.")

    items = names.get(REGISTER, ())
    for test in items:
        reason = _reason_against(test, names)
        if reason:
            raise SuiteError(f"{path}: {test.__qualname__} {reason}")

    for name, value in names.items():
        is_item = any(value is test for test in items)
        if name.startswith(("test", "Test")) and callable(value) and not is_item:
            raise SuiteError(f"{path}: {name} is not graded in this file. Put @graded(...) directly above a function.")
        if type(value).__module__ == "_pytest.fixtures":
            raise SuiteError(f"{path}: {name} is a fixture, and grading has none. Items take subjects and a corpus.")


def _reason_against(test: Callable[..., None], names: Mapping[str, object]) -> str:
    """Return why a graded test cannot be an item, or an empty string.

    Args:
        test: The test.
        names: All names at the top level of its file.
    """
    name = test.__name__
    if names.get(name) is not test:
        return "is graded, but it is not what its name means in the end. Define it once, at the top level of the file."
    if sum(value is test for value in names.values()) > 1:
        return "has two names. Remove one."
    if not name.startswith("test_"):
        return "is graded, but pytest runs only what is named test_... Rename it."

    marks = [mark.name for mark in getattr(test, "pytestmark", ())]
    if marks:
        return f"has the mark {marks[0]}. An item is neither skipped nor repeated: remove the mark, or the item."
    if getattr(test, "__test__", True) is not True:
        return "has __test__, which hides it from pytest. Remove that, or the item."
    if inspect.iscoroutinefunction(test) or inspect.isgeneratorfunction(test) or inspect.isasyncgenfunction(test):
        return "does not run when it is called. An item is a plain function: no async, and no yield."

    used = [name for code in _nested_codes(test.__code__) for name in code.co_names if _is_of_pytest(names.get(name))]
    if used:
        return f"uses {used[0]} of pytest. An item cannot be skipped from within: use the checks of gradkit.suite."
    return _reason_against_arguments(test, getattr(test, ATTRIBUTE))


def _reason_against_arguments(test: Callable[..., None], settings: ItemSettings) -> str:
    parameters = inspect.signature(test).parameters.values()
    unknown = [each.name for each in parameters if each.name not in SUBJECTS and each.name != CORPUS]
    if unknown:
        return f"takes {unknown[0]}, which is not among the subjects (gradkit/catalogue/subjects.py)."
    if any(each.default is not each.empty for each in parameters):
        return "has an argument with a default. Items take subjects and a corpus."
    if (settings.corpus is not None) != (CORPUS in {each.name for each in parameters}):
        return "must take `corpus` if, and only if, @graded(corpus=...) says which."
    return ""


def _nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested_codes(constant)


def _is_of_pytest(value: object) -> bool:
    """Return whether a value is pytest itself, or is defined in pytest."""
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(home, str) and home.partition(".")[0] in ("pytest", "_pytest")
