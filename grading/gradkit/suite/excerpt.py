"""Test excerpts: the statements of a hand-written item as a program to paste, up to the one that did not hold."""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from gradkit.catalogue.subjects import import_lines

_HELPERS = ("check_", "answers_to", "expect")
"""Names that a student's Python does not have. A test that calls one of them cannot be shown as a program, except for
the expectations that an excerpt leaves out or prints."""

_HARMLESS = {*dir(builtins), *dir(math)}
"""Functions that run no code of a student's, unless they are called with an object of the student's."""


class Excerpt(NamedTuple):
    """A test's statements up to the one that did not hold, as a program.

    Attributes:
        lines: The program, which prints the number that is checked last. Empty if the test calls gradkit's helpers.
        longer: The same with the calls and operators of earlier expectations, which can change what comes after them.
        checked: The expression of the number; empty if the last statement is not an expectation.
    """

    lines: tuple[str, ...]
    longer: tuple[str, ...]
    checked: str


class _NotShownError(Exception):
    """A test's statements cannot be written as a program."""


def excerpt_up_to(code: CodeType, line: int, variables: Mapping[str, object] | None = None) -> Excerpt:
    """Return a test's statements up to a line as a program, and the expression that is checked there.

    Earlier expectations held and are left out; the last one becomes a print. A loop with expectations in it is written
    out, round by round.

    Args:
        code: The code of the test.
        line: The number of the line in the test's file.
        variables: The variables of the test at that line, which say how often a loop has run.
    """
    source, first_line = inspect.getsourcelines(code)
    text = textwrap.dedent("".join(source))
    function = ast.parse(text).body[0]
    imports = import_lines(code.co_varnames[: code.co_argcount])

    programs, checked = [], ""
    for is_whole in (False, True):
        writer = _Writer(text, line - first_line + 1, variables or {}, is_whole)
        try:
            written = tuple(writer.write(list(_statements(function))))
            lines = (*imports, *_math_import(written, code.co_varnames), *written)
        except _NotShownError:
            lines = ()
        programs.append(() if any(helper in shown for shown in lines for helper in _HELPERS) else lines)
        checked = writer.checked
    return Excerpt(programs[0], programs[1], checked)


def _math_import(lines: Sequence[str], own_names: Sequence[str]) -> Iterator[str]:
    """Yield the import of those functions of the math module that lines of a program use by their bare names."""
    used = {node.id for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.Name)}
    names = used & set(dir(math)) - set(dir(builtins)) - set(own_names)
    if names:
        yield f"from math import {', '.join(sorted(names))}"


def excerpt_of(frame: FrameType) -> Excerpt:
    """Return the excerpt of a test that is running, up to the line at which its frame stands."""
    return excerpt_up_to(frame.f_code, frame.f_lineno, frame.f_locals)


def excerpt_at(traceback: TracebackType | None, path: Path) -> Excerpt:
    """Return the excerpt up to the line where a traceback passes through a test; an empty one if it does not.

    Args:
        traceback: The traceback of an exception.
        path: The file of the test.
    """
    while traceback and Path(traceback.tb_frame.f_code.co_filename) != path:
        traceback = traceback.tb_next
    if traceback is None:
        return Excerpt((), (), "")
    return excerpt_up_to(traceback.tb_frame.f_code, traceback.tb_lineno, traceback.tb_frame.f_locals)


def _statements(function: ast.stmt) -> Iterator[ast.stmt]:
    """Yield a function's statements, without its docstring and any other statement that is a bare constant."""
    body = function.body if isinstance(function, ast.FunctionDef) else []
    for statement in body:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            yield statement


class _Writer:
    """Writes a test's statements as the lines of a program.

    Args:
        text: The source of the test.
        last_line: The line of this source at which the program ends.
        variables: The variables of the test at that line.
        is_whole: Whether the calls and operators of earlier expectations are kept.
    """

    def __init__(self, text: str, last_line: int, variables: Mapping[str, object], is_whole: bool) -> None:
        self.checked = ""
        self._text = text
        self._last_line = last_line
        self._variables = variables
        self._is_whole = is_whole

    def write(self, statements: Sequence[ast.stmt], is_finished: bool = False) -> list[str]:
        """Return the lines of these statements up to the last line.

        Args:
            statements: Statements that follow one another.
            is_finished: Whether all of them have run, wherever the last line is.

        Raises:
            _NotShownError: If an expectation stands where it cannot be left out.
        """
        lines: list[str] = []
        for statement in statements:
            is_last = not is_finished and (statement.end_lineno or 0) >= self._last_line
            expression = _checked_expression(statement)
            if expression:
                checked = expression[1].format(self._source(expression[0]))
                if is_last:
                    self.checked = checked
                    lines.append(f"print({checked})")
                elif self._is_whole and can_matter(expression[0]):
                    lines.append(f"({checked})" if "\n" in checked else checked)
            elif not any(_checked_expression(each) for each in ast.walk(statement)):
                lines += textwrap.dedent(" " * statement.col_offset + self._source(statement)).splitlines()
            elif isinstance(statement, ast.For):
                lines += self._write_rounds(statement, is_last)
            else:
                raise _NotShownError
            if is_last:
                break
        return lines

    def _write_rounds(self, loop: ast.For, is_last: bool) -> list[str]:
        """Write a loop over a list in the source, each round as the assignment of its variables and the statements."""
        if not isinstance(loop.iter, ast.Tuple | ast.List) or loop.orelse:
            raise _NotShownError
        rounds = loop.iter.elts
        last = self._current_round(loop, rounds) if is_last else None
        lines: list[str] = []
        for number, element in enumerate(rounds):
            is_current = number == last
            written = self.write(loop.body, is_finished=not is_current)
            if written:
                lines += [f"{self._source(loop.target)} = {self._source(element)}", *written]
            if is_current:
                break
        return lines

    def _current_round(self, loop: ast.For, rounds: Sequence[ast.expr]) -> int:
        """Return the index of the round in which the variables of a loop have their current values."""
        try:
            current = eval(self._source(loop.target), {}, dict(self._variables))
            return [ast.literal_eval(element) for element in rounds].index(current)
        except (NameError, ValueError, SyntaxError, TypeError):  # TypeError: == is refused on a Subject
            raise _NotShownError from None

    def _source(self, node: ast.AST) -> str:
        return ast.get_source_segment(self._text, node) or ""


def _checked_expression(statement: ast.AST) -> tuple[ast.expr, str] | None:
    """Return what an `expect(number, right)`, `expect_class(...)` or `expect_array(tensor, "grad", right)` checks.

    Returns:
        The expression, and how a program writes it, such as "{}.grad" for an array. None for any other statement.
    """
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args):
        return None
    if call.func.id == "expect_array":
        return call.args[0], f"{{}}.{ast.literal_eval(call.args[1])}"
    if call.func.id == "expect_class":
        return call.args[0], "float({})"  # a decision may be a bool
    return (call.args[0], "{}") if call.func.id.startswith("expect") else None


def can_matter(expression: ast.expr) -> bool:
    """Return whether an expression may run code of the student's: a call, or an operator on an object."""
    for node in ast.walk(expression):
        match node:
            case ast.Call(ast.Name(name)) if name in _HARMLESS:
                continue
            case ast.Call() | ast.BinOp(left=ast.Name() | ast.Subscript()) | ast.UnaryOp(operand=ast.Name()):
                return True
            case ast.BinOp(right=ast.Name() | ast.Subscript()):
                return True
    return False
