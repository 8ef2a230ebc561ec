"""Run a program once more before it is shown, with the student's files imported anew.

What a student is shown is pasted into a new Python, where nothing has run before. A mistake that keeps something in a
class or a module can be right there, although it was wrong after other items. Then the student is shown a program that
fails by itself, or is told that the failure depends on what ran before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

import msgspec

from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.protocol import Transport

from .evidence import Evidence, make_row, report_number, wrong_number_message
from .excerpt import can_matter
from .explanations import explain_error

RunProgram = Callable[[Sequence[str]], list[float]]
"""Runs a program with the student's files imported anew, and returns the numbers that it prints. Raises SubmissionError
if the student's code fails."""

SEEDED = ("import random", "random.seed(0)")
"""The first lines of a program whose numbers would be others in each run."""

ONCE_MORE = "# the same once more"
"""Stands between the two halves of a program that fails the second time only."""

MAX_PROGRAM_SECONDS = 5.0
"""Time that the programs of one submission can take together; the last one can take what is left of its item's limit.
They take milliseconds, unless a file computes something when it is imported. That must not use up the time of items."""


class Programs:
    """Runs the programs of one submission, until they have taken MAX_PROGRAM_SECONDS.

    Args:
        transport: The submission.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._spent_seconds = 0.0

    def run(self, lines: Sequence[str]) -> list[float]:
        """Run a program: see `Transport.run_program`.

        Raises:
            SubmissionError: If the student's code fails, or with the verdict timeout if no time is left.
        """
        if self._spent_seconds >= MAX_PROGRAM_SECONDS:
            raise SubmissionError(Verdict.TIMEOUT, "The time for programs is used up.")
        spent_before = self._transport.spent_seconds
        try:
            return self._transport.run_program(lines)
        finally:
            self._spent_seconds += self._transport.spent_seconds - spent_before


def make_reproducible(
    verdict: Verdict, evidence: Evidence, longer: tuple[str, ...], run_program: RunProgram
) -> Evidence:
    """Return evidence whose program shows by itself what the evidence says.

    Args:
        verdict: How the item ended.
        evidence: The evidence of its failure.
        longer: A longer program, to be tried if that of the evidence does not fail by itself; may be empty.
        run_program: Runs a program.
    """
    if not evidence.code or verdict not in (Verdict.ERROR, Verdict.FAILED):
        return evidence
    if not evidence.rows and verdict is Verdict.FAILED:
        return evidence  # a message without a number, such as one about the range in which weights begin

    twice = _twice(evidence)
    readings = _reading_result(verdict, evidence)
    for code in filter(None, dict.fromkeys((evidence.code, *readings, longer, twice))):
        try:
            shown = _run_for_evidence(evidence, code, run_program, must_repeat_exception=code in readings)
        except _CannotRunError:
            return evidence
        if shown and code == twice and code not in (evidence.code, longer):
            return msgspec.structs.replace(shown, hint=_state_hint(evidence))
        if shown:
            return shown
    return _without_program(evidence)


class _CannotRunError(Exception):
    """A program cannot be run again, for example because the time is used up."""


def _run_for_evidence(
    evidence: Evidence, code: tuple[str, ...], run_program: RunProgram, must_repeat_exception: bool
) -> Evidence | None:
    """Run a program, with a seed if it prints other numbers in each run. Return what it shows, if something is wrong.

    Args:
        evidence: The evidence of the failure.
        code: The program.
        run_program: Runs a program.
        must_repeat_exception: Whether it shows something only if it ends by the exception of the evidence.

    Raises:
        _CannotRunError: If the program cannot be run.
    """
    outcome = _run(code, run_program)
    is_seeded = _is_random(evidence, code, outcome, run_program)
    if is_seeded:
        code = (*SEEDED, *code)
        outcome = _run(code, run_program)
    if must_repeat_exception and not is_seeded and not _is_exception(outcome, evidence.message):
        return None
    return _as_run(evidence, code, outcome)


_RESULT = re.compile(r"(\w+) = .*\(.*\)")
"""The last line of a program that keeps the result of a call."""


def _reading_result(verdict: Verdict, evidence: Evidence) -> list[tuple[str, ...]]:
    """Return programs that read the result of the last line, if the student's code failed and that line only keeps it.

    The item failed when it read the result, for example because it is not a Value.
    """
    result = _RESULT.fullmatch(evidence.code[-1])
    if verdict is not Verdict.ERROR or evidence.traceback or result is None:
        return []
    name = result[1]
    return [(*evidence.code, line) for line in (f"print({name}.data)", f"for each in {name}: print(each.data)")]


def _is_exception(outcome: list[float] | SubmissionError, message: str) -> bool:
    """Return whether a program has ended by the exception that a message is about."""
    name = message.partition(":")[0]
    return isinstance(outcome, SubmissionError) and outcome.message.partition(":")[0] == name


def _is_random(
    evidence: Evidence, code: Sequence[str], outcome: list[float] | SubmissionError, run_program: RunProgram
) -> bool:
    """Return whether a program prints other numbers in each run."""
    shown = [row.yours for row in evidence.rows]
    if isinstance(outcome, SubmissionError) or not shown or list(map(report_number, outcome[-len(shown) :])) == shown:
        return False
    try:
        again = _run(code, run_program)
    except _CannotRunError:
        return False
    return isinstance(again, list) and list(map(report_number, again)) != list(map(report_number, outcome))


def _run(code: Sequence[str], run_program: RunProgram) -> list[float] | SubmissionError:
    """Run a program. Return what it prints or how the student's code fails. Raises _CannotRunError."""
    try:
        return run_program(code)
    except SubmissionError as error:
        if not error.verdict.keeps_worker:
            raise _CannotRunError from error
        return error


