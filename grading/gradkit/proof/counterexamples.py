"""Measure the counterexamples that students are shown: how small they are, and whether first wrong nodes are right."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec

from gradkit.suite.results import ItemResult

from .edited_functions import Functions, edited_definitions
from .first_wrong_nodes import ProgramWithOrigin, find_first_wrong_nodes, is_right
from .specimens import Misconception, reference_folder, write_misconception

COUNTER = """
import contextlib, io, json, os, sys
programs = json.load(sys.stdin)
folder = os.getcwd()
sys.path.insert(0, folder)
others = ("__init__", "backward")


def is_operation(code):
    kind, _, method = code.co_qualname.partition(".")
    return kind in ("Value", "Tensor") and "." not in method and method not in others


for program in programs:
    operations = 0

    def note(frame, event, argument):
        global operations
        code = frame.f_code
        if event != "call" or os.path.dirname(code.co_filename) != folder or not is_operation(code):
            return
        outer = frame.f_back
        while outer and outer.f_code.co_filename != "<program>":
            if is_operation(outer.f_code):
                return
            outer = outer.f_back
        operations += outer is not None

    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        code = compile(program, "<program>", "exec")
        sys.setprofile(note)
        try:
            exec(code, {"__name__": "__main__"})
        finally:
            sys.setprofile(None)
    print(operations)
"""
"""Prints for each program how many operations on Values and Tensors it runs, not counting those within others."""

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
        first_wrong_node: The first node of the edited function whose number differs: see first_wrong_nodes.py. Empty if
            no origin is shown, it was not judged, or the edited function made no wrong node.
        not_judged: Why it was not judged; empty if it was.
    """

    specimen: str
    item: str
    n_operations: int
    origin: str
    first_wrong_node: str = ""
    not_judged: str = ""

    @property
    def is_origin_right(self) -> bool:
        """Whether the first wrong node that is shown is the first node of the edited function that is wrong."""
        return is_right(self.origin, self.first_wrong_node)


class Summary(msgspec.Struct, frozen=True):
    """Figures of all counterexamples.

    Attributes:
        n_programs: Number of programs.
        median_operations: The median over all specimens of the operations in the first program of each.
        largest: The largest programs, by name, with their operations.
        n_origins: Number of first wrong nodes that are shown and were judged.
        wrong_origins: Those that are not right, by name.
        not_judged: Number of first wrong nodes that were not judged, by the reason.
    """

    n_programs: int
    median_operations: float
    largest: tuple[str, ...]
    n_origins: int
    wrong_origins: tuple[str, ...]
    not_judged: Counter[str]


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
    n_operations = _count_operations(["\n".join(evidence.code) for _, _, evidence in shown])
    counterexamples = [
        Counterexample(name, result.id, n or count_calls(evidence.code), evidence.origin)
        for (name, result, evidence), n in zip(shown, n_operations, strict=True)
    ]
    return _judge(counterexamples, [evidence.code for _, _, evidence in shown], misconceptions)


def _judge(
    counterexamples: Sequence[Counterexample],
    programs: Sequence[tuple[str, ...]],
    misconceptions: Mapping[str, Misconception],
) -> list[Counterexample]:
    """Return the counterexamples with what can be said of the first wrong nodes that they show."""
    judged = list(counterexamples)
    shown: dict[int, ProgramWithOrigin] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for index, each in enumerate(judged):
            if not each.origin:
                continue
            misconception = misconceptions[each.specimen]
            edited = edited_definitions(misconception)
            reason = _why_not_judged(edited)
            if edited is None or reason:
                judged[index] = msgspec.structs.replace(each, not_judged=reason)
                continue
            folder = Path(scratch) / each.specimen
            if not folder.exists():
                write_misconception(misconception, folder)
            shown[index] = ProgramWithOrigin(folder, edited, programs[index])
        for index, node in zip(shown, find_first_wrong_nodes(list(shown.values())), strict=True):
            judged[index] = msgspec.structs.replace(judged[index], first_wrong_node=node)
    return judged


def _why_not_judged(edited: Functions | None) -> str:
    """Return why no node can be called the first one that the edited functions made; empty if one can."""
    if edited is None:
        return "the edit is not in the definitions of functions alone"
    if any(name.endswith(".backward") for name in edited):
        return "the edit is in backward(), which makes every gradient"
    return ""


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
    with_origin = [each for each in counterexamples if each.origin]
    judged = [each for each in with_origin if not each.not_judged]
    return Summary(
        len(counterexamples),
        float(median(each.n_operations for each in first.values())),
        tuple(f"{each.specimen} in {each.item}: {each.n_operations}" for each in by_size[:n_largest]),
        len(judged),
        tuple(
            f"{each.specimen} in {each.item}: {each.origin}, not {each.first_wrong_node or 'any node that is shown'}"
            for each in judged
            if not each.is_origin_right
        ),
        Counter(each.not_judged for each in with_origin if each.not_judged),
    )


def count_calls(code: Sequence[str]) -> int:
    """Return how many methods and functions of the student's a program calls, without leaves and prints."""
    n_calls = 0
    for node in ast.walk(ast.parse("\n".join(code))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            n_calls += name not in _NOT_OPERATIONS
    return n_calls


def _count_operations(programs: Sequence[str]) -> list[int]:
    """Return how many operations each program runs on the solution."""
    if not programs:
        return []
    command = [sys.executable, "-B", "-c", COUNTER]
    folder = reference_folder() / "solution"
    run = subprocess.run(command, input=msgspec.json.encode(programs), cwd=folder, capture_output=True, check=True)
    return [int(line) for line in run.stdout.splitlines()]
