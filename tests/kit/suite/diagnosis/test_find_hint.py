"""Which hint an item gets, and when no question is asked."""

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.errors import UserError
from gradkit.inside.operations import OPERATIONS
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.collection import graded_tests
from gradkit.suite.diagnosis import (
    decisions,
    find_hint,
    loss_slips,
    networks,
    optimizers,
    tensor_matrices,
    tensor_networks,
    training_loop,
)
from gradkit.suite.diagnosis.find_hint import HintSource
from gradkit.suite.diagnosis.formulas import derivative_formulas, value_formulas
from gradkit.suite.diagnosis.item_hints import ITEM_HINTS, TIMEOUT_HINTS
from gradkit.suite.diagnosis.operation import Operation
from gradkit.suite.diagnosis.slips import JOIN, agree, compute, find_formula
from gradkit.suite.diagnosis.student import MAX_QUESTION_SECONDS, QUESTION_SECONDS, Student
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item

EVIDENCE = Evidence("x.grad is 0.0", hint="of the evidence")


def item(hidden=False):
    return Item("a2_backprop/test_trial", "a2_backprop", "a trial", 1, (), hidden)


@pytest.fixture
def wrong_engine(open_student, monkeypatch):
    """Return a wrong engine and a list with an entry for each time that questions to it are started."""
    student = open_student("engine", ("self.grad = 1.0\n", "pass\n"))
    started, start_item = [], student._transport.start_item
    monkeypatch.setattr(student._transport, "start_item", lambda *args: (started.append(args), start_item(*args)))
    return HintSource(student, ("Value.backward", "Value.__add__")), started


def test_a_hidden_item_asks_no_question(wrong_engine):
    hint_source, started = wrong_engine
    assert find_hint.find_hint(item(hidden=True), Verdict.FAILED, EVIDENCE, hint_source) == "of the evidence"
    assert started == []
    assert "by hand" in find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, hint_source)
    assert len(started) == 1


def test_after_a_crash_or_a_timeout_no_question_is_asked(wrong_engine):
    hint_source, started = wrong_engine
    for verdict in (Verdict.TIMEOUT, Verdict.CRASHED, Verdict.OUT_OF_MEMORY, Verdict.PROTOCOL):
        assert find_hint.find_hint(item(), verdict, EVIDENCE, hint_source) == "of the evidence"
    assert started == []


def test_questions_stop_before_they_use_up_the_time_of_items():
    class HangsAtQuestions:
        spent_seconds = 20.0

        def start_item(self, seconds, packages):
            self.limit = seconds

        def load(self, module, name):
            self.spent_seconds += self.limit
            raise SubmissionError(Verdict.TIMEOUT, "Stopped at the time limit.")

    transport = HangsAtQuestions()
    hint_source = HintSource(Student(transport), ("Value.backward",))
    for _ in range(100):
        assert find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, hint_source) == "of the evidence"
    assert transport.spent_seconds == 20.0 + MAX_QUESTION_SECONDS


@pytest.mark.parametrize("new", ["while True: pass\n", "raise ZeroDivisionError\n"])
def test_code_that_hangs_or_fails_at_a_question_keeps_the_hint_of_the_evidence(open_student, new):
    student = open_student("engine", ("self.grad = 1.0\n", new))
    before = student._transport.spent_seconds
    hint_source = HintSource(student, ("Value.backward", "Value.__add__"))
    assert find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, hint_source) == "of the evidence"
    assert student._transport.spent_seconds - before < 2 * QUESTION_SECONDS


@pytest.mark.parametrize("error", [UserError("no worker starts"), OSError("no worker starts")])
def test_a_machine_that_starts_no_worker_is_no_answer(open_student, monkeypatch, error):
    student = open_student("engine", ("self.grad = 1.0\n", "pass\n"))

    def start_item(*_):
        raise error

    monkeypatch.setattr(student._transport, "start_item", start_item)
    with pytest.raises(type(error), match="no worker starts"):
        find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, HintSource(student, ("Value.backward",)))


def test_an_error_in_the_questions_costs_the_hint_and_is_raised_where_they_are_tested(open_student, monkeypatch):
    def ask(*_):
        raise KeyError("a table lacks a row")

    monkeypatch.setattr(find_hint, "_ask", ask)
    hint_source = HintSource(open_student(), ("Value.backward",))
    with pytest.raises(KeyError):
        find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, hint_source)
    find_hint._is_strict.set(False)
    assert find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, hint_source) == "of the evidence"


ODD_ANSWERS = {
    "no probabilities": ("training", "return [power / total for power in powers]", "return []",
                         "softmax", "a5_training/test_trial"),
    "a weight of nan": ("nn", "Value(random.uniform(-1, 1)) for _ in range(nin)",
                        "Value(float(n or 'nan')) for n in range(nin)",
                        "Neuron.__init__", "a4_networks/test_trial"),
    "a layer without bias": ("tensor", "Tensor(np.zeros(nout)) for nout in nouts",
                             "Tensor(np.zeros(nout)) for nout in nouts if nin < 16",
                             "MLP.__init__", "a6_tensors/test_parameters_begin"),
    "weights without numbers": ("tensor", "(np.random.uniform(-1, 1, shape) / shape[0] ** 0.5) for",
                                "(np.zeros((0, 64)) if nin == 16 else np.zeros(shape)) for",
                                "MLP.__init__", "a6_tensors/test_parameters_begin"),
}  # fmt: skip