def _as_run(evidence: Evidence, code: tuple[str, ...], outcome: list[float] | SubmissionError) -> Evidence | None:
    """Return the evidence of a program as it ran; None if nothing is wrong when it runs by itself."""
    if isinstance(outcome, SubmissionError):
        if not evidence.rows and outcome.message == evidence.message:
            return msgspec.structs.replace(evidence, code=code)
        return explain_error(outcome, code, evidence.heading)

    numbers = outcome[len(outcome) - len(evidence.rows) :]
    if not evidence.rows or len(numbers) < len(evidence.rows):
        return None
    if [report_number(number) for number in numbers] == [row.yours for row in evidence.rows]:
        return msgspec.structs.replace(evidence, code=code)
    if all(is_close(number, float(row.expected)) for number, row in zip(numbers, evidence.rows)):
        return None
    return _with_numbers(evidence, code, numbers)


def _with_numbers(evidence: Evidence, code: tuple[str, ...], numbers: Sequence[float]) -> Evidence:
    """Return the evidence with other numbers of the student's, and without what followed from the earlier ones."""
    rows = tuple(make_row(row.name, number, float(row.expected)) for row, number in zip(evidence.rows, numbers))
    wrong = next(row for row in rows if not is_close(float(row.yours), float(row.expected)))
    return Evidence(wrong_number_message(wrong, evidence.source), code, rows, evidence.heading, evidence.source)


def _without_program(evidence: Evidence) -> Evidence:
    """Return the evidence of something that goes wrong only after other items have run."""
    message = f"{evidence.message}, but only after {_what_ran(evidence)}"
    return Evidence(message, heading=evidence.heading, hint=_state_hint(evidence), traceback=evidence.traceback)


def _state_hint(evidence: Evidence) -> str:
    return (
        f"By itself this is right: it goes wrong only after {_what_ran(evidence)}. Is something kept in the class, "
        "in the file or in a default argument, where each object (self) needs its own?"
    )


_WHAT_RAN = (
    ("optimizer", "another optimizer was used"),
    ("SGD(", "another optimizer was used"),
    ("Adam(", "another optimizer was used"),
    ("import MLP", "other networks were made"),
    ("from nn ", "other networks were made"),
    ("from tensor ", "other tensors were made"),
    ("", "other expressions were computed"),
)
"""(text in a program, what ran before it). The first match is used."""


def _what_ran(evidence: Evidence) -> str:
    program = "\n".join(evidence.code)
    return next(words for text, words in _WHAT_RAN if text in program)


def _twice(evidence: Evidence) -> tuple[str, ...]:
    """Return a program that does everything twice, and prints the rows the second time."""
    n_plain = len(evidence.code) - len(evidence.rows)
    plain, prints = evidence.code[:n_plain], evidence.code[n_plain:]
    expressions = (line.removeprefix("print") for line in prints)
    first = (_bare(text) for text in expressions if can_matter(ast.parse(text, mode="eval").body))
    again = (line for line in plain if not line.startswith(("import ", "from ")))
    return (*plain, *first, ONCE_MORE, *again, *prints)


def _bare(text: str) -> str:
    """Return an expression without the parentheses around it, unless they hold its lines together."""
    return text if "\n" in text else text[1:-1]
