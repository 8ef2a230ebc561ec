"""Decide whether a mutant computes the same as the solution, by running random programs on both."""

from __future__ import annotations

import functools
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import msgspec

from gradkit.errors import UserError
from gradkit.submissions.bounded import LimitReachedError, Limits, run_bounded
from gradkit.submissions.outcome import Verdict

from ..errors import ProofError
from ..specimens import reference_folder
from .generation import Mutant
from .jobs import run_jobs, write_mutant
from .programs import programs_for

LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=30, wall_seconds=600.0, file_bytes=1 << 20)
"""For all programs on one mutant. The solution takes 1 to 3 s. Even on a busy machine, processor time ends first."""

Seen = list[float | str]
"""What a program has shown: numbers, and texts for shapes and for what is not a number."""


class Difference(msgspec.Struct, frozen=True):
    """The first program that shows a difference; an empty text if none does. `n_programs` have been run."""

    program: str
    n_programs: int


@dataclass(frozen=True)
class Programs:
    """The programs about a file of the solution, with what they show on the solution.

    Attributes:
        texts: The programs.
        codes: The same, compiled.
        answers: What each one shows.
    """

    texts: Sequence[str]
    codes: Sequence[CodeType]
    answers: Sequence[Seen]


@functools.cache
def load_programs(module: str) -> Programs:
    """Return the programs about a file.

    Raises:
        UserError: If the solution fails on one of them.
    """
    import numpy  # noqa: F401  (so that forked processes need not)

    texts = programs_for(module)
    codes = [compile(text, "program.py", "exec") for text in texts]
    solution = reference_folder() / "solution"
    answers: list[Seen] = []
    for text, answer in zip(texts, run_bounded(lambda: _answers(solution, codes), list[Seen | None], LIMITS)):
        if answer is None:
            raise UserError(
                f"A program about {module}.py fails on the solution. Change proof/mutants/programs:\n{text}"
            )
        answers.append(answer)
    return Programs(texts, codes, answers)


def find_differences(mutants: Sequence[Mutant], n_workers: int) -> Iterator[tuple[Mutant, Difference]]:
    """Run the programs on each mutant until one differs; yield the mutants as they are done.

    Args:
        mutants: The mutants.
        n_workers: How many to run at a time.

    Raises:
        ProofError: If some mutants have no result. It is raised after the others have been yielded.
    """
    for module in dict.fromkeys(mutant.module for mutant in mutants):
        load_programs(module)  # before the processes are forked, so that all have it
    yield from run_jobs(mutants, _find_difference, n_workers)


def _find_difference(mutant: Mutant) -> Difference:
    programs = load_programs(mutant.module)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_mutant(mutant, Path(scratch) / "mutant")
        try:
            index = run_bounded(lambda: _first_difference(folder, programs), int, LIMITS)
        except LimitReachedError as error:
            if error.verdict is Verdict.OUT_OF_MEMORY:  # not a MemoryError, which ends the program and not the process
                raise ProofError("A process was killed, perhaps because memory ran out.") from error
            return Difference(f"A program {error.message}.", 0)
    if index < 0:
        return Difference("", len(programs.texts))
    return Difference(programs.texts[index], index + 1)


# --- in the bounded process ------------------------------------------------------------------------------------------


def _answers(folder: Path, codes: Sequence[CodeType]) -> list[Seen | None]:
    _use(folder)
    return [_run(code) for code in codes]


def _first_difference(folder: Path, programs: Programs) -> int:
    """Return the index of the first program that shows something else than on the solution, or -1."""
    _use(folder)
    for index, (code, answer) in enumerate(zip(programs.codes, programs.answers, strict=True)):
        seen = _run(code)
        if seen is None or not _are_equal(seen, answer):
            return index
    return -1


def _use(folder: Path) -> None:
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    warnings.simplefilter("ignore")


def _run(code: CodeType) -> Seen | None:
    """Run a program, and return what it shows; None if it raises an exception or shows something infinite."""
    seen: Seen = []
    try:
        exec(code, {"see": lambda thing: _record(thing, seen)})
    except BaseException:  # also a MemoryError
        return None
    if any(isinstance(each, float) and not abs(each) < float("inf") for each in seen):
        return None
    return seen


def _record(thing: Any, seen: Seen) -> None:
    """Add to `seen` what a thing is: its numbers, and its shape or length."""
    if isinstance(thing, bool) or thing is None or isinstance(thing, str):
        seen.append(repr(thing))
    elif isinstance(thing, int | float) or getattr(thing, "shape", None) == ():
        seen.append(float(thing))  # a number and an array without axes are the same
    elif hasattr(thing, "shape"):
        seen.append(f"shape {tuple(thing.shape)}")
        seen.extend(float(number) for number in thing.ravel())
    else:
        things = list(thing)
        seen.append(f"length {len(things)}")
        for each in things:
            _record(each, seen)


def _are_equal(seen: Seen, answer: Seen) -> bool:
    """Return whether two programs have shown the same, within the tolerance of the course."""
    return len(seen) == len(answer) and all(map(_agree, seen, answer))


def _agree(a: float | str, b: float | str) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return abs(a - b) <= 1e-9 + 1e-7 * abs(b)
