"""Run every program that a specimen's report shows, and check that it prints the student's numbers.

A program is pasted into Python beside the student's files. Then its last lines print the numbers that the report calls
the student's, digit for digit; the program of an exception raises the same exception.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, Number, number_text, report_number
from gradkit.suite.results import ItemResult

SECONDS_PER_PROGRAM = 10
"""Limit on the processor time of a program. The slowest one that is shown takes about 2 s."""

RUNNER = """
import contextlib, io, json, os, resource, sys
programs, seconds = json.load(sys.stdin)
sys.path.insert(0, "")
if any("tensor" in program for program in programs):
    import numpy  # once, and not in every child
for program in programs:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        printed, error, line = io.StringIO(), "", 0
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        except BaseException as raised:
            error = f"{type(raised).__name__}: {raised}"
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


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How a program ended.

    Attributes:
        printed: What it printed.
        error: The exception that ended it, as "TypeError: ..."; empty if none did.
        line: The line of the program that raised the exception.
    """

    printed: str
    error: str
    line: int


class WrongProgram(msgspec.Struct, frozen=True):
    """A program that does not show what the report says, and why."""

    item: str
    reason: str
    code: tuple[str, ...]


def run_programs(folder: Path, programs: Sequence[str]) -> list[Outcome]:
    """Run programs beside the files in a folder, each in a new process.

    Args:
        folder: The student's files.
        programs: The programs.
    """
    if not programs:
        return []
    command = [sys.executable, "-B", "-c", RUNNER]
    task = msgspec.json.encode((programs, SECONDS_PER_PROGRAM))
    run = subprocess.run(command, input=task, cwd=folder, capture_output=True, check=True)
    return [msgspec.json.decode(line, type=Outcome) for line in run.stdout.splitlines()]


def find_wrong_programs(folder: Path, results: Sequence[ItemResult]) -> list[WrongProgram]:
    """Return the programs of a report that do not show what the report says.

    Args:
        folder: The files that were graded.
        results: The results of the items.
    """
    shown = [(result, result.evidence) for result in results if result.evidence and result.evidence.code]
    outcomes = run_programs(folder, ["\n".join(evidence.code) for _, evidence in shown])
    wrong = []
    for (result, evidence), outcome in zip(shown, outcomes, strict=True):
        reason = compare(result.verdict, evidence, outcome)
        if reason:
            wrong.append(WrongProgram(result.id, reason, evidence.code))
    return wrong


def compare(verdict: Verdict, evidence: Evidence, outcome: Outcome) -> str:
    """Return in which way a program shows something else than the evidence says; empty if it does not.

    Args:
        verdict: The item's verdict.
        evidence: What the student is shown.
        outcome: What running the program showed.
    """
    if evidence.rows:
        if outcome.error:
            return f"raises {outcome.error}"
        printed = outcome.printed.splitlines()[-len(evidence.rows) :]
        yours = [number_text(row.yours) for row in evidence.rows]
        same = len(printed) == len(yours) and all(
            _is_same_number(text, row.yours) for text, row in zip(printed, evidence.rows)
        )
        return "" if same else f"prints {printed}, not {yours}"
    if verdict is Verdict.ERROR:
        return "" if _is_same_error(outcome.error, evidence.message) else f"raises {outcome.error}"
    # The message is about an object, which may not have what the last line reads: None has no `data`.
    is_about_last_line = outcome.error.startswith("AttributeError") and outcome.line == len(evidence.code)
    return f"raises {outcome.error}" if outcome.error and not is_about_last_line else ""


def _is_same_error(error: str, message: str) -> bool:
    """Return whether an exception has this message, in which addresses and long texts are cut."""
    return error.split("\n")[0][:40] == message[:40] if error else False


def _is_same_number(printed: str, yours: Number) -> bool:
    """Return whether a printed line is this number. A whole number may be an int, and a decision a bool."""
    try:
        number = {"True": 1.0, "False": 0.0}.get(printed)
        number = float(printed) if number is None else number
        return report_number(number) == yours
    except ValueError:
        return False
