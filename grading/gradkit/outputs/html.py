"""What a student reads of a task's items, as HTML: in a notebook, on nbgrader's feedback pages and in formgrader.

Everything that comes from a submission is escaped by the template. The only other markup is the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from gradkit.graphs.picture.cards import Card, CardKind, Row, TooLargeError, cards_of_graph
from gradkit.graphs.picture.graphviz import render_svg
from gradkit.graphs.scalar.program import STUDENT, name_nodes
from gradkit.inside.graph import Answers
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, FailingGraph, PictureNode
from gradkit.suite.results import ItemResult
from gradkit.suite.visibility import evidence_on_page

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_COLOURS = {Verdict.PASSED: "#2e7d32", Verdict.BLOCKED: "#8a5300", Verdict.NOT_IMPLEMENTED: "#5f6368"}
_WRONG = "#c62828"


def feedback(items: Sequence[ItemResult], titles: Mapping[str, str], warnings: Sequence[str] = ()) -> str:
    """Return a task's items as HTML: title and points of each, and the evidence of those that did not pass.

    Args:
        items: The results of the task's items.
        titles: The titles, by item id, of every item that may have blocked one of these, in the order in which they
            ran.
        warnings: Lines that the student should read first.
    """
    first_titles: dict[tuple[object, ...], str] = {}
    for item in items:
        evidence = evidence_on_page(item)
        if evidence and _has_details(evidence):
            first_titles.setdefault(_cause(evidence), item.title)
    parts = [_template_values(item, titles, first_titles) for item in items]
    return _template().render(items=parts, warnings=warnings)


def _template_values(
    item: ItemResult, titles: Mapping[str, str], first_titles: Mapping[tuple[object, ...], str]
) -> dict[str, Any]:
    """Return what the template shows of an item.

    Args:
        item: The item's result.
        titles: As in `feedback`.
        first_titles: The title of the first item with each cause, under which the evidence is shown.
    """
    evidence = evidence_on_page(item)
    pointer = ""
    if item.blocked_by and evidence is None:
        pointer = f"Look at “{_first_blocker(item.blocked_by, titles)}” first."
    if evidence and _has_details(evidence):
        first = first_titles[_cause(evidence)]
        if first != item.title:
            evidence, pointer = None, f"As in “{first}”."
    # A notebook has its Value already, and no engine.py to import it from, so that line of the code is left out.
    return {
        "title": item.title,
        "earned": f"{item.earned:g}",
        "points": "1 point" if item.points == 1 else f"{item.points:g} points",
        "verdict": item.verdict.value.replace("_", " "),
        "colour": _COLOURS.get(item.verdict, _WRONG),
        "pointer": pointer,
        "evidence": evidence,
        "code": [line for line in evidence.code if line != STUDENT.imports] if evidence else [],
        "picture": _picture(evidence) if evidence and has_picture(evidence) else "",
    }


def _first_blocker(blocked_by: Sequence[str], titles: Mapping[str, str]) -> str:
    """Return the title of the blocking item that ran first. Nothing has blocked that one, so it has evidence."""
    first = next((item_id for item_id in titles if item_id in blocked_by), blocked_by[0])
    return titles.get(first, first)


def _has_details(evidence: Evidence) -> bool:
    """Return whether evidence identifies a cause. A fixed sentence, as of a hidden item, does not."""
    return bool(evidence.code or evidence.rows or evidence.traceback)


def _cause(evidence: Evidence) -> tuple[object, ...]:
    return (evidence.message, evidence.code, evidence.rows, evidence.heading, evidence.traceback)


def _picture(evidence: Evidence) -> Markup | str:
    """Return the failing expression as a graph; an empty string if this machine cannot render it."""
    from markupsafe import Markup

    try:
        svg = render_evidence(evidence)
    except (ImportError, TooLargeError):
        return ""
    return Markup(svg[svg.index("<svg") :])


def has_picture(evidence: Evidence) -> bool:
    """Return whether a picture can be made of evidence: of an expression, a graph of tensors or a small network."""
    return bool(evidence.failing_graph or evidence.nodes)


def render_evidence(evidence: Evidence) -> str:
    """Render the picture of evidence as SVG. Nodes have the names that they have in the evidence's code.

    Raises:
        TooLargeError: If the graph has more nodes than a picture can show.
        MissingGraphvizError: If pygraphviz is not installed.
    """
    if evidence.failing_graph:
        return render_svg(_cards_of_failing_graph(evidence.failing_graph))
    return render_svg([_card_of_node(node) for node in evidence.nodes])


def _card_of_node(node: PictureNode) -> Card:
    kind: CardKind = "wrong" if node.is_wrong else "inner" if node.parents else "leaf"
    return Card(node.name, node.expression, tuple(Row(*row) for row in node.rows), node.parents, kind)


def _cards_of_failing_graph(failing: FailingGraph) -> list[Card]:
    want, got = failing.want.answers(), failing.got.answers()
    if not got.grad:  # gradients were not compared
        want = Answers(want.data, [])
    names = name_nodes(failing.graph, failing.wrong)
    return cards_of_graph(failing.graph, want, got, failing.wrong, names)


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("gradkit.outputs", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("feedback.html.j2")
