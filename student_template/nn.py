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
        raise NotImplementedError("a4: write Module.parameters")

    def zero_grad(self):
        """a4: set the grad of every parameter back to 0. backward() adds to it, so do this before each pass.
        The numbers themselves stay as they are."""
        raise NotImplementedError("a4: write Module.zero_grad")


class Neuron(Module):
    """tanh(w1*x1 + w2*x2 + ... + b): a weight says how much its input counts, the bias how easily
    the neuron fires."""

    def __init__(self, nin, linear=False):
        """a4: make nin weights, then a bias: each is a Value of its own, from random.uniform(-1, 1).
        If all were equal, all neurons would learn the same. You may also draw numbers up to 1 / nin ** 0.5 in
        size, and begin with a bias of 0. linear=True leaves the tanh out."""
        raise NotImplementedError("a4: write Neuron.__init__")

    def __call__(self, x):
        """a4: the output for a list x of nin Values or plain numbers: one Value, a new expression each time.
        With weights 2 and -1, bias 0.5 and x = [1.0, 2.0] it is tanh(2*1 - 1*2 + 0.5) = tanh(0.5)."""
        raise NotImplementedError("a4: write Neuron.__call__")

    def parameters(self):
        """a4: the weights in the order of the inputs, then the bias: nin + 1 Values."""
        raise NotImplementedError("a4: write Neuron.parameters")


class Layer(Module):
    """Neurons side by side: all get the same inputs, and each learns to respond to something else."""

    def __init__(self, nin, nout, linear=False):
        """a4: make nout different Neurons with nin inputs each.
        [Neuron(nin)] * nout would be one neuron, nout times. linear is passed on to the neurons."""
        raise NotImplementedError("a4: write Layer.__init__")

    def __call__(self, x):
        """a4: the outputs of the neurons, in order: a list of nout Values, also for a single neuron."""
        raise NotImplementedError("a4: write Layer.__call__")

    def parameters(self):
        """a4: the parameters of the first neuron, then of the second, and so on: (nin + 1) * nout Values."""
        raise NotImplementedError("a4: write Layer.parameters")


class MLP(Module):
    """A multi-layer perceptron: layers in a row. The outputs of each layer are the inputs of the next."""

    def __init__(self, nin, nouts, linear_last=False):
        """a4: make a layer for each width in nouts: MLP(3, [4, 4, 1]) takes 3 inputs and has 41 parameters.
        linear_last=True leaves the tanh out of the last layer alone: its outputs may be beyond -1 and 1.
        The list nouts itself must stay as it is."""
        raise NotImplementedError("a4: write MLP.__init__")

    def __call__(self, x):
        """a4: the outputs of the last layer: a list of Values or, if there is only one, that Value itself."""
        raise NotImplementedError("a4: write MLP.__call__")

    def parameters(self):
        """a4: the parameters of the first layer, then of the second, and so on."""
        raise NotImplementedError("a4: write MLP.parameters")
