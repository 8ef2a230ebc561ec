"""Dataclasses whose fields are made afterwards, parameters from a generator, and a model that counts its calls."""

import itertools
import random
from dataclasses import dataclass, field
from functools import reduce

from engine import Value


class Module:
    calls = 0

    def walk(self):
        yield from ()

    def parameters(self):
        return list(self.walk())

    def zero_grad(self):
        for p in self.walk():
            p.grad = 0.0


@dataclass
class Neuron(Module):
    nin: int
    linear: bool = False
    w: list = field(init=False, repr=False)
    b: Value = field(init=False, repr=False)

    def __post_init__(self):
        self.w = [Value(2 * random.random() - 1) for _ in range(self.nin)]
        self.b = Value(0.0)

    def __call__(self, x):
        self.calls += 1
        y = reduce(lambda total, pair: total + pair[0] * pair[1], zip(self.w, x), self.b)
        return y if self.linear else y.tanh()

    def walk(self):
        yield from itertools.chain(self.w, [self.b])


@dataclass
class Layer(Module):
    nin: int
    nout: int
    linear: bool = False

    def __post_init__(self):
        self.neurons = tuple(Neuron(self.nin, self.linear) for _ in range(self.nout))

    def __call__(self, x):
        return tuple(neuron(x) for neuron in self.neurons)

    def walk(self):
        for neuron in self.neurons:
            yield from neuron.walk()


@dataclass
class MLP(Module):
    nin: int
    nouts: list
    linear_last: bool = False

    def __post_init__(self):
        *hidden, out = self.nouts
        widths = itertools.accumulate([self.nin, *hidden], lambda _, width: width)
        self.hidden = [Layer(nin, nout) for nin, nout in zip(widths, hidden)]
        self.head = Layer(hidden[-1] if hidden else self.nin, out, linear=self.linear_last)

    def __call__(self, x):
        y = self.head(reduce(lambda found, layer: layer(found), self.hidden, x))
        return y if len(y) != 1 else y[0]

    def walk(self):
        for layer in (*self.hidden, self.head):
            yield from layer.walk()
