"""Misconceptions under private seeds: a wrong answer should earn the same points, whatever cases are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .private_seeds import SpecimenSeeds
from .records import Figure, MeasuredSet, Record, Table, today
from .specimens import SPECIMENS

GOAL_SEEDS = 20
"""How many private seeds the whole run has at least."""

GOAL_STABLE = 0.95
"""The share of misconceptions that must have the same points under every private seed."""

MAX_MOVE_POINTS = 2.0
"""By how many points the others may move, and how many more points one may have under the public seed."""


def find_moving(results: Sequence[SpecimenSeeds]) -> list[SpecimenSeeds]:
    """Return the specimens whose points depend on the private seed, those that move most first."""
    return sorted(
        (result for result in results if result.spread_points), key=lambda result: (-result.spread_points, result.name)
    )


def find_losing(results: Sequence[SpecimenSeeds]) -> list[SpecimenSeeds]:
    """Return the specimens that a private seed takes more than MAX_MOVE_POINTS from, those that lose most first."""
    losing = [result for result in results if result.max_loss_points > MAX_MOVE_POINTS]
    return sorted(losing, key=lambda result: (-result.max_loss_points, result.name))


def describe_chance(result: SpecimenSeeds) -> str:
    """Name the items that fail under some seeds only, with the number of those: `a2_backprop/test_x (3 of 20)`."""
    return ", ".join(f"{name} ({count} of {len(result.failed)})" for name, count in result.chance_items.items())


def count_chance_items(results: Sequence[SpecimenSeeds]) -> Counter[str]:
    """Return for each item how many specimens it catches under some seeds only: its corpus lacks a case for them."""
    return Counter(name for result in results for name in result.chance_items)


def share_of_stable(results: Sequence[SpecimenSeeds]) -> float:
    """Return the share of specimens that have the same points under every private seed."""
    return 1 - len(find_moving(results)) / len(results)


def make_seeds_record(results: Sequence[SpecimenSeeds], digest: str, undrawn: Mapping[str, str]) -> Record:
    """Return the record of a run over all misconceptions, for the page of the proof.

    Args:
        results: The results of each misconception.
        digest: The digest of what was run.
        undrawn: The seeds that could not be drawn, with the reasons.
    """
    moving = find_moving(results)
    n_seeds = len(results[0].failed) + len(undrawn)
    items = count_chance_items(results).most_common()
    return Record(
        part="seeds",
        title="Wrong answers earn the same under every seed",
        question="Do the points of a wrong answer depend on the private seed?",
        command=f"gradkit seeds --seeds {n_seeds} --record",
        date=today(),
        set=MeasuredSet(
            len(results),
            f"misconceptions, each under {len(results[0].failed)} seeds",
            SPECIMENS.author,
            SPECIMENS.written,
            digest,
        ),
        figures=[
            Figure(
                "same points under every seed",
                f"at least {100 * GOAL_STABLE:g} %",
                f"{len(results) - len(moving)} of {len(results)} ({100 * share_of_stable(results):.1f} %)",
            ),
            Figure(
                "largest difference between the points of one misconception",
                f"at most {MAX_MOVE_POINTS:g}",
                f"{_most(moving):g}",
            ),
            Figure(
                "most points between the public seed and a private one",
                f"at most {MAX_MOVE_POINTS:g}",
                f"{max(result.max_loss_points for result in results):g}",
            ),
        ],
        tables=[
            Table(
                "Misconceptions whose points depend on the seed",
                ["misconception", "points", "out of", "items that fail under some seeds only"],
                [[each.name, _range(each), f"{each.suite.points:g}", describe_chance(each)] for each in moving],
            ),
            Table(
                "Items that catch a misconception by chance",
                ["item", "misconceptions"],
                [[name, str(count)] for name, count in items],
            ),
        ],
        misses=[
            *(each.name for each in moving if each.spread_points > MAX_MOVE_POINTS),
            *(
                f"{each.name} loses {each.max_loss_points:g} points that it has under the public seed"
                for each in find_losing(results)
                if each.spread_points <= MAX_MOVE_POINTS  # the others are misses already
            ),
            *(f"{seed} cannot be drawn: {reason}" for seed, reason in undrawn.items()),
        ],
    )


def _most(moving: Sequence[SpecimenSeeds]) -> float:
    return moving[0].spread_points if moving else 0.0


def _range(result: SpecimenSeeds) -> str:
    return f"{min(result.points.values()):g} to {max(result.points.values()):g}"
