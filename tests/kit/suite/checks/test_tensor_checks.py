"""Checks on tensors: the evidence of a wrong shape, number or network is right, short, and can be pasted."""

import io
import random
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import pytest
from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.losses import losses
from gradkit.corpora.networks import networks
from gradkit.corpora.spec import Corpus
from gradkit.corpora.trajectories import trajectories
from gradkit.graphs.tensor.graph import Leaf, TensorGraph
from gradkit.oracle.pytorch.tensor import answer_tensor_graph
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import Subject
from gradkit.suite import (
    check_initial_tensors,
    check_inner_tensor_gradients,
    check_reads_digits,
    check_same_numbers,
    check_spread_of_initial_tensors,
    check_tensor_chain,
    check_tensor_gradients,
    check_tensor_loss,
    check_tensor_network,
    check_tensor_trajectories,
    check_tensors,
    expect_array,
)
from gradkit.suite.checks import tensor_networks
from gradkit.suite.failures import NotPassed

SOLUTION = reference_folder() / "solution"
MODULES = ("engine", "nn", "training", "tensor")


@pytest.fixture
def load_from_student(open_folder, tmp_path, monkeypatch):
    """Return a function that loads names from a student's folder with the reference's files and an edited tensor.py."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two versions can have the same time of modification
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)  # the graded suites can have imported it

    def of(*edits):
        for name in MODULES:
            sys.modules.pop(name, None)
            (tmp_path / f"{name}.py").write_text((SOLUTION / f"{name}.py").read_text("utf-8"), encoding="utf-8")
        text = (SOLUTION / "tensor.py").read_text(encoding="utf-8")
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / "tensor.py").write_text(text, encoding="utf-8")
        transport = open_folder()
        transport.start_item(30, ("numpy",))
        return transport.load

    yield of
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def tensor(load_from_student):
    """Return a function that loads Tensor from such a folder."""
    return lambda *edits: load_from_student(*edits)("tensor", "Tensor")


@pytest.fixture
def run_program(tmp_path, monkeypatch):
    """Return a function that runs a program beside the student's files, and returns what it prints."""

    def run(lines):
        monkeypatch.syspath_prepend(str(tmp_path))
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(lines), {})
        return screen.getvalue().strip()

    return run


def evidence_from(check, *arguments, verdict=Verdict.FAILED, **named):
    with pytest.raises(NotPassed) as raised:
        check(*arguments, **named)
    assert raised.value.verdict is verdict
    return raised.value.failure.explain()


def evidence_as_drawn(check, *arguments):
    with pytest.raises(NotPassed) as raised:
        check(*arguments)
    return raised.value.failure.as_drawn()


def corpus_of(*graphs):
    return Corpus(graphs, tuple(map(answer_tensor_graph, graphs)))


@pytest.fixture(scope="module")
def sum_corpus():
    """Return a corpus of one graph, the square of a sum."""
    return corpus_of(
        TensorGraph(
            (Leaf((3,), (2.0, -1.5, 0.5)), Leaf((2, 3), (3.0, 0.25, -2.0, 0.75, 1.5, -0.5))),
            (("add", 0, 1), ("mul", 2, 2)),
            Leaf((2, 3), (0.5, 2.0, -1.5, 3.0, 0.25, -0.75)),
        )
    )


@pytest.fixture(scope="module")
def exp_corpus():
    """Return a corpus of one graph, an exp."""
    return corpus_of(TensorGraph((Leaf((2,), (2.0, -1.5)),), (("exp", 0),), Leaf((2,), (0.5, 2.0))))


# --- graphs ----------------------------------------------------------------------------------------------------------

EXP = 'out = Tensor(np.exp(self.data), (self,), "exp")'
ADDS = 'out = Tensor(self.data + other.data, (self, other), "+")'


def test_the_right_tensor_agrees(tensor, sum_corpus, exp_corpus):
    for corpus in (sum_corpus, exp_corpus):
        check_tensors(tensor(), corpus)
        check_tensor_gradients(tensor(), corpus)
        check_inner_tensor_gradients(tensor(), corpus)


