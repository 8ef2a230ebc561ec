"""Hints about networks of Tensors and their loss."""

import pytest
from gradkit.suite.diagnosis.tensor_networks import tensor_network_hint

TENSOR_NETWORK = ("MLP.__init__", "MLP.__call__")

LAYER = """            x = x @ weights + bias
            if not (self.linear_last and i == len(self.weights) - 1):
                x = x.tanh()
"""
TENSOR_NETWORKS = {
    "condition": (("if not (self.linear_last", "if (self.linear_last"), TENSOR_NETWORK, "look at the condition"),
    "no tanh": (("x = x.tanh()", "pass"), TENSOR_NETWORK, "no layer squashes."),
    "number by number": (("x = x @ weights + bias", "x = x * weights + bias"), TENSOR_NETWORK, "in the place of @"),
    "linear everywhere": (("self.linear_last and i == len(self.weights) - 1", "self.linear_last"),
                          TENSOR_NETWORK, "with linear_last=True no layer squashes"),
    "shared": (("self.weights = [", "MLP.kept = getattr(MLP, 'kept', [])\n        self.weights = MLP.kept\n        "
                "MLP.kept += ["), ("MLP.__init__",), "hold the same parameters"),
    "inputs of the network": (("zip([nin, *nouts], nouts)", "[(nin, nout) for nout in nouts]"), ("MLP.__init__",),
                              "the inputs of the whole network"),
    "first layer alone": (("                x = x.tanh()\n", "                x = x.tanh()\n            return x\n"),
                          TENSOR_NETWORK, "run before the return"),
    "no bias": (("x = x @ weights + bias", "x = x @ weights"), TENSOR_NETWORK, "the biases are left out"),
    "bias last": ((LAYER, LAYER.replace(" + bias", "").replace(".tanh()", ".tanh() + bias")), TENSOR_NETWORK,
                  "the bias is added after the tanh"),
    "numpy": (("x = x.tanh()", "x = Tensor(np.tanh(x.data))"), TENSOR_NETWORK, "arrives anywhere"),
    "arrays": (("for parameter in layer]", "for parameter in [each.data for each in layer]]"), ("MLP.__init__",),
               "not a Tensor"),
    "data": (("parameter.grad = np.zeros_like(parameter.data)", "parameter.data = 0 * parameter.data"),
             ("MLP.zero_grad",), "changes the data"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "about", "part"), TENSOR_NETWORKS.values(), ids=TENSOR_NETWORKS)
def test_mistakes_of_networks_of_tensors_are_named(open_student, edit, about, part):
    assert part in tensor_network_hint(open_student("tensor", edit), about, "test_linear")


def test_a_hint_about_very_many_parameters_takes_little_time(open_student):
    """Comparing each parameter of a network with each of another one would take longer than a test may."""
    edit = (
        "return [parameter for layer in zip(self.weights, self.biases) for parameter in layer]",
        "return [self.weights[0]] * 50_000",
    )
    assert "has 50000 entries" in tensor_network_hint(open_student("tensor", edit), TENSOR_NETWORK, "")


BEGINNINGS = {
    "not divided": ("shape) / shape[0] ** 0.5", "shape)", "are not divided by sqrt(inputs)"),
    "by outputs": ("shape) / shape[0] ** 0.5", "shape) / shape[1] ** 0.5", "divided by sqrt(outputs)"),
    "without root": ("shape) / shape[0] ** 0.5", "shape) / shape[0]", "where its root is due"),
    "right": ("shape) / shape[0] ** 0.5", "shape) * shape[0] ** -0.5", ""),
}


@pytest.mark.parametrize(("old", "new", "part"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_the_range_in_which_weights_begin_is_named(open_student, old, new, part):
    hint = tensor_network_hint(open_student("tensor", (old, new)), ("MLP.__init__",), "a6/test_parameters_begin_apart")
    assert part in hint
    assert bool(part) == bool(hint)


CROSS_ENTROPIES = {
    "sum over examples": ("shifted.exp().sum(axis=1)", "shifted.exp().sum(axis=0)", "along axis 0"),
    "shift of all examples": ("logits.data.max(axis=1", "logits.data.max(axis=0", "one number for each row"),
    "axis of the shift lost": ("logits.data.max(axis=1, keepdims=True)", "logits.data.max(axis=1)",
                               "has lost its axis"),
    "one shift for all rows": ("logits.data.max(axis=1, keepdims=True)", "logits.data.max()", "By that of another row"),
    "one sum for all rows": ("shifted.exp().sum(axis=1)", "shifted.exp().sum()", "are added up together"),
    "probability of an example": ("shifted.exp().sum(axis=1).log() - shifted[np.arange(len(targets)), targets]",
                                  "(shifted.exp() / shifted.exp().sum(axis=0)).log() * -1",
                                  "of a single example is 0"),
    "index turned round": ("np.arange(len(targets)), targets]", "targets, np.arange(len(targets))]",
                           "the row stands first"),
    "probability first": ("losses = shifted.exp().sum(axis=1).log() - shifted[",
                          "p = shifted.exp() / shifted.exp().sum(axis=1, keepdims=True)\n    losses = -p.log()[",
                          "its probability becomes 0"),
    "no mean": ("return losses.mean()", "return losses", "one single number is due"),
    "plain logit": ("- shifted[np.arange", "- shifted.data[np.arange", "right class's logit passes no gradient on"),
    "all classes picked": ("shifted[np.arange(len(targets)), targets]", "shifted[:, targets]",
                           "classes of all examples"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(("old", "new", "part"), CROSS_ENTROPIES.values(), ids=CROSS_ENTROPIES)
def test_mistakes_of_a_cross_entropy_of_tensors_are_named(open_student, old, new, part):
    assert part in tensor_network_hint(open_student("tensor", (old, new)), ("cross_entropy",), "")
