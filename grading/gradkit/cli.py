"""The one door: `gradkit ...`. Each command is a few lines over a room's function."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .graphs.corpus import PUBLIC_SEED
from .suite.assignments import assignments, course_home

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


def _needs(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        complain(f"This needs {module}, which is not installed here: pip install '{extra}'")


def complain(message: str) -> NoReturn:
    """Say what is wrong and leave with status 1."""
    Console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(1)


@app.command()
def corpora(
    seed: Annotated[str, typer.Option(help="draw another seed's corpora, into a cache")] = PUBLIC_SEED,
    check: Annotated[bool, typer.Option("--check", help="re-derive every recorded number from live PyTorch")] = False,
) -> None:
    """Record the corpora that the suites ask for, drawn with Hypothesis and answered by PyTorch.

    Examples: gradkit corpora; gradkit corpora --check; gradkit corpora --seed autumn-2026
    """
    from .course import corpora as course_corpora

    _needs("torch", "gradkit[torch]")
    course = assignments()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("asking PyTorch", total=len(course_corpora.wishes(course)))
        if check:
            wrong = []
            for name, complaints in course_corpora.check(course):
                wrong += [f"{name}: {complaint}" for complaint in complaints]
                progress.advance(task)
        else:
            graphs = 0
            for _name, corpus in course_corpora.build(course, seed, course_corpora.default_cache()):
                graphs += len(corpus.graphs)
                progress.advance(task)
    if not check:
        console.print(f"{graphs} graphs of seed {seed!r} are ready.", highlight=False)
    elif wrong:
        complain("\n".join(wrong[:20]))
    else:
        console.print("Every recorded number is PyTorch's.")


@app.command()
def stubs(
    check: Annotated[bool, typer.Option("--check", help="only say whether the template is in step")] = False,
) -> None:
    """Make the student's template from the reference.

    Example: gradkit stubs
    """
    from .course.stubs import UnassignedError, out_of_step, write_template
    from .evidence.specimens import reference_folder

    solution, template = reference_folder() / "solution", course_home() / "student_template"
    try:
        changed = out_of_step(solution, template, assignments())
    except UnassignedError as error:
        complain(str(error))
    if check and changed:
        complain(f"Not in step with the reference: {', '.join(sorted(changed))}. Run `gradkit stubs`.")
    write_template(template, changed)
    console.print(
        f"Written: {', '.join(sorted(changed))}" if changed else "The template is in step with the reference."
    )


@app.command()
def release(
    out: Annotated[Path, typer.Option(help="the folder to put them in")] = Path("dist"),
) -> None:
    """Build what students get: a wheel and a zip, checked to hold no answer.

    Example: gradkit release --out dist
    """
    from .course.release import LeakError, make_release

    try:
        made = make_release(out)
    except (LeakError, RuntimeError) as error:
        complain(str(error))
    for path in made:
        console.print(f"{path}  {path.stat().st_size / 1024:,.0f} KB", highlight=False)


@app.command()
def prove(
    record: Annotated[
        bool, typer.Option("--record", help="keep the fingerprints that name a student's mistake")
    ] = False,
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
