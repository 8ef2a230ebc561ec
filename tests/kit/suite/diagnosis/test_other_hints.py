"""Hints about networks, losses, optimizers, training and tensors."""

import pytest
from gradkit.suite.diagnosis.losses import CALLS, DECIDERS, decision_hint, large_logits_hint, loss_hint
from gradkit.suite.diagnosis.networks import network_hint, zero_grad_hint
from gradkit.suite.diagnosis.optimizers import optimizer_hint
from gradkit.suite.diagnosis.tensor_networks import tensor_network_hint
from gradkit.suite.diagnosis.tensors import METHODS, shape_hint, tensor_hint
from gradkit.suite.diagnosis.training_loop import train_hint

NETWORK = ("Neuron.__init__", "MLP.__call__")
TENSOR_NETWORK = ("MLP.__init__", "MLP.__call__")


def all_hints(student):
    """Yield the hint of every question about networks, training and tensors."""
    yield network_hint(student, NETWORK, "test_linear")
    yield zero_grad_hint(student)
    yield from (loss_hint(student, name) for name in CALLS)
    yield from (large_logits_hint(student, name) for name in CALLS)
    yield from (decision_hint(student, name) for name in DECIDERS)
    yield from (optimizer_hint(student, name) for name in ("SGD", "Adam"))
    yield train_hint(student)
    yield from (tensor_hint(student, (f"Tensor.{method}",), "a.grad is 1.0") for method in METHODS)
    others = ("sum", "mean", "max", "reshape", "transpose", "__getitem__", "__matmul__", "backward")
    yield from (tensor_hint(student, (f"Tensor.{method}",), "a.grad is 1.0") for method in others)
    yield tensor_network_hint(student, TENSOR_NETWORK, "test_linear")
    yield tensor_network_hint(student, ("MLP.zero_grad",), "")
    yield tensor_network_hint(student, ("cross_entropy",), "")


@pytest.mark.parametrize("variant", ["", "functional", "textbook_losses", "module_tree", "function_tensors"])
def test_a_right_design_gets_no_hint(open_student, variant):
    assert set(all_hints(open_student(variant=variant))) == {""}


