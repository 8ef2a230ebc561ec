"""Functions that close over their parameters; the classes only hand them on."""

import operator
import random

from engine import Value


def new():
    return Value(random.uniform(-1, 1))


def neuron(nin, linear):
    weights, bias = [new() for _ in range(nin)], new()

    def forward(x):
        y = sum(map(operator.mul, weights, x)) + bias
        return y if linear else y.tanh()

    return forward, [*weights, bias]


def layer(nin, nout, linear):
    made = [neuron(nin, linear) for _ in range(nout)]
    return lambda x: [forward(x) for forward, _ in made], [p for _, found in made for p in found]


def chain(forwards):
    def forward(x):
        for each in forwards:
            x = each(x)
        return x

    return forward


class Module:
    def __init__(self, forward=None, parameters=()):
        self.forward, self._parameters = forward, list(parameters)

    def __call__(self, x):
        return self.forward(x)

    def parameters(self):
        return self._parameters

    def zero_grad(self):
        for p in self._parameters:
            p.grad *= 0.0


class Neuron(Module):
    def __init__(self, nin, linear=False):
        super().__init__(*neuron(nin, linear))


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        super().__init__(*layer(nin, nout, linear))


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        made = []
        for place, nout in enumerate(nouts, 1):
            made.append(layer(nin, nout, linear_last and place == len(nouts)))
            nin = nout
        forward = chain([forward for forward, _ in made])
        super().__init__(lambda x: self.unpacked(forward(x)), [p for _, found in made for p in found])

    @staticmethod
    def unpacked(outputs):
        return outputs[0] if len(outputs) < 2 else outputs