def test_a_wrong_number_is_shown_with_its_index_and_a_program_that_prints_it(tensor, run_program, sum_corpus):
    found = evidence_as_drawn(check_tensors, tensor((ADDS, ADDS.replace("+ other.data", "- other.data"))), sum_corpus)
    first = found.rows[0]
    assert (first.name, first.yours, first.expected) == ("y.data[0, 0]", 1.0, 25.0)
    assert found.message == "y.data[0, 0] is 1.0, PyTorch says 25.0"
    assert found.code[0] == "from tensor import Tensor"
    assert run_program(found.code).splitlines() == [str(row.yours) for row in found.rows]


def test_a_wrong_number_is_reduced_to_the_operation_that_is_wrong_and_the_smallest_arrays(
    tensor, run_program, sum_corpus
):
    found = evidence_from(check_tensors, tensor((ADDS, ADDS.replace("+ other.data", "- other.data"))), sum_corpus)
    assert found.code == (
        "from tensor import Tensor",
        "a = Tensor(2.0)",
        "b = Tensor(0.5)",
        "y = a + b",
        "print(y.data)",
    )
    assert found.origin == "y = a + b"
    assert run_program(found.code).splitlines() == [str(row.yours) for row in found.rows]


def test_a_gradient_of_a_wrong_shape_is_named_and_a_hint_says_what_to_sum_over(tensor, run_program, sum_corpus):
    forgets = ("self.grad += unbroadcast(out.grad, self.data.shape)", "self.grad = self.grad + out.grad")
    found = evidence_from(check_tensor_gradients, tensor(forgets), sum_corpus)
    assert found.message == "a.grad has shape (1,), and PyTorch's has ()"
    assert found.hint == "A gradient has the shape of its own data: sum over what broadcasting added or stretched."
    assert found.code[-2:] == ("y.backward(np.array([2.0]))", "print(np.shape(a.grad))")
    assert run_program(found.code) == "(1,)"


def test_data_of_a_wrong_shape_get_no_hint_about_gradients(tensor, exp_corpus):
    found = evidence_from(check_tensors, tensor((EXP, EXP.replace("(self.data)", "(self.data)[None]"))), exp_corpus)
    assert found.message == "y.data has shape (1,), and PyTorch's has ()"
    assert found.hint == ""


def test_inner_gradients_are_shown_in_the_order_in_which_they_are_found(tensor, sum_corpus):
    wrong = ("self.grad += unbroadcast(other.data * out.grad, self.data.shape)", "self.grad += out.grad")
    assert evidence_as_drawn(check_inner_tensor_gradients, tensor(wrong), sum_corpus).rows[0].name == "t1.grad[0, 0]"
    assert evidence_as_drawn(check_tensor_gradients, tensor(wrong), sum_corpus).rows[0].name == "a.grad[0]"


ODD_RESULTS = {
    "out = None": "a.exp() is None, not a Tensor: is a `return` missing?",
    "return np.exp(self.data)": "a.exp() is a plain ndarray, not a Tensor: no gradient can flow through it",
    f"{EXP}; out.data = out.data.astype('float32')": (
        ".data of a.exp() is an array of float32; it should be one of float64"
    ),
    f"{EXP}; out.data = out.data.tolist()": ".data of a.exp() is of type list; it should be a numpy array of float64",
    f"{EXP}; out.data = None": ".data of a.exp() is of type NoneType; it should be a numpy array of float64",
}


@pytest.mark.parametrize("body", ODD_RESULTS)
def test_what_is_not_a_tensor_of_floats_is_named_with_the_operation_that_made_it(body, tensor, exp_corpus):
    found = evidence_from(check_tensors, tensor((EXP, f"{body}\n        return out")), exp_corpus)
    assert found.message == ODD_RESULTS[body]
    numbers = "2.0" if found.code[1] == "a = Tensor(2.0)" else "[2.0]"  # one number, if that fails in the same way
    assert found.code == ("from tensor import Tensor", f"a = Tensor({numbers})", "y = a.exp()")


