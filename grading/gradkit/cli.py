"""The one door: `gradkit ...`. Each command is a few lines over a room's function."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A course kit for building an autograd engine. Students need only pytest; these commands are for authors.",
)
console = Console()


@app.callback()
def gradkit() -> None:
    """A course kit for building an autograd engine."""


def complain(message: str) -> None:
    """Say what is wrong and leave with status 1."""
    Console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(1)


@app.command()
def prove(
    record: Annotated[bool, typer.Option("--record", help="keep the fingerprints that name a student's mistake")] = False,
) -> None:
    """Show that every misconception is caught by its own items, and that no variant loses marks.

    Example: gradkit prove
    """
    from .evidence.prove import prove as prove_all
    from .evidence.prove import record_diagnoses
    from .evidence.specimens import misconceptions, variants

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("running every specimen", total=len(misconceptions()) + len(variants()))
        proofs = prove_all(lambda _name: progress.advance(task))
    table = Table("specimen", "kind", "caught by (and how many items depend on those)", "as it must be")
    for proof in proofs:
        caught = "\n".join(proof.caught_by) + (f"\n(+{proof.blocked} blocked)" if proof.blocked else "")
        table.add_row(proof.name, proof.kind, caught or "nothing", proof.complaint or "yes")
    console.print(table)
    if record:
        console.print(f"{record_diagnoses(proofs)} fingerprints recorded")
    if any(proof.complaint for proof in proofs):
        complain("Some specimens did not go as they must: see the last column.")


def main() -> None:
    """Entry point of the `gradkit` command."""
    app()
