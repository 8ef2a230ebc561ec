"""Pairs of right designs and private seeds: no right answer may lose points, whatever cases are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .private_seeds import SpecimenSeeds, sum_points
from .records import Figure, MeasuredSet, Record, Table, today
from .specimens import GIVEN_UP, SPECIMENS, read_variants

GOAL_PAIRS = 10_000
"""How many pairs the whole run has at least."""


@dataclass(frozen=True)
class Loss:
    """Points that a right design lost under a private seed."""

    name: str
    seed: str
    items: tuple[str, ...]
    points: float


def find_losses(results: Sequence[SpecimenSeeds]) -> list[Loss]:
    """Return every pair that lost points, in items that the design does not give up."""
    variants = read_variants()
    losses = []
    for result in results:
        given_up = {item for each in variants[result.name].gives_up for item in GIVEN_UP[each]}
        for seed, failed in result.failed.items():
            items = tuple(item.id for item in result.suite.items if item.id in failed and item.id not in given_up)
            if items:
                losses.append(Loss(result.name, seed, items, result.suite.points - sum_points(result.suite, items)))
    return losses


def make_pairs_record(results: Sequence[SpecimenSeeds], digest: str) -> Record:
    """Return the record of a run over all designs, for the page of the proof.

    Args:
        results: The results of each design.
        digest: The digest of what was run.
    """
    losses = find_losses(results)
    n_pairs = sum(len(result.failed) for result in results)
    n_seeds = len(results[0].failed)
    return Record(
        part="designs",
        title="Right designs keep their points",
        question="Do right answers of other designs lose points under any private seed?",
        command=f"gradkit pairs --seeds {n_seeds} --record",
        date=today(),
        set=MeasuredSet(n_pairs, "pairs of a design and a private seed", SPECIMENS.author, SPECIMENS.written, digest),
        figures=[
            Figure("right designs", "at least 60", str(len(results))),
            Figure("pairs of a design and a private seed", f"at least {GOAL_PAIRS:,}", f"{n_pairs:,}"),
            Figure("points lost", "0", f"{sum(loss.points for loss in losses):g}"),
        ],
        tables=[_count_by_assignment(results, losses)],
        misses=[f"{loss.name} under {loss.seed}: {', '.join(loss.items)}" for loss in losses],
    )


def _count_by_assignment(results: Sequence[SpecimenSeeds], losses: Sequence[Loss]) -> Table:
    """Return the number of designs and of lost items in each assignment."""
    names = dict.fromkeys(name for result in results for name in _assignments(result))
    rows = []
    for name in sorted(names):
        graded = [result for result in results if name in _assignments(result)]
        n_lost = sum(item.startswith(f"{name}/") for loss in losses for item in loss.items)
        rows.append([name, str(len(graded)), f"{sum(len(each.failed) for each in graded):,}", str(n_lost)])
    return Table("By assignment", ["assignment", "designs", "pairs", "items lost"], rows)


def _assignments(result: SpecimenSeeds) -> list[str]:
    return [assignment.name for assignment in result.suite.assignments]
