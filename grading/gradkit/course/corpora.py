"""Every corpus that the suites ask for: recorded, checked, or drawn from another seed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ..graphs.corpus import Expressions, Wish
from ..suite.assignments import Assignment
from ..suite.graded import ATTRIBUTE, Mark


def graded_tests(assignment: Assignment) -> Iterator[tuple[str, Mark]]:
    """The name and mark of every graded test of an assignment, in the order of its files."""
    for path in sorted(assignment.suite.glob("test_*.py")):
        for name, found in vars(_imported(path)).items():
            mark = getattr(found, ATTRIBUTE, None)
            if isinstance(mark, Mark):
                yield name, mark


def wishes(course: tuple[Assignment, ...]) -> dict[str, Wish]:
    """Every corpus that the suites ask for, by name. Raises ValueError where two different ones share a name."""
    found: dict[str, Wish] = {}
    for assignment in course:
        for test, mark in graded_tests(assignment):
            if mark.graphs and found.setdefault(mark.graphs.name, mark.graphs) != mark.graphs:
                kind = "expressions" if isinstance(mark.graphs, Expressions) else "random graphs"
                raise ValueError(f"{test} asks for other {kind} under the name {mark.graphs.name}, which is taken")
    return found


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"gradkit_suite_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
