"""Outputs: a new format is one file, which needs only reports and what the viewer may see."""

import importlib.util
import sys

import pytest
from gradkit.grader.report import FORMAT, Conditions, Report
from gradkit.outputs.statistics import find_most_failed_items, summarize_verdicts
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item, make_result
from gradkit.suite.visibility import HIDDEN

MARKDOWN = '''
"""A report as Markdown, for a merge request's comment."""

from gradkit.grader.report import Report
from gradkit.outputs.statistics import summarize_verdicts
from gradkit.suite.visibility import evidence_on_page


def markdown(report: Report) -> str:
    """Return a report as Markdown: the points, and a line for each item that did not pass."""
    lines = [f"**{report.earned:g} of {report.points:g} points**: {summarize_verdicts(report)}"]
    for item in report.items:
        evidence = evidence_on_page(item)
        if evidence:
            lines.append(f"- {item.title}: `{evidence.message}`")
    return "\\n".join(lines)
'''


def item(name, hidden=False):
    return Item(f"a1_trial/test_{name}", "a1_trial", f"about {name}", 1.0, (), hidden)


def make_report(*items):
    conditions = Conditions("kit", "3.11", "suite", "public", True, True)
    earned = sum(each.earned for each in items)
    return Report(FORMAT, "ada", {}, "", False, "0" * 32, (), (), (), (), conditions, earned, float(len(items)), items)


@pytest.fixture
def markdown(tmp_path, monkeypatch):
    """Return the function of a new format, whose file is in the package with the others."""
    path = tmp_path / "markdown.py"
    path.write_text(MARKDOWN, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("gradkit.outputs.markdown", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gradkit.outputs.markdown", module)
    spec.loader.exec_module(module)
    return module.markdown


def test_a_further_format_is_one_file(markdown):
    report = make_report(
        make_result(item("addition"), Verdict.PASSED),
        make_result(item("tanh"), Verdict.FAILED, Evidence("x.grad is 1.0", ("print(x.grad)",))),
        make_result(item("secret", hidden=True), Verdict.FAILED, Evidence(HIDDEN, hint="never shown")),
    )
    assert markdown(report).splitlines() == [
        "**1 of 3 points**: 1 passed, 2 failed",
        "- about tanh: `x.grad is 1.0`",
        f"- about secret: `{HIDDEN}`",
    ]


def test_a_further_format_reads_the_reports_of_a_class(markdown, school, suite):
    school.hand_in_misconception("ada", "tanh_overwrites")
    (report,) = school.grade(suite=suite("a3")).values()
    assert markdown(report).startswith(f"**{report.earned:g} of {report.points:g} points**: ")


def test_verdicts_are_counted_in_words_and_in_their_order():
    report = make_report(
        make_result(item("one"), Verdict.NOT_IMPLEMENTED),
        make_result(item("two"), Verdict.PASSED),
        make_result(item("three"), Verdict.NOT_IMPLEMENTED),
    )
    assert summarize_verdicts(report) == "1 passed, 2 not implemented"


def test_what_a_class_got_wrong_most_often_leaves_out_what_was_blocked_not_written_or_unusable():
    wrong, unusable = Evidence("m"), Evidence("m", heading="engine.py cannot be used yet")
    reports = [
        make_report(
            make_result(item("often"), Verdict.FAILED, wrong),
            make_result(item("once"), Verdict.ERROR if number else Verdict.PASSED, wrong if number else None),
            make_result(item("blocked"), Verdict.BLOCKED, blocked_by=("a1_trial/test_often",)),
            make_result(item("stub"), Verdict.NOT_IMPLEMENTED, wrong),
            make_result(item("unusable"), Verdict.ERROR, unusable),
        )
        for number in range(2)
    ]
    assert find_most_failed_items(reports) == [("about often", 2), ("about once", 1)]
