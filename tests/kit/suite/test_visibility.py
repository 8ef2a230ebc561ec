"""What each viewer may see of an item, as a table: kinds of results by viewer."""

from io import StringIO
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.grader.report import FORMAT, Conditions, Report
from gradkit.outputs.html import feedback
from gradkit.outputs.terminal import show_report
from gradkit.submissions.outcome import Verdict
from gradkit.suite import screen
from gradkit.suite.evidence import Evidence
from gradkit.suite.failures import Explained, NotPassed
from gradkit.suite.outcomes import record_outcome
from gradkit.suite.results import Item, Results, make_result
from gradkit.suite.visibility import (
    HIDDEN,
    NOT_WRITTEN_YET,
    PRIVATE_ONLY,
    failure_for_report,
    make_hidden_result,
    make_private_only_result,
)
from rich.console import Console

ASSIGNMENT = assignments()[0].name
MESSAGE, CODE, FRAME = "KeyError: 'odd'", "y = x.tanh()", "engine.py:7, in tanh"
RETRIED = "This passes with the course's own engine.py, and not yet with what you handed in."
OWN_WORDS = "a3: write Value.tanh"
FOUND = {
    "message": MESSAGE,
    "code": CODE,
    "frames": FRAME,
    "hidden": HIDDEN,
    "private only": PRIVATE_ONLY,
    "stub": NOT_WRITTEN_YET,
    "stub's words": OWN_WORDS,
    "cause": "about cause",
    "retry": RETRIED,
}
"""Texts to look for, by their names in the table below."""


def item(name="it", needs=(), hidden=False):
    return Item(f"{ASSIGNMENT}/test_{name}", ASSIGNMENT, f"about {name}", 1.0, needs, hidden)


def recorded(each, verdict, evidence, *earlier):
    """Return the results after the test of an item ended with this verdict in the public phase."""
    results = Results()
    for result in earlier:
        results.add(result)
    failure = failure_for_report(each, Explained(verdict, evidence))
    record_outcome(results, each, NotPassed(failure), Path("test_trial.py"))
    return list(results.all())


RAISED = Evidence(MESSAGE, ("x = Value(2.0)", CODE), traceback=FRAME)
CAUSE = make_result(item("cause"), Verdict.TIMEOUT, Evidence("Stopped at its limit."))
AFTER = item(needs=(CAUSE.id,))
HIDDEN_AFTER = item(needs=(CAUSE.id,), hidden=True)

KINDS = {
    "passed": [make_result(item(), Verdict.PASSED)],
    "failed": recorded(item(), Verdict.ERROR, RAISED),
    "a stub": recorded(item(), Verdict.NOT_IMPLEMENTED, Evidence(NOT_WRITTEN_YET, (CODE,))),
    "a stub with words": recorded(item(), Verdict.NOT_IMPLEMENTED, Evidence(OWN_WORDS, (CODE,))),
    "blocked": recorded(AFTER, Verdict.ERROR, RAISED, CAUSE),
    "hidden, failed": recorded(item(hidden=True), Verdict.ERROR, RAISED),
    "hidden, not run": [make_hidden_result(item(hidden=True))],
    "hidden, needs a failure": [CAUSE, make_hidden_result(HIDDEN_AFTER)],
    "failed in private only": [make_private_only_result(item())],
    "passed by a retry": [make_result(item(), Verdict.PASSED, Evidence(RETRIED))],
}

EVERYTHING = {"message", "code", "frames"}
NOTHING = set()
TABLE = {
    # kind: (report, student's screen, student's page, explain)
    "passed": (NOTHING, NOTHING, NOTHING, NOTHING),
    "failed": (EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING),
    "a stub": ({"stub", "code"}, {"stub"}, NOTHING, {"stub", "code"}),
    "a stub with words": ({"stub's words", "code"}, {"stub's words"}, {"stub's words"}, {"stub's words", "code"}),
    "blocked": (NOTHING, NOTHING, {"cause"}, NOTHING),
    "hidden, failed": ({"hidden"}, {"hidden"}, {"hidden"}, {"hidden"}),
    "hidden, not run": ({"hidden"}, {"hidden"}, {"hidden"}, {"hidden"}),
    "hidden, needs a failure": ({"hidden"}, NOTHING, {"hidden"}, {"hidden"}),
    "failed in private only": ({"private only"}, {"private only"}, {"private only"}, {"private only"}),
    "passed by a retry": ({"retry"}, NOTHING, {"retry"}, {"retry"}),
}


def in_report(results):
    return msgspec.json.encode(results[-1]).decode()


def on_screen(results):
    lines = screen.summary(results, {}, assignments(), [])
    return "\n".join(text for _, text in lines if "about cause" not in text)


def on_page(results):
    page = feedback(results[-1:], {result.id: result.title for result in results})
    return page.replace("&#39;", "'")


def explained(results):
    conditions = Conditions("kit", "3.11", "suite", "public", True, True)
    earned, points = sum(result.earned for result in results), sum(result.points for result in results)
    report = Report(FORMAT, "ada", {}, "", False, "0" * 32, (), (), (), (), conditions, earned, points, tuple(results))
    shown = StringIO()
    show_report(Console(file=shown, width=200, color_system=None), report, results[-1])
    return shown.getvalue()


VIEWERS = {"report": in_report, "student's screen": on_screen, "student's page": on_page, "explain": explained}


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_viewer_sees_of_an_item_what_the_table_says(kind, viewer):
    shown = VIEWERS[viewer](KINDS[kind])
    expected = dict(zip(VIEWERS, TABLE[kind], strict=True))
    assert {name for name, text in FOUND.items() if text in shown} == expected[viewer]


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_hidden_item_looks_the_same_to_every_viewer_however_it_failed(viewer):
    ways = [
        recorded(item(hidden=True), Verdict.ERROR, RAISED),
        recorded(item(hidden=True), Verdict.TIMEOUT, Evidence("Stopped at its limit.")),
        recorded(item(hidden=True), Verdict.NOT_IMPLEMENTED, Evidence(OWN_WORDS)),
        [make_hidden_result(item(hidden=True))],
    ]
    assert len({VIEWERS[viewer](results) for results in ways}) == 1
