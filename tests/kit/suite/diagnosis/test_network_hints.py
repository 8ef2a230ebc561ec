"""Hints about neurons, layers and networks of Values."""

import pytest
from gradkit.suite.diagnosis.networks import handed_on_hint, network_hint, zero_grad_hint

NETWORK = ("Neuron.__init__", "MLP.__call__")

NETWORKS = {
    "no bias": ("total = self.b\n", "total = Value(0.0)\n", "the bias is left out"),
    "no tanh": ("total.tanh()", "total", "the tanh is missing, whether linear is set or not"),
    "linear turned round": ("return total if self.linear", "return total if not self.linear", "the wrong way round"),
    "linear by default": ("def __init__(self, nin, linear=False)", "def __init__(self, nin, linear=True)",
                          "False is its default"),
    "layer turned round": ("Neuron(nin, linear)", "Neuron(nin, not linear)", "the opposite of `linear`"),
    "layer linear": ("Neuron(nin, linear)", "Neuron(nin, True)", "what does it hand to them as `linear`"),
    "copies": ("return [*self.w, self.b]", "return [Value(w.data) for w in self.w] + [self.b]", "it gives copies"),
    "a list in the list": ("return [*self.w, self.b]", "return [[w, self.b] for w in self.w]", "an entry is a list"),
    "first width": ("Layer(sizes[i], sizes[i + 1]", "Layer(sizes[i], sizes[1]", "its layers have 16, 20 and 5"),
    "one place apart": ("zip(self.w, x)", "zip(self.w, [*x[-1:], *x[:-1]])", "the input before its own"),
    "sum kept": ("total = self.b\n", "total = self.b\n        self.b = self.b + 1.0\n", "gives another bias"),
    "append given back": ("return [*self.w, self.b]", "return self.w.append(self.b)", "append() or extend()"),
    "layer's append": ("return [parameter for neuron", "[parameter for neuron", "parameters() of Layer returns None"),
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
    "grows with each call": ("return [*self.w, self.b]", "self.w.append(self.b)\n        return self.w",
                             "5 at the second: each call adds"),
    "grows with each network": ("self.neurons = [Neuron(nin, linear) for _ in range(nout)]",
                                "self.neurons += [Neuron(nin, linear) for _ in range(nout)]", "shared by all objects"),
    "plain bias": ("self.b = Value(random.uniform(-1, 1))", "self.b = 0.5", "the bias is a plain number"),
    "plain weights": ("[Value(random.uniform(-1, 1)) for _ in range(nin)]",
                      "[random.uniform(-1, 1) for _ in range(nin)]", "each weight is a plain number"),
    "plain list": ("return [*self.w, self.b]", "return [p.data for p in (*self.w, self.b)]", "these Values"),
    "last product": ("total = total + w * xi", "total = w * xi", "only the last one stays"),
    "as many inputs": ("Neuron(nin, linear)", "Neuron(nout, linear)", "for nout inputs"),
    "widths turned": ("Layer(sizes[i], sizes[i + 1]", "Layer(sizes[i + 1], sizes[i]", "are swapped"),
    "return in the loop": ("            x = layer(x)\n        return x[0]", "            x = layer(x)\n            "
                           "return x[0]", "returns the outputs of the first layer"),
    "first output": ("return x[0] if len(x) == 1 else x", "return x[0]", "one single Value: all three"),
    "new Values": ("x = layer(x)", "x = [Value(y.data) for y in layer(x)]", "no gradient arrives at any parameter"),
    "nested": ("return [*self.w, self.b]", "return [self.w, self.b]", "one flat list"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part"), NETWORKS.values(), ids=NETWORKS)
def test_mistakes_of_networks_are_named(open_student, old, new, part):
    edits = [(old, new)]
    if part == "shared by all objects":
        edits.append(("class Layer(Module):", "class Layer(Module):\n    neurons = []\n"))
    if part.startswith("the last layer"):
        edits.append(("return x[0] if len(x) == 1 else x", "return y[0] if len(y) == 1 else y"))
    assert part in network_hint(open_student("nn", *edits), NETWORK, "")


ZERO_GRADS = {
    "data": ("parameter.grad = 0.0", "parameter.data = 0.0", "changes the data"),
    "compared": ("parameter.grad = 0.0", "parameter.grad == 0.0", "== only compares"),
    "misspelt": ("parameter.grad = 0.0", "parameter.gard = 0.0", "an attribute gard"),
    "of a copy": ("parameter.grad = 0.0", "parameter = 0.0", "every grad is as it was"),
    "None": ("parameter.grad = 0.0", "parameter.grad = None", "no longer a number"),
    "one": ("parameter.grad = 0.0", "parameter.grad = 1.0", "each grad that was 2 is 1"),
    "halved": ("parameter.grad = 0.0", "parameter.grad *= 0.5", "each grad that was 2 is 1"),
    "first only": ("parameter.grad = 0.0", "parameter.grad = 0.0\n            break", "8 of 9 parameters is not 0"),
}


@pytest.mark.parametrize(("old", "new", "part"), ZERO_GRADS.values(), ids=ZERO_GRADS)
def test_mistakes_of_zero_grad_are_named(open_student, old, new, part):
    assert part in zero_grad_hint(open_student("nn", (old, new)))


LINEAR_LAST = {
    "never": ("linear_last and i == last", "linear_last and i == last + 1", "which layer is taken for"),
    "all": ("linear_last and i == last", "linear_last", "with linear_last=True no layer squashes"),
}


@pytest.mark.parametrize(("old", "new", "part"), LINEAR_LAST.values(), ids=LINEAR_LAST)
def test_mistakes_of_the_last_layer_are_named(open_student, old, new, part):
    assert part in network_hint(open_student("nn", (old, new)), NETWORK, "test_linear_last")


def test_a_failure_in_a_neuron_is_led_back_to_the_network_that_hands_it_the_wrong_list(open_student):
    by_index = ("for w, xi in zip(self.w, x):", "for w, xi in [(w, x[i]) for i, w in enumerate(self.w)]:")
    layer = open_student("nn", by_index, ("Neuron(nin, linear)", "Neuron(nin + 1, linear)"))
    assert "look at what Layer does" in handed_on_hint(layer, ("Layer.__call__",))
    network = open_student("nn", by_index, ("for layer in self.layers:", "for layer in self.layers[::-1]:"))
    assert "so look at MLP" in handed_on_hint(network, ("MLP.__call__",))
    assert handed_on_hint(network, ("Neuron.__call__",)) == ""


def test_how_many_entries_another_network_adds_is_said_without_earlier_ones(open_student):
    edits = (
        ("class MLP(Module):", "class MLP(Module):\n    layers = []\n"),
        ("self.layers = [", "self.layers += ["),
    )
    assert "grows by 41 entries" in network_hint(open_student("nn", *edits), NETWORK, "")


def test_a_bias_that_is_not_drawn_is_named(open_student):
    item = "a4_networks/test_no_two_neurons_begin_alike"
    student = open_student("nn", ("self.b = Value(random.uniform(-1, 1))", "self.b = Value(0.5)"))
    assert "bias of each neuron begins at 0.5" in network_hint(student, ("Neuron.__init__",), item)
    student = open_student("nn", ("self.b = Value(random.uniform(-1, 1))", "self.b = Value(0.0)"))
    assert network_hint(student, ("Neuron.__init__",), item) == ""
