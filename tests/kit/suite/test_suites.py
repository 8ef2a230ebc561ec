"""The graded suites: no verdict depends on methods of a student's object. test_course_check.py has more of them."""

import ast
from collections import Counter

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.home import course_home
from gradkit.suite.collection import graded_tests

FILES = sorted((course_home() / "tests").glob("a?_*/test_*.py"))
FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
ASSIGNMENT = pytest.mark.parametrize("assignment", assignments(), ids=lambda assignment: assignment.name)

ASK_THE_STUDENT = {
    *("isinstance", "issubclass", "type", "float", "int", "bool", "id", "hash", "repr", "str", "format", "print"),
    *("getattr", "hasattr", "setattr", "vars", "dir", "eval", "exec", "any", "all", "sorted", "max", "min"),
}
"""Calls whose result a student's class could decide."""


IMPORTED = ("gradkit.suite", "math")

BY_OPINION = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


def is_of_numbers(call):
    """Return whether a call gets each `data` or `grad` of some subjects, which are plain numbers on our side."""
    each = getattr(call.args[0], "elt", None) if call.args else None
    return isinstance(each, ast.Attribute) and each.attr in ("data", "grad")


def faults(source):
    """Return the names in the text of a suite that suites must not use."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ASK_THE_STUDENT and not is_of_numbers(node):
            found.append(f"{node.lineno}: calls {node.func.id}")
        if isinstance(node, ast.Compare) and any(isinstance(sign, BY_OPINION) for sign in node.ops):
            found.append(f"{node.lineno}: compares with == or in")
        if isinstance(node, (ast.Assert, ast.Try, ast.JoinedStr, ast.Global)):
            found.append(f"{node.lineno}: {type(node).__name__} has no place in an item")
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module not in IMPORTED):
            found.append(f"{node.lineno}: imports more than gradkit.suite, and numbers from math")
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            found.append(f"{node.lineno}: reaches for {node.attr}")
    return found


@FILE
def test_a_suite_compares_numbers_and_never_objects_of_the_student(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "assert x.data == 1.0",
        "expect(float(x), 1.0)",
        "y = 1 if x == 2 else 3",
        "y = x in [1]",
        "y = isinstance(x, int)",
        "y = type(x)",
        "y = f'{x}'",
        "import math",
        "from gradkit.inside import graph",
        "y = x.__class__",
        "try: x()\nexcept Exception: pass",
    ],
)
def test_the_lint_finds_what_it_looks_for(line):
    assert faults(f"from gradkit.suite import expect\n{line}\n")


@ASSIGNMENT
def test_names_and_titles_are_unique_within_an_assignment(assignment):
    defined = [
        node.name
        for path in sorted(assignment.suite.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name, count in Counter(defined).items() if count > 1] == []
    titles = Counter(test.settings.title for test in graded_tests(assignment))
    assert [title for title, count in titles.items() if count > 1] == []
    assert len(titles) == len(defined)


@ASSIGNMENT
def test_points_are_multiples_of_a_half(assignment):
    assert all(t.settings.points > 0 and (2 * t.settings.points) % 1 == 0 for t in graded_tests(assignment))
