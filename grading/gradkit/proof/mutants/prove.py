"""Run mutants: the items on all of them, random programs on those that no item catches, and the figures of it."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .differences import Difference, find_differences
from .equivalents import find_reason, read_equivalents
from .generation import Mutant
from .results import digest_items, digest_programs, open_results
from .running import ItemsRun, load_mutant_suite, run_items

Outcome = Literal["caught", "weakly caught", "equivalent", "survived"]
"""Weakly caught: by one item alone, which is not about the changed function."""


@dataclass(frozen=True)
class MutantProof:
    """The outcome of a mutant.

    Attributes:
        mutant: The mutant.
        outcome: Whether it is caught.
        run: What the items showed.
        reason: For an equivalent one, why it is that; for a survivor, a program that shows a difference.
    """

    mutant: Mutant
    outcome: Outcome
    run: ItemsRun
    reason: str = ""


def prove_mutants(
    mutants: Sequence[Mutant], n_workers: int, progress: Callable[[str, int, int], None] = lambda what, n, of: None
) -> list[MutantProof]:
    """Run items on all mutants, and programs on those that the items do not catch.

    Results are kept as they come, and are not computed again for the same mutant and suite.

    Args:
        mutants: The mutants.
        n_workers: How many to run at a time.
        progress: Called with what is run, how many are done, and of how many.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the mutants' code, in the processes that are forked here
        return _prove(mutants, n_workers, progress)


def _prove(mutants: Sequence[Mutant], n_workers: int, progress: Callable[[str, int, int], None]) -> list[MutantProof]:
    items = open_results("items", digest_items(), ItemsRun)
    new = [mutant for mutant in mutants if mutant.digest not in items.by_digest]
    if new:
        suite = load_mutant_suite()
        for count, (mutant, run) in enumerate(run_items(new, suite, n_workers), start=1):
            items.add(mutant.digest, run)
            progress("running items", count, len(new))

    listed = read_equivalents()
    left = [
        mutant for mutant in mutants if not items.by_digest[mutant.digest].failed and not find_reason(mutant, listed)
    ]
    programs = open_results("programs", digest_programs(), Difference)
    new = [mutant for mutant in left if mutant.digest not in programs.by_digest]
    for count, (mutant, difference) in enumerate(find_differences(new, n_workers), start=1):
        programs.add(mutant.digest, difference)
        progress("running programs", count, len(new))

    proofs = []
    for mutant in mutants:
        run = items.by_digest[mutant.digest]
        reason = find_reason(mutant, listed)
        if run.failed:
            proofs.append(MutantProof(mutant, "caught" if run.is_caught else "weakly caught", run))
        elif reason:
            proofs.append(MutantProof(mutant, "equivalent", run, reason))
        else:
            program = programs.by_digest[mutant.digest].program
            proofs.append(MutantProof(mutant, "survived" if program else "equivalent", run, program))
    return proofs


def count_outcomes(proofs: Iterable[MutantProof], key: Callable[[Mutant], str]) -> dict[str, Counter[Outcome]]:
    """Count the outcomes of mutants in groups.

    Args:
        proofs: The mutants.
        key: Returns the name of a mutant's group.
    """
    counts: dict[str, Counter[Outcome]] = {}
    for proof in proofs:
        counts.setdefault(key(proof.mutant), Counter())[proof.outcome] += 1
    return counts


def share_caught(counts: Counter[Outcome]) -> float:
    """Return the share of mutants that are caught among those that are not equivalent, from 0 to 1."""
    wrong = counts.total() - counts["equivalent"]
    return counts["caught"] / wrong if wrong else 1.0