def test_a_gradient_that_is_none_is_named(tensor, exp_corpus):
    found = evidence_from(
        check_tensor_gradients, tensor(("self.grad += out.data * out.grad", "self.grad = None")), exp_corpus
    )
    assert found.message == ".grad of Tensor(...) is of type NoneType; it should be a numpy array of float64"


def test_code_that_raises_is_shown_with_the_program_that_does(tensor, exp_corpus):
    found = evidence_from(check_tensors, tensor((EXP, "raise KeyError('odd')")), exp_corpus, verdict=Verdict.ERROR)
    assert found.message == "KeyError: 'odd'"
    assert found.code[-1] == "y = a.exp()"


def test_a_chain_is_shown_as_a_loop(tensor, run_program):
    check_tensor_chain(tensor(), 30)
    found = evidence_from(check_tensor_chain, tensor((ADDS, ADDS.replace("+ other", "+ 2 * other"))), 30)
    assert found.message == "y.data[0] is 60.5, PyTorch says 30.5"
    assert found.code[3] == "for _ in range(30): y = y + one"
    assert run_program(found.code).splitlines()[0] == "60.5"


def test_a_missing_or_broken_numpy_is_shown_like_any_other_error(load_from_student, monkeypatch):
    load = load_from_student()
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(SubmissionError, match="import of numpy halted"):
        load("numpy", "array")
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace())
    with pytest.raises(SubmissionError, match=r"numpy\.py has no array yet"):
        load("numpy", "array")


# --- hand-written items ----------------------------------------------------------------------------------------------


def an_item(Tensor, array):
    """An example of a hand-written item about arrays."""
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    expect_array(x, "data", [[1.0, 2.0], [3.0, 4.0]])
    y = x.sum(axis=0)
    expect_array(y, "data", [4.0, 6.0])
    y.backward(array([0.5, -1.0]))
    expect_array(x, "grad", [[0.5, -1.0], [0.5, -1.0]])
    expect_array(Tensor(3.0).exp(), "grad", 0.0)


def test_a_right_tensor_passes_a_hand_written_item(load_from_student):
    load = load_from_student()
    an_item(load("tensor", "Tensor"), load("numpy", "array"))


SUMS = "self.grad += out.grad if keepdims or axis is None else np.expand_dims(out.grad, axis)"


def test_expect_array_shows_the_lines_of_the_test_up_to_the_wrong_number(load_from_student, run_program):
    load = load_from_student((SUMS, f"{SUMS} * [1, 3]"))
    found = evidence_from(an_item, load("tensor", "Tensor"), load("numpy", "array"))
    assert found.message == "x.grad[0, 1] is -3.0 and should be -1.0"
    assert found.code == (
        "from tensor import Tensor",
        "from numpy import array",
        "x = Tensor([[1.0, 2.0], [3.0, 4.0]])",
        "y = x.sum(axis=0)",
        "y.backward(array([0.5, -1.0]))",
        "print(x.grad[0, 1])",
    )
    assert float(run_program(found.code)) == found.rows[0].yours == -3.0


def test_expect_array_shows_a_wrong_shape(load_from_student, run_program):
    load = load_from_student(('(self,), "sum")', '(self,), "sum")\n        out.data = out.data[None]'))
    found = evidence_from(an_item, load("tensor", "Tensor"), load("numpy", "array"))
    assert found.message == "y.data has shape (1, 2) and should have (2,)"
    assert found.code[-1] == "print(np.shape(y.data))"
    assert run_program(found.code) == "(1, 2)"


# --- networks --------------------------------------------------------------------------------------------------------


def recorded(spec):
    return load_corpus(spec, corpora_folder() / spec.file_name)


MLPS, ROWS = networks("MLP"), losses("cross_entropy")
RUNS = trajectories("digits", "cross_entropy", "Adam", hidden=4, examples=4, steps=5, lr=0.01)
BIAS = "x = x @ weights + bias"
LISTS = "return [parameter for layer in zip(self.weights, self.biases) for parameter in layer]"


@pytest.fixture
def network(load_from_student):
    """Return a function that returns MLP, Tensor and numpy's array."""

    def of(*edits):
        load = load_from_student(*edits)
        return load("tensor", "MLP"), load("tensor", "Tensor"), load("numpy", "array")

    return of