@pytest.mark.parametrize(("module", "old", "new", "about", "name"), ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_an_answer_that_no_question_can_use_costs_the_hint_only(open_student, module, old, new, about, name):
    hint_source = HintSource(open_student(module, (old, new)), (about,))
    trial = Item(name, name.partition("/")[0], "a trial", 1, ())
    assert find_hint.find_hint(trial, Verdict.FAILED, EVIDENCE, hint_source) == "of the evidence"


def test_an_unknown_name_is_named_before_any_question(open_student):
    student = open_student("engine", ("import math\n", ""))
    evidence = Evidence("NameError: name 'math' is not defined", hint="import it")
    hint_source = HintSource(student, ("Value.__pow__",))
    assert find_hint.find_hint(item(), Verdict.ERROR, evidence, hint_source) == "import it"


def test_a_loss_of_plain_numbers_is_told_to_use_the_outputs(open_student):
    evidence = Evidence("this is a plain float, not a Value: no gradient can flow through it", hint="of the evidence")
    student = open_student("training", ("(output - target) ** 2", "(output.data - target) ** 2"))
    hint_source = HintSource(student, ("mean_squared_error",))
    assert "the outputs themselves" in find_hint.find_hint(item(), Verdict.ERROR, evidence, hint_source)


def test_a_loss_that_is_a_plain_number_for_some_outputs_is_told_that(open_student):
    old = "(1 - target * output).relu() for output, target in zip(outputs, targets)"
    new = "1 - target * output for output, target in zip(outputs, targets) if target * output.data < 1"
    evidence = Evidence("this is a plain int, not a Value: no gradient can flow through it")
    hint_source = HintSource(open_student("training", (old, new)), ("hinge",))
    assert "For some outputs hinge" in find_hint.find_hint(item(), Verdict.ERROR, evidence, hint_source)


def test_a_recorded_hint_of_a_loss_does_not_contradict_the_answers(open_student, monkeypatch):
    monkeypatch.setattr(find_hint, "find_misconception_hint", lambda item_id, evidence: "recorded")
    wrong = open_student("training", ("(output - target) ** 2", "(output - target) ** 4"))
    hint_source = HintSource(wrong, ("mean_squared_error",))
    assert find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, hint_source) == "of the evidence"
    assert find_hint.find_hint(item(), Verdict.FAILED, EVIDENCE, HintSource(wrong, ("train",))) == "recorded"


def test_shapes_that_do_not_fit_in_a_cross_entropy_of_tensors_are_explained(open_student):
    tensors = Item("a6_tensors/test_trial", "a6_tensors", "a trial", 1, (), False)
    evidence = Evidence("ValueError: operands could not be broadcast together with shapes (3,2) (3,)")
    hint_source = HintSource(open_student(), ("cross_entropy",))
    assert "has lost its axis" in find_hint.find_hint(tensors, Verdict.ERROR, evidence, hint_source)


def test_an_index_that_fails_in_a_neuron_is_led_back_to_the_layer(open_student):
    networks_item = Item("a4_networks/test_trial", "a4_networks", "a trial", 1, (), False)
    evidence = Evidence("IndexError: list index out of range", hint="of the evidence")
    by_index = ("for w, xi in zip(self.w, x):", "for w, xi in [(w, x[i]) for i, w in enumerate(self.w)]:")
    student = open_student("nn", by_index, ("neuron(x) for neuron", "neuron(x[:1]) for neuron"))
    hint_source = HintSource(student, ("Layer.__call__",))
    assert "what Layer does" in find_hint.find_hint(networks_item, Verdict.ERROR, evidence, hint_source)


def test_a_list_that_train_does_not_return_is_named(open_student):
    evidence = Evidence("TypeError: object of type 'float' has no len()", hint="of the evidence")
    hint_source = HintSource(open_student(), ("train",))
    assert "a list is due" in find_hint.find_hint(item(), Verdict.ERROR, evidence, hint_source)


def test_what_train_hands_over_to_a_loss_that_works_by_itself_is_named(open_student):
    frames = "training.py:9, in train\n    current = loss(outputs, targets)\ntraining.py:5, in hinge\n    outputs[i]"
    about, evidence = ("train",), Evidence("IndexError: list index out of range", hint="general", traceback=frames)
    found = find_hint.find_hint(item(), Verdict.ERROR, evidence, HintSource(open_student(), about))
    assert "hinge works when it is called by itself" in found
    wrong = open_student("training", ("(1 - target * output).relu()", "[][0]"))
    assert find_hint.find_hint(item(), Verdict.ERROR, evidence, HintSource(wrong, about)) == "general"


