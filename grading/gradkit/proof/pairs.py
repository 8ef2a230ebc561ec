"""Pairs of right designs and private seeds: no right answer may lose points, whatever cases are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .private_seeds import SpecimenSeeds, sum_points
from .records import Figure, MeasuredSet, Record, Table, today
from .specimens import GIVEN_UP, SPECIMENS, read_variants

GOAL_DESIGNS, GOAL_PAIRS = 60, 10_000
"""How many right designs there are at least, and how many pairs the whole run has."""


@dataclass(frozen=True)
class LostItems:
    """Items that a right design lost under a private seed, and their points."""

    name: str
    seed: str
    items: tuple[str, ...]
    points: float


def find_lost_items(results: Sequence[SpecimenSeeds]) -> list[LostItems]:
    """Return every pair that lost points, in items that the design does not give up."""
    variants = read_variants()
    lost = []
    for result in results:
        given_up = {item for each in variants[result.name].gives_up for item in GIVEN_UP[each]}
        for seed, failed in result.failed.items():
            items = tuple(item.id for item in result.suite.items if item.id in failed and item.id not in given_up)
            if items:
                lost.append(LostItems(result.name, seed, items, result.suite.points - sum_points(result.suite, items)))
    return lost


def make_pairs_record(results: Sequence[SpecimenSeeds], digest: str, undrawn: Mapping[str, str]) -> Record:
    """Return the record of a run over all designs, for the page of the proof.

    Args:
        results: The results of each design.
        digest: The digest of what was run.
        undrawn: The seeds that could not be drawn, with the reasons.
    """
    lost = find_lost_items(results)
    n_pairs = sum(len(result.failed) for result in results)
    n_seeds = len(results[0].failed) + len(undrawn)
    return Record(
        part="designs",
        title="Right designs keep their points",
        question="Do right answers of other designs lose points under any private seed?",
        command=f"gradkit pairs --seeds {n_seeds} --record",
        date=today(),
        set=MeasuredSet(n_pairs, "pairs of a design and a private seed", SPECIMENS.author, SPECIMENS.written, digest),
        figures=[
            Figure("right designs", f"at least {GOAL_DESIGNS}", str(len(results))),
            Figure("pairs of a design and a private seed", f"at least {GOAL_PAIRS:,}", f"{n_pairs:,}"),
            Figure("points lost", "0", f"{sum(each.points for each in lost):g}"),
        ],
        tables=[_count_by_assignment(results, lost)],
        misses=[
            *(f"{each.name} under {each.seed}: {', '.join(each.items)}" for each in lost),
            *(f"{seed} cannot be drawn: {reason}" for seed, reason in undrawn.items()),
        ],
    )


def _count_by_assignment(results: Sequence[SpecimenSeeds], lost: Sequence[LostItems]) -> Table:
    """Return the number of designs and of lost items in each assignment."""
    names = dict.fromkeys(name for result in results for name in _assignments(result))
    rows = []
    for name in sorted(names):
        graded = [result for result in results if name in _assignments(result)]
        n_lost = sum(item.startswith(f"{name}/") for each in lost for item in each.items)
        rows.append([name, str(len(graded)), f"{sum(len(each.failed) for each in graded):,}", str(n_lost)])
    return Table("By assignment", ["assignment", "designs", "pairs", "items lost"], rows)


def _assignments(result: SpecimenSeeds) -> list[str]:
    return [assignment.name for assignment in result.suite.assignments]
