"""A hand-written item shown as a program to paste: the test's own statements, up to the one that did not hold."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, TracebackType

from gradkit.catalogue.subjects import imports

_HELPERS = ("check_", "answers_to")
"""What a student's Python does not have: a test that calls such cannot be shown as a program."""


def lines_up_to(code: CodeType, line: int) -> tuple[tuple[str, ...], str]:
    """The program of a test's statements up to a line, and the number asked for there, if it asks for one.

    Earlier expectations held and are left out; the last becomes a print. No lines for a test that needs our helpers.
    """
    source, first = inspect.getsourcelines(code)
    text = textwrap.dedent("".join(source))
    function = ast.parse(text).body[0]
    lines = imports(code.co_varnames[: code.co_argcount])
    asked = ""
    for statement in _statements(function):
        reached = (statement.end_lineno or 0) + first - 1 >= line
        expected = _expectation(statement, text)
        if not expected:
            segment = ast.get_source_segment(text, statement) or ""
            lines += textwrap.dedent(" " * statement.col_offset + segment).splitlines()
        elif reached:
            asked = expected
            lines.append(f"print({asked})")
        if reached:
            break
    if any(helper in shown for shown in lines for helper in _HELPERS):
        return (), asked
    return tuple(lines), asked


def lines_at(found: TracebackType | None, test: Path) -> tuple[str, ...]:
    """The program up to where a traceback passes through a test; none where it does not."""
    while found and Path(found.tb_frame.f_code.co_filename) != test:
        found = found.tb_next
    if found is None:
        return ()
    return lines_up_to(found.tb_frame.f_code, found.tb_lineno)[0]


def _statements(function: ast.stmt) -> Iterator[ast.stmt]:
    """A function's statements, without its docstring."""
    body = function.body if isinstance(function, ast.FunctionDef) else []
    for statement in body:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            yield statement


def _expectation(statement: ast.stmt, text: str) -> str:
    """What an `expect(number, right)` or an `expect_array(tensor, "grad", right)` asks for."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return ""
    asked = ast.get_source_segment(text, call.args[0]) or "" if call.args else ""
    if call.func.id == "expect_array":
        return f"{asked}.{ast.literal_eval(call.args[1])}"
    return asked if call.func.id == "expect" else ""
