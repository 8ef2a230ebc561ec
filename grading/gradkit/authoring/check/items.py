"""Items: what each of them must have, and the tasks that they belong to."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gradkit import suite
from gradkit.course.tasks import find_task_faults
from gradkit.proof.solution_functions import find_function, solution_functions
from gradkit.suite.results import Item

from .course import Course
from .finding import Finding

CHECKING = frozenset(name for name in suite.__all__ if name.startswith(("expect", "check_")))
"""The functions of gradkit.suite that compare something with what is right."""


def check_suites(course: Course) -> Iterator[Finding]:
    """Yield a finding for each assignment without items, and for each suite without an assignment."""
    names = {assignment.name for assignment in course.assignments}
    for assignment in course.assignments:
        if not course.tests.get(assignment.name, "not collected"):
            yield Finding(
                f"tests/{assignment.name}",
                "The assignment has no items.",
                f"gradkit new item {assignment.name} test_NAME --title TITLE",
            )
    for path in sorted((course.home / "tests").glob("a[0-9]*_*/test_*.py")):
        if path.parent.name not in names:
            yield Finding(
                course.path(path),
                "The suite belongs to no assignment.",
                f"Write assignments/{path.parent.name}/assignment.toml.",
            )


def check_tasks(course: Course) -> Iterator[Finding]:
    """Yield a finding for each item that is not in exactly one task, and for each task with an unknown item."""
    for assignment in course.assignments:
        if assignment.name in course.tests:
            items = [test.item.id for test in course.tests[assignment.name]]
            where = f"assignments/{assignment.name}/assignment.toml"
            for what in find_task_faults(assignment, items):
                yield Finding(where, what, "Edit `items` of the [[tasks]].")


def check_prerequisites(course: Course) -> Iterator[Finding]:
    """Yield a finding for each prerequisite that is not an item before the item that needs it."""
    earlier: set[str] = set()
    for test in course.all_tests():
        for need in test.item.needs:
            if need not in earlier:
                yield Finding(
                    course.path(test.path),
                    f"{test.name} needs {need}, which is not an item before it.",
                    "Correct `needs`, or move the item.",
                )
        earlier.add(test.item.id)


def check_titles(course: Course) -> Iterator[Finding]:
    """Yield a finding for each title that two items of an assignment have."""
    for assignment, tests in course.tests.items():
        counts = Counter(test.item.title for test in tests)
        for title, count in counts.items():
            if count > 1:
                yield Finding(
                    f"tests/{assignment}",
                    f"{count} items have the title {title!r}.",
                    "Give each a title of its own: students see it.",
                )


def check_about(course: Course) -> Iterator[Finding]:
    """Yield a finding for each item that is about no function of the solution, or about one that does not exist."""
    functions = solution_functions()
    for assignment in course.assignments:
        for test in course.tests.get(assignment.name, ()):
            unknown = [name for name in test.settings.about if not find_function(name, assignment, functions)]
            if not test.settings.about or unknown:
                what = f"is about {unknown[0]}, which the solution does not have" if unknown else "has no `about`"
                yield Finding(
                    course.path(test.path),
                    f"{test.name} {what}.",
                    'Name the functions of the solution that it is about: about=("Value.__add__",).',
                )


def check_hidden_items(course: Course) -> Iterator[Finding]:
    """Yield a finding for each item that is in a wrong file: only hidden items are in files named ..._hidden.py."""
    for test in course.all_tests():
        if test.item.hidden != test.path.name.endswith("_hidden.py"):
            kind = "hidden" if test.item.hidden else "not hidden"
            yield Finding(
                course.path(test.path),
                f"{test.name} is {kind}, and a release decides by the file's name.",
                "Hidden items, and no others, are in files named ..._hidden.py.",
            )


def check_bodies(course: Course) -> Iterator[Finding]:
    """Yield a finding for each item that checks nothing, such as one that `gradkit new item` has just written."""
    for path in dict.fromkeys(test.path for test in course.all_tests()):
        for name in find_items_that_check_nothing(path):
            yield Finding(
                course.path(path),
                f"{name} checks nothing yet.",
                "Write its body with expect(...) or a check_... function of gradkit.suite.",
            )


def find_items_that_check_nothing(path: Path) -> Iterator[str]:
    """Yield the names of the tests in a suite's file that call no function of gradkit.suite that compares."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            calls = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
            names = {call.id for call in calls if isinstance(call, ast.Name)}
            if not names & CHECKING:
                yield node.name


def items_by_id(course: Course) -> dict[str, Item]:
    """Return every item of the course by its id."""
    return {test.item.id: test.item for test in course.all_tests()}
