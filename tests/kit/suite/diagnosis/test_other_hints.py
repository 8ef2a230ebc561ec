"""Hints about networks, losses, optimizers, training and tensors."""

import pytest
from gradkit.suite.diagnosis.losses import CALLS, DECIDERS, decision_hint, large_logits_hint, loss_hint
from gradkit.suite.diagnosis.networks import handed_on_hint, network_hint, zero_grad_hint
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


@pytest.mark.parametrize("variant", ["", "islices_of_training", "textbook_losses", "module_tree", "function_tensors"])
def test_a_right_design_gets_no_hint(open_student, variant):
    assert set(all_hints(open_student(variant=variant))) == {""}


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


LOSSES = {
    "absolute": ("mean_squared_error", "(output - target) ** 2", "(output - target).relu() + (target - output).relu()",
                 "the absolute difference"),
    "sum": ("hinge", ".relu() for output, target in zip(outputs, targets)) / len(targets)",
            ".relu() for output, target in zip(outputs, targets))", "added up over the examples"),
    "plain sum": ("softmax", "total = sum(powers)", "total = sum(powers).data", "passes no gradient on"),
    "hinge cut late": ("hinge", "return sum((1 - target * output).relu() for output, target in zip(outputs, targets)) "
                       "/ len(targets)", "return (sum(1 - target * output for output, target in zip(outputs, targets)) "
                       "/ len(targets)).relu()", "to be cut by itself, before the mean"),
    "by classes": ("cross_entropy", "return total / len(targets)", "return total / len(logits[0])",
                   "divided by the number of classes"),
    "not divided": ("softmax", "power / total for", "power for", "are not divided by their sum"),
    "squared late": ("mean_squared_error", "sum((output - target) ** 2 for output, target in zip(outputs, targets)) / "
                     "len(targets)", "(sum(o - t for o, t in zip(outputs, targets)) / len(targets)) ** 2",
                     "the mean of the differences is squared"),
    "return in the loop": ("mean_squared_error", "return sum((output - target) ** 2 for output, target in zip(outputs, "
                           "targets)) / len(targets)", "for output, target in zip(outputs, targets):\n        "
                           "return (output - target) ** 2 / len(targets)", "a return inside the loop"),
    "running sum": ("softmax", "return [power / total for power in powers]",
                    "return [power / sum(powers[: i + 1]) for i, power in enumerate(powers)]",
                    "divided by the sum so far"),
    "cut early": ("hinge", "(1 - target * output).relu()", "(1 - (target * output).relu())", "that is cut at 0"),
    "every pair": ("mean_squared_error", "for output, target in zip(outputs, targets)) /",
                   "for output in outputs for target in targets) /", "compared with every target"),
    "targets of 1 and -1": ("binary_cross_entropy", "if z.data >= 0:\n            total += (1 + (-z).exp()).log() + "
                            "(1 - target) * z", "if True:\n            total += (1 + (-z * target).exp()).log()",
                            "as if that was 1 or -1"),
    "targets swapped in a branch": ("binary_cross_entropy", "+ (1 - target) * z", "+ target * z",
                                    "where the logit is above 0"),
    "sum not set back": ("cross_entropy", "        total += sum((z - largest).exp() for z in row).log()",
                         "        kept = sum((z - largest).exp() for z in row) + (kept if total else 0)\n"
                         "        total += kept.log()", "those of the examples before"),
    "shift after exp": ("softmax", "(z - largest).exp()", "z.exp() - largest", "subtracted from each exp"),
    "outputs changed": ("softmax", "    total = sum(powers)\n", "    logits[0].data -= 1\n    total = sum(powers)\n",
                        "changes the data of the outputs"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "part"), LOSSES.values(), ids=LOSSES)
def test_where_a_loss_puts_its_parts_together_wrongly_is_named(open_student, name, old, new, part):
    assert part in loss_hint(open_student("training", (old, new)), name)


LARGEST = "largest = max(z.data for z in logits)"
SHIFTS = {
    "from 0": ("largest = max([0.0, *(z.data for z in logits)])", "begin at 0"),
    "by size": ("largest = max(abs(z.data) for z in logits)", "without their sign"),
    "the first": ("largest = logits[0].data", "wherever it stands"),
    "the smallest": ("largest = min(z.data for z in logits)", "not the smallest, or their mean"),
    "none": ("largest = 0.0", "Shift first"),
}


@pytest.mark.parametrize(("new", "part"), SHIFTS.values(), ids=SHIFTS)
def test_a_shift_that_is_not_the_largest_logit_is_named(open_student, new, part):
    assert part in large_logits_hint(open_student("training", (LARGEST, new)), "softmax")


