"""`gradkit course ...`: what makes the course into nbgrader's folders, and brings submissions into them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .suite.assignments import course_home

app = typer.Typer(no_args_is_help=True, help="Make nbgrader's source notebooks, and collect submissions for it.")
console = Console()


def _complain(message: str) -> typer.Exit:
    Console(stderr=True).print(message, style="red", markup=False)
    return typer.Exit(1)


@app.callback()
def course() -> None:
    """Make nbgrader's source notebooks, and collect submissions for it."""


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(help="nbgrader's source folder (default: assignments/source)")] = None,
) -> None:
    """Make each assignment's source notebook, from its text and the reference.

    Example: gradkit course build
    """
    from .course.notebooks import TextError
    from .course.notebooks import build as build_all
    from .evidence.specimens import reference_folder

    target = out or course_home() / "assignments" / "source"
    try:
        for path in build_all(target, reference_folder() / "solution"):
            console.print(str(path.relative_to(target.parent)), highlight=False)
    except TextError as error:
        raise _complain(str(error)) from None
    except ImportError as error:
        raise _complain(f"This needs {error.name}: pip install 'gradkit[nbgrader,pictures]'") from None
    except OSError as error:
        raise _complain(f"{error.filename}: {error.strerror}") from None
