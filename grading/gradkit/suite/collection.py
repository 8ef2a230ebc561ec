"""The graded tests of an assignment, as items, from the files of its suite."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from .assignments import Assignment
from .graded import ATTRIBUTE, Mark
from .results import Item
from .subjects import SUBJECTS


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
    """Every graded test of an assignment, in the order of its files."""
    for path in sorted(assignment.suite.glob("test_*.py")):
        for name, found in vars(_imported(path)).items():
            mark = getattr(found, ATTRIBUTE, None)
            if isinstance(mark, Mark):
                yield GradedTest(name, item_of(assignment, name, mark), mark, found, path)


def _imported(path: Path) -> ModuleType:
    name = f"gradkit_suite_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
