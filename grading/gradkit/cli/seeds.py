"""`gradkit pairs`, `gradkit seeds`: specimens under many private seeds. Both can be stopped and resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .console import console, n_cores, stop

if TYPE_CHECKING:
    from gradkit.proof.private_seeds import SpecimenSeeds

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="only these (default: all)")]
Seeds = Annotated[int, typer.Option("--seeds", help="how many private seeds to draw", min=1)]
Out = Annotated[Path, typer.Option(help="the folder of results: run the same command again to continue a run")]
Recorded = Annotated[bool, typer.Option("--record", help="write the figures into docs/proof")]


@dataclass(frozen=True)
class _Results:
    """What a run over specimens and seeds has found: the results, the digest of what was run, the seeds left out."""

    results: list[SpecimenSeeds]
    digest: str
    undrawn: dict[str, str]

    @property
    def n_seeds(self) -> int:
        """The number of seeds that were drawn."""
        return len(self.results[0].failed)


def pairs(names: Names = None, n_seeds: Seeds = 152, out: Out = Path(".pairs"), record: Recorded = False) -> None:
    """Grade every right design under many private seeds, and show that none loses a point.

    Examples: gradkit pairs --seeds 2; gradkit pairs tape composed --seeds 10; gradkit pairs --record
    """
    from gradkit.proof.pairs import GOAL_DESIGNS, GOAL_PAIRS, find_lost_items, make_pairs_record
    from gradkit.proof.records import check_records, write_record
    from gradkit.proof.specimens import read_variants

    designs = list(read_variants())
    if record:
        check_records("designs")
        _stop_unless_all(names)
        if len(designs) < GOAL_DESIGNS or len(designs) * n_seeds < GOAL_PAIRS:
            stop(
                f"{len(designs)} designs and {n_seeds} seeds are too few to record: at least {GOAL_DESIGNS} designs "
                f"and {GOAL_PAIRS:,} pairs. Give more --seeds, or leave out --record."
            )
    run = _run_specimens("pair", designs, names, n_seeds, out)
    lost = find_lost_items(run.results)
    if lost:
        table = Table("design", "seed", "points lost", "items")
        for each in lost:
            table.add_row(each.name, each.seed, f"{each.points:g}", "\n".join(each.items))
        console.print(table)
    n_pairs = sum(len(result.failed) for result in run.results)
    console.print(
        f"{n_pairs} pairs of {len(run.results)} designs and {run.n_seeds} seeds: {len(lost)} of them lost points."
    )
    if record:
        write_record(make_pairs_record(run.results, run.digest, run.undrawn))
    _stop_if_undrawn(run)
    if lost:
        stop("Some right designs lost points: see the table.")


def seeds(names: Names = None, n_seeds: Seeds = 20, out: Out = Path(".seeds"), record: Recorded = False) -> None:
    """Grade every misconception under many private seeds, and list those whose points depend on the seed.

    Examples: gradkit seeds --seeds 3; gradkit seeds tanh_overwrites; gradkit seeds --record
    """
    from gradkit.proof.records import check_records, write_record
    from gradkit.proof.specimens import read_misconceptions
    from gradkit.proof.stability import (
        GOAL_SEEDS,
        GOAL_STABLE,
        MAX_MOVE_POINTS,
        count_chance_items,
        describe_chance,
        find_losing,
        find_moving,
        make_seeds_record,
        share_of_stable,
    )

    if record:
        check_records("seeds")
        _stop_unless_all(names)
        if n_seeds < GOAL_SEEDS:
            stop(f"{n_seeds} seeds are too few to record: at least {GOAL_SEEDS}. Or leave out --record.")
    run = _run_specimens("seed", list(read_misconceptions()), names, n_seeds, out)
    results, moving, losing = run.results, find_moving(run.results), find_losing(run.results)
    table = Table("misconception", "moves", "out of", "items that fail under some seeds only")
    for result in moving:
        table.add_row(result.name, f"{result.spread_points:g}", f"{result.suite.points:g}", describe_chance(result))
    if moving:
        console.print(table)
        for item, count in count_chance_items(results).most_common():
            console.print(f"{item} catches {count} by chance", highlight=False)
    for result in losing:
        console.print(
            f"{result.name} has {result.max_loss_points:g} points more under the public seed", highlight=False
        )
    console.print(f"{share_of_stable(results):.1%} of {len(results)} keep the same points under {run.n_seeds} seeds.")
    if record and run.n_seeds >= GOAL_SEEDS:
        write_record(make_seeds_record(results, run.digest, run.undrawn))
    _stop_if_undrawn(run)
    if share_of_stable(results) < GOAL_STABLE or losing or any(each.spread_points > MAX_MOVE_POINTS for each in moving):
        stop("Too many points depend on the seed: see above.")


def _run_specimens(
    prefix: str, existing: Sequence[str], names: Sequence[str] | None, n_seeds: int, out: Path
) -> _Results:
    """Run specimens under private seeds with a progress bar."""
    from gradkit.proof.private_seeds import SeedRun, name_seeds
    from gradkit.proof.prove import choose_specimens, specimen_folders

    chosen = [name for name in choose_specimens(names or []) if name in existing]
    if not chosen:
        stop(f"There is nothing to run: choose from {', '.join(existing[:5])} and so on.")
    with specimen_folders(chosen) as folders, _progress() as progress:
        run = SeedRun(chosen, folders, name_seeds(prefix, n_seeds), out)
        task = progress.add_task("running", total=run.n_results)
        observe: Callable[[int], None] = lambda n_done: progress.update(task, completed=n_done)  # noqa: E731
        return _Results(run.run(n_cores(), observe), run.digest, run.undrawn)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _stop_unless_all(names: Sequence[str] | None) -> None:
    if names:
        stop("--record is about all of them: leave the names out.")


def _stop_if_undrawn(run: _Results) -> None:
    if run.undrawn:
        stop("\n".join(f"{seed} cannot be drawn: {reason}" for seed, reason in run.undrawn.items()))
