"""What a student reads of a task's items, as HTML: in a notebook, on nbgrader's feedback pages and in formgrader.

Everything that stems from a submission goes through the template's escaping; what does not is our own drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from gradkit.grader.report import EvidenceRecord, ItemRecord, drawing_of
from gradkit.graphs.picture.cards import TooLargeError, cards_of_graph
from gradkit.graphs.picture.graphviz import draw_svg
from gradkit.graphs.scalar.program import STUDENT, node_names
from gradkit.inside.graph import Answers
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import NOT_WRITTEN_YET, Drawing

if TYPE_CHECKING:
    from jinja2 import Template

_COLOURS = {Verdict.PASSED: "#2e7d32", Verdict.BLOCKED: "#8a5300", Verdict.NOT_IMPLEMENTED: "#5f6368"}
_WRONG = "#c62828"


def feedback(items: Sequence[ItemRecord], titles: Mapping[str, str], warnings: Sequence[str] = ()) -> str:
    """A task's items as HTML: title and points of each, and the evidence of what did not pass.

    titles:   of every item that may have blocked one of these, by id and in the order in which they ran.
    warnings: what the student should know before anything else.
    """
    shown: dict[tuple[object, ...], str] = {}
    parts = [_item(item, titles, shown) for item in items]
    return _template().render(items=parts, warnings=warnings)


def _item(item: ItemRecord, titles: Mapping[str, str], shown: dict[tuple[object, ...], str]) -> dict[str, Any]:
    evidence = _worth_showing(item)
    remark = f"Look at “{_root(item.blocked_by, titles)}” first." if item.blocked_by else ""
    if evidence and _has_details(evidence):
        first = shown.setdefault(_cause(evidence), item.title)
        if first != item.title:
            evidence, remark = None, f"As in “{first}”."
    # A notebook has its Value already, and no engine.py to import it from: so the code is shown without that line.
    return {
        "title": item.title,
        "earned": f"{item.earned:g}",
        "points": "1 point" if item.points == 1 else f"{item.points:g} points",
        "verdict": item.verdict.value.replace("_", " "),
        "colour": _COLOURS.get(item.verdict, _WRONG),
        "remark": remark,
        "evidence": evidence,
        "code": [line for line in evidence.code if line != STUDENT.imports] if evidence else [],
        "picture": _picture(drawing_of(evidence.drawing)) if evidence and evidence.drawing else "",
    }


def _worth_showing(item: ItemRecord) -> EvidenceRecord | None:
    """The evidence. Of a hidden item no more than its sentence; of a stub nothing but words of its own."""
    evidence = item.evidence
    if evidence is None:
        return None
    if item.hidden:
        return EvidenceRecord(evidence.message)
    if item.verdict is Verdict.NOT_IMPLEMENTED:
        own_words = evidence.message != NOT_WRITTEN_YET
        return EvidenceRecord(evidence.message) if own_words else None
    return evidence


def _root(blocked_by: Sequence[str], titles: Mapping[str, str]) -> str:
    """The title of what ran first: nothing before it can have blocked it, so there is evidence to look at."""
    first = next((id_ for id_ in titles if id_ in blocked_by), blocked_by[0])
    return titles.get(first, first)


def _has_details(evidence: EvidenceRecord) -> bool:
    """One sentence of ours, as a hidden item has it, does not make two failures one."""
    return bool(evidence.code or evidence.rows or evidence.traceback)


def _cause(evidence: EvidenceRecord) -> tuple[object, ...]:
    return (evidence.message, evidence.code, evidence.rows, evidence.heading, evidence.traceback)


def _picture(drawing: Drawing) -> Any:
    """The failing expression as a graph; nothing where this machine cannot draw."""
    from markupsafe import Markup

    try:
        drawn = drawn_failure(drawing)
    except (ImportError, TooLargeError):
        return ""
    return Markup(drawn[drawn.index("<svg") :])


def drawn_failure(drawing: Drawing) -> str:
    """A failing expression as SVG, its nodes called as the evidence's code calls them. Raises as `picture` does."""
    want, got = drawing.want, drawing.got
    if not got.grad:  # no gradient was asked for
        want, got = Answers(want.data, []), Answers(got.data, [])
    names = node_names(drawing.graph, drawing.wrong)
    return draw_svg(cards_of_graph(drawing.graph, want, got, drawing.wrong, names))


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gradkit.outputs", "."), autoescape=True, undefined=StrictUndefined
    ).get_template("feedback.html.j2")
