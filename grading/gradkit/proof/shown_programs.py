"""Run every program that a specimen's report shows, and check that it prints the student's numbers.

A program is pasted into Python beside the student's files. Then its last lines print the numbers that the report calls
the student's, digit for digit; the program of an exception raises the same exception.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
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


def run_programs(programs: Sequence[tuple[str, str]]) -> list[Outcome]:
    """Run programs, each in a new process and beside a student's files.

    Args:
        programs: The folder of the files, and the program.
    """
    if not programs:
        return []
    command = [sys.executable, "-B", "-c", RUNNER]
    task = msgspec.json.encode((programs, SECONDS_PER_PROGRAM))
    run = subprocess.run(command, input=task, capture_output=True, check=True)
    return [msgspec.json.decode(line, type=Outcome) for line in run.stdout.splitlines()]


def find_wrong_programs(
    folders: Mapping[str, Path], results_of: Mapping[str, Iterable[ItemResult]]
) -> dict[str, list[WrongProgram]]:
    """Return the programs that do not show what the report says, by specimen; specimens without any are left out.

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
    wrong: dict[str, list[WrongProgram]] = {}
    for (name, result, evidence), outcome in zip(shown, run_programs(programs), strict=True):
        reason = compare(result.verdict, evidence, outcome)
        if reason:
            wrong.setdefault(name, []).append(WrongProgram(result.id, reason, evidence.code))
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
    is_about_last_line = outcome.error.startswith(("AttributeError", "TypeError")) and outcome.line == len(
        evidence.code
    )
    return f"raises {outcome.error}" if outcome.error and not is_about_last_line else ""


def _is_same_error(error: str, message: str) -> bool:
    """Return whether an exception has this message, in which addresses and long texts are cut."""
    return error.split("\n")[0].removesuffix(": ")[:40] == message[:40] if error else False


def _is_same_number(printed: str, yours: Number) -> bool:
    """Return whether a printed line is this number. A whole number may be an int, and a decision a bool."""
    try:
        number = {"True": 1.0, "False": 0.0}.get(printed)
        number = float(printed) if number is None else number
        return report_number(number) == yours
    except ValueError:
        return False
