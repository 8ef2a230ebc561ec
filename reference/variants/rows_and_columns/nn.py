"""A layer is a matrix: rows of weights, each with its bias as the last entry, times the inputs with a 1 at their end. A
neuron is a layer of one row, and parameters() are tuples."""

from random import random

from engine import Value


class Module:
    rows = ()
    parts = ()

    def parameters(self):
        own = tuple(entry for row in self.rows for entry in row)
        return own + tuple(p for part in self.parts for p in part.parameters())

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0.0


def times(rows, column):
    for row in rows:
        total = 0
        for a, b in zip(row, column):
            total = a * b + total
        yield total


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        self.rows = tuple(tuple(Value(2 * random() - 1) for _ in range(nin + 1)) for _ in range(nout))
        self.squash = (lambda y: y) if linear else Value.tanh

    def __call__(self, x):
        return list(map(self.squash, times(self.rows, (*x, 1))))


class Neuron(Layer):
    def __init__(self, nin, linear=False):
        super().__init__(nin, 1, linear)

    def __call__(self, x):
        (y,) = super().__call__(x)
        return y


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        linear = [False] * (len(nouts) - 1) + [linear_last]
        self.parts = tuple(map(Layer, (nin, *nouts[:-1]), nouts, linear))

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x if x[1:] else x[0]