@pytest.fixture
def training(load_from_student):
    """Return a function that returns MLP, loss, optimizer and numpy's array."""

    def of(*edits):
        load = load_from_student(*edits)
        return (
            *(load("tensor", "MLP"), load("tensor", "cross_entropy")),
            *(load("training", "Adam"), load("numpy", "array")),
        )

    return of


def test_the_right_network_agrees_in_everything(network, training, load_from_student):
    check_tensor_network(*network(), recorded(MLPS), gradients=True)
    check_tensor_trajectories(*training(), recorded(RUNS))
    load = load_from_student()
    check_same_numbers((load("nn", "MLP"), load("engine", "Value")), network(), recorded(MLPS))
    check_tensor_loss(load("tensor", "cross_entropy"), load("tensor", "Tensor"), recorded(ROWS), gradients=True)


def test_a_network_s_wrong_output_is_shown_as_a_program(network, run_program):
    found = evidence_from(check_tensor_network, *network((BIAS, "x = x @ weights - bias")), recorded(MLPS))
    assert found.rows[0].name == "y.data[0, 0]"
    assert found.code[-1] == "print(y.data[0, 0])"
    assert float(run_program(found.code)) == found.rows[0].yours


def test_a_parameter_s_wrong_gradient_is_named_by_its_layer_and_index(network, run_program):
    cut = (BIAS, "x = x @ weights + bias.data")
    found = evidence_from(check_tensor_network, *network(cut), recorded(MLPS), gradients=True)
    assert found.rows[0].name == "model.parameters()[1].grad[0]"
    assert float(run_program(found.code).splitlines()[0]) == found.rows[0].yours == 0.0


WRONG_PARAMETERS = {
    "return self.weights + self.biases": "model.parameters()[1].data.shape is ",
    "return self.weights": "len(model.parameters()) is ",
    "return []": "len(model.parameters()) is 0 and should be ",
    "yield from self.weights + self.biases": "model.parameters()[1].data.shape is ",
    "while True: yield self.biases[-1]": "len(model.parameters()) is 100000 and should be ",
    "self.biases[0].data = np.zeros((1, 2, 3)); " + LISTS: "model.parameters()[1].data.shape is (1, 2, 3) and should",
}


@pytest.mark.parametrize("body", WRONG_PARAMETERS)
def test_parameters_of_wrong_number_or_shape_are_reported_without_an_error_of_ours(body, network, training):
    edit = (LISTS, body)
    found = evidence_from(check_tensor_network, *network(edit), recorded(MLPS))
    assert found.message.startswith(WRONG_PARAMETERS[body])
    assert len(found.message) < 100
    assert evidence_from(check_tensor_trajectories, *training(edit), recorded(RUNS))


def test_parameters_may_come_from_a_generator_also_in_training(training):
    check_tensor_trajectories(*training((LISTS, LISTS.replace("return [", "yield from [", 1))), recorded(RUNS))


def test_parameters_that_change_between_two_calls_are_only_wrong_numbers(network):
    tires = "self.calls = getattr(self, 'calls', 0) + 1; found = " + LISTS.removeprefix("return ")
    edit = (LISTS, f"{tires}; return found if self.calls == 1 else found[:1]")
    assert evidence_from(check_tensor_network, *network(edit), recorded(MLPS), gradients=True)


def test_a_loss_that_is_not_a_single_number_is_reported(training, load_from_student):
    kept = ("return losses.mean()", "return losses.mean(keepdims=True)")
    found = evidence_from(check_tensor_trajectories, *training(kept), recorded(RUNS))
    assert found.message == "losses[0] has shape (1,), and PyTorch's has ()"
    load = load_from_student(kept)
    found = evidence_from(check_tensor_loss, load("tensor", "cross_entropy"), load("tensor", "Tensor"), recorded(ROWS))
    assert found.message == "loss.data has shape (1,), and PyTorch's has ()"


