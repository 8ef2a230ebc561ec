"""`gradkit explain --private`: the instructor sees the evidence of private items, which no report contains."""

import dataclasses

import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.cli.main import app
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import random_graphs
from gradkit.grader.one_submission.appeal import NotPrivateError, explain_privately, find_private_test
from gradkit.grader.suite import load_suite
from gradkit.inside.graph import Graph
from gradkit.oracle import complex_step
from gradkit.submissions.outcome import Verdict
from gradkit.suite.visibility import HIDDEN, PRIVATE_ONLY
from typer.testing import CliRunner

HIDDEN_ITEM = "what_is_not_part_of_the_result_stays_out"
RESET = "visited = set()"
ONE_GRAPH = Graph((1.0625, 2.5), (("add", 0, 1), ("add", 2, 0)), 3)


class OneGraph(Library):
    """A private library whose corpus of addition is a single graph, with a leaf that no public one has."""

    def has_private_corpus(self, spec):
        return spec == random_graphs("add")

    def corpus(self, spec):
        recorded = super().corpus(spec) if spec != random_graphs("add") else Library(self.folder).corpus(spec)
        if spec != random_graphs("add"):
            return recorded
        return dataclasses.replace(recorded, cases=(ONE_GRAPH,), answers=(complex_step.answer_graph(ONE_GRAPH),))


@pytest.fixture
def private():
    return load_suite(choose_assignments("a1"), Library(corpora_folder()), OneGraph(corpora_folder(), "autumn"))


@pytest.fixture
def graded(school, solution, private):
    """Return the report of an engine that is wrong on the private graph only."""
    school.hand_in("eve", solution(("self.data + other.data", "self.data + other.data + (self.data == 1.0625)")))
    return school.grade(suite=private)["eve"]


def explained(school, private, report, scratch):
    test = find_private_test(private, "a1_expressions/test_addition")
    return explain_privately(private, report, test, school.submissions / "eve", scratch)


def test_the_drawn_case_is_shown_with_both_numbers_and_code(school, private, graded, tmp_path):
    (failed,) = [item for item in graded.items if item.evidence]
    assert failed.evidence.message == PRIVATE_ONLY
    result = explained(school, private, graded, tmp_path / "scratch")
    assert result.verdict is Verdict.FAILED
    assert "1.0625" in "\n".join(result.evidence.code)
    assert next((row.yours, row.expected) for row in result.evidence.rows) == (5.625, 4.625)


def test_a_submission_that_has_changed_is_not_explained(school, private, graded, tmp_path):
    (school.submissions / "eve" / "engine.py").write_text("# changed since")
    with pytest.raises(NotPrivateError, match="submission of eve has changed since it was graded"):
        explained(school, private, graded, tmp_path / "scratch")


def test_an_item_with_public_cases_only_is_not_explained_privately(private):
    with pytest.raises(NotPrivateError, match="without --private"):
        find_private_test(private, "a1_expressions/test_sum")


@pytest.fixture
def gradkit(school, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv("GRADKIT_SEED", raising=False)
    return lambda *words: CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture
def report(school, solution, gradkit):
    """Return the report of a student whose backward() fails on the hidden item, as written by the command."""
    school.hand_in("eve", solution((RESET, f"{RESET}\n        self._prev[5]")))
    gradkit("grade", "a2", school.submissions, "--out", school.out)
    return school.out / "a2_backprop/eve.json"


def test_a_hidden_item_is_explained_to_the_instructor_and_the_report_stays_as_it_is(gradkit, report):
    before = report.read_bytes()
    assert HIDDEN in gradkit("explain", report, HIDDEN_ITEM).output
    shown = gradkit("explain", "--private", report, HIDDEN_ITEM)
    assert shown.exit_code == 0
    assert "For you alone" in shown.output
    assert "IndexError: tuple index out of range" in shown.output
    assert "unused = d * c" in shown.output
    assert report.read_bytes() == before


def test_a_submission_that_was_moved_can_be_named(gradkit, report, school, tmp_path):
    school.submissions.rename(tmp_path / "elsewhere")
    missing = gradkit("explain", "--private", report, HIDDEN_ITEM)
    assert missing.exit_code == 1
    assert "There is no folder" in missing.output
    shown = gradkit("explain", "--private", report, HIDDEN_ITEM, "--submission", tmp_path / "elsewhere/eve")
    assert "IndexError" in shown.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--private explains one item: name it"),
        (("addition_gradient",), "has public cases only"),
        ((HIDDEN_ITEM, "--seed", "other"), "was given: unset GRADKIT_SEED."),
    ],
)
def test_what_cannot_be_explained_privately_is_explained_in_one_line(gradkit, report, words, message):
    shown = gradkit("explain", "--private", report, *words)
    assert shown.exit_code == 1
    assert message in shown.output
    assert "Traceback" not in shown.output
