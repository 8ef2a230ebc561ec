"""The command `gradkit`. Each command is a few lines over a function of another package.

Exit status: 0 done, 1 an error or something that is left to do, 2 wrong usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from gradkit.errors import ProcessorTimeUp, UserError, describe_os_error

from . import authoring, comparing, course, grading, new, proof, seeds
from .console import stop, stop_if_optional
from .graph import graph


class Commands(TyperGroup):
    """Commands whose errors are shown to the user in a line, with exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (UserError, ProcessorTimeUp) as error:
            stop(str(error))
        except OSError as error:
            stop(describe_os_error(error))
        except ModuleNotFoundError as error:
            stop_if_optional(error)
            raise


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A course kit for building an autograd engine. Students need pytest and, for pictures, graph; the other "
    "commands are for those who grade (grade, explain, compare, doctor, course) and those who write the course (check, "
    "new, corpora, stubs, release, prove, mutants, pairs, seeds, attacks, hints, page). Each has an example: "
    "gradkit COMMAND --help.",
    epilog="Exit status: 0 done, 1 an error or something that is left to do, 2 wrong usage, 130 stopped by Ctrl-C.",
)
app.command()(grading.grade)
app.command()(grading.explain)
app.command()(comparing.compare)
app.command()(graph)
app.command()(grading.doctor)
app.command()(authoring.check)
app.command()(authoring.corpora)
app.command()(authoring.stubs)
app.command()(authoring.release)
app.command()(proof.prove)
app.command()(proof.mutants)
app.command()(proof.page)
app.command()(proof.attacks)
app.command()(seeds.pairs)
app.command()(seeds.seeds)
app.command()(proof.hints)
app.add_typer(new.app, name="new")
app.add_typer(course.app, name="course")


@app.callback()
def gradkit() -> None:
    """A course kit for building an autograd engine."""


def main() -> None:
    """Entry point of the `gradkit` command."""
    app()
