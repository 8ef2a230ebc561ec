"""Write a graph as the expression or the program that it is: `traced(lambda a, b: (a + b) * a, 10, 5)`."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from gradkit.errors import UserError
from gradkit.inside.graph import Graph

if TYPE_CHECKING:
    from types import CodeType

    from gradkit.inside.graph import Step


class Tracer:
    """Stands for a node while an expression is traced; it has the operators and functions of a student's Value."""

    def __init__(self, steps: list[tuple[Tracer, Step]], step: Step = ()) -> None:
        self._steps = steps
        if step:
            steps.append((self, step))

    def _then(self, name: str, *operands: object) -> Tracer:
        return Tracer(self._steps, (name, self, *operands))

    def _binary(self, name: str, other: object) -> Tracer:
        return self._then(name if isinstance(other, Tracer) else f"{name}_const", other)

    def __add__(self, other: Tracer | float) -> Tracer:
        return self._binary("add", other)

    def __radd__(self, other: float) -> Tracer:
        return self._then("const_add", other)

    def __sub__(self, other: Tracer | float) -> Tracer:
        return self._binary("sub", other)

    def __rsub__(self, other: float) -> Tracer:
        return self._then("const_sub", other)

    def __mul__(self, other: Tracer | float) -> Tracer:
        return self._binary("mul", other)

    def __rmul__(self, other: float) -> Tracer:
        return self._then("const_mul", other)

    def __truediv__(self, other: Tracer | float) -> Tracer:
        return self._binary("div", other)

    def __rtruediv__(self, other: float) -> Tracer:
        return self._then("const_div", other)

    def __pow__(self, other: Tracer | float) -> Tracer:
        return self._binary("pow", other)

    def __rpow__(self, other: float) -> Tracer:
        return self._then("const_pow", other)

    def __neg__(self) -> Tracer:
        return self._then("neg")

    def exp(self) -> Tracer:
        return self._then("exp")

    def log(self) -> Tracer:
        return self._then("log")

    def tanh(self) -> Tracer:
        return self._then("tanh")

    def sigmoid(self) -> Tracer:
        return self._then("sigmoid")

    def relu(self) -> Tracer:
        return self._then("relu")


class ProgramError(UserError):
    """A program makes no expression graph; the message says why, in a line."""


def traced_program(code: str) -> tuple[Graph, dict[int, str]]:
    """The graph of a program, as in "a = Value(2.0); b = a.tanh()", and the names that it gives to its nodes.

    Its output is what backward() is called on, or else what the last line makes or is. Evidence can be pasted as it is:
    that it imports Value and prints is passed over. The program is executed, so it is the course's own or the caller's.
    Raises ProgramError.
    """
    steps: list[tuple[Tracer, Step]] = []
    leaves: list[tuple[Tracer, float]] = []

    def leaf(data: float) -> Tracer:
        leaves.append((Tracer(steps), _plain(data)))
        return leaves[-1][0]

    leaf.__qualname__ = "Value"  # Python's own messages shall call it so
    variables: dict[str, object] = {"Value": leaf}
    try:
        program, output = _compiled(code)
        exec(program, variables)
        for _, (_name, *operands) in steps:
            for operand in operands:
                _ = operand if isinstance(operand, Tracer) else _plain(operand)
    except ProgramError:
        raise
    except (Exception, SystemExit) as error:
        raise ProgramError(_said(error)) from None
    nodes = [*(tracer for tracer, _ in leaves), *(tracer for tracer, _ in steps)]
    if not nodes:
        raise ProgramError('Nothing is built here: write an expression, as in "a = Value(2.0); b = a * a.tanh()".')
    number = {tracer: node for node, tracer in enumerate(nodes)}
    last = variables.pop(_OUTPUT, None) if output == _OUTPUT else variables.get(output)
    if output == _OUTPUT and not isinstance(last, Tracer):
        raise ProgramError("The last line is no Value, so there is nothing to draw.")
    names: dict[int, str] = {}
    for name, value in variables.items():
        if isinstance(value, Tracer):
            names.setdefault(number[value], name)
    of_leaves = [names[node] for node in range(len(leaves)) if node in names]
    graph = Graph(
        [data for _, data in leaves],
        _numbered(nodes, steps),
        number[last] if isinstance(last, Tracer) else None,
        of_leaves if len(of_leaves) == len(leaves) else (),
    )
    return graph, names


_OUTPUT = "<output>"
"""A variable of a name that no program can write."""


def _compiled(code: str) -> tuple[CodeType, str]:
    """A program without what only shows numbers, and the name of the variable that holds its output."""
    program = ast.parse(textwrap.dedent(code).strip())
    kept: list[ast.stmt] = []
    ran, last = False, ""
    for line in program.body:
        match line:
            case ast.ImportFrom("engine") | ast.Expr(ast.Call(ast.Name("print")) | ast.Attribute(attr="data" | "grad")):
                continue
            case ast.Expr(ast.Call(ast.Attribute(value, "backward"))):
                kept.append(_assigned(value))
                ran = True
            case ast.Expr(value) if not ran:
                kept.append(_assigned(value))
                last = _OUTPUT
            case _:
                kept.append(line)
                last = _target(line)
    program.body = kept
    return compile(ast.fix_missing_locations(program), "<expression>", "exec"), _OUTPUT if ran else last


def _assigned(value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(_OUTPUT, ast.Store())], value)


def _target(line: ast.stmt) -> str:
    """The variable that a line gives its value to, if it is one."""
    match line:
        case ast.Assign([*_, ast.Name(name)]) | ast.AugAssign(ast.Name(name)) | ast.AnnAssign(ast.Name(name)):
            return name
    return ""


def _plain(number: object) -> float:
    """A plain number of a program. Raises ProgramError for anything else."""
    if isinstance(number, Tracer):
        raise ProgramError("Value(...) takes a plain number, and here it is given a Value.")
    if type(number) not in (int, float):
        raise ProgramError(f"A number is due where this has a {type(number).__name__}.")
    assert isinstance(number, int | float)
    if not abs(number) <= sys.float_info.max:
        raise ProgramError("A number of this is not finite.")
    return number


def _said(error: BaseException) -> str:
    """An error of a program as one line."""
    if isinstance(error, SyntaxError):
        return f"This is no Python: {error.msg}" + (f" (line {error.lineno})" if error.lineno else "")
    words = " ".join(f"{type(error).__name__}: {error}".replace("Tracer", "Value").split())
    if isinstance(error, AttributeError | TypeError):
        words += ". What can be drawn is made with + - * / ** and exp, log, tanh, sigmoid, relu."
    return words


def traced(expression: Callable[..., Tracer], *numbers: float) -> Graph:
    """The graph of `expression` at these inputs. The function's own parameter names are kept for showing it."""
    steps: list[tuple[Tracer, Step]] = []
    inputs = [Tracer(steps) for _ in numbers]
    result = expression(*inputs)
    nodes = [*inputs, *(node for node, _ in steps)]
    parameters = list(inspect.signature(expression).parameters)
    names = parameters if len(parameters) == len(numbers) else ()
    return Graph(numbers, _numbered(nodes, steps), nodes.index(result), names).rebuilt()


def _numbered(nodes: list[Tracer], steps: list[tuple[Tracer, Step]]) -> list[Step]:
    """The steps, with nodes by their numbers."""
    number = {id(node): index for index, node in enumerate(nodes)}
    return [
        (name, *(number[id(item)] if isinstance(item, Tracer) else item for item in operands))
        for _, (name, *operands) in steps
    ]
