"""`gradkit pairs`, `gradkit seeds`: specimens under many private seeds. Both can be stopped and continued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .console import console, n_cores, stop

if TYPE_CHECKING:
    from gradkit.proof.private_seeds import SpecimenSeeds

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="only these (default: all)")]
Seeds = Annotated[int, typer.Option(help="how many private seeds to draw", min=1)]
Out = Annotated[Path, typer.Option(help="the folder of results: run the same command again to continue a run")]
Recorded = Annotated[bool, typer.Option("--record", help="write the figures into docs/proof")]


def pairs(names: Names = None, seeds: Seeds = 152, out: Out = Path(".pairs"), record: Recorded = False) -> None:
    """Grade every right design under many private seeds, and show that none loses a point.

    Examples: gradkit pairs --seeds 2; gradkit pairs tape composed --seeds 10; gradkit pairs --record
    """
    from gradkit.proof.pairs import find_losses, make_pairs_record
    from gradkit.proof.records import write_record
    from gradkit.proof.specimens import read_variants

    results, digest = _run("pair", list(read_variants()), names, seeds, out)
    losses = find_losses(results)
    if losses:
        table = Table("design", "seed", "points lost", "items")
        for loss in losses:
            table.add_row(loss.name, loss.seed, f"{loss.points:g}", "\n".join(loss.items))
        console.print(table)
    n_pairs = sum(len(result.failed) for result in results)
    console.print(f"{n_pairs} pairs of {len(results)} designs and {seeds} seeds: {len(losses)} lost points.")
    if record:
        _stop_unless_all(names)
        write_record(make_pairs_record(results, digest))
    if losses:
        stop("Some right designs lost points: see the table.")


def seeds(names: Names = None, seeds: Seeds = 20, out: Out = Path(".seeds"), record: Recorded = False) -> None:
    """Grade every misconception under many private seeds, and list those whose points depend on the seed.

    Examples: gradkit seeds --seeds 3; gradkit seeds tanh_overwrites; gradkit seeds --record
    """
    from gradkit.proof.records import write_record
    from gradkit.proof.specimens import read_misconceptions
    from gradkit.proof.stability import (
        GOAL_STABLE,
        MAX_MOVE_POINTS,
        count_chance_items,
        describe_chance,
        find_moving,
        make_seeds_record,
        share_of_stable,
    )

    results, digest = _run("seed", list(read_misconceptions()), names, seeds, out)
    moving = find_moving(results)
    table = Table("misconception", "moves", "out of", "items that fail under some seeds only")
    for result in moving:
        table.add_row(result.name, f"{result.moves:g}", f"{result.suite.points:g}", describe_chance(result))
    if moving:
        console.print(table)
        for item, count in count_chance_items(results).most_common():
            console.print(f"{item} catches {count} by chance", highlight=False)
    console.print(f"{share_of_stable(results):.1%} of {len(results)} keep the same points under {seeds} seeds.")
    if record:
        _stop_unless_all(names)
        write_record(make_seeds_record(results, digest))
    if share_of_stable(results) < GOAL_STABLE or any(each.moves > MAX_MOVE_POINTS for each in moving):
        stop("Too many points depend on the seed: see the table.")


def _run(
    prefix: str, existing: Sequence[str], names: Sequence[str] | None, n_seeds: int, out: Path
) -> tuple[list[SpecimenSeeds], str]:
    """Run specimens under private seeds with a progress bar; return the results, and the digest of what was run."""
    from gradkit.proof.private_seeds import SeedRun, name_seeds
    from gradkit.proof.prove import choose_specimens, specimen_folders

    chosen = [name for name in choose_specimens(names or []) if name in existing]
    if not chosen:
        stop(f"There is nothing to run: choose from {', '.join(existing[:5])} and so on.")
    with specimen_folders(chosen) as folders, _progress() as progress:
        run = SeedRun(chosen, folders, name_seeds(prefix, n_seeds), out)
        task = progress.add_task("running", total=run.n_results)
        observe: Callable[[int], None] = lambda n_done: progress.update(task, completed=n_done)  # noqa: E731
        return run.run(n_cores(), observe), run.digest


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
