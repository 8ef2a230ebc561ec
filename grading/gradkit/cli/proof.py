"""`gradkit prove`, `gradkit attacks`: the kit proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from .console import console, n_cores, stop


def prove(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="misconceptions or variants (default: all)")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="record the proofs that hold, and the fingerprints of misconceptions")
    ] = False,
) -> None:
    """Show that every misconception is caught by its own items, and that no variant loses points.

    Examples: gradkit prove; gradkit prove tanh_overwrites; gradkit prove --record
    """
    from gradkit.proof.prove import choose_specimens, record_proofs
    from gradkit.proof.prove import prove as prove_specimens

    chosen = choose_specimens(names or [])
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("running specimens", total=len(chosen))
        proofs = prove_specimens(lambda _name: progress.advance(task), chosen)
    table = Table("specimen", "kind", "caught by (and how many items depend on those)", "as it must be")
    for proof in proofs:
        caught = "\n".join(proof.caught_by) + (f"\n(+{proof.blocked} blocked)" if proof.blocked else "")
        table.add_row(proof.name, proof.kind, caught or "nothing", proof.reason or "yes")
    console.print(table)
    if record:
        n_hints = record_proofs(proofs)
        console.print(f"Recorded, with {n_hints} fingerprints of misconceptions.", highlight=False)
    if any(proof.reason for proof in proofs):
        stop("Some specimens did not go as they must: see the last column.")


def attacks() -> None:
    """Grade every attack of the corpus; show that each gets what its honest part earns, and carries out no secret.

    Example: gradkit attacks
    """
    from gradkit.proof.attacks.corpus import read_attacks
    from gradkit.proof.attacks.run import run_attacks

    chosen = read_attacks()
    with Progress(console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("grading attacks", total=len(chosen))
        run = run_attacks(chosen, lambda _name: progress.update(task, advance=1, refresh=True), n_cores())
    table = Table(Column("attack", overflow="fold"), "group", "earned", "must get", "as it must be")
    for each in run.results:
        earned = f"{each.report.earned:g}" if each.report else "-"
        table.add_row(each.name, each.attack.group, earned, each.attack.says(), escape(each.reason) or "yes")
    console.print(table)
    if run.reasons:
        stop("\n".join(["Some attacks did not go as they must:", *run.reasons]))
    console.print(
        f"{len(run.results)} attacks: 0 undeserved points, and 0 secret bits beyond whether an item passed.",
        highlight=False,
    )


def hints(
    name: Annotated[str, typer.Argument(metavar="SET", help="a set of reference/independent_mistakes")],
    out: Annotated[
        Path | None, typer.Option("--out", help="write what a rater sees of each mistake into this folder")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="record the figures for docs/proof.md")] = False,
) -> None:
    """Measure the hints on mistakes that were written independently of them, as their ratings judge them.

    Examples: gradkit hints set_a --out screens; gradkit hints set_a --record
    """
    from gradkit.proof import hint_trial
    from gradkit.proof.records import write_record

    chosen = hint_trial.open_set(name)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("grading mistakes", total=len(chosen.mistakes))
        screens = list(hint_trial.make_screens(chosen, lambda: progress.advance(task)))
    figures = hint_trial.count_hints(screens, hint_trial.read_ratings(name))
    if out:
        hint_trial.write_screens(chosen, screens, out)

    table = Table("mistakes", "cost points", "of these with a hint", "right", "incomplete", "wrong", "not rated")
    ratings = [figures.ratings[each] for each in ("right", "incomplete", "wrong")]
    numbers = [figures.n_mistakes, figures.n_caught, figures.n_with_hint, *ratings, len(figures.unrated)]
    table.add_row(*map(str, numbers))
    console.print(table)
    if record:
        write_record(hint_trial.make_record(chosen, screens, figures))
