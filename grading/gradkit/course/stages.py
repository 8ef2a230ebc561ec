"""Make an assignment's solution cell from the reference: remove later parts, delimit the parts of the assignment.

The name of a part says where it belongs: a function belongs to the assignment that has it in `names`, and statements
that define or set `_backward` belong to the assignment that has `backward`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from .stubs import assignments_by_name

if TYPE_CHECKING:
    from gradkit.catalogue.assignments import Assignment

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
"""nbgrader's delimiters: in what students receive, the lines between them are replaced by a stub."""


class _Edit(NamedTuple):
    """A change to the lines of a source.

    Attributes:
        line: Number of the first line to delete, counted from 1; half a line more than the line to insert after.
        n_deleted: How many lines to delete; 0 for an insertion.
        inserted: The line to insert.
    """

    line: float
    n_deleted: int
    inserted: str


def make_solution_cell(
    source: str, module: str, course: Sequence[Assignment], assignment: Assignment, own_engine: bool
) -> str:
    """Turn a module of the reference into an assignment's solution cell.

    Args:
        source: Text of the module.
        module: Name of the module.
        course: All assignments, in order.
        assignment: The assignment.
        own_engine: Whether students continue with their own code of earlier assignments, so that its parts are
            delimited too.
    """
    order = [each.short for each in course]
    stages = {name: order.index(short) for name, short in assignments_by_name(course, module).items()}
    current = order.index(assignment.short)

    edits: list[_Edit] = []
    for path, function in _functions_of(ast.parse(source)):
        edits += _edits_of_function(function, stages[path], current, own_engine, stages)
    return _remove_docstring("\n".join(_apply_edits(source.splitlines(), edits)))


def _functions_of(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """List every function and every method of a class, with its path, for example "Value.__add__"."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    yield f"{node.name}.{member.name}", member


def _edits_of_function(
    function: ast.FunctionDef, stage: int, current: int, own_engine: bool, stages: Mapping[str, int]
) -> Iterator[_Edit]:
    """List the edits of a function.

    Args:
        function: The function.
        stage: Index of the assignment that it belongs to.
        current: Index of the assignment whose cell is made.
        own_engine: Whether students continue with their own code of earlier assignments.
        stages: Index of the assignment that each function of the module belongs to, by the function's path.
    """
    if stage > current:
        yield _delete(function, function)
        return

    is_marked_whole = stage == current or own_engine
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if is_marked_whole:
        yield from _delimit(body[0], body[-1])

    for statement_stage, group in groupby(body, lambda statement: _stage_of_statement(statement, stages)):
        statements = list(group)
        if statement_stage is not None and statement_stage > current:
            yield _delete(statements[0], statements[-1])
        elif statement_stage == current and not is_marked_whole:
            yield from _delimit(statements[0], statements[-1])


def _stage_of_statement(statement: ast.stmt, stages: Mapping[str, int]) -> int | None:
    """Return the index of the assignment that a statement belongs to, or None if it belongs to its function.

    A statement belongs to another function, `backward`, if it defines or sets `_backward`.
    """
    names: list[str] = []
    if isinstance(statement, ast.FunctionDef):
        names = [statement.name]
    elif isinstance(statement, ast.Assign):
        names = [target.attr for target in statement.targets if isinstance(target, ast.Attribute)]

    for path, stage in stages.items():
        if f"_{path.rpartition('.')[2]}" in names:
            return stage
    return None


def _delete(first: ast.stmt, last: ast.stmt) -> _Edit:
    """Delete the lines of consecutive statements."""
    return _Edit(first.lineno, (last.end_lineno or last.lineno) - first.lineno + 1, "")


def _delimit(first: ast.stmt, last: ast.stmt) -> Iterator[_Edit]:
    """Insert nbgrader's delimiters around consecutive statements."""
    indent = " " * first.col_offset
    yield _Edit(first.lineno - 0.5, 0, indent + BEGIN)
    yield _Edit((last.end_lineno or last.lineno) + 0.5, 0, indent + END)


def _apply_edits(lines: Sequence[str], edits: Sequence[_Edit]) -> list[str]:
    """Apply edits to lines, from the last to the first, so that the numbers of the other lines stay right."""
    edited = list(lines)
    for edit in sorted(edits, reverse=True):
        if not edit.n_deleted:
            edited.insert(int(edit.line), edit.inserted)
            continue
        first = int(edit.line) - 1
        del edited[first : first + edit.n_deleted]
        while not edited[first - 1].strip():  # the blank lines above what was deleted
            first -= 1
            del edited[first]
    return edited


def _remove_docstring(source: str) -> str:
    """Remove a module's docstring, which describes all assignments. The notebook has its text around the cell."""
    docstring = ast.parse(source).body[0]
    return "\n".join(source.splitlines()[docstring.end_lineno :]).strip() + "\n"
