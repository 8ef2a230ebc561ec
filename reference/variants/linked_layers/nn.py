"""A network is its first layer and the network of all the others; a neuron folds its inputs up recursively."""

from random import uniform

from engine import Value


class Module:
    def parameters(self):
        return []

    def zero_grad(self):
        [setattr(p, "grad", 0.0) for p in self.parameters()]


class Neuron(Module):
    def __init__(self, nin, linear=False):
        self.weights = tuple(Value(uniform(-1, 1)) for _ in range(nin))
        self.bias = Value(uniform(-1, 1))
        self.bend = Neuron.keep if linear else Neuron.squash

    @staticmethod
    def keep(y):
        return y

    @staticmethod
    def squash(y):
        return y.tanh()

    def weigh(self, weights, x):
        if not weights:
            return self.bias
        return weights[0] * x[0] + self.weigh(weights[1:], x[1:])

    def __call__(self, x):
        return self.bend(self.weigh(self.weights, list(x)))

    def parameters(self):
        return [*list(self.weights), self.bias]


class Layer(Module):
    """The first neuron, and the layer of the others."""

    def __init__(self, nin, nout, linear=False):
        self.neuron = Neuron(nin, linear)
        self.others = Layer(nin, nout - 1, linear) if nout > 1 else None

    def __call__(self, x):
        return [self.neuron(x)] + (self.others(x) if self.others else [])

    def parameters(self):
        return self.neuron.parameters() + (self.others.parameters() if self.others else [])


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        first, rest = nouts[0], nouts[1:]
        self.first = Layer(nin, first, linear_last and not rest)
        self.rest = MLP(first, rest, linear_last) if rest else None

    def __call__(self, x):
        y = self.first(x)
        if self.rest is not None:
            return self.rest(y)
        return y if len(y) > 1 else y[0]

    def parameters(self):
        return self.first.parameters() + (self.rest.parameters() if self.rest else [])