NETWORKS = {
    "no bias": ("total = self.b\n", "total = Value(0.0)\n", "the bias is left out"),
    "no tanh": ("total.tanh()", "total", "the tanh is missing"),
    "relu": ("total.tanh()", "total.relu()", "relu takes the place of tanh"),
    "cut weights": ("total + w * xi", "total + w.data * xi", "no gradient arrives at its weights"),
    "cut inputs": ("total + w * xi", "total + w * getattr(xi, 'data', xi)", "no gradient arrives at its inputs"),
    "grows": ("total = self.b\n", "self.b.data += 0.1; total = self.b\n", "a call changes the numbers"),
    "kept": ("total = self.b\n", "self.x = x = getattr(self, 'x', x); total = self.b\n",
             "another input gives the same"),
    "one neuron": ("[Neuron(nin, linear) for _ in range(nout)]", "[Neuron(nin, linear)] * nout", "one and the same"),
    "inputs again": ("x = layer(x)", "y = layer(x)", "the last layer sees the inputs"),
    "first layers only": ("for layer in self.layers for", "for layer in self.layers[:-1] for",
                          "last layer's are missing"),
    "nested": ("return [*self.w, self.b]", "return [self.w, self.b]", "one flat list"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part"), NETWORKS.values(), ids=NETWORKS)
def test_mistakes_of_networks_are_named(open_student, old, new, part):
    edits = [(old, new)]
    if part.startswith("the last layer"):
        edits.append(("return x[0] if len(x) == 1 else x", "return y[0] if len(y) == 1 else y"))
    assert part in network_hint(open_student("nn", *edits), NETWORK, "")


ZERO_GRADS = {
    "data": ("parameter.grad = 0.0", "parameter.data = 0.0", "changes the data"),
    "misspelt": ("parameter.grad = 0.0", "parameter.gard = 0.0", "an attribute gard"),
    "of a copy": ("parameter.grad = 0.0", "parameter = 0.0", "every grad is as it was"),
    "None": ("parameter.grad = 0.0", "parameter.grad = None", "no longer a number"),
}


@pytest.mark.parametrize(("old", "new", "part"), ZERO_GRADS.values(), ids=ZERO_GRADS)
def test_mistakes_of_zero_grad_are_named(open_student, old, new, part):
    assert part in zero_grad_hint(open_student("nn", (old, new)))


def test_mistakes_of_losses_are_named(open_student):
    squared = open_student("training", ("(output - target) ** 2", "abs((output - target).data)"))
    assert "absolute difference" in loss_hint(squared, "mean_squared_error") or not loss_hint(squared, "hinge")
    summed = open_student("training", (".relu() for output, target in zip(outputs, targets)) / len(targets)", ".relu() "
                          "for output, target in zip(outputs, targets))"))  # fmt: skip
    assert "added up over the examples" in loss_hint(summed, "hinge")
    cut = open_student("training", ("total = sum(powers)", "total = sum(powers).data"))
    assert "passes no gradient on" in loss_hint(cut, "softmax")
    large = open_student("training", ("largest = max(z.data for z in logits)", "largest = 0.0"))
    assert "1000 and -1000" in large_logits_hint(large, "softmax")
    decided = open_student("training", ("1 if logit.data > 0 else 0", "1 if logit.data > 0.5 else 0"))
    assert "compared with one half" in decision_hint(decided, "binary_decision")


OPTIMIZERS = {
    "uphill": ("SGD", "parameter.data - self.lr * self.velocities", "parameter.data + self.lr * self.velocities",
               "uphill"),
    "rebound": ("SGD", "parameter.data = parameter.data - self.lr * self", "parameter = parameter - self.lr * self",
                "nothing moves"),
    "no momentum": ("SGD", "self.momentum * self.velocities[i] + parameter.grad", "parameter.grad",
                    "momentum is left out"),
    "uncorrected": ("Adam", "m = self.m[i] / (1 - b1**self.steps)", "m = self.m[i]", "mean m of the gradients is not"),
    "maximum": ("Adam", "(1 - b2) * parameter.grad**2", "(1 - b2) * parameter.grad", "not squared in v"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "part"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_mistakes_of_optimizers_are_named(open_student, name, old, new, part):
    assert part in optimizer_hint(open_student("training", (old, new)), name)


CLEAR = "        model.zero_grad()\n        total.backward()\n        optimizer.step()\n"
LOOPS = {
    "never cleared": (CLEAR, CLEAR.replace("model.zero_grad()", "pass"), "never set back to 0"),
    "cleared after backward": (
        CLEAR,
        "        total.backward()\n        model.zero_grad()\n        optimizer.step()\n",
        "between backward() and step()",
    ),
    "step first": (
        CLEAR,
        "        optimizer.step()\n        model.zero_grad()\n        total.backward()\n",
        "train",
    ),
    "too few": ("range(steps)", "range(steps - 1)", "one step too few"),
}


@pytest.mark.parametrize(("old", "new", "part"), LOOPS.values(), ids=LOOPS)
def test_mistakes_of_training_are_named(open_student, old, new, part):
    assert part in train_hint(open_student("training", (old, new)))


TENSORS = {
    "tanh of the operand": ("tanh", "1 - out.data**2", "1 - self.data**2", "from the operand's number"),
    "mean for sum": (
        "__add__",
        "gradient.sum(axis=axes_in_front)",
        "gradient.mean(axis=axes_in_front)",
        "the mean over",
    ),
    "overwrites": ("exp", "self.grad += out.data * out.grad", "self.grad = out.data * out.grad", "overwrites (=)"),
    "kept": ("max", "keepdims=keepdims", "keepdims=False", "keepdims"),
}


@pytest.mark.parametrize(("method", "old", "new", "part"), TENSORS.values(), ids=TENSORS)
def test_mistakes_of_tensors_are_named(open_student, method, old, new, part):
    assert part in tensor_hint(open_student("tensor", (old, new)), (f"Tensor.{method}",), "a.grad is 1.0")


def test_a_gradient_that_is_too_small_is_not_told_to_be_summed():
    small = "a.grad has shape (3,), and PyTorch's has (2, 3)"
    large = "a.grad has shape (2, 3), and PyTorch's has (3,)"
    assert "must be spread" in shape_hint(small, is_stretching=True)
    assert "sum over what broadcasting added" in shape_hint(large, is_stretching=True)
    assert "sum" not in shape_hint(small, is_stretching=False)
