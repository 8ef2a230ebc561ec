"""`gradkit check`, `gradkit corpora`, `gradkit stubs`, `gradkit release`: for those who write the course."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.home import course_home
from gradkit.corpora.scalar import PUBLIC_SEED

from .console import console, require, stop


def check() -> None:
    """Say what is missing in the course or out of step, and what to do about it.

    It compares files only. `gradkit corpora --check` compares the recorded numbers with PyTorch's, `gradkit prove` runs
    the misconceptions, and `make test` tests everything.

    Example: gradkit check
    """
    from gradkit.authoring.check.run import check_course

    findings = check_course()
    if not findings:
        console.print("Nothing is missing, and nothing is out of step.")
        return
    table = Table(Column("where", overflow="fold"), Column("what", overflow="fold"), Column("to do", overflow="fold"))
    for finding in findings:
        table.add_row(*map(escape, (finding.where, finding.what, finding.to_do)))
    console.print(table)
    stop("1 thing is left to do." if len(findings) == 1 else f"{len(findings)} things are left to do.")


def corpora(
    seed: Annotated[
        str, typer.Option(envvar="GRADKIT_SEED", help="draw another seed's corpora, into a cache")
    ] = PUBLIC_SEED,
    check: Annotated[bool, typer.Option("--check", help="re-derive every recorded number from live PyTorch")] = False,
) -> None:
    """Record the corpora that the suites ask for, drawn with Hypothesis and answered by PyTorch.

    Examples: gradkit corpora; gradkit corpora --check; gradkit corpora --seed autumn-2026
    """
    from gradkit.course import corpora as course_corpora

    require("torch", "gradkit[torch]")
    course = assignments()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("asking PyTorch", total=len(course_corpora.wishes(course)))
        if check:
            wrong = []
            for name, complaints in course_corpora.check(course):
                wrong += [f"{name}: {complaint}" for complaint in complaints]
                progress.advance(task)
        else:
            cases = 0
            for _name, corpus in course_corpora.build(course, seed, course_corpora.default_cache()):
                cases += len(corpus.cases)
                progress.advance(task)
    if not check:
        console.print(f"{cases} cases of {'the public' if seed == PUBLIC_SEED else 'this'} seed are ready.")
    elif wrong:
        stop("\n".join(wrong[:20]))
    else:
        console.print("Every recorded number is PyTorch's.")


def stubs(
    check: Annotated[bool, typer.Option("--check", help="only say whether the template is in step")] = False,
) -> None:
    """Make the student's template from the reference.

    Example: gradkit stubs
    """
    from gradkit.course.stubs import out_of_step, write_template
    from gradkit.proof.specimens import reference_folder

    solution, template = reference_folder() / "solution", course_home() / "student_template"
    changed = out_of_step(solution, template, assignments())
    if check and changed:
        stop(f"Not in step with the reference: {', '.join(sorted(changed))}. Run `gradkit stubs`.")
    write_template(template, changed)
    console.print(
        f"Written: {', '.join(sorted(changed))}" if changed else "The template is in step with the reference."
    )


def release(
    out: Annotated[Path, typer.Option(help="the folder to put them in")] = Path("dist"),
) -> None:
    """Build what students get: a wheel and a zip, checked to hold no answer.

    Example: gradkit release --out dist
    """
    from gradkit.course.release import make_release

    made = make_release(out)
    for path in made:
        console.print(f"{path}  {path.stat().st_size / 1024:,.0f} KB", highlight=False)