def test_a_probability_that_becomes_0_is_told_from_a_wrong_shift(open_student):
    old = "total += sum((z - largest).exp() for z in row).log() - (row[target] - largest)"
    student = open_student("training", (old, "total += -softmax(row)[target].log()"))
    assert "its probability becomes 0" in large_logits_hint(student, "cross_entropy")


SEARCHES = {
    "with an index": ("if logits[i].data > best", "the number of a class"),
    "with the neighbour": ("if i and logits[i].data > logits[i - 1].data", "its neighbour's"),
    "with the first": ("if logits[i].data > logits[0].data", "with the first one"),
}


@pytest.mark.parametrize(("condition", "part"), SEARCHES.values(), ids=SEARCHES)
def test_what_a_search_for_the_largest_compares_is_named(open_student, condition, part):
    old = "    return max(range(len(logits)), key=lambda i: logits[i].data)"
    new = f"    best = 0\n    for i in range(len(logits)):\n        {condition}:\n            best = i\n    return best"
    assert part in decision_hint(open_student("training", (old, new)), "most_likely")


@pytest.mark.parametrize("new", ["1 if logit.data > 0.5 else 0", "logit.data > 0.5"])
def test_a_decision_is_understood_as_a_number_and_as_true_or_false(open_student, new):
    wrong = open_student("training", ("1 if logit.data > 0 else 0", new))
    assert "compared with one half" in decision_hint(wrong, "binary_decision")


def test_a_search_for_the_largest_that_begins_at_0_is_named(open_student):
    old = "max(range(len(logits)), key=lambda i: logits[i].data)"
    new = "max(range(len(logits)), key=lambda i: max(0.0, logits[i].data))"
    assert "begins at 0" in decision_hint(open_student("training", (old, new)), "most_likely")


OPTIMIZERS = {
    "uphill": ("SGD", "parameter.data - self.lr * self.velocities", "parameter.data + self.lr * self.velocities",
               "uphill"),
    "rebound": ("SGD", "parameter.data = parameter.data - self.lr * self", "parameter = parameter - self.lr * self",
                "nothing moves"),
    "no momentum": ("SGD", "self.momentum * self.velocities[i] + parameter.grad", "parameter.grad",
                    "momentum is left out"),
    "velocity not kept": ("SGD", "self.velocities[i] = self.momentum * self.velocities[i] + parameter.grad\n"
                          "            parameter.data = parameter.data - self.lr * self.velocities[i]",
                          "v = self.momentum * self.velocities[i] + parameter.grad\n"
                          "            parameter.data = parameter.data - self.lr * v", "not kept for the next step"),
    "one list": ("Adam", "self.v = [0.0 for _ in parameters]", "self.v = self.m", "one and the same list"),
    "uncorrected": ("Adam", "m = self.m[i] / (1 - b1**self.steps)", "m = self.m[i]", "mean m of the gradients is not"),
    "momentum of its own": ("SGD", "momentum=0.0", "momentum=0.9", "has momentum 0.9, where none was given"),
    "added to the velocity": ("SGD", "self.velocities[i] = self.momentum", "self.velocities[i] += self.momentum",
                              "stay in the velocity"),
    "corrected m kept": ("Adam", "m = self.m[i] / (1", "m = self.m[i] = self.m[i] / (1", "is kept as m"),
    "m not kept": ("Adam", "self.m[i] = b1 * self.m[i] + (1 - b1)", "self.m[i] = (1 - b1)", "m is not kept"),
    "eps last": ("Adam", "(v**0.5 + self.eps)", "v**0.5 + self.eps", "below the line"),
    "both by momentum": ("SGD", "self.velocities[i] + parameter.grad", "(self.velocities[i] + parameter.grad)",
                         "both the velocity and the gradient"),
    "set to the step": ("SGD", "parameter.data - self.lr", "self.lr", "data holds lr * velocity itself"),
    "from 1": ("SGD", "self.velocities = [0.0", "self.velocities = [1.0", "begins at 1"),
    "divided by a power": ("Adam", "m = self.m[i] / (1 - b1**self.steps)", "m = self.m[i] / b1**self.steps",
                           "m is divided by beta**t"),
    "parentheses": ("Adam", "(1 - b1) * parameter.grad", "1 - b1 * parameter.grad", "no parentheses around it in m"),
    "factor squared": ("Adam", "(1 - b2) * parameter.grad**2", "((1 - b2) * parameter.grad) ** 2", "is squared, too"),
    "eps subtracted": ("Adam", "+ self.eps", "- self.eps", "eps is subtracted"),
    "not squared": ("Adam", "(1 - b2) * parameter.grad**2", "(1 - b2) * parameter.grad", "not squared in v"),
    "maximum": ("Adam", "v = self.v[i] / (1 - b2**self.steps)", "kept = vars(self).setdefault('kept', {})\n"
                "            v = kept[i] = max(kept.get(i, 0.0), self.v[i] / (1 - b2**self.steps))",
                "the largest v so far"),
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
        "step() comes before zero_grad()",
    ),
    "gradient recorded": ("history.append(total.data)", "history.append(total.grad)", "the gradient of the loss"),
    "rounded": ("history.append(total.data)", "history.append(round(total.data, 3))", "rounded"),
    "return in the loop": ("    return history", "        return history", "a return inside the loop"),
    "too few": ("range(steps)", "range(steps - 1)", "one step too few"),
    "last example": (
        "total = loss([model(x) for x in inputs], targets)",
        "total = loss([model(inputs[-1])], targets[-1:])",
        "only the last example",
    ),
    "a step for each": (
        "        total = loss([model(x) for x in inputs], targets)\n" + CLEAR,
        "        for i, x in enumerate(inputs):\n            total = loss([model(x)], [targets[i]])\n"
        + CLEAR.replace("        ", "            "),
        "steps after each example",
    ),
    "outputs that grow": (
        "    for _ in range(steps):\n        total = loss([model(x) for x in inputs], targets)",
        "    outputs = []\n    for _ in range(steps):\n        outputs += [model(x) for x in inputs]\n"
        "        total = loss(outputs[: len(targets)], targets) * len(targets) / len(outputs)",
        "a number that grows",
    ),
}