def test_a_single_thing_that_train_hands_to_the_network_is_named(open_student):
    frames = "nn.py:9, in __call__\n    total + w * xi\nengine.py:5, in __mul__\n    self.data * other.data"
    evidence = Evidence("TypeError: can't multiply sequence", hint="general", traceback=frames)
    found = find_hint.find_hint(item(), Verdict.ERROR, evidence, HintSource(open_student(), ("train",)))
    assert "each of the inputs by itself" in found


def test_a_recorded_hint_of_an_optimizer_does_not_contradict_its_steps(open_student, monkeypatch):
    monkeypatch.setattr(find_hint, "find_misconception_hint", lambda *_: "recorded")
    unknown = open_student("training", ("- self.lr * m / (v**0.5", "- self.lr * 7 * m / (v**0.5"))
    evidence = Evidence("p.data is 1.0", hint="general")
    about = ("Adam.step",)
    assert find_hint.find_hint(item(), Verdict.FAILED, evidence, HintSource(unknown, about)) == "general"
    assert find_hint.find_hint(item(), Verdict.FAILED, evidence, HintSource(open_student(), about)) == "recorded"


def test_a_hint_for_the_time_limit_is_for_no_other_failure():
    trial = Item("a2_backprop/test_cost_is_linear_in_depth", "a2_backprop", "a trial", 1, ())
    assert "2**24" in find_hint.find_hint(trial, Verdict.TIMEOUT, EVIDENCE, None)
    assert find_hint.find_hint(trial, Verdict.FAILED, EVIDENCE, None) == "of the evidence"


def test_items_with_a_hint_of_their_own_exist():
    ids = {test.item.id for assignment in assignments() for test in graded_tests(assignment)}
    assert set(ITEM_HINTS) | set(TIMEOUT_HINTS) <= ids


def test_a_slip_counts_only_if_no_other_gives_the_same_numbers():
    points = [(0.5,), (2.0,), (3.0,)]
    slips = {"twice": lambda x: 2 * x, "x + x": lambda x: x + x, "square": lambda x: x * x}
    assert find_formula([0.25, 4.0, 9.0], points, slips) == "square"
    assert find_formula([1.0, 4.0, 6.0], points, slips) == ""
    assert find_formula([0.25, 4.0], points[:2], slips) == ""  # two points are too few


def derivative_tables():
    """Return what each operation may pass on to each of its operands, at its points."""
    for name, row in OPERATIONS.items():
        points = Operation(name).points
        for operand in range(row.arity):
            slips, _ = derivative_formulas(name, operand)
            yield f"{name} {operand}", {text: compute(rule, points) for text, rule in slips.items()}


def value_tables():
    """Return what each operation may compute, at its points."""
    for name in OPERATIONS:
        points = Operation(name).points
        yield name, {text: compute(rule, points) for text, rule in value_formulas(name).items()}


TABLES = {
    **dict(derivative_tables()),
    **dict(value_tables()),
    **{
        f"neuron, linear={linear}": {
            text: [rule(networks.WEIGHTS, networks.BIAS, x) for x in networks.INPUTS]
            for text, rule in networks.neuron_slips(linear).items()
        }
        for linear in (False, True)
    },
    **{name: loss_slips.loss_slips(name) for name in loss_slips.TERMS},
    "softmax": loss_slips.probability_slips(),
    "SGD": {text: rule.run() for text, rule in optimizers.SGD_SLIPS.items()},
    "Adam": {text: rule.run() for text, rule in optimizers.ADAM_SLIPS.items()},
    "Adam without settings": {text: rule.run() for text, rule in optimizers.DEFAULT_SLIPS.items()},
    "train": {text: rule.run() for text, rule in training_loop.SLIPS.items()},
    **{f"layer, linear={linear}": networks.layer_slips(linear) for linear in (False, True)},
    **{f"mlp, linear_last={linear}": networks.mlp_slips(linear) for linear in (False, True)},
    **{f"mlp of tensors, linear_last={linear}": tensor_networks.output_slips(linear) for linear in (False, True)},
    **{name: decisions.decision_slips(name) for name in decisions.DECIDERS},
    "cross_entropy of tensors": tensor_networks.tensor_loss_slips(),
    **{f"matmul {place}": tensor_matrices.matmul_slips(place) for place in (0, 1)},
}
"""Tables in which no two slips give the same numbers. Three kinds are left out. Without momentum, many slips of SGD
change nothing. Some general slips of a derivative are equal for some operations. For reductions and stretching it
depends on the case."""


@pytest.mark.parametrize("name", TABLES)
def test_no_single_slip_of_a_table_has_the_right_numbers_or_those_of_another(name):
    singles = {text: numbers for text, numbers in TABLES[name].items() if JOIN not in text}
    for text, numbers in singles.items():
        assert [other for other, theirs in singles.items() if other != text and agree(numbers, theirs)] == []
