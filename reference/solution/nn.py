"""Networks of Values: a Neuron, a Layer of neurons side by side, and an MLP of layers in a row.

To the engine, a network is one more expression. Its parameters (weights and biases) are leaves of that expression.
"""

import random

from engine import Value


class Module:
    """Base class of everything that has parameters: the Values that training changes."""

    def parameters(self):
        """a4: a list of all parameters, each of them once, in the same order every time.
        A plain Module has none: []. A tuple or a generator is right as well."""
        return []

    def zero_grad(self):
        """a4: set the grad of every parameter back to 0. backward() adds to it, so do this before each pass.
        The numbers themselves stay as they are."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """tanh(w1*x1 + w2*x2 + ... + b): a weight says how much its input counts, the bias how easily
    the neuron fires."""

    def __init__(self, nin, linear=False):
        """a4: make nin weights, then a bias: each is a Value of its own, from random.uniform(-1, 1).
        If all were equal, all neurons would learn the same. You may also draw numbers up to 1 / nin ** 0.5 in
        size, and begin with a bias of 0. linear=True leaves the tanh out."""
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1, 1))
        self.linear = linear

    def __call__(self, x):
        """a4: the output for a list x of nin Values or plain numbers: one Value, a new expression each time.
        With weights 2 and -1, bias 0.5 and x = [1.0, 2.0] it is tanh(2*1 - 1*2 + 0.5) = tanh(0.5)."""
        total = self.b
        for w, xi in zip(self.w, x):
            total = total + w * xi
        return total if self.linear else total.tanh()

    def parameters(self):
        """a4: the weights in the order of the inputs, then the bias: nin + 1 Values."""
        return [*self.w, self.b]


class Layer(Module):
    """Neurons side by side: all get the same inputs, and each learns to respond to something else."""

    def __init__(self, nin, nout, linear=False):
        """a4: make nout different Neurons with nin inputs each.
        [Neuron(nin)] * nout would be one neuron, nout times. linear is passed on to the neurons."""
        self.neurons = [Neuron(nin, linear) for _ in range(nout)]

    def __call__(self, x):
        """a4: the outputs of the neurons, in order: a list of nout Values, also for a single neuron."""
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        """a4: the parameters of the first neuron, then of the second, and so on: (nin + 1) * nout Values."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]


class MLP(Module):
    """A multi-layer perceptron: layers in a row. The outputs of each layer are the inputs of the next."""

    def __init__(self, nin, nouts, linear_last=False):
        """a4: make a layer for each width in nouts: MLP(3, [4, 4, 1]) takes 3 inputs and has 41 parameters.
        linear_last=True leaves the tanh out of the last layer alone: its outputs may be beyond -1 and 1.
        The list nouts itself must stay as it is."""
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [Layer(sizes[i], sizes[i + 1], linear_last and i == last) for i in range(len(nouts))]

    def __call__(self, x):
        """a4: the outputs of the last layer: a list of Values or, if there is only one, that Value itself."""
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def parameters(self):
        """a4: the parameters of the first layer, then of the second, and so on."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]