def test_gradients_are_not_compared_if_the_values_are_already_wrong(network, load_from_student, tmp_path):
    tensors = network()
    text = (tmp_path / "nn.py").read_text("utf-8")
    (tmp_path / "nn.py").write_text(text.replace("total = self.b\n", "total = 0\n"), encoding="utf-8")
    values = [tensors[0]._transport.load(*names) for names in (("nn", "MLP"), ("engine", "Value"))]
    assert all(isinstance(value, Subject) for value in values)
    found = evidence_from(check_same_numbers, values, tensors, recorded(MLPS))
    assert found.message.startswith("On Values already: ")


INITIAL = "np.random.uniform(-1, 1, shape) / shape[0] ** 0.5"
BEGINNINGS = {
    "np.zeros(shape)": "Some weights begin at the same number: neurons that begin alike learn the same",
    "np.random.uniform(2, 3, shape)": "model.parameters()[0].data begins with 2",
    "np.full(shape, np.nan)": "model.parameters()[0].data begins with nan in it: outside of -1 to 1",
    "np.random.uniform(-1, 1, shape[::-1])": "model.parameters()[0].data.shape is (4, 3) and should be (3, 4)",
}


@pytest.mark.parametrize("drawn", BEGINNINGS)
def test_a_wrong_initialization_of_a_network_is_reported(drawn, network):
    check_initial_tensors(network()[0], (3, 4, 2), ())
    found = evidence_from(check_initial_tensors, network((INITIAL, drawn))[0], (3, 4, 2), ())
    assert found.message.startswith(BEGINNINGS[drawn])


SPREADS = {
    "np.random.uniform(-1, 1, shape)": "go up to",
    "np.random.uniform(-1, 1, shape) / 5": "go up to",
    "np.random.uniform(0, 1, shape) / shape[0] ** 0.5": "are not spread evenly: 100% of them are positive",
    "np.random.choice([-1, 1], shape) / shape[0] ** 0.5": "are not spread evenly: 100% of them are above 0.06",
    "np.random.uniform(-0.5, 1, shape) / shape[0] ** 0.5": "are not spread evenly: 6",
    "np.random.uniform(-1, 1, shape) / nouts[-1] ** 0.5": "go up to",
    "np.random.uniform(-1, 1, shape) / shape[0] ** 0.51": "go up to",
}


@pytest.mark.parametrize("drawn", SPREADS)
def test_weights_that_are_not_drawn_uniformly_within_their_bound_are_reported(drawn, network):
    check_spread_of_initial_tensors(network()[0], (64, 64, 32), ())
    found = evidence_from(check_spread_of_initial_tensors, network((INITIAL, drawn))[0], (64, 64, 32), ())
    assert found.message.startswith(f"The weights in model.parameters()[0].data, for 64 inputs, {SPREADS[drawn]}")


def test_layers_networks_and_biases_that_begin_wrong_are_reported(network):
    drawn = "self.weights = [Tensor(" + INITIAL + ") for shape in shapes]"
    shared = "made = {}; " + drawn.replace("Tensor(", "made.setdefault(shape, Tensor(").replace(") for", ")) for")
    for edit, message in (
        ((drawn, shared), "Two layers begin with the same weights"),
        ((drawn, "np.random.seed(0); " + drawn), "A second network begins with the same weights"),
        (("np.zeros(nout)", "np.ones(nout)"), "model.parameters()[1].data, a bias, begins with 1.0 in it"),
    ):
        found = evidence_from(check_spread_of_initial_tensors, network(edit)[0], (64, 64, 64), ())
        assert found.message.startswith(message)


def test_uniform_weights_are_never_taken_for_others():
    rng = random.Random(16)
    for _ in range(300):
        assert not tensor_networks._spread_fault([rng.uniform(-0.25, 0.25) for _ in range(3000)], 0.25)


def test_a_network_that_reads_few_digits_is_reported_with_their_number(load_from_student):
    load = load_from_student((BIAS, "x = (x @ weights + bias) * 0"))
    parts = [load("tensor", "MLP"), load("tensor", "cross_entropy"), load("training", "Adam"), load("numpy", "array")]
    found = evidence_from(check_reads_digits, *parts, min_share=0.9)
    assert found.message.startswith("After 100 steps of Adam it reads ")
    assert found.message.endswith(" of 200 digits, where it should read 180")
