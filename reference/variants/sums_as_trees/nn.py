"""Inputs become Values at the door; the bias is one more weight for a constant Value of 1; __call__ is forward()."""

import random as chance

from engine import Value


def as_value(x):
    return x if isinstance(x, Value) else Value(x)


class Module:
    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def parts(self):
        return []

    def parameters(self):
        out = []
        for part in self.parts():
            out += part.parameters()
        return out

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    def __init__(self, nin, linear=False):
        self.theta = [Value(chance.triangular(-1, 1, 0)) for _ in range(nin + 1)]
        self.activation = None if linear else "tanh"

    def forward(self, x):
        features = [as_value(xi) for xi in x] + [Value(1.0)]
        products = [t * f for t, f in zip(self.theta, features)]
        while len(products) > 1:  # added up in pairs, as a tree
            products = [sum(products[i : i + 2]) for i in range(0, len(products), 2)]
        (y,) = products
        return getattr(y, self.activation)() if self.activation else y

    def parameters(self):
        return self.theta.copy()


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        self.neurons = {f"n{i}": Neuron(nin, linear) for i in range(nout)}

    def parts(self):
        return list(self.neurons.values())

    def forward(self, x):
        x = [as_value(xi) for xi in x]
        return [n(x) for n in self.parts()]


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        widths = list(nouts)
        widths.insert(0, nin)
        self.stack = []
        for depth in range(1, len(widths)):
            self.stack.append(Layer(widths[depth - 1], widths[depth], linear=(depth == len(widths) - 1) * linear_last))

    def parts(self):
        return self.stack

    def forward(self, x):
        for layer in self.stack:
            x = layer.forward(x)
        try:
            (single,) = x
        except ValueError:
            return x
        return single
