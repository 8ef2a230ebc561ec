"""The activation is an Enum member that is called; weights are kept in a dict by input, and made by a class method."""

import enum
import operator
import random
from functools import cached_property, reduce

from engine import Value


class Activation(enum.Enum):
    LINEAR = "linear"
    TANH = "tanh"

    @classmethod
    def chosen(cls, linear):
        return cls.LINEAR if linear else cls.TANH

    def __call__(self, value):
        return value if self is Activation.LINEAR else getattr(value, self.value)()


class Module:
    children = ()

    def parameters(self):
        return reduce(operator.iadd, (child.parameters() for child in self.children), [])

    def zero_grad(self):
        for child in self.children:
            child.zero_grad()


class Neuron(Module):
    def __init__(self, nin, linear=False):
        self.activation = Activation.chosen(linear)
        self.weight_of = {i: self.draw() for i in range(nin)}
        self.weight_of["bias"] = self.draw()

    @classmethod
    def draw(cls):
        return Value(random.random() * 2.0 - 1.0)

    def __call__(self, x):
        inputs = {**dict(enumerate(x)), "bias": 1.0}
        return self.activation(sum(weight * inputs[key] for key, weight in self.weight_of.items()))

    def parameters(self):
        return [*self.weight_of.values()]

    def zero_grad(self):
        for weight in self.weight_of.values():
            weight.grad = 0


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        self.nin, self.nout, self.linear = nin, nout, linear
        assert self.children

    @cached_property
    def children(self):
        return [Neuron(self.nin, linear=self.linear) for _ in range(self.nout)]

    def __call__(self, x):
        x = tuple(x)
        return [child(x) for child in self.children]


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        shapes = list(zip((nin, *nouts), nouts))
        self.children = [Layer(*shape) for shape in shapes[:-1]] + [Layer(*shapes[-1], linear=linear_last)]

    def __call__(self, x):
        signal = x
        for child in self.children:
            signal = child(signal)
        return next(iter(signal)) if len(signal) == 1 else signal
