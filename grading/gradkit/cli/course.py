"""`gradkit course ...`: what makes the course into nbgrader's folders, and brings submissions into them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from gradkit.catalogue.assignments import choose_assignments
from gradkit.catalogue.course_settings import course_settings, find_course_file
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError

from .console import console
from .options import CourseFile

app = typer.Typer(
    no_args_is_help=True,
    help="Check the course's settings, make nbgrader's source notebooks, and collect submissions for it.",
)


@app.callback()
def course() -> None:
    """Check the course's settings, make nbgrader's source notebooks, and collect submissions for it."""


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(help="nbgrader's source folder (default: assignments/source)")] = None,
    course_file: CourseFile = None,
) -> None:
    """Make each assignment's source notebook, from its text and the reference.

    Example: gradkit course build
    """
    from gradkit.course.notebooks import build_sources
    from gradkit.proof.specimens import reference_folder

    target = out or course_home() / "assignments" / "source"
    for path in build_sources(target, reference_folder() / "solution", course_settings(course_file)):
        console.print(str(path.relative_to(target.parent)), highlight=False)


@app.command()
def check(course_file: CourseFile = None) -> None:
    """Check the course's settings, and show what they amount to: items, points, due dates, late rules.

    Example: gradkit course check
    """
    from gradkit.course.overview import list_assignments, list_facts, show_date

    path = find_course_file(course_file)
    settings = course_settings(path)
    table = Table(
        "assignment",
        Column("items", justify="right"),
        Column("points", justify="right"),
        Column("bonus", justify="right"),
        "off",
        "due",
        "late costs",
        box=None,
        pad_edge=False,
    )
    for each in list_assignments(settings):
        dues = [f"{section}: {show_date(due)}" if section else show_date(due) for section, due in each.due.items()]
        table.add_row(
            each.name,
            str(each.n_items),
            f"{each.points:g}",
            f"{each.bonus:g}" if each.bonus else "",
            *(Text(text) for text in ("\n".join(each.off), "\n".join(dues), each.late)),
        )
    facts = list(list_facts(settings))
    _say(f"{path}: no fault found.")
    console.print(table)
    for fact in facts:
        _say(fact)


@app.command()
def collect(
    assignment: Annotated[str, typer.Argument(help="a2_backprop, or a2")],
    downloads: Annotated[Path, typer.Argument(help="a folder or zip of submissions, or a platform's download")],
    into: Annotated[Path, typer.Option(help="nbgrader's folder of submissions")] = Path("submitted"),
    force: Annotated[bool, typer.Option("--force", help="replace a submission that exists and differs")] = False,
) -> None:
    """Bring submissions into nbgrader's folder; .py files become notebooks. No student's code is run.

    Example: gradkit course collect a2_backprop downloads/
    """
    from gradkit.course.collect import State
    from gradkit.course.collect import collect as collect_all
    from gradkit.submissions.intake.not_taken_in import NotTakenIn

    course = choose_assignments(assignment)
    if len(course) > 1:
        raise UserError("Name one assignment: each has a notebook of its own.")

    states, others = Counter[State](), list[NotTakenIn]()
    for each in collect_all(course[0], downloads, into, force):
        if isinstance(each, NotTakenIn):
            others.append(each)
            continue
        states[each.state] += 1
        _say(f"{each.student}: {each.reason or ', '.join(each.files)}", "red" if each.reason else "")
        for line in (*each.warnings, *each.not_taken_in):
            _say(f"    {line}", "yellow")

    counts = ", ".join(f"{count} {state.value}" for state, count in sorted(states.items()))
    n_notebooks = states.total() - states[State.NO_NOTEBOOK]
    _say(f"{n_notebooks} of {states.total()} students have a notebook in {into}: {counts}.")
    for other in others:
        _say(str(other), "yellow")
    raise typer.Exit(bool(states[State.NO_NOTEBOOK]))


def _say(text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
