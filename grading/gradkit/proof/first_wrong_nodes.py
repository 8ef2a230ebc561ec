"""Decide whether the first wrong node that a student is shown is the right one.

It must be the first node that the edited function made and whose number differs from the solution's. Nodes are compared
in the order of the program for numbers, and in reverse order for gradients, as backward() computes them. The number of
a node is made by the line that assigns it, or that changes it later. Its gradient is made by the lines that use or
assign it, and by the closures that backward() calls and that hold it. To find out, the program is run on the edited
files and on the solution, one operation a line.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.oracle.tolerance import is_close

from .edited_functions import Functions
from .errors import ProofError
from .specimens import reference_folder

PROBE = """
import contextlib, io, json, os, sys
tasks = json.load(sys.stdin)
if any("numpy" in line for _, lines, _ in tasks for line in lines):
    import numpy  # once, and not in every child


def numbers_of(thing):
    if hasattr(thing, "tolist"):
        return [list(thing.shape), list(map(float, thing.reshape(-1).tolist()))]
    try:
        return [[], [float(thing)]]
    except (TypeError, ValueError):
        return [[], []]


def run(folder, lines, edited):
    sys.path.insert(0, folder)
    variables, made, current = {}, {}, 0
    entered, held = set(), set()

    def nodes():
        return {name: each for name, each in variables.items() if type(each).__name__ in ("Value", "Tensor")}

    def note(frame, event, argument):
        code = frame.f_code
        if event != "call" or os.path.dirname(code.co_filename) != folder:
            return
        module = os.path.basename(code.co_filename).removesuffix(".py")
        function = f"{module}.{code.co_qualname}".partition(".<locals>")[0]
        if function not in edited:
            return
        entered.add(current)
        names = {id(each): name for name, each in nodes().items()}
        while frame and os.path.dirname(frame.f_code.co_filename) == folder and frame.f_code.co_name != "backward":
            if "<locals>" in frame.f_code.co_qualname:
                held.update(names[id(each)] for each in frame.f_locals.values() if id(each) in names)
            frame = frame.f_back

    before, error = {}, ""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for current, line in enumerate(lines):
            code = compile(line, "<program>", "exec")
            sys.setprofile(note)
            try:
                exec(code, variables)
            except Exception as failure:  # an edited file may raise one; on the solution it is an error, see `_find`
                error = f"{type(failure).__name__}: {failure}"
                break
            finally:
                sys.setprofile(None)
            after = {name: numbers_of(each.data) for name, each in nodes().items()}
            for name in after:
                if repr(after[name]) != repr(before.get(name)):
                    made.setdefault(name, []).append(current)
            before = after
    grad = {name: numbers_of(each.grad) for name, each in nodes().items()}
    where = {"made": made, "entered": sorted(entered), "held": sorted(held)}
    return {"data": before, "grad": grad, **where, "error": error}


