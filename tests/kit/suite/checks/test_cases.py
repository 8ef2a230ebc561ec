"""Checks on cases: the first wrong case is shown, and hostile answers count as wrong numbers."""

import dataclasses
import math
import sys

import pytest
from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.networks import networks
from gradkit.graphs.learning.networks import Network, NetworkAnswers
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import numbers, write
from gradkit.suite import (
    check_all_different,
    check_initial_weights,
    check_network_gradients,
    check_outputs,
    check_range,
    check_reached,
    check_reproducible,
    expect,
    expect_class,
)
from gradkit.suite.checks.networks import MIN_SPREAD
from gradkit.suite.failures import NotPassed

SPEC = networks("Neuron")
PUBLIC = load_corpus(SPEC, corpora_folder() / SPEC.file_name)


@pytest.fixture
def network(open_folder, solution, tmp_path, monkeypatch):
    """Return a function that returns Neuron and Value of the reference's files, with edits of nn.py."""
    monkeypatch.delitem(sys.modules, "nn", raising=False)  # the graded suites can have imported it

    def opened(*edits):
        text = (reference_folder() / "solution/nn.py").read_text(encoding="utf-8")
        for old, new in edits:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (tmp_path / "nn.py").write_text(text, encoding="utf-8")
        transport = open_folder(solution())
        return transport.load("nn", "Neuron"), transport.load("engine", "Value")

    yield opened
    sys.modules.pop("nn", None)


def evidence_from(check, *arguments, verdict=Verdict.FAILED):
    with pytest.raises(NotPassed) as raised:
        check(*arguments)
    assert raised.value.verdict is verdict
    return raised.value.failure.explain()


NO_BIAS = ("total = self.b\n", "total = 0\n")


def test_the_right_network_agrees(network):
    check_outputs(*network(), PUBLIC)
    check_network_gradients(*network(), PUBLIC)


def test_a_wrong_output_is_shown_by_the_first_network_as_a_program(network):
    evidence = evidence_from(check_outputs, *network(NO_BIAS), PUBLIC)
    assert evidence.code[:3] == ("from engine import Value", "from nn import Neuron", "model = Neuron(1)")
    assert evidence.code[-1] == "print(y.data)"
    assert [row.name for row in evidence.rows] == ["y.data"]
    assert evidence.code[3] == "for p, number in zip(model.parameters(), [0.5, 1.0]): p.data = number"
    assert evidence.rows[0].expected == pytest.approx(math.tanh(0.5 * 0.5 + 1.0))


def test_a_wrong_gradient_says_what_the_parameter_does(network):
    cut = ("total = total + w * xi", 'total = total + getattr(w, "data", w) * xi')
    evidence = evidence_from(check_network_gradients, *network(cut), PUBLIC)
    assert evidence.rows[0].name == "model.parameters()[0].grad"
    assert evidence.hint == "model.parameters()[0].grad is about weight 1 of neuron 1 in layer 1."


def test_too_few_parameters_are_counted_without_an_error_of_ours(network):
    evidence = evidence_from(check_outputs, *network(("return [*self.w, self.b]", "return self.w")), PUBLIC)
    assert evidence.message == "len(model.parameters()) is 1 and should be 2"


def test_code_that_raises_is_shown_with_the_program_that_does(network):
    evidence = evidence_from(check_outputs, *network(("total.tanh()", "total.tan()")), PUBLIC, verdict=Verdict.ERROR)
    assert "y = model(x)" in evidence.code


def test_a_corpus_without_cases_would_pass_everyone_and_is_refused(network):
    with pytest.raises(ValueError):
        check_outputs(*network(), dataclasses.replace(PUBLIC, cases=(), answers=()))


def test_a_network_that_answers_with_other_numbers_of_outputs_is_wrong(open_folder, tmp_path):
    answers = NetworkAnswers((0.5, 0.5), (0.0,) * 8)
    case = Network("Layer", (1, 2), False, (0.1, 0.2, 0.3, 0.4), (1.0,), (1.0, 2.0))
    corpus = dataclasses.replace(PUBLIC, cases=(case,), answers=(answers,))
    liar = """
class Value:
    data = grad = 0.5
    def __init__(self, data): pass
class Layer:
    def __init__(self, *a): pass
    def parameters(self): return [Value(0) for _ in range(4)]
    def __call__(self, x): return [Value(0)] * 5
"""
    transport = open_folder(liar)
    evidence = evidence_from(
        check_outputs, transport.load("engine", "Layer"), transport.load("engine", "Value"), corpus
    )
    assert evidence.message == "len(y) is 5 and should be 2"


# --- numbers in bulk -------------------------------------------------------------------------------------------------


def test_many_numbers_are_written_and_read_at_once(load_value, solution):
    value_class = load_value(solution())
    values = [value_class(0.0) for _ in range(5)]
    write(values, "data", [1.0, 2.0, 3.0, 4.0, 5.0])
    assert numbers(values, "data") == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert numbers([], "data") == []


def test_a_list_of_subjects_arrives_as_a_list_of_the_objects_and_can_be_indexed(load_value):
    pair = load_value("class Value:\n    def __init__(self, rows): self.rows = rows\n")
    a, b = pair(1.0), pair(2.0)
    rows = pair([[a, 3.0], [b]]).rows
    assert rows[0][0] is a
    assert rows[1][0] is b
    expect(rows[0][1], 3.0)


def test_a_missing_item_is_the_students_error(load_value):
    with pytest.raises(SubmissionError, match="IndexError"):
        load_value("class Value:\n    def __init__(self, rows): self.rows = rows\n")([]).rows[0]


