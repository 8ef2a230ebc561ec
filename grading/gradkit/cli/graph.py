"""`gradkit graph ...`: draws an expression, or the failing one of a report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gradkit.submissions.exception_text import tidy

from .console import console, stop

if TYPE_CHECKING:
    from gradkit.suite.evidence import Drawing
    from gradkit.suite.results import ItemResult


def graph(
    what: Annotated[str, typer.Argument(help="a student's report, or an expression: lines of Python, in quotes")],
    item: Annotated[
        str, typer.Argument(help="an item of the report, as in tanh_collects; the first with a picture if left out")
    ] = "",
    out: Annotated[Path, typer.Option(help="the SVG file to write, over an older one if need be")] = Path("graph.svg"),
) -> None:
    """Draw an expression, or the failing one of a report, as SVG: every node with its operation, data and gradient.

    In a report's picture wrong nodes are red, with both numbers. The code that evidence shows can be pasted as it is.

    Examples: gradkit graph "a = Value(2.0); b = a.tanh(); c = a * b"
    gradkit graph reports/a3_activations/ada.json tanh_collects --out tanh.svg
    """
    if out.suffix not in ("", ".svg"):
        stop(f"A picture is written as SVG: {out} should end in .svg.")
    is_report = what.endswith(".json") or os.path.isfile(what)  # Path.is_file raises for what is long, or not one line
    if item and not is_report:
        stop("Only a report has items: give an expression in quotes, or a report and an item.")
    svg, told = _of_report(Path(what), item) if is_report else _of_program(what)
    try:
        out.write_text(svg, encoding="utf-8")
    except (OSError, ValueError) as error:
        stop(f"{out}: {getattr(error, 'strerror', '') or error}")
    console.print(Text(f"{out}: {told}"), soft_wrap=True)


def _of_program(code: str) -> tuple[str, str]:
    """The picture of a program, and what is told of it."""
    from gradkit.graphs.picture.cards import cards_of_graph
    from gradkit.graphs.picture.graphviz import draw_svg
    from gradkit.oracle.programs import evaluate_program

    try:
        graph, names, answers = evaluate_program(code)
        svg = draw_svg(cards_of_graph(graph, answers, names=names))
    except ImportError as error:
        stop(str(error))
    nodes = "1 node" if len(graph) == 1 else f"{len(graph)} nodes"
    return svg, f"{nodes}, with the right gradients of {tidy(names[graph.output])}"


def _of_report(path: Path, item: str) -> tuple[str, str]:
    """The picture of a report's item, and what is told of it."""
    from gradkit.grader.report import read
    from gradkit.submissions.bounded import LimitReachedError, Limits, run_bounded

    report = read(path)
    found = report.items_named(item) if item else list(report.items)
    for each in found:
        if each.evidence and each.evidence.drawing:
            break
    else:
        stop(_why_not(found[0]) if item else "No item of this report failed with a number that a picture can show.")
    drawing = each.evidence.drawing
    # Graphviz takes a minute for some graphs of 200 nodes. Those of evidence have been reduced, and take 0.1 s.
    limits = Limits(memory_bytes=256 << 20, cpu_seconds=3, wall_seconds=20.0, file_bytes=1 << 20)
    try:
        svg, reason = run_bounded(lambda: _drawn(drawing), tuple[str, str], limits)
    except LimitReachedError as error:
        stop(f"Drawing {tidy(each.id)} {error.message}.")
    if reason:
        stop(reason)
    return svg, tidy(f"{each.title} ({each.id})")


def _drawn(drawing: Drawing) -> tuple[str, str]:
    """Draw a failing expression: the picture, or the reason why there is none."""
    from gradkit.graphs.picture.cards import TooLargeError
    from gradkit.outputs.html import draw_failure

    try:
        return draw_failure(drawing), ""
    except (TooLargeError, ImportError) as error:
        return "", str(error)


def _why_not(result: ItemResult) -> str:
    """Why an item has no picture."""
    name = tidy(result.id.rpartition("/test_")[2])
    if result.blocked_by:
        return f"{name} is blocked by {tidy(result.blocked_by[0])}: draw that one."
    if result.evidence is None:
        return f"{name}: {result.verdict.value}, so there is nothing to draw."
    return f"{name}: only a wrong number in an expression has a picture; `gradkit explain` shows what there is."
