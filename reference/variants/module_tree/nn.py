"""Modules register whatever is assigned to them, as the big libraries do; a network is a list of callables, in which
tanh is a step of its own. parameters() goes down the tree, and each parameter is met once."""

import random

from engine import Value


class Module:
    def children(self):
        for found in vars(self).values():
            yield from found if isinstance(found, list) else [found]

    def parameters(self):
        found = {}
        for child in self.children():
            if isinstance(child, Module):
                found.update((id(p), p) for p in child.parameters())
            elif isinstance(child, Value):
                found[id(child)] = child
        return list(found.values())

    def zero_grad(self):
        for child in self.children():
            if isinstance(child, Module):
                child.zero_grad()
            elif isinstance(child, Value):
                child.grad = 0.0


class Tanh(Module):
    def __call__(self, x):
        return [xi.tanh() for xi in x] if isinstance(x, list) else x.tanh()


class Identity(Module):
    def __call__(self, x):
        return x


class Neuron(Module):
    def __init__(self, nin, linear=False):
        bound = nin**-0.5
        self.weights = [Value(random.uniform(-bound, bound)) for _ in range(nin)]
        self.bias = Value(random.uniform(-bound, bound))
        self.activation = Identity() if linear else Tanh()

    def __call__(self, x):
        x = list(x)
        assert len(x) == len(self.weights), "as many inputs as weights"
        dot = self.weights[0] * x[0]
        for weight, value in zip(self.weights[1:], x[1:]):
            dot = dot + weight * value
        return self.activation(dot + self.bias)


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        self.neurons = [Neuron(nin, linear=True) for _ in range(nout)]
        self.activation = Identity() if linear else Tanh()

    def __call__(self, x):
        return self.activation([neuron(x) for neuron in self.neurons])


class Unpack(Module):
    def __call__(self, x):
        return x[0] if len(x) == 1 else x


class Sequential(Module):
    def __init__(self, *steps):
        self.steps = list(steps)

    def __call__(self, x):
        for step in self.steps:
            x = step(x)
        return x


class MLP(Sequential):
    def __init__(self, nin, nouts, linear_last=False):
        steps, width = [], nin
        for nout in nouts:
            steps += [Layer(width, nout, linear=True), Tanh()]
            width = nout
        if linear_last:
            steps.pop()
        super().__init__(*steps, Unpack())
