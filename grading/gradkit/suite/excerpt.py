"""Test excerpts: the statements of a hand-written item as a program to paste, up to the one that did not hold."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, TracebackType

from gradkit.catalogue.subjects import import_lines

_HELPERS = ("check_", "answers_to")
"""Names that a student's Python does not have. A test that calls one of them cannot be shown as a program."""


def excerpt_up_to(code: CodeType, line: int) -> tuple[tuple[str, ...], str]:
    """Return a test's statements up to a line as a program, and the number that is checked there.

    Earlier expectations held and are left out; the last one becomes a print.

    Args:
        code: The code of the test.
        line: The number of the line in the test's file.

    Returns:
        The lines, none if the test calls gradkit's helpers; and the expression of the number, or an empty string.
    """
    source, first_line = inspect.getsourcelines(code)
    text = textwrap.dedent("".join(source))
    function = ast.parse(text).body[0]

    lines = import_lines(code.co_varnames[: code.co_argcount])
    checked = ""
    for statement in _statements(function):
        is_last = (statement.end_lineno or 0) + first_line - 1 >= line
        expression = _checked_expression(statement, text)
        if not expression:
            segment = ast.get_source_segment(text, statement) or ""
            lines += textwrap.dedent(" " * statement.col_offset + segment).splitlines()
        elif is_last:
            checked = expression
            lines.append(f"print({checked})")
        if is_last:
            break

    if any(helper in shown for shown in lines for helper in _HELPERS):
        return (), checked
    return tuple(lines), checked


def excerpt_at(traceback: TracebackType | None, path: Path) -> tuple[str, ...]:
    """Return the program up to the line where a traceback passes through a test; none if it does not.

    Args:
        traceback: The traceback of an exception.
        path: The file of the test.
    """
    while traceback and Path(traceback.tb_frame.f_code.co_filename) != path:
        traceback = traceback.tb_next
    if traceback is None:
        return ()
    return excerpt_up_to(traceback.tb_frame.f_code, traceback.tb_lineno)[0]


def _statements(function: ast.stmt) -> Iterator[ast.stmt]:
    """Yield a function's statements, without its docstring."""
    body = function.body if isinstance(function, ast.FunctionDef) else []
    for statement in body:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            yield statement


def _checked_expression(statement: ast.stmt, text: str) -> str:
    """Return what an `expect(number, right)`, `expect_class(...)` or `expect_array(tensor, "grad", right)` checks.

    Return an empty string for any other statement.
    """
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return ""
    expression = ast.get_source_segment(text, call.args[0]) or "" if call.args else ""
    if call.func.id == "expect_array":
        return f"{expression}.{ast.literal_eval(call.args[1])}"
    if call.func.id == "expect_class":
        return f"float({expression})"  # a decision may be a bool
    return expression if call.func.id == "expect" else ""
