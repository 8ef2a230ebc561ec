"""All parameters lie in one flat list; a neuron knows where its own begin, and looks them up when it is called."""

import random

from engine import Value


class Module:
    def __init__(self):
        self.flat = []

    def parameters(self):
        return self.flat[:]

    def zero_grad(self):
        for parameter in self.flat:
            parameter.grad = 0.0

    def reserve(self, count):
        start = len(self.flat)
        self.flat.extend(Value(random.uniform(-1.0, 1.0)) for _ in range(count))
        return start

    def fire(self, start, x, linear):
        stop = start + len(x)
        total = self.flat[stop]
        for index in range(start, stop):
            total = total + self.flat[index] * x[index - start]
        return total if linear else total.tanh()


class Neuron(Module):
    def __init__(self, nin, linear=False):
        super().__init__()
        self.linear = linear
        self.reserve(nin + 1)

    def __call__(self, x):
        return self.fire(0, x, self.linear)


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        super().__init__()
        self.linear = linear
        self.starts = [self.reserve(nin + 1) for _ in range(nout)]

    def __call__(self, x):
        return [self.fire(start, x, self.linear) for start in self.starts]


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        super().__init__()
        self.plan = []
        for position, nout in enumerate(nouts):
            linear = linear_last and position == len(nouts) - 1
            self.plan.append(([self.reserve(nin + 1) for _ in range(nout)], linear))
            nin = nout

    def __call__(self, x):
        for starts, linear in self.plan:
            x = [self.fire(start, x, linear) for start in starts]
        return x[0] if len(x) == 1 else x