@pytest.mark.parametrize(("old", "new", "part"), LOOPS.values(), ids=LOOPS)
def test_mistakes_of_training_are_named(open_student, old, new, part):
    assert part in train_hint(open_student("training", (old, new)))


ADDED = """            self.grad += unbroadcast(out.grad, self.data.shape)
            other.grad += unbroadcast(out.grad, other.data.shape)
"""
STARTS = "        self.grad = np.zeros_like(self.data) + gradient\n"

TENSORS = {
    "tanh of the operand": ("tanh", "1 - out.data**2", "1 - self.data**2", "from the operand's number"),
    "mean for sum": (
        "__add__",
        "gradient.sum(axis=axes_in_front)",
        "gradient.mean(axis=axes_in_front)",
        "the mean over",
    ),
    "overwrites": ("exp", "self.grad += out.data * out.grad", "self.grad = out.data * out.grad", "overwrites (=)"),
    "wrong side": (
        "__matmul__",
        "a.swapaxes(-1, -2) @ upstream",
        "upstream @ a.swapaxes(-1, -2)",
        "the two factors the other way round",
    ),
    "all axes turned": (
        "__matmul__",
        "upstream @ b.swapaxes(-1, -2)",
        "upstream @ (b.T if b.ndim == 3 else b.swapaxes(-1, -2))",
        "only the last two axes change places",
    ),
    "one of the stack": (
        "__matmul__",
        "unbroadcast(a.swapaxes(-1, -2) @ upstream, b.shape)",
        "(a.swapaxes(-1, -2) @ upstream)[(0,) * (upstream.ndim - b.ndim)]",
        "it is the sum of what comes from each matrix",
    ),
    "largest of all": (
        "max",
        "self.data == self.data.max(axis=axis, keepdims=True)",
        "self.data == self.data.max()",
        "each group has its own largest",
    ),
    "relu kept in its operand": (
        "relu",
        "self.grad += (self.data > 0) * out.grad\n\n        out._backward",
        "self.grad += (self.data > 0) * out.grad\n\n        self._backward",
        "is kept in its operand (self._backward)",
    ),
    "kept": ("max", "keepdims=keepdims", "keepdims=False", "keepdims"),
    "+ kept in its operand": ("__mul__", ADDED + "\n        out._backward", ADDED + "\n        self._backward",
                              "The closure of `a + b` is kept in its operand"),
    "sum kept in its operand": (
        "sum",
        "np.expand_dims(out.grad, axis)\n\n        out._backward",
        "np.expand_dims(out.grad, axis)\n\n        self._backward",
        "The closure of `a.sum()` is kept in its operand",
    ),
    "one operand only": (
        "__add__",
        ADDED,
        ADDED.splitlines()[0] + "\n",
        "one operand gets its share, and b gets nothing",
    ),
    "for all numbers at once": (
        "relu",
        "            self.grad += (self.data > 0) * out.grad",
        "            self.grad += (self.data > 0).all() * out.grad",
        "for others none at all",
    ),
    "no parent": ("exp", '(self,), "exp")', ")", "`_prev` does not hold x"),
    "both shares to one": ("__add__", ADDED, 2 * (ADDED.splitlines()[0] + "\n"), "a gets both shares"),
    "without a call": ("__add__", "node._backward()", "node._backward", "works when it is called by hand"),
    "before the first gradient": ("__add__", STARTS, "", "is 0.0: backward(gradient) starts"),
    "set back afterwards": (
        "__add__",
        "            node._backward()\n\n",
        "            node._backward()\n            if node._prev: node.grad = np.zeros_like(node.data)\n\n",
        "it is set back after",
    ),
    "no parents": ("__add__", "self._prev = tuple(_children)", "self._prev = ()", "The _prev of a + b is empty"),
    "not reversed": ("__add__", "in reversed(order)", "in order", "(reversed)"),
    "lost": ("exp", "self.grad += out.data * out.grad\n\n        out._backward = _backward\n",
             "self.grad += out.data * out.grad\n\n", "is not kept in the result"),
    "returned": ("exp", "self.grad += out.data * out.grad", "return out.data * out.grad", "returns the gradients"),
    "misspelt": ("exp", "self.grad += out.data * out.grad", "self.gard = out.data * out.grad", "an attribute gard"),
    "cut": ("__neg__", "return self * -1", "return Tensor(-self.data)", "remembers no operands"),
    "sum lost": ("sum", "np.expand_dims(out.grad, axis)\n\n        out._backward = _backward\n",
                 "np.expand_dims(out.grad, axis)\n\n", "`x.sum()` at x: either its closure is not kept"),
    "above zero alone": ("relu", "(self.data > 0) * out.grad", "(self.data >= 0) * out.grad", "At exactly 0"),
    "everywhere": ("relu", "(self.data > 0) * out.grad", "out.grad", "is 1"),
    "shape of the operand": (
        "reshape",
        "out = Tensor(self.data.reshape(*shape)",
        "self.data = self.data.reshape(*shape)\n        out = Tensor(self.data",
        "changes the data of its own operand",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")
@pytest.mark.parametrize(("method", "old", "new", "part"), TENSORS.values(), ids=TENSORS)
def test_mistakes_of_tensors_are_named(open_student, method, old, new, part):
    assert part in tensor_hint(open_student("tensor", (old, new)), (f"Tensor.{method}",), "a.grad is 1.0")


UNBROADCASTS = {
    "axis of size 1 lost": ("keepdims=True)\n\n\nclass", ")\n\n\nclass", "for an operand of shape (2, 1)"),
    "front kept": ("gradient.sum(axis=axes_in_front)", "gradient.sum(axis=axes_in_front, keepdims=True)",
                   "for an operand of shape (3,)"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part"), UNBROADCASTS.values(), ids=UNBROADCASTS)
def test_an_unbroadcast_that_is_wrong_is_named_where_its_results_do_not_fit(open_student, old, new, part):
    message = "ValueError: non-broadcastable output operand with shape (2,1) doesn't match the broadcast shape (2,2)"
    wrong = open_student("tensor", (old, new))
    for method in ("exp", "__matmul__", "__add__"):
        assert part in tensor_hint(wrong, (f"Tensor.{method}",), message)
    assert "unbroadcast first" not in tensor_hint(open_student(), ("Tensor.exp",), message)


@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
def test_a_logarithm_that_is_not_a_number_below_0_is_recognised(open_student):
    wrong = open_student(
        "tensor", ("np.log(self.data) * out.data * out.grad", "np.log(exponent.data) * out.data * out.grad")
    )
    assert "the logarithm of the base that is due" in tensor_hint(wrong, ("Tensor.__pow__",), "b.grad is 1.0")


def test_a_gradient_that_does_not_depend_on_its_own_is_named(open_student):
    wrong = open_student("tensor", ("np.add.at(self.grad, index, out.grad)", "np.add.at(self.grad, index, 1.0)"))
    assert "whatever its own gradient is" in tensor_hint(wrong, ("Tensor.__getitem__",), "a.grad is 1.0")


def test_a_gradient_that_is_too_small_is_not_told_to_be_summed():
    small = "a.grad has shape (3,), and PyTorch's has (2, 3)"
    large = "a.grad has shape (2, 3), and PyTorch's has (3,)"
    assert "must be spread" in shape_hint(small, is_stretching=True)
    assert "sum over what broadcasting added" in shape_hint(large, is_stretching=True)
    assert "sum" not in shape_hint(small, is_stretching=False)


def test_a_sum_that_does_not_put_its_axis_back_is_named(open_student):
    message = "ValueError: non-broadcastable output operand with shape (2,1) doesn't match the broadcast shape (2,2)"
    assert "has to be put back" in tensor_hint(open_student(), ("Tensor.sum",), message)
    assert tensor_hint(open_student(), ("Tensor.__add__",), message) == ""


MISFITS = {
    "max": ("(2,1,1)", "(2,2,1)", "with size 1 and in its old place"),
    "transpose": ("(2,1,2)", "(2,2,2)", "not back in their old order"),
    "reshape": ("(1,)", "(1,1)", "the old shape of the operand"),
}


@pytest.mark.parametrize(("method", "misfit"), MISFITS.items(), ids=MISFITS)
def test_shapes_that_do_not_fit_are_explained_by_what_the_item_is_about(open_student, method, misfit):
    own, stretched, part = misfit
    message = (
        f"ValueError: non-broadcastable output operand with shape {own} doesn't match the broadcast shape {stretched}"
    )
    hint = tensor_hint(open_student(), (f"Tensor.{method}",), message)
    assert part in hint
    assert "summed" not in hint


def test_a_wrong_shape_is_explained_by_what_the_item_is_about():
    number = "y.data has shape (), and PyTorch's has (2,)"
    turned = "y.data has shape (2, 1, 2), and PyTorch's has (2, 2, 1)"
    assert "takes the array as a whole" in shape_hint(number, is_stretching=False, methods=("relu",))
    assert "without an order" in shape_hint(turned, is_stretching=False, methods=("transpose",))
    assert "axes" in shape_hint(number, is_stretching=False, methods=("sum",))
    assert "single number is ()" in shape_hint("Tensor(3.0).data has shape (1,) and should have ()", False)
    assert "`return`" in shape_hint("Tensor(unbroadcast(g, x.shape)).data has shape () and should have (3,)", True)


def test_a_power_that_refuses_a_tensor_is_named(open_student):
    refuses = open_student("tensor", ("exponent = other if isinstance(other, Tensor) else Tensor(other)\n",
                                      "exponent = Tensor(float(other))\n"))  # fmt: skip
    assert "where the exponent is a Tensor" in tensor_hint(refuses, ("Tensor.__pow__",), "TypeError")
    assert tensor_hint(open_student(), ("Tensor.__pow__",), "TypeError") == ""


def test_a_first_gradient_that_stays_a_number_is_named(open_student):
    kept = open_student("tensor", (STARTS, "        self.grad = np.asarray(gradient)\n"))
    message = "z.grad has shape () and should have (1, 1)"
    assert "z.grad is a single number" in tensor_hint(kept, ("Tensor.backward",), message)
    assert "z.grad is a single number" not in tensor_hint(open_student(), ("Tensor.backward",), message)


def test_a_gradient_that_is_a_number_is_told_apart():
    new = "Tensor([[1.0, 2.0]]).grad has shape () and should have (1, 2)"
    later = "a.grad has shape (), and PyTorch's has (2, 3)"
    assert "__init__" in shape_hint(new, is_stretching=False)
    assert "a single number" in shape_hint(later, is_stretching=True)


def test_unbroadcast_sums_over_axes_of_size_1_only_where_the_operand_has_one():
    in_front = "unbroadcast(gradient, x.shape) has shape (2,) and should have (3,)"
    stretched = "unbroadcast(gradient, x.shape) has shape (1, 3) and should have (2, 1)"
    assert "axes in front" in shape_hint(in_front, is_stretching=True)
    assert "of shape (2, 1), has size 1" in shape_hint(stretched, is_stretching=True)


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


def test_a_bias_that_is_not_drawn_is_named(open_student):
    item = "a4_networks/test_no_two_neurons_begin_alike"
    student = open_student("nn", ("self.b = Value(random.uniform(-1, 1))", "self.b = Value(0.5)"))
    assert "bias of each neuron begins at 0.5" in network_hint(student, ("Neuron.__init__",), item)
    student = open_student("nn", ("self.b = Value(random.uniform(-1, 1))", "self.b = Value(0.0)"))
    assert network_hint(student, ("Neuron.__init__",), item) == ""
