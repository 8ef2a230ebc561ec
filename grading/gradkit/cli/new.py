"""`gradkit new item|operation|misconception`: the skeleton of what a course author adds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradkit.catalogue.assignments import choose_assignments
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError

from .console import console

_HELP = "Write the skeleton of an item, an operation or a misconception. `gradkit check` then says what is left to do."

app = typer.Typer(no_args_is_help=True, help=_HELP)


@app.callback()
def new() -> None:
    """Write the skeleton of an item, an operation or a misconception."""


@app.command()
def item(
    assignment: Annotated[str, typer.Argument(help="a3_activations, or a3")],
    name: Annotated[str, typer.Argument(help="the test's name: test_sin")],
    title: Annotated[str, typer.Option(help="what students read: what the item checks, in one line")],
    about: Annotated[
        list[str] | None, typer.Option(help="a function that it is about: Value.sin; once for each")
    ] = None,
    points: Annotated[float, typer.Option(help="a multiple of 0.5")] = 1,
    needs: Annotated[list[str] | None, typer.Option(help="an item that it needs; once for each")] = None,
    corpus: Annotated[str, typer.Option(help="what its `corpus` argument gets, as Python code")] = "",
    task: Annotated[str, typer.Option(help="its task in assignment.toml (default: the last one)")] = "",
) -> None:
    """Write a graded test that checks nothing yet, and its name into a task of assignment.toml.

    Examples: gradkit new item a3 test_sin --title "x.sin() is the sine of x" --about Value.sin
    gradkit new item a3 test_sin --title "x.sin() is the sine of x" --needs test_exp --corpus 'random_graphs("sin")'
    """
    from gradkit.authoring.skeletons.item import NewItem, write_item

    course = choose_assignments(assignment)
    if len(course) > 1:
        raise UserError("Name one assignment: an item belongs to one.")
    new = NewItem(name, title, tuple(about or ()), points, tuple(needs or ()), corpus, task)
    test_file, settings_file = write_item(course[0], new)
    _show(test_file, settings_file)
    console.print(
        f"The test is at the end of {test_file.name}: move it to where students should meet it, after the items that "
        "it needs.",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def operation(
    name: Annotated[str, typer.Argument(help="what graphs call it: sin")],
    text: Annotated[str, typer.Option(help='how a student writes it (default: "{a}.NAME()")')] = "",
    complex_text: Annotated[
        str,
        typer.Option("--complex", help="the same on complex numbers, with the functions of cmath"),
    ] = "",
    torch_text: Annotated[
        str,
        typer.Option("--torch", help="the same on PyTorch's tensors, if they do not have the method"),
    ] = "",
) -> None:
    """Add a row for a function of one operand to the table of operations.

    An operation of two operands, or with a plain number, is a row that you write by hand, like those beside it.

    Examples: gradkit new operation sin --complex "sin({a})"
    gradkit new operation softplus --complex "log(1 + exp({a}))" --torch "softplus({a})"
    """
    from gradkit.authoring.skeletons.operation import write_operation

    _show(write_operation(name, text or f"{{a}}.{name}()", complex_text, torch_text))


@app.command()
def misconception(
    name: Annotated[str, typer.Argument(help="the name of its file: tanh_overwrites")],
    module: Annotated[str, typer.Option(help="the file of the solution that it edits, without .py")] = "engine",
    kind: Annotated[str, typer.Option(help="what it breaks: operation, form, order, wiring or training")] = "operation",
    title: Annotated[str, typer.Option(help="what is wrong, in a few words")] = "",
) -> None:
    """Write the TOML file of a misconception, with empty texts to fill in.

    Example: gradkit new misconception sin_overwrites --module engine --title "sin overwrites the gradient"
    """
    from gradkit.authoring.skeletons.misconception import write_misconception_file

    _show(write_misconception_file(name, module, kind, title))


def _show(*paths: Path) -> None:
    """Say which files were written, and what to run next."""
    names = " and ".join(path.relative_to(course_home()).as_posix() for path in paths)
    console.print(f"Written: {names}", highlight=False, soft_wrap=True)
    console.print("It is a skeleton: `gradkit check` says what is left to do.")
