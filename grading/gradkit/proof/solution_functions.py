"""The functions of the solution by their qualified names, which `@graded(about=...)` uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from gradkit.catalogue.assignments import Assignment
from gradkit.suite.collection import GradedTest

from .specimens import reference_folder


def solution_functions() -> dict[str, frozenset[str]]:
    """Return the functions that each file of the solution defines, such as `Value.__add__`, by the file's name."""
    paths = (reference_folder() / "solution").glob("*.py")
    return {path.stem: frozenset(_names(ast.parse(path.read_text(encoding="utf-8")))) for path in paths}


def _names(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    """Yield the functions at the top level and in classes. A function inside a function belongs to the outer one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _names(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{prefix}{node.name}"


def find_function(name: str, assignment: Assignment, functions: Mapping[str, frozenset[str]]) -> str:
    """Return a function with its file, such as `engine.Value.__add__`; an empty text if the solution does not have it.

    The assignment's own files count first, then the last of those that it builds on: `MLP.__call__` is in tensor.py for
    a6, and in nn.py for a5.

    Args:
        name: A name of an item's `about`.
        assignment: The item's assignment.
        functions: What `solution_functions` returns.
    """
    for module in (*assignment.modules, *reversed(assignment.builds_on)):
        if name in functions.get(module, ()):
            return f"{module}.{name}"
    return ""


def find_functions_of_items(tests: Sequence[GradedTest], course: Sequence[Assignment]) -> dict[str, frozenset[str]]:
    """Return the functions that each item is about, with their files, by the item's id.

    Args:
        tests: The items.
        course: The assignments that they belong to.
    """
    functions = solution_functions()
    by_name = {assignment.name: assignment for assignment in course}
    return {
        test.item.id: frozenset(
            find_function(name, by_name[test.item.assignment], functions) for name in test.settings.about
        )
        for test in tests
    }
