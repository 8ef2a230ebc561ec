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
    help="A course kit for building an autograd engine. Students run `pytest` in their folder, `pytest --items` for a "
    "list of what is checked, and `gradkit graph` for pictures. Each command has an example: gradkit COMMAND --help.",
    epilog="Exit status: 0 done, 1 an error or something that is left to do, 2 wrong usage, 130 stopped by Ctrl-C.",
)
STUDENTS = "For students (beside pytest, which checks your folder)"
INSTRUCTORS = "For those who grade"
AUTHORS = "For those who write the course"

app.command(rich_help_panel=STUDENTS)(graph)
app.command(rich_help_panel=INSTRUCTORS)(grading.grade)
app.command(rich_help_panel=INSTRUCTORS)(grading.explain)
app.command(rich_help_panel=INSTRUCTORS)(comparing.compare)
app.command(rich_help_panel=INSTRUCTORS)(grading.doctor)
app.add_typer(course.app, name="course", rich_help_panel=INSTRUCTORS)
app.command(rich_help_panel=AUTHORS)(authoring.check)
app.add_typer(new.app, name="new", rich_help_panel=AUTHORS)
app.command(rich_help_panel=AUTHORS)(authoring.corpora)
app.command(rich_help_panel=AUTHORS)(authoring.stubs)
app.command(rich_help_panel=AUTHORS)(authoring.release)
app.command(rich_help_panel=AUTHORS)(proof.prove)
app.command(rich_help_panel=AUTHORS)(proof.mutants)
app.command(rich_help_panel=AUTHORS)(proof.page)
app.command(rich_help_panel=AUTHORS)(proof.attacks)
app.command(rich_help_panel=AUTHORS)(seeds.pairs)
app.command(rich_help_panel=AUTHORS)(seeds.seeds)
app.command(rich_help_panel=AUTHORS)(proof.hints)


@app.callback()
def gradkit() -> None:
    """A course kit for building an autograd engine."""


def main() -> None:
    """Entry point of the `gradkit` command."""
    app()
