"""Run every program that a specimen's report shows, and check that it prints the student's numbers.

A program is pasted into Python beside the student's files. Then its last lines print the numbers that the report calls
the student's, digit for digit; the program of an exception raises the same exception, with the same message; and where
a message says which shape or type something has, the program prints that shape, or can fail on that type. A program
with another message must end without an exception, and that is all that is checked of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.submissions.exception_text import tidy
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, Number, number_text, report_number
from gradkit.suite.results import ItemResult

SECONDS_PER_PROGRAM = 10
"""Limit on the processor time of a program. The slowest one that is shown takes about 2 s."""

RUNNER = """
import contextlib, io, json, os, resource, sys
from gradkit.inside.worker import message_of
programs, seconds = json.load(sys.stdin)
if any("numpy" in program or "tensor" in program for _, program in programs):
    import numpy  # once, and not in every child
for folder, program in programs:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.chdir(folder)
        sys.path.insert(0, folder)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        printed, error, line = io.StringIO(), "", 0
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        except BaseException as raised:
            error = message_of(raised, "running a program")
            trace = raised.__traceback__.tb_next
            line = trace.tb_lineno if trace else 0
        with os.fdopen(writer, "w") as pipe:
            json.dump((printed.getvalue(), error, line), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    print(answer or json.dumps(("", "the program did not end", 0)))
"""
"""Runs programs, each in a process of its own that is forked before the student's files are imported."""


class ProgramRun(msgspec.Struct, frozen=True, array_like=True):
    """How a program ended.

    Attributes:
        printed: What it printed.
        error: The exception that ended it, in the words of gradkit, as "TypeError: ..."; empty if none did.
        line: The line of the program that raised the exception.
    """

    printed: str
    error: str
    line: int


Check = Literal["numbers", "shape", "exception", "type", "ends"]
"""What of a program is compared with the report. "ends": nothing but that no exception ends it."""


class ShownProgram(msgspec.Struct, frozen=True):
    """A program of a specimen's report, after it was run.

    Attributes:
        item: The item that shows it.
        code: The program.
        check: What of it was compared with the report.
        fault: In which way it shows something else than the report says; empty if it does not.
    """

    item: str
    code: tuple[str, ...]
    check: Check
    fault: str


def run_programs(programs: Sequence[tuple[str, str]]) -> list[ProgramRun]:
    """Run programs, each in a new process and beside a student's files.

    Args:
        programs: The folder of the files, and the program.
    """
    if not programs:
        return []
    command = [sys.executable, "-B", "-c", RUNNER]
    task = msgspec.json.encode((programs, SECONDS_PER_PROGRAM))
    run = subprocess.run(command, input=task, capture_output=True, check=True)
    return [msgspec.json.decode(line, type=ProgramRun) for line in run.stdout.splitlines()]


def check_programs(
    folders: Mapping[str, Path], results_of: Mapping[str, Iterable[ItemResult]]
) -> dict[str, list[ShownProgram]]:
    """Run all programs that reports show; return those of each specimen that has any.

    Args:
        folders: The files of each specimen.
        results_of: The results of each specimen's items.
    """
    shown = [
        (name, result, result.evidence)
        for name, results in results_of.items()
        for result in results
        if result.evidence and result.evidence.code
    ]
    programs = [(str(folders[name].resolve()), "\n".join(evidence.code)) for name, _, evidence in shown]
    checked: dict[str, list[ShownProgram]] = {}
    for (name, result, evidence), outcome in zip(shown, run_programs(programs), strict=True):
        check, fault = compare(result.verdict, evidence, outcome)
        checked.setdefault(name, []).append(ShownProgram(result.id, evidence.code, check, fault))
    return checked


def compare(verdict: Verdict, evidence: Evidence, outcome: ProgramRun) -> tuple[Check, str]:
    """Compare what a program shows with what the evidence says.

    Args:
        verdict: The item's verdict.
        evidence: What the student is shown.
        outcome: What running the program showed.

    Returns:
        What was compared, and in which way it differs; empty if it does not.
    """
    raised = f"raises {outcome.error}" if outcome.error else ""
    if evidence.rows:
        return "numbers", raised or _compare_numbers(evidence, outcome)
    if verdict is Verdict.ERROR:
        same = tidy(outcome.error) == evidence.message
        return "exception", "" if same else raised or "raises no exception"

    shape = _SHAPE.search(evidence.message)
    if shape:
        printed = outcome.printed.splitlines()[-1:]
        return "shape", raised or ("" if printed == [shape[1]] else f"prints {printed}, not the shape {shape[1]}")
    type_name = _find_type(evidence.message)
    if type_name and outcome.error:
        # The last line may read what an object of this type does not have: None has no `data`.
        is_about_it = outcome.line == len(evidence.code) and f"'{type_name}'" in outcome.error
        return "type", "" if is_about_it else raised
    return "ends", raised


def _compare_numbers(evidence: Evidence, outcome: ProgramRun) -> str:
    printed = outcome.printed.splitlines()[-len(evidence.rows) :]
    yours = [number_text(row.yours) for row in evidence.rows]
    same = len(printed) == len(yours) and all(
        _is_same_number(text, row.yours) for text, row in zip(printed, evidence.rows)
    )
    return "" if same else f"prints {printed}, not {yours}"


_SHAPE = re.compile(r"(?:has shape|\.shape is) (\(.*?\))")
_TYPE = re.compile(r"is a plain (\w+), not |of type (\w+);|is (None), not |^(\w+) has no \w+ yet\.")
"""How messages say which shape or type something of the student's has: the first one in a message is the student's."""


def _find_type(message: str) -> str:
    """Return the type that a message says something has; empty if it is not about a type."""
    match = _TYPE.search(message)
    name = match[match.lastindex or 0] if match else ""
    return "NoneType" if name == "None" else name


def _is_same_number(printed: str, yours: Number) -> bool:
    """Return whether a printed line is this number. A whole number may be an int, and a decision a bool."""
    try:
        number = {"True": 1.0, "False": 0.0}.get(printed)
        number = float(printed) if number is None else number
        return report_number(number) == yours
    except ValueError:
        return False
