"""The graded suites: no verdict depends on a student's own methods, and every item comes after those that it needs."""

import ast
from collections import Counter

import pytest
from gradkit import suite
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


def calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def is_graded(node):
    return any("graded" in ast.dump(decorator) for decorator in node.decorator_list)


def faults(source):
    """Return the names in the text of a suite that suites must not use."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ASK_THE_STUDENT:
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
def test_a_suite_asks_numbers_and_never_the_student_s_opinion(path):
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


@FILE
def test_every_test_is_graded_and_every_item_checks_something(path):
    checks = {name for name in dir(suite) if name.startswith(("expect", "check_")) and name != "expressions"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert is_graded(node), node.name
            assert checks & {getattr(call.func, "id", "") for call in calls(node)}, node.name


@ASSIGNMENT
def test_names_and_titles_are_unique_within_an_assignment(assignment):
    defined = [
        node.name
        for path in sorted(assignment.suite.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name, count in Counter(defined).items() if count > 1] == []
    titles = Counter(test.mark.title for test in graded_tests(assignment))
    assert [title for title, count in titles.items() if count > 1] == []
    assert len(titles) == len(defined)


@ASSIGNMENT
def test_points_are_multiples_of_a_half(assignment):
    assert all(t.mark.points > 0 and (2 * t.mark.points) % 1 == 0 for t in graded_tests(assignment))


@pytest.mark.parametrize("assignment", assignments(), ids=lambda each: each.name)
def test_hidden_items_have_files_of_their_own_which_a_release_leaves_out(assignment):
    for test in graded_tests(assignment):
        assert test.item.hidden == test.path.name.endswith("_hidden.py")


def test_every_item_needs_only_items_that_stand_before_it():
    before = set()
    for assignment in assignments():
        for test in graded_tests(assignment):
            needs = set(test.item.needs)
            assert needs <= before, f"{test.item.id} needs {sorted(needs - before)}"
            before.add(test.item.id)
    assert before


def test_every_assignment_has_its_suite_and_every_suite_its_assignment():
    assert {path.parent.name for path in FILES} == {assignment.name for assignment in assignments()}


@FILE
def test_an_item_that_takes_graphs_says_which(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            takes = "graphs" in {argument.arg for argument in node.args.args}
            (mark,) = node.decorator_list
            assert takes == ("graphs" in {keyword.arg for keyword in mark.keywords}), node.name
