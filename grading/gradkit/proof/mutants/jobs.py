"""Do jobs for mutants in other processes: run items on them, or programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.submissions.intake.students import Student

from ..errors import ProofError
from ..specimens import write_solution
from .generation import Mutant

Result = TypeVar("Result")

JOB_SECONDS = 3600.0
"""Seconds after which a grader process is killed. The processes that it starts for a mutant have their own limits."""


def run_jobs(
    mutants: Sequence[Mutant], job: Callable[[Mutant], Result], n_workers: int
) -> Iterator[tuple[Mutant, Result]]:
    """Do a job for each mutant in other processes; yield the results as they come.

    Raises:
        ProofError: If a job failed for some mutants. It is raised after the results of the others have been yielded.
    """
    by_digest = {mutant.digest: mutant for mutant in mutants}
    names = [Student(mutant.digest, Path()) for mutant in mutants]
    reasons = []
    for done in run_in_processes(names, lambda name: job(by_digest[name.name]), n_workers, JOB_SECONDS):
        if done and done.value is not None:
            yield by_digest[done.student.name], done.value
        elif done:
            mutant = by_digest[done.student.name]
            reasons.append(f"{mutant.module}.{mutant.function}, line {mutant.line}, {mutant.after}: {done.reason}")
    if reasons:
        raise ProofError(
            f"{len(reasons)} mutants have no result. Run the same command again: it keeps the results of the others. "
            f"The first is {reasons[0]}"
        )


def write_mutant(mutant: Mutant, folder: Path) -> Path:
    """Write a mutant's files to a new folder, and return it."""
    write_solution(folder)
    (folder / f"{mutant.module}.py").write_text(mutant.source, encoding="utf-8")
    return folder
