"""The reference as it is at an assignment: later parts left out, and the part that is now due marked as a solution.

Parts go by name: a function belongs to the assignment that asks for it, and statements that make or set `_backward` to
the one that asks for `backward`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from .stubs import asked_for

if TYPE_CHECKING:
    from gradkit.catalogue.assignments import Assignment

    Edit = tuple[float, int, str]
    """(where: a line's number counted from 1, or half a line after it; so many lines to delete there; a line to put
    there)"""

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
"""nbgrader's marks: what stands between them gives way to a stub in what students get."""


def staged(source: str, module: str, course: Sequence[Assignment], due: Assignment, own: bool) -> str:
    """A module of the reference as an assignment's solution cell.

    own: students bring their engine of the assignment before, so that its parts are marked too.
    """
    order = [assignment.short for assignment in course]
    asked = {name: order.index(short) for name, short in asked_for(course, module).items()}
    now = order.index(due.short)
    lines = source.splitlines()
    edits: list[Edit] = []
    for path, function in _functions(ast.parse(source)):
        edits += _edits(function, asked[path], now, own, asked)
    for where, count, text in sorted(edits, reverse=True):
        if count:
            first = int(where) - 1
            del lines[first : first + count]
            while not lines[first - 1].strip():
                first -= 1
                del lines[first]
        else:
            lines.insert(int(where), text)
    return _without_docstring("\n".join(lines))


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function, and every method of a class, with its path: ("Value.__add__", ...)."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef))


def _edits(function: ast.FunctionDef, asked: int, now: int, own: bool, all_asked: dict[str, int]) -> Iterator[Edit]:
    if asked > now:
        yield from _deleted(function, function)
        return
    is_whole = asked == now or own
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if is_whole:
        yield from _marked(body[0], body[-1])
    for when, group in groupby(body, lambda statement: _asked_apart(statement, all_asked)):
        statements = list(group)
        if when is not None and when > now:
            yield from _deleted(statements[0], statements[-1])
        elif when == now and not is_whole:
            yield from _marked(statements[0], statements[-1])


def _asked_apart(statement: ast.stmt, asked: dict[str, int]) -> int | None:
    """Which assignment asks for a statement, where that is not its function's own."""
    names = [statement.name] if isinstance(statement, ast.FunctionDef) else []
    if isinstance(statement, ast.Assign):
        names = [target.attr for target in statement.targets if isinstance(target, ast.Attribute)]
    return next((when for path, when in asked.items() if f"_{path.rpartition('.')[2]}" in names), None)


def _deleted(first: ast.stmt, last: ast.stmt) -> Iterator[Edit]:
    yield (first.lineno, (last.end_lineno or last.lineno) - first.lineno + 1, "")


def _marked(first: ast.stmt, last: ast.stmt) -> Iterator[Edit]:
    indent = " " * first.col_offset
    yield (first.lineno - 0.5, 0, indent + BEGIN)
    yield ((last.end_lineno or last.lineno) + 0.5, 0, indent + END)


def _without_docstring(source: str) -> str:
    """A module's docstring speaks of all assignments; a cell has its story around it."""
    docstring = ast.parse(source).body[0]
    return "\n".join(source.splitlines()[docstring.end_lineno :]).strip() + "\n"
