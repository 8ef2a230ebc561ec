"""Measure the counterexamples that students are shown: how small they are, and whether the first wrong node is right.

A first wrong node is right if the edited function computed it (for a number) or used it (for a gradient).
Which functions the lines of a program enter is traced on the solution.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from gradkit.suite.results import ItemResult

from .edited_functions import edited_functions
from .specimens import Misconception, reference_folder

TRACER = """
import contextlib, io, json, os, sys
programs = json.load(sys.stdin)
folder = os.getcwd()
sys.path.insert(0, folder)
others = ("__init__", "backward")


def is_operation(code):
    kind, _, method = code.co_qualname.partition(".")
    return kind in ("Value", "Tensor") and "." not in method and method not in others


for program in programs:
    entered, operations = {}, 0

    def note(frame, event, argument):
        global operations
        code = frame.f_code
        if event != "call" or os.path.dirname(code.co_filename) != folder:
            return
        module = os.path.basename(code.co_filename).removesuffix(".py")
        outer, is_inner = frame.f_back, False
        while outer and outer.f_code.co_filename != "<program>":
            is_inner = is_inner or is_operation(outer.f_code)
            outer = outer.f_back
        if outer:
            entered.setdefault(outer.f_lineno, set()).add(f"{module}.{code.co_qualname}")
            operations += is_operation(code) and not is_inner

    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        code = compile(program, "<program>", "exec")
        sys.setprofile(note)
        try:
            exec(code, {"__name__": "__main__"})
        finally:
            sys.setprofile(None)
    print(json.dumps([operations, {line: sorted(names) for line, names in entered.items()}]))
"""
"""Prints for each program how many operations on Values and Tensors it runs, not counting those within others, and
which functions of the files in the folder each of its lines enters."""

_NOT_OPERATIONS = (
    "Value",
    "Tensor",
    "print",
    "list",
    "zip",
    "len",
    "range",
    "array",
    "backward",
    "shape",
    "parameters",
)
"""Names of functions that a program calls without asking the student's code for an operation."""


class Counterexample(msgspec.Struct, frozen=True):
    """A program that a student is shown.

    Attributes:
        specimen: The misconception.
        item: The item that shows it.
        n_operations: Number of operations on Values or Tensors that it runs, also within networks and losses. For a
            program without any, the number of calls of the student's functions.
        origin: The first wrong node, as it is shown; empty if none is.
        is_origin_right: Whether that is the first node of the edited function whose number differs; None if no origin
            is shown, or the edit is not in a function.
    """

    specimen: str
    item: str
    n_operations: int
    origin: str
    is_origin_right: bool | None


class Summary(msgspec.Struct, frozen=True):
    """Figures of all counterexamples.

    Attributes:
        n_programs: Number of programs.
        median_operations: The median over all specimens of the operations in the first program of each.
        largest: The largest programs, by name, with their operations.
        n_origins: Number of first wrong nodes that are shown and can be judged.
        wrong_origins: Those that are not right, by name.
    """

    n_programs: int
    median_operations: float
    largest: tuple[str, ...]
    n_origins: int
    wrong_origins: tuple[str, ...]


def measure_counterexamples(
    misconceptions: Mapping[str, Misconception], results_of: Mapping[str, Iterable[ItemResult]]
) -> list[Counterexample]:
    """Return the programs that are shown for each misconception.

    Args:
        misconceptions: The misconceptions, by name.
        results_of: The results of the items of each misconception, by its name.
    """
    shown = [
        (name, result, result.evidence)
        for name, results in results_of.items()
        for result in results
        if name in misconceptions and result.evidence and result.evidence.code and not result.hidden
    ]
    traces = _trace(["\n".join(evidence.code) for _, _, evidence in shown])
    return [
        Counterexample(
            name,
            result.id,
            n_operations or count_calls(evidence.code),
            evidence.origin,
            _is_right(evidence.origin, evidence.code, trace, edited_functions(misconceptions[name])),
        )
        for (name, result, evidence), (n_operations, trace) in zip(shown, traces, strict=True)
    ]


def summarize(counterexamples: Sequence[Counterexample], n_largest: int = 10) -> Summary:
    """Return the figures of counterexamples, at least one.

    Args:
        counterexamples: The counterexamples of all specimens.
        n_largest: How many of the largest to name.
    """
    first: dict[str, Counterexample] = {}
    for each in counterexamples:
        first.setdefault(each.specimen, each)
    by_size = sorted(first.values(), key=lambda each: -each.n_operations)
    judged = [each for each in counterexamples if each.is_origin_right is not None]
    return Summary(
        len(counterexamples),
        float(median(each.n_operations for each in first.values())),
        tuple(f"{each.specimen} in {each.item}: {each.n_operations}" for each in by_size[:n_largest]),
        len(judged),
        tuple(f"{each.specimen} in {each.item}: {each.origin}" for each in judged if not each.is_origin_right),
    )


def count_calls(code: Sequence[str]) -> int:
    """Return how many methods and functions of the student's a program calls, without leaves and prints."""
    n_calls = 0
    for node in ast.walk(ast.parse("\n".join(code))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            n_calls += name not in _NOT_OPERATIONS
    return n_calls


def _trace(programs: Sequence[str]) -> list[tuple[int, dict[int, list[str]]]]:
    """Return for each program how many operations it runs, and which functions of the solution each line enters."""
    if not programs:
        return []
    command = [sys.executable, "-B", "-c", TRACER]
    folder = reference_folder() / "solution"
    run = subprocess.run(command, input=msgspec.json.encode(programs), cwd=folder, capture_output=True, check=True)
    return [msgspec.json.decode(line, type=tuple[int, dict[int, list[str]]]) for line in run.stdout.splitlines()]


def _is_right(
    origin: str, code: Sequence[str], trace: Mapping[int, Sequence[str]], edited: frozenset[str] | None
) -> bool | None:
    """Return whether an edited function computed or used the node `origin`; see `Counterexample`."""
    if not origin or edited is None:
        return None
    functions = {_outermost(name) for name in edited}
    entering = {line for line, names in trace.items() if functions & set(map(_outermost, names))}
    name = origin.partition(" = ")[0]
    involved = {
        number
        for number, line in enumerate(code, 1)
        if any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(_parse_line(line)))
    }
    calls_backward = {number for number, line in enumerate(code, 1) if ".backward(" in line}
    building = entering - calls_backward
    return bool(building & involved) if building else bool(entering)


def _outermost(function: str) -> str:
    return function.partition(".<locals>")[0]


def _parse_line(line: str) -> ast.AST:
    try:
        return ast.parse(line.strip())
    except SyntaxError:  # the head of a loop
        return ast.Module([], [])
