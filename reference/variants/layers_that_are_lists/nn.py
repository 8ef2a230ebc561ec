"""A layer is a list of neurons, and an MLP a list of layers; a neuron is a list of its parameters."""

import random

from engine import Value


class Module(list):
    def parameters(self):
        found = []
        for part in self:
            found.extend(part.parameters() if isinstance(part, Module) else [part])
        return found

    def zero_grad(self):
        for p in self.parameters():
            p.grad = p.grad * 0


class Neuron(Module):
    def __init__(self, nin, linear=False):
        super().__init__(Value(random.uniform(-1, 1)) for _ in range(nin + 1))
        self.linear = linear

    def __call__(self, x):
        *weights, bias = self
        y = bias
        for i, w in enumerate(weights):
            y = x[i] * w + y
        if not self.linear:
            y = y.tanh()
        return y


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        super().__init__()
        while len(self) < nout:
            self.append(Neuron(nin, linear))

    def __call__(self, x):
        return [neuron(x) for neuron in self]


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        super().__init__()
        for nout in nouts:
            self.append(Layer(nin, nout))
            nin = nout
        if linear_last:
            for neuron in self[-1]:
                neuron.linear = True

    def __call__(self, x):
        y = x
        for layer in self:
            y = layer(y)
        return y.pop() if len(y) == 1 else y
