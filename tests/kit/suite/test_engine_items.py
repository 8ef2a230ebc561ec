"""The items of a1 to a3 together: what is shown of two mistakes, of an absent method, and of one mistake."""

import re

import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.one_submission.public_phase import run_public_phase
from gradkit.grader.suite import load_suite
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict

RELU_OVERWRITES = ("self.grad += (self.data > 0) * out.grad", "self.grad = (self.data > 0) * out.grad")
SUBTRACTION_SWAPPED = ("return self + (-other)", "return other + (-self)")
EXPONENT = "        exponent = other if isinstance(other, Value) else Value(other)\n"


@pytest.fixture(scope="module")
def suite():
    assignments = [assignment for name in ("a1", "a2", "a3") for assignment in choose_assignments(name)]
    return load_suite(assignments, Library(corpora_folder()))


@pytest.fixture
def run(suite, open_folder):
    """Return a function that runs a1 to a3 on the source of an engine, and returns the results of public items."""

    def run(source):
        results = run_public_phase(suite, Intake(), open_folder(source))
        return {each.id: each for each in results.all() if not each.hidden}

    return run


def shown(results):
    """Return the names of the items that are shown as wrong."""
    wrong = (Verdict.FAILED, Verdict.ERROR)
    return [name.rpartition("/test_")[2] for name, each in results.items() if each.verdict in wrong]


def without(source, *methods):
    for name in methods:
        source = re.sub(rf"    def {name}\(.*?(?=\n    def |\Z)", "", source, flags=re.DOTALL)
    return source


def test_a_mistake_in_relu_is_shown_while_log_is_absent(run, solution):
    results = run(without(solution(RELU_OVERWRITES), "log"))
    assert shown(results) == ["relu_collects"]
    assert results["a3_activations/test_log"].verdict is Verdict.NOT_IMPLEMENTED


def test_a_reversed_minus_is_shown_while_the_reflected_one_is_absent(run, solution):
    assert shown(run(without(solution(SUBTRACTION_SWAPPED), "__rsub__")))[0] == "subtraction"


def test_a_wrong_minus_is_one_mistake(run, solution):
    assert shown(run(solution(SUBTRACTION_SWAPPED))) == ["subtraction"]


def test_a_class_with_the_operators_of_a1_only_has_nothing_wrong(run, solution):
    functions = ("backward", "exp", "log", "tanh", "sigmoid", "relu")
    verdicts = {name: each.verdict for name, each in run(without(solution(), *functions)).items()}
    assert {verdict for name, verdict in verdicts.items() if name.startswith("a1")} == {Verdict.PASSED}
    assert {verdict for name, verdict in verdicts.items() if not name.startswith("a1")} == {Verdict.NOT_IMPLEMENTED}


def test_a_refused_value_exponent_costs_its_own_items_and_what_builds_on_them(run, solution):
    refused = solution((EXPONENT, "        assert isinstance(other, (int, float))\n        exponent = Value(other)\n"))
    lost = {name: each.points for name, each in run(refused).items() if each.verdict is not Verdict.PASSED}
    assert sum(points for name, points in lost.items() if name.startswith("a1")) <= 2.5
    assert sum(points for name, points in lost.items() if name.startswith("a2")) <= 2.5
