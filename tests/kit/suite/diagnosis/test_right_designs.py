"""A right design of networks, training and tensors gets no hint, whatever it is asked."""

import pytest
from gradkit.suite.diagnosis.decisions import DECIDERS, decision_hint
from gradkit.suite.diagnosis.loss_slips import LOSS_CASES
from gradkit.suite.diagnosis.losses import large_logits_hint, loss_hint
from gradkit.suite.diagnosis.networks import network_hint, zero_grad_hint
from gradkit.suite.diagnosis.optimizers import optimizer_hint
from gradkit.suite.diagnosis.tensor_methods import METHODS
from gradkit.suite.diagnosis.tensor_networks import tensor_network_hint
from gradkit.suite.diagnosis.tensors import tensor_hint
from gradkit.suite.diagnosis.training_loop import train_hint

NETWORK = ("Neuron.__init__", "MLP.__call__")
TENSOR_NETWORK = ("MLP.__init__", "MLP.__call__")


def all_hints(student):
    """Yield the hint of every question about networks, training and tensors."""
    yield network_hint(student, NETWORK, "test_linear")
    yield zero_grad_hint(student)
    yield from (loss_hint(student, name) for name in LOSS_CASES)
    yield from (large_logits_hint(student, name) for name in LOSS_CASES)
    yield from (decision_hint(student, name) for name in DECIDERS)
    yield from (optimizer_hint(student, name) for name in ("SGD", "Adam"))
    yield train_hint(student)
    yield from (tensor_hint(student, (f"Tensor.{method}",), "a.grad is 1.0") for method in METHODS)
    others = ("sum", "mean", "max", "reshape", "transpose", "__getitem__", "__matmul__", "backward")
    yield from (tensor_hint(student, (f"Tensor.{method}",), "a.grad is 1.0") for method in others)
    yield tensor_network_hint(student, TENSOR_NETWORK, "test_linear")
    yield tensor_network_hint(student, ("MLP.zero_grad",), "")
    yield tensor_network_hint(student, ("cross_entropy",), "")


@pytest.mark.parametrize("variant", ["", "islices_of_training", "textbook_losses", "module_tree", "function_tensors"])
def test_a_right_design_gets_no_hint(open_student, variant):
    assert set(all_hints(open_student(variant=variant))) == {""}