for task in tasks:
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            json.dump(run(*task), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        print(pipe.read())
    os.wait()
"""
"""Runs programs, given as lines, each in a process of its own, and prints a `_Run` for each as JSON."""

_Numbers = tuple[list[int], list[float]]
"""The shape of an array, and its numbers. A plain number has the shape []."""


class ProgramWithOrigin(msgspec.Struct, frozen=True):
    """A program that is shown with a first wrong node.

    Attributes:
        folder: The student's files.
        edited: The functions in which they differ from the solution: see `edited_definitions`.
        code: The program.
    """

    folder: Path
    edited: Functions
    code: tuple[str, ...]


class _Run(msgspec.Struct, frozen=True):
    """What a program did.

    Attributes:
        data: The number of each node at the end, by its name.
        grad: The gradient of each node at the end, by its name.
        made: The indices of the lines after which a node had a new number, by its name.
        entered: The indices of the lines that enter an edited function.
        held: The names of the nodes that were held by a closure that is an edited function or calls one.
        error: The exception that ended it; empty if none did.
    """

    data: dict[str, _Numbers]
    grad: dict[str, _Numbers]
    made: dict[str, list[int]]
    entered: set[int]
    held: set[str]
    error: str


def find_first_wrong_nodes(programs: Sequence[ProgramWithOrigin]) -> list[str]:
    """Return for each program the first wrong node that its edited function made; empty if there is none.

    Args:
        programs: The programs.

    Raises:
        ProofError: If a program does not run on the solution.
    """
    written = [write_one_operation_a_line(each.code) for each in programs]
    solution = str((reference_folder() / "solution").resolve())
    tasks = [
        (folder, lines, sorted(each.edited))
        for each, lines in zip(programs, written)
        for folder in (str(each.folder.resolve()), solution)
    ]
    runs = _run(tasks)
    return [_find(lines, *pair) for lines, pair in zip(written, zip(runs[::2], runs[1::2]), strict=True)]


def is_right(origin: str, first_wrong_node: str) -> bool:
    """Return whether a node, as it is shown (such as "b" or "y = a + b"), is the first wrong node."""
    return origin.partition(" = ")[0] == first_wrong_node


def _run(tasks: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> list[_Run]:
    command = [sys.executable, "-B", "-c", PROBE]
    run = subprocess.run(command, input=json.dumps(tasks).encode(), capture_output=True, check=True)
    return [msgspec.convert(json.loads(line), _Run) for line in run.stdout.splitlines()]  # msgspec does not read NaN


def _find(lines: Sequence[str], yours: _Run, right: _Run) -> str:
    if right.error:
        program = "\n".join(lines)
        raise ProofError(f"This program does not run on the solution ({right.error}): mend its rewriting.\n{program}")
    uses = {index: _nodes_used(line) for index, line in enumerate(lines)}
    entered = yours.entered | right.entered
    kind: Literal["data", "grad"] = "grad" if any(".backward(" in line for line in lines) else "data"
    order = list(right.data)
    if kind == "grad":
        order.reverse()
    for name in order:
        if kind == "data":
            makers = {*yours.made.get(name, ()), *right.made[name]}
        else:
            makers = {index for index, names in uses.items() if name in names}
        is_made = bool(makers & entered) or (kind == "grad" and name in yours.held | right.held)
        if is_made and _differs(getattr(yours, kind).get(name), getattr(right, kind)[name]):
            return name
    return ""


def _differs(yours: _Numbers | None, right: _Numbers) -> bool:
    return yours is None or yours[0] != right[0] or not all(map(is_close, yours[1], right[1]))


def _nodes_used(line: str) -> set[str]:
    """Return the names in a line that makes nodes; none for a line that prints or calls backward()."""
    if line.startswith("print(") or ".backward(" in line:
        return set()
    return {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}


# --- one operation a line --------------------------------------------------------------------------------------------


def write_one_operation_a_line(code: Sequence[str]) -> list[str]:
    """Return a program whose every node has a name: `y = (a + b) * a` becomes `node1 = a + b` and `y = node1 * a`.

    Args:
        code: The lines of a program as evidence has it, which can hold several statements each.
    """
    lines: list[str] = []
    nodes: set[str] = set()
    n_new = 0

    def name_operand(node: ast.expr) -> ast.expr:
        nonlocal n_new
        if isinstance(node, ast.List):
            return ast.List([name_operand(each) for each in node.elts], node.ctx)
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        if isinstance(node, ast.Name | ast.Attribute) or not names & nodes:
            return node
        made = name_operands(node)
        n_new += 1
        name = f"node{n_new}"
        lines.append(f"{name} = {ast.unparse(made)}")
        return ast.Name(name, ast.Load())

    def name_operands(node: ast.expr) -> ast.expr:
        match node:
            case ast.BinOp(left, operator, right):
                return ast.BinOp(name_operand(left), operator, name_operand(right))
            case ast.UnaryOp(operator, operand):
                return ast.UnaryOp(operator, name_operand(operand))
            case ast.Call(ast.Attribute(value, attribute, context), arguments, keywords):
                method = ast.Attribute(name_operand(value), attribute, context)
                return ast.Call(method, [name_operand(each) for each in arguments], keywords)
            case ast.Call(function, arguments, keywords):
                return ast.Call(function, [name_operand(each) for each in arguments], keywords)
            case ast.Subscript(value, index, context):
                return ast.Subscript(name_operand(value), index, context)
        return node

    for statement in ast.parse("\n".join(code)).body:
        if isinstance(statement, ast.Assign):
            value = name_operands(statement.value)
            lines.append(ast.unparse(ast.fix_missing_locations(ast.Assign(statement.targets, value))))
            nodes.update(_names_assigned(statement))
        else:
            lines.append(ast.unparse(statement))
    return lines


def _names_assigned(statement: ast.Assign) -> Iterator[str]:
    return (target.id for target in statement.targets if isinstance(target, ast.Name))
