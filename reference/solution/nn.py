"""Networks: a neuron weighs its inputs, adds a bias and squashes; a layer is neurons side by side, an MLP layers in a
row. The engine knows nothing of all this: a network is one more expression, and its parameters are leaves of it."""

import random

from engine import Value


class Module:
    """Whatever has parameters: the Values that training moves. Neuron, Layer and MLP are Modules."""

    def parameters(self):
        """a4. A list of all parameters, each of them once, in the same order every time. A mere Module has none: []."""
        return []

    def zero_grad(self):
        """a4. Set the grad of every parameter back to 0. backward() adds to what is there: a new pass begins here."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """tanh(w1*x1 + w2*x2 + ... + b). A weight says how much its input counts, the bias how easily the neuron fires."""

    def __init__(self, nin, linear=False):
        """a4. For nin inputs: nin weights and then a bias, each a Value of its own, drawn by random.uniform(-1, 1).
        Were all of them equal, all neurons would learn the same. linear=True: this neuron leaves the tanh out."""
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1, 1))
        self.linear = linear

    def __call__(self, x):
        """a4. The output for a list x of nin Values or plain numbers, as one Value. Each call makes a new expression.
        With weights 2 and -1, bias 0.5 and x = [1.0, 2.0] that is tanh(2*1 - 1*2 + 0.5) = tanh(0.5)."""
        total = self.b
        for w, xi in zip(self.w, x):
            total = total + w * xi
        return total if self.linear else total.tanh()

    def parameters(self):
        """a4. The weights, in the order of the inputs, and then the bias: nin + 1 Values."""
        return [*self.w, self.b]


class Layer(Module):
    """Neurons side by side: all see the same inputs, and each learns to look for something else in them."""

    def __init__(self, nin, nout, linear=False):
        """a4. nout Neurons for nin inputs. [Neuron(nin)] * nout would be one neuron, nout times: make each anew."""
        self.neurons = [Neuron(nin, linear) for _ in range(nout)]

    def __call__(self, x):
        """a4. A list of nout Values, one from each neuron, in order. It is a list for a single neuron too."""
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        """a4. The parameters of the first neuron, then of the second, and so on: (nin + 1) * nout Values."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]


class MLP(Module):
    """A multi-layer perceptron: layers in a row. What one layer finds in the inputs, the next takes for its own."""

    def __init__(self, nin, nouts, linear_last=False):
        """a4. nouts holds the width of every layer: MLP(3, [4, 4, 1]) takes 3 inputs, has layers of 4, 4 and 1 neurons,
        and 41 parameters. linear_last=True leaves the tanh out of the last layer alone, whose outputs then are not held
        between -1 and 1. nouts itself stays as it is."""
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [Layer(sizes[i], sizes[i + 1], linear_last and i == last) for i in range(len(nouts))]

    def __call__(self, x):
        """a4. The last layer's outputs: a list of Values or, where there is only one, that Value by itself."""
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def parameters(self):
        """a4. The parameters of the first layer, then of the second, and so on."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]
