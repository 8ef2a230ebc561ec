"""`gradkit graph`: make a picture of an expression, or of the failing one of a report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from gradkit.errors import UserError
from gradkit.submissions.exception_text import tidy

from .console import console, stop

if TYPE_CHECKING:
    from gradkit.suite.evidence import Evidence
    from gradkit.suite.results import ItemResult


def graph(
    what: Annotated[str, typer.Argument(help="a student's report, or an expression: lines of Python, in quotes")],
    item: Annotated[
        str, typer.Argument(help="an item of the report, as in tanh_collects; the first with a picture if left out")
    ] = "",
    out: Annotated[Path, typer.Option(help="the SVG file to write; an older one is replaced")] = Path("graph.svg"),
) -> None:
    """Write a picture of an expression, or of the failing one of a report: each node's operation, data and gradient.

    In a report's picture wrong nodes are red, with both numbers. The code that evidence shows can be pasted as it is.

    Examples: gradkit graph "a = Value(2.0); b = a.tanh(); c = a * b"
    gradkit graph reports/a3_activations/ada.json tanh_collects --out tanh.svg
    """
    if out.suffix not in ("", ".svg"):
        stop(f"A picture is written as SVG: {out} should end in .svg.")
    is_report = what.endswith(".json") or os.path.isfile(what)  # Path.is_file raises if a text is long or has lines
    if item and not is_report:
        stop("Only a report has items: give an expression in quotes, or a report and an item.")

    svg, description = _render_from_report(Path(what), item) if is_report else _render_program(what)
    try:
        out.write_text(svg, encoding="utf-8")
    except (OSError, ValueError) as error:  # without the advice of the other commands, which is about a run
        stop(f"{out}: {getattr(error, 'strerror', '') or error}")
    console.print(Text(f"{out}: {description}"), soft_wrap=True)


def _render_program(code: str) -> tuple[str, str]:
    """Return the picture of a program as SVG, and what it shows."""
    from gradkit.graphs.picture.cards import cards_of_graph
    from gradkit.graphs.picture.graphviz import render_svg
    from gradkit.oracle.programs import evaluate_program

    graph, names, answers = evaluate_program(code)
    svg = render_svg(cards_of_graph(graph, answers, names=names))
    nodes = "1 node" if len(graph) == 1 else f"{len(graph)} nodes"
    return svg, f"{nodes}, with the right gradients of {tidy(names[graph.output])}"


def _render_from_report(path: Path, item: str) -> tuple[str, str]:
    """Return the picture of a failed item as SVG, and what it shows.

    Args:
        path: The report.
        item: The name of the item; an empty text for the first one with a picture.
    """
    from gradkit.grader.report import read
    from gradkit.outputs.html import has_picture
    from gradkit.submissions.bounded import LimitReachedError, Limits, run_bounded

    report = read(path)
    results = report.items_named(item) if item else list(report.items)
    for result in results:
        if result.evidence and has_picture(result.evidence):
            evidence = result.evidence
            break
    else:
        reason = "No item of this report failed with a number that a picture can show."
        stop(_reason_without_picture(results[0]) if item else reason)

    # Graphviz takes a minute for some graphs of 200 nodes. Those of evidence have been reduced, and take 0.1 s.
    limits = Limits(memory_bytes=256 << 20, cpu_seconds=3, wall_seconds=20.0, file_bytes=1 << 20)
    try:
        svg, reason = run_bounded(lambda: _render_in_child(evidence), tuple[str, str], limits)
    except LimitReachedError as error:
        stop(f"Drawing {tidy(result.id)} {error.message}.")
    if reason:
        stop(reason)
    return svg, tidy(f"{result.title} ({result.id})")


def _render_in_child(evidence: Evidence) -> tuple[str, str]:
    """Return the picture of evidence as SVG, and the reason if there is none. Runs in a bounded process."""
    from gradkit.outputs.html import render_evidence

    try:
        return render_evidence(evidence), ""
    except UserError as error:  # too large, or Graphviz is missing
        return "", str(error)


def _reason_without_picture(result: ItemResult) -> str:
    """Return why an item has no picture."""
    name = tidy(result.id.rpartition("/test_")[2])
    if result.blocked_by:
        return f"{name} is blocked by {tidy(result.blocked_by[0])}: draw that one."
    if result.evidence is None:
        return f"{name}: {result.verdict.value}, so there is nothing to draw."
    return (
        f"{name}: only a wrong number in an expression or network has a picture; `gradkit explain` shows the evidence."
    )
