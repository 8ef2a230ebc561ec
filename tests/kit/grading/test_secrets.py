"""A private seed: other graphs than students have, and nothing that a student sees holds one of them as drawn."""

import dataclasses
import re
import shutil

import pytest
from gradkit.evidence.specimens import misconceptions
from gradkit.grader.conditions import conditions_of, seed_label
from gradkit.grader.grader import suite_of
from gradkit.graphs.corpus import RandomGraphs
from gradkit.oracle.recording import Library
from gradkit.submissions.outcome import Verdict
from gradkit.suite.assignments import chosen, corpora_folder

SEED = "autumn-2026-7f3a"
WISHES = ("test_addition", "test_multiplication", "test_subtraction", "test_tanh_gradient", "test_exp_collects")


def needed_for(tests, names):
    """The named tests and those whose corpora they need, so that few corpora have to be drawn."""
    return tuple(test for test in tests if test.name in names or test.mark.corpus is None)


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """Some items of all assignments on a private seed's graphs, drawn from a cold start."""
    library = Library(corpora_folder(), SEED, tmp_path_factory.mktemp("cache"), secret=True)
    empty = suite_of([], library)
    tests = needed_for(suite_of(chosen("all"), Library(corpora_folder())).tests, WISHES)
    suite = dataclasses.replace(empty, assignments=chosen("all"), tests=tests)
    for test in tests:
        if test.mark.corpus:
            library.corpus(test.mark.corpus)
    return suite


def corpora(suite):
    drawn = [test.mark.corpus for test in suite.tests if isinstance(test.mark.corpus, RandomGraphs)]
    return list(map(suite.library.corpus, drawn))


def evidence_of(reports):
    return [item.evidence for report in reports.values() for item in report.items if item.evidence]


def text_of(evidence):
    return "\n".join([evidence.message, evidence.traceback, evidence.origin, evidence.hint, *evidence.code])


def drawn_leaves(suite):
    """Numbers that the seed drew, and that no expression made simpler on purpose holds: those with two decimals."""
    leaves = {abs(number) for corpus in corpora(suite) for graph in corpus.cases for number in graph.inputs}
    return {repr(number) for number in leaves if round(10 * number, 6) % 1}


def test_a_private_seed_draws_other_graphs_of_the_same_kind(secret):
    public = Library(corpora_folder())
    for test in secret.tests:
        if isinstance(test.mark.corpus, RandomGraphs):
            ours, theirs = secret.library.corpus(test.mark.corpus), public.corpus(test.mark.corpus)
            assert ours.secret
            assert not theirs.secret
            assert not set(ours.cases) & set(theirs.cases)
            assert len(ours.cases) > 50


def test_a_right_submission_passes_on_a_private_seed(school, root, secret):
    shutil.copytree(root / "reference/solution", school.submissions / "ada")
    (report,) = school.is_graded(suite=secret).values()
    assert report.earned == report.points > 0


def test_a_mistake_is_explained_on_simple_leaves(school, secret):
    school.hands_in_a_mistake("exp_overwrites", "exp_overwrites")
    (report,) = school.is_graded(suite=secret).values()
    (wrong,) = [item for item in report.items if item.evidence]
    assert wrong.id == "a3_activations/test_exp_collects"
    assert wrong.evidence.rows
    assert "x.exp()" in "\n".join(wrong.evidence.code)
    assert wrong.evidence.hint == misconceptions()["exp_overwrites"].hint


def test_no_evidence_holds_a_graph_as_it_was_drawn(school, secret):
    for name in (
        "addition_overwrites",
        "subtraction_forgets_the_minus",
        "tanh_without_parentheses",
        "number_not_wrapped",
    ):
        school.hands_in_a_mistake(name, name)
    found = evidence_of(school.is_graded(suite=secret))
    assert found
    leaves = drawn_leaves(secret)
    for evidence in found:
        numbers = set(re.findall(r"\d+\.\d+", "\n".join(line for line in evidence.code if "Value(" in line)))
        assert not numbers & leaves


TELLS = """
import math
seen = []

class Tell(Exception):
    pass

class Value:
    def __init__(self, data, _children=(), _op=""):
        seen.append(data)
        self.data, self.grad, self._prev = data, 0.0, _children

    def __add__(self, other):
        {tell}
        return Value(self.data + other.data, (self, other))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other))

    def exp(self): {tell}
    def tanh(self): {tell}
    def backward(self): {tell}
"""

TELLING = {
    "in an exception's message": "raise Tell(' '.join(map(repr, seen[-40:])))",
    "in an exception's name": "raise type(' '.join(map(repr, seen[-40:])), (Exception,), {})()",
    "in an exit's name": "raise type(' '.join(map(repr, seen[-40:])), (BaseException,), {})()",
    "as work left to do": "raise NotImplementedError(' '.join(map(repr, seen[-40:])))",
    "as a function's name": "exec(compile('1/0', '/submission/engine.py', 'exec').replace("
    "co_name=' '.join(map(repr, seen[-40:]))))",
    "as a type": "return Value(type(' '.join(map(repr, seen[-40:])), (), {})())",
}


@pytest.mark.parametrize("way", TELLING)
def test_what_code_has_seen_it_cannot_tell(way, school, secret):
    school.hands_in("eve", TELLS.format(tell=TELLING[way]))
    reports = school.is_graded(suite=secret)
    assert any(item.verdict is not Verdict.PASSED for item in reports["eve"].items)
    leaves = drawn_leaves(secret)
    for evidence in evidence_of(reports):
        assert not set(re.findall(r"\d+\.\d+", text_of(evidence))) & leaves, evidence


def test_the_same_code_tells_on_the_public_seed_which_shows_that_the_test_can_fail(school, suite):
    school.hands_in("eve", TELLS.format(tell=TELLING["in an exception's message"]))
    told = [text_of(evidence) for evidence in evidence_of(school.is_graded(suite=suite("a1")))]
    assert any(len(re.findall(r"\d+\.\d+", text)) > 10 for text in told)


def test_a_mistake_that_shows_on_drawn_leaves_only_is_withheld(school, secret):
    source = "class Value:\n    def __init__(self, data, *_):\n        self.data, self.grad = data, 0.0\n"
    source += "    def __add__(self, other):\n        odd = round(self.data * 100) % 50\n"
    source += "        return Value(self.data + other.data + (1 if odd else 0))\n"
    school.hands_in("eve", source)
    (report,) = school.is_graded(suite=secret).values()
    (item,) = [item for item in report.items if item.id == "a1_expressions/test_addition"]
    assert item.verdict is Verdict.FAILED
    assert item.evidence.code == ()
    assert "none simple enough to show breaks it" in item.evidence.message


def test_a_report_names_a_private_seed_without_telling_it(secret):
    label = conditions_of(secret, True).seed
    assert label == seed_label(SEED) != SEED
    assert SEED not in label
    assert seed_label("public") == "public"
