"""`gradkit prove`, `gradkit mutants`, `gradkit attacks`, `gradkit page`: the kit proves itself."""

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
    from gradkit.proof.records import check_records, write_record
    from gradkit.proof.specimen_records import make_counterexamples_record, make_specimens_record

    chosen = choose_specimens(names or [])
    if record:
        check_records("misconceptions", "counterexamples")
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
        if not names:
            write_record(make_specimens_record(proofs))
            write_record(make_counterexamples_record(proofs))
        console.print(f"Recorded, with {n_hints} fingerprints of misconceptions.", highlight=False)
    if any(proof.reason for proof in proofs):
        stop("Some specimens did not go as they must: see the last column.")


def mutants(
    file: Annotated[
        list[str] | None, typer.Option(help="a file of the solution, without .py; once for each (default: all)")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="run only every Nth mutant")] = 1,
    record: Annotated[bool, typer.Option("--record", help="record the figures for docs/proof.md")] = False,
) -> None:
    """Run the suites on the solution with one small change each, and print every wrong one that they do not catch.

    A mutant is caught if two items fail, or one that is about the changed function. If the run is stopped with Ctrl-C,
    the next one resumes.

    Examples: gradkit mutants --every 50; gradkit mutants --file tensor; gradkit mutants --record
    """
    from gradkit.proof.mutants.generation import MODULES, generate_mutants
    from gradkit.proof.mutants.prove import MISSES, prove_mutants
    from gradkit.proof.mutants.summary import make_record, outcome_table
    from gradkit.proof.records import check_records, write_record

    unknown = sorted(set(file or ()) - set(MODULES))
    if unknown:
        stop(f"The solution has no {unknown[0]}.py. Its files: {', '.join(MODULES)}.")
    if record and (file or every > 1):
        stop("--record is for all mutants: leave out --file and --every.")
    if record:
        check_records("mutants")
    chosen = generate_mutants(tuple(name for name in MODULES if not file or name in file))[::every]
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("running items")
        proofs = prove_mutants(
            chosen,
            n_cores(),
            lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    for proof in proofs:
        mutant = proof.mutant
        if proof.outcome in MISSES:
            by = f" by {', '.join(proof.run.failed)}" if proof.run.failed else ""
            console.print(
                f"[bold]{proof.outcome}[/bold]{by}: {mutant.module}.py, line {mutant.line}, {mutant.operator}"
            )
            console.print(f"    {mutant.before}\n    {mutant.after}", markup=False, highlight=False, soft_wrap=True)
    console.print(outcome_table("file", proofs, lambda mutant: f"{mutant.module}.py"))
    if record:
        write_record(make_record(proofs))
    if any(proof.outcome in MISSES for proof in proofs):
        stop("Some mutants are not caught as they must be: see above. Change an item, or the list of right mutants.")


def page() -> None:
    """Write docs/proof.md and its picture from the records in docs/proof/.

    Example: gradkit page
    """
    from gradkit.catalogue.home import course_home
    from gradkit.proof.page import write_page

    for path in write_page():
        console.print(f"Written: {path.relative_to(course_home()).as_posix()}", highlight=False)


def attacks(
    record: Annotated[bool, typer.Option("--record", help="record the figures for docs/proof.md")] = False,
    out: Annotated[
        Path, typer.Option(help="the folder of results: run the same command again to continue a run")
    ] = Path(".attacks"),
) -> None:
    """Grade every attack of the corpus; show that each gets what its honest part earns, and carries out no secret.

    If the run is stopped with Ctrl-C, the next one resumes. Attacks that did not go as they must are graded again.

    Examples: gradkit attacks; gradkit attacks --record
    """
    from gradkit.proof.attacks.corpus import read_attacks
    from gradkit.proof.attacks.corpus_run import run_corpus
    from gradkit.proof.attacks.record import make_attacks_record
    from gradkit.proof.records import check_records, write_record

    chosen = read_attacks()
    if record:
        check_records("attacks")
    with Progress(console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("grading attacks", total=len(chosen))
        run = run_corpus(chosen, out, lambda _name: progress.update(task, advance=1, refresh=True), n_cores())
    table = Table(Column("attack", overflow="fold"), "group", "earned", "must get", "as it must be")
    for each in run.results:
        earned = f"{each.report.earned:g}" if each.report else "-"
        table.add_row(each.name, each.attack.group, earned, each.attack.says(), escape(each.reason) or "yes")
    console.print(table)
    if record:
        write_record(make_attacks_record(run))
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
    """Show the hints on mistakes that were written independently of them, and count their ratings.

    Examples: gradkit hints set_a --out screens; gradkit hints set_b --record
    """
    from gradkit.proof.hint_ratings import RATINGS, count_hints, find_missed_goals, make_record, read_ratings
    from gradkit.proof.hint_screens import make_screens, write_screens
    from gradkit.proof.independent_mistakes import open_set
    from gradkit.proof.records import check_records, write_record

    chosen = open_set(name)
    if record:
        chosen.refuse_development()
        check_records("hints")
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("grading mistakes", total=len(chosen.mistakes))
        screens = list(make_screens(chosen, lambda: progress.advance(task)))
    figures = count_hints(screens, read_ratings(name))
    if out:
        write_screens(chosen, screens, out)

    table = Table("mistakes", "cost points", "of these with a hint", "right", "incomplete", "wrong", "not rated")
    ratings = [figures.count(rating) for rating in RATINGS]
    numbers = [figures.n_mistakes, figures.n_caught, figures.n_with_hint, *ratings, len(figures.unrated)]
    table.add_row(*map(str, numbers))
    console.print(table)
    if record:
        write_record(make_record(chosen, screens, figures))
    missed = find_missed_goals(figures)
    if missed:
        stop("\n".join(missed))