def test_an_object_that_is_not_a_number_is_refused(load_value):
    value = load_value("class Value:\n    def __init__(self, data): self.other = True\n")(1.0)
    with pytest.raises(SubmissionError, match="bool"):
        expect(value.other, 1)


def test_random_numbers_that_no_seed_controls_are_noticed(network, open_folder):
    chance = ("import random\n", "from random import SystemRandom\n\nrandom = SystemRandom()\n")
    neuron, value = network(chance)
    seed = value._transport.load("random", "seed")
    assert "seed(1)" in evidence_from(check_reproducible, neuron, (5,), seed, ()).message


def test_missing_initial_parameters_do_not_pass(network):
    neuron, _ = network(("return [*self.w, self.b]", "return self.w[:1]"))
    assert (
        evidence_from(check_initial_weights, neuron, (5,), ()).message == "len(model.parameters()) is 1 and should be 6"
    )


STARTS = {
    "random.uniform(-1, 1)": "",
    "random.uniform(-1, 1) / nin ** 0.5": "",
    "random.uniform(-0.1, 0.1)": "",
    "random.triangular(-1, 1)": "",
    "random.uniform(0, 1)": "All 40 weights begin positive, from ",
    "-random.random()": "All 40 weights begin negative, from ",
    "random.uniform(-0.001, 0.001)": "All 40 weights begin close together, from ",
    "random.uniform(-2, 2)": "outside of -1 to 1",
    "round(random.uniform(-1, 1), 1)": "are weights, and both begin at",
}


@pytest.mark.parametrize("start", STARTS)
def test_weights_begin_on_both_sides_of_0_and_apart(network, start):
    neuron, value = network(
        ("self.w = [Value(random.uniform(-1, 1)) for", f"self.w = [Value({start}) for"),
        ("self.b = Value(random.uniform(-1, 1))", "self.b = Value(0.0)"),
    )
    value._transport.load("random", "seed")(0)
    if STARTS[start]:
        assert STARTS[start] in evidence_from(check_initial_weights, neuron, (40,), ()).message
    else:
        check_initial_weights(neuron, (40,), ())


RANGES = {
    "Value(random.uniform(-1, 1))": ("", ""),
    "Value(random.uniform(-1, 1) / nin ** 0.5)": ("", ""),
    "Value(0.0)": ("Of 3000 weights, 0 begin below 0, and 0 above: about half is due", ""),
    "Value(random.uniform(-0.5, 1))": ("begin below 0, and", "Of 3000 biases, "),
    "Value(random.uniform(-1, 1.01))": ("outside of -1 to 1", "outside of -1 to 1"),
    "Value(abs(random.uniform(-1, 1)))": ("Of 3000 weights, 0 begin below 0", "Of 3000 biases, 0 begin below 0"),
}


@pytest.mark.parametrize("start", RANGES)
@pytest.mark.parametrize("biases", [False, True], ids=["weights", "biases"])
def test_many_weights_and_many_biases_begin_on_both_sides_of_0_and_within_1(network, start, biases):
    neuron, value = network(
        ("[Value(random.uniform(-1, 1)) for", f"[{start} for"),
        ("self.b = Value(random.uniform(-1, 1))", f"self.b = {start}"),
    )
    value._transport.load("random", "seed")(0)
    part, arguments = (value._transport.load("nn", "Layer"), (1, 100)) if biases else (neuron, (100,))
    models = [part(*arguments) for _ in range(30)]
    message = RANGES[start][biases]
    if message:
        assert message in evidence_from(check_range, models, arguments, biases, ()).message
    else:
        check_range(models, arguments, biases, ())


def test_a_right_neuron_fails_less_often_than_once_in_a_billion():
    n_weights = 40
    one_sign = 2 * 0.5**n_weights
    for bound in (1.0, n_weights**-0.5, 0.1):
        # n numbers that are uniform in an interval lie within a share s of it with probability n s^(n-1) - (n-1) s^n.
        share = MIN_SPREAD / (2 * bound)
        close_together = n_weights * share ** (n_weights - 1) - (n_weights - 1) * share**n_weights
        assert one_sign + close_together < 1e-9


@pytest.mark.parametrize("bias", ["0.0", "1.0"])
def test_networks_that_begin_alike_are_noticed_and_equal_biases_are_not(network, bias):
    neuron, value = network(("self.b = Value(random.uniform(-1, 1))", f"self.b = Value({bias})"))
    seed = value._transport.load("random", "seed")
    check_all_different([neuron(5), neuron(5)], (5, 1), ())
    models = []
    for _ in range(2):
        seed(1)
        models.append(neuron(5))
    message = evidence_from(check_all_different, models, (5, 1), ()).message
    assert message.startswith("models[0].parameters()[0].data and models[1].parameters()[0].data both begin at ")


def test_a_class_is_one_of_those_allowed_and_may_be_a_bool(load_value):
    made = load_value("def Value(number): return number == 1 if number < 2 else int(number)")
    expect_class(made(1), 1)
    expect_class(made(0), 0)
    expect_class(made(2), 1, 2)
    with pytest.raises(NotPassed):
        expect_class(made(2), 0, 1)
    with pytest.raises(NotPassed):
        expect_class(made(1), 0)


@pytest.mark.parametrize("gradient", [0.0, float("inf"), float("nan")])
def test_a_gradient_that_is_zero_or_not_finite_does_not_count_as_arrived(network, gradient):
    model = network()[0](2)
    write(list(model.parameters()), "grad", [1.0, gradient, 1.0])
    assert evidence_from(check_reached, model, ()).message == "model.parameters()[1] gets no gradient"
    write(list(model.parameters()), "grad", [1.0, -1.0, 1.0])
    check_reached(model, ())
