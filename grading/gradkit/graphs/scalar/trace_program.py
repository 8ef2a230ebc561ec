"""Build a graph from a program: `trace_program("a = Value(2.0); b = a.tanh()")`."""

from __future__ import annotations

import ast
import sys
import textwrap
from typing import TYPE_CHECKING

from gradkit.errors import UserError
from gradkit.inside.graph import Graph

from .trace import METHOD_NAMES, Tracer, steps_by_index

if TYPE_CHECKING:
    from types import CodeType

    from gradkit.inside.graph import Step


class ProgramError(UserError):
    """A program does not build an expression graph. The message says why, in one line."""


_OUTPUT = "<output>"
"""Name of the variable that holds the output if it has no name. No program can write this name."""


def trace_program(code: str) -> tuple[Graph, dict[int, str]]:
    """Return the graph of a program, and the names that the program gives to its nodes.

    The output of the graph is what backward() is called on, or else what the last line assigns or evaluates. Evidence
    can be pasted unchanged: `from engine import Value` and print statements are ignored.

    The program is executed in this process, so it must be the course's or the caller's.

    Raises:
        ProgramError: If the program does not build a graph.
    """
    steps: list[tuple[Tracer, Step]] = []
    leaves: list[tuple[Tracer, float]] = []

    def make_leaf(data: float) -> Tracer:
        tracer = Tracer(steps)
        leaves.append((tracer, _plain_number(data)))
        return tracer

    make_leaf.__qualname__ = "Value"  # the name in Python's error messages
    variables: dict[str, object] = {"Value": make_leaf}
    output = _run(code, variables, steps)

    tracers = [*(tracer for tracer, _ in leaves), *(tracer for tracer, _ in steps)]
    if not tracers:
        raise ProgramError('Nothing is built here: write an expression, as in "a = Value(2.0); b = a * a.tanh()".')
    indices = {tracer: index for index, tracer in enumerate(tracers)}

    result = variables.pop(_OUTPUT, None) if output == _OUTPUT else variables.get(output)
    if output == _OUTPUT and not isinstance(result, Tracer):
        raise ProgramError("The last line is not a Value, so there is nothing to draw.")

    names: dict[int, str] = {}
    for name, value in variables.items():
        if isinstance(value, Tracer):
            names.setdefault(indices[value], name)
    leaf_names = [names[leaf] for leaf in range(len(leaves)) if leaf in names]

    graph = Graph(
        [number for _, number in leaves],
        steps_by_index(steps, indices),
        indices[result] if isinstance(result, Tracer) else None,
        leaf_names if len(leaf_names) == len(leaves) else (),
    )
    return graph, names


def _run(code: str, variables: dict[str, object], steps: list[tuple[Tracer, Step]]) -> str:
    """Execute a program with these variables, and return the name of the variable that holds its output.

    Raises:
        ProgramError: If the program raises an exception, or an operand is not a finite number.
    """
    try:
        program, output = _compile(code)
        exec(program, variables)
        for _, (_name, *operands) in steps:
            for operand in operands:
                if not isinstance(operand, Tracer):
                    _plain_number(operand)
    except ProgramError:
        raise
    except (Exception, SystemExit) as error:
        raise ProgramError(_one_line(error)) from None
    return output


def _compile(code: str) -> tuple[CodeType, str]:
    """Compile a program without the lines that only show numbers.

    Returns:
        The compiled program, and the name of the variable that holds its output.
    """
    program = ast.parse(textwrap.dedent(code).strip())
    kept: list[ast.stmt] = []
    calls_backward, last_target = False, ""
    for line in program.body:
        match line:
            case ast.ImportFrom("engine") | ast.Expr(ast.Call(ast.Name("print")) | ast.Attribute(attr="data" | "grad")):
                continue
            case ast.Expr(ast.Call(ast.Attribute(value, "backward"))):
                kept.append(_assignment_to_output(value))
                calls_backward = True
            case ast.Expr(value) if not calls_backward:
                kept.append(_assignment_to_output(value))
                last_target = _OUTPUT
            case _:
                kept.append(line)
                last_target = _target(line)
    program.body = kept
    compiled = compile(ast.fix_missing_locations(program), "<expression>", "exec")
    return compiled, _OUTPUT if calls_backward else last_target


def _assignment_to_output(value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(_OUTPUT, ast.Store())], value)


def _target(line: ast.stmt) -> str:
    """Return the variable that a line assigns to; empty if it does not assign to a variable."""
    match line:
        case ast.Assign([*_, ast.Name(name)]) | ast.AugAssign(ast.Name(name)) | ast.AnnAssign(ast.Name(name)):
            return name
    return ""


def _plain_number(number: object) -> float:
    """Return a plain number of a program. Raises ProgramError for anything else."""
    if isinstance(number, Tracer):
        raise ProgramError("Value(...) takes a plain number, and here it is given a Value.")
    if type(number) not in (int, float):
        raise ProgramError(f"Expected a number, but this has the type {type(number).__name__}.")
    assert isinstance(number, int | float)
    if not abs(number) <= sys.float_info.max:
        raise ProgramError("A number in this program is not finite.")
    return number


def _one_line(error: BaseException) -> str:
    """Return the message for an exception that a program raised."""
    if isinstance(error, SyntaxError):
        return f"This is not Python: {error.msg}" + (f" (line {error.lineno})" if error.lineno else "")
    words = " ".join(f"{type(error).__name__}: {error}".replace("Tracer", "Value").split())
    if isinstance(error, AttributeError | TypeError):
        words += f". What can be drawn is made with + - * / ** and {', '.join(METHOD_NAMES)}."
    return words
