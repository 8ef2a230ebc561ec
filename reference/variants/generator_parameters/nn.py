"""parameters() is a generator in every class, as in PyTorch; weights are scaled by the number of inputs."""

import random

from engine import Value


class Module:
    def parameters(self):
        yield from ()

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    def __init__(self, nin, linear=False):
        scale = nin**-0.5
        self.w = [Value(scale * random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
        self.linear = linear

    def parameters(self):
        yield from self.w
        yield self.b

    def __call__(self, x):
        act = self.b + sum(wi * xi for wi, xi in zip(self.w, x))
        if self.linear:
            return act
        return act.tanh()


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        self.neurons = []
        for _ in range(nout):
            self.neurons.append(Neuron(nin, linear=linear))

    def parameters(self):
        for neuron in self.neurons:
            yield from neuron.parameters()

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        self.layers = []
        for i, nout in enumerate(nouts):
            is_last = i + 1 == len(nouts)
            self.layers.append(Layer(nin, nout, linear=linear_last and is_last))
            nin = nout

    def parameters(self):
        for layer in self.layers:
            yield from layer.parameters()

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        if len(x) == 1:
            return x[0]
        return x
