"""`gradkit check`, `gradkit corpora`, `gradkit stubs`, `gradkit release`: for those who write the course."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.corpora.spec import PUBLIC_SEED

from .console import console, require, stop

if TYPE_CHECKING:
    from gradkit.authoring.check.finding import Finding

MAX_DIFFERENCES_SHOWN = 20


def check() -> None:
    """Say what is missing in the course or out of step, and what to do about it.

    A terminal gets a table, and a file or a pipe one line for each finding.

    It compares files only. `gradkit corpora --check` compares the recorded numbers with PyTorch's, `gradkit prove` runs
    the misconceptions, and `make test` tests everything.

    Example: gradkit check
    """
    from gradkit.authoring.check.run import check_course

    findings = check_course()
    if not findings:
        console.print("Nothing is missing, and nothing is out of step.")
        return
    if console.is_terminal:
        _print_table(findings)
    else:
        for finding in findings:
            console.print(
                f"{finding.where}: {finding.what} To do: {finding.to_do}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    stop("1 thing is left to do." if len(findings) == 1 else f"{len(findings)} things are left to do.")


def _print_table(findings: list[Finding]) -> None:
    table = Table(Column("where", overflow="fold"), Column("what", overflow="fold"), Column("to do", overflow="fold"))
    for finding in findings:
        table.add_row(*map(escape, (finding.where, finding.what, finding.to_do)))
    console.print(table)


def corpora(
    assignment: Annotated[str, typer.Argument(help="a2_backprop, a2, ... or all")] = "all",
    seed: Annotated[
        str, typer.Option(envvar="GRADKIT_SEED", help="draw a private seed's corpora, into a cache")
    ] = PUBLIC_SEED,
    check: Annotated[bool, typer.Option("--check", help="compare every recorded number with live PyTorch")] = False,
) -> None:
    """Draw the corpora of the suites, let PyTorch answer them, and record both.

    Only files that are missing, or that differ beyond rounding, are written. The table of what seeds each corpus,
    tests/kit/corpus_keys.txt, is kept in step.

    Examples: gradkit corpora; gradkit corpora --check; gradkit corpora a2 --seed autumn-2026
    """
    from gradkit.course.corpora import (
        check_corpora,
        corpus_specs,
        default_cache,
        draw_corpora,
        find_keys_file,
        record_corpora,
        write_keys,
    )

    require("torch")
    course = choose_assignments(assignment)
    is_whole = len(course) == len(assignments())
    specs = corpus_specs(course)
    with Progress(console=console, transient=True) as progress:
        n_specs = len(specs)
        if check:
            checked = progress.track(check_corpora(course, is_whole), n_specs, description="Comparing with PyTorch")
            wrong = [f"{name}: {reason}" for name, reasons in checked for reason in reasons]
        elif seed != PUBLIC_SEED:
            drawn = progress.track(draw_corpora(course, seed, default_cache()), n_specs, description="Drawing")
            n_cases = sum(drawn)
        else:
            recorded = progress.track(record_corpora(course), n_specs, description="Recording")
            written = [file_name for file_name, is_written in recorded if is_written]

    if check:
        if wrong:
            stop("\n".join(wrong[:MAX_DIFFERENCES_SHOWN]))
        console.print("Every recorded number agrees with PyTorch's, within the tolerance.")
    elif seed != PUBLIC_SEED:
        console.print(f"{n_cases} cases of this seed are ready.")
    else:
        paths = [corpora_folder() / file_name for file_name in written]
        if write_keys(course, is_whole):
            paths.append(find_keys_file())
        for path in paths:
            console.print(f"Written: {path}", highlight=False, soft_wrap=True)
        n_unchanged = len(specs) - len(written)
        console.print(f"{n_unchanged} of {len(specs)} recorded corpora were up to date, and were not touched.")


def stubs(
    check: Annotated[bool, typer.Option("--check", help="only say whether the template is in step")] = False,
) -> None:
    """Make the student's template from the reference.

    Example: gradkit stubs
    """
    from gradkit.course.stubs import find_outdated_stubs, write_stubs
    from gradkit.proof.specimens import reference_folder

    solution, template = reference_folder() / "solution", course_home() / "student_template"
    changed = find_outdated_stubs(solution, template, assignments())
    if check and changed:
        stop(f"Not in step with the reference: {', '.join(sorted(changed))}. Run `gradkit stubs`.")
    write_stubs(template, changed)
    console.print(
        f"Written: {', '.join(sorted(changed))}" if changed else "The template is in step with the reference."
    )


def release(
    out: Annotated[Path, typer.Option(help="the folder to put them in")] = Path("dist"),
) -> None:
    """Build what students get: a wheel and a zip.

    Both are checked to contain nothing of the reference, the misconceptions' edits or the hidden items.

    Example: gradkit release --out dist
    """
    from gradkit.course.release import make_release

    made = make_release(out)
    for path in made:
        console.print(f"{path}  {path.stat().st_size / 1024:,.0f} KB", highlight=False)
