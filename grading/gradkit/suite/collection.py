"""Collect the graded tests of an assignment as items, from the files of its suite. pytest collects the same files."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.submissions.transport.subject import Subject

from .graded import ATTRIBUTE, ItemSettings
from .results import Item
from .rules import SuiteError, check_files, check_module


@dataclass(frozen=True)
class GradedTest:
    """A graded test of a suite.

    Attributes:
        name: The function's name.
        item: The item of this test.
        settings: What `@graded` says of it.
        function: The test. It takes some of SUBJECTS, and a corpus if the settings name one.
        path: The file of the test.
    """

    name: str
    item: Item
    settings: ItemSettings
    function: Callable[..., None]
    path: Path

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The names of SUBJECTS that the test takes."""
        return tuple(name for name in inspect.signature(self.function).parameters if name in SUBJECTS)


def make_item(assignment: Assignment, name: str, settings: ItemSettings) -> Item:
    """Return the item of a test.

    Args:
        assignment: The assignment that it belongs to.
        name: The test's name.
        settings: What `@graded` says of it.
    """
    needs = tuple(need if "/" in need else f"{assignment.name}/{need}" for need in settings.needs)
    return Item(f"{assignment.name}/{name}", assignment.name, settings.title, settings.points, needs, settings.hidden)


def graded_tests(assignment: Assignment) -> Iterator[GradedTest]:
    """Yield every graded test of an assignment, in the order of its files.

    Raises:
        SuiteError: If a file breaks a rule (rules.py), cannot be imported, or repeats a name.
    """
    check_files(assignment.suite)
    paths: dict[str, Path] = {}
    for path in sorted(assignment.suite.glob("test_*.py")):
        module = import_suite_file(path)
        check_module(module, path)
        for name, value in vars(module).items():
            settings = getattr(value, ATTRIBUTE, None)
            if not isinstance(settings, ItemSettings):
                continue
            if name in paths:
                raise SuiteError(f"{path}: {name} is in {paths[name].name} too. Give each item a name of its own.")
            paths[name] = path
            yield GradedTest(name, make_item(assignment, name, settings), settings, value, path)


def import_suite_file(path: Path) -> ModuleType:
    """Import a file of a suite. Raises SuiteError if that fails."""
    name = f"gradkit_suite_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pytest.skip() raises an exception that is not an Exception
        raise SuiteError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def run_test(test: GradedTest, subjects: dict[str, Subject], library: Library) -> None:
    """Run a test on a submission, with its corpus from a library.

    Args:
        test: The test.
        subjects: The subjects that the test takes, by argument name.
        library: Where the test's corpus comes from.

    Raises:
        NotPassed, SubmissionError: If the submission did not pass.
    """
    spec = test.settings.corpus
    corpus = {"corpus": library.corpus(spec)} if spec else {}
    test.function(**subjects, **corpus)
