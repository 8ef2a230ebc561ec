"""Run mutants: the items on all of them, random programs on those that no item catches, and count the outcomes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .differences import Difference, find_differences
from .equivalents import find_reason, read_equivalents
from .generation import Mutant
from .results import digest_items, digest_programs, open_results
from .running import ItemsRun, run_items
from .suite import load_mutant_suite

Outcome = Literal["caught", "weakly caught", "equivalent", "listed as equivalent", "unfairly caught", "survived"]
"""How a mutant ends:

- caught: by two items, or by one that is about the changed function
- weakly caught: by one item alone, which is not about the changed function
- equivalent: no item fails, and every program shows the same as on the solution
- listed as equivalent: no item fails, a program shows a difference, and the list of right mutants says why it is right
- unfairly caught: the list says that it is right, and an item fails
- survived: no item fails, and a program shows a difference
"""

MISSES: tuple[Outcome, ...] = ("survived", "weakly caught", "unfairly caught")
"""The outcomes that should not be."""


@dataclass(frozen=True)
class MutantProof:
    """The outcome of a mutant.

    Attributes:
        mutant: The mutant.
        outcome: Whether it is caught.
        run: What the items showed.
        reason: For a listed one, why it is right; for a survivor, a program that shows a difference.
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

    Raises:
        ProofError: If some mutants have no result. The results of the others are kept.
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

    left = [mutant for mutant in mutants if not items.by_digest[mutant.digest].failed]
    programs = open_results("programs", digest_programs(), Difference)
    new = [mutant for mutant in left if mutant.digest not in programs.by_digest]
    for count, (mutant, difference) in enumerate(find_differences(new, n_workers), start=1):
        programs.add(mutant.digest, difference)
        progress("running programs", count, len(new))

    listed = read_equivalents()
    return [
        _make_proof(
            mutant, items.by_digest[mutant.digest], programs.by_digest.get(mutant.digest), find_reason(mutant, listed)
        )
        for mutant in mutants
    ]


def _make_proof(mutant: Mutant, run: ItemsRun, difference: Difference | None, reason: str) -> MutantProof:
    """Return the outcome of a mutant.

    Args:
        mutant: The mutant.
        run: What the items showed.
        difference: What the programs showed; not needed if an item failed.
        reason: Why it is listed as right; empty if it is not listed.
    """
    if run.failed:
        outcome: Outcome = "unfairly caught" if reason else "caught" if run.is_caught else "weakly caught"
        return MutantProof(mutant, outcome, run, reason)
    if not difference or not difference.program:
        return MutantProof(mutant, "equivalent", run)
    if reason:
        return MutantProof(mutant, "listed as equivalent", run, reason)
    return MutantProof(mutant, "survived", run, difference.program)
