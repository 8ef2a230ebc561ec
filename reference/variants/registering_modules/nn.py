"""Modules register parameters and parts in __setattr__, by name; parameters() is made of named_parameters()."""

import random

from engine import Value


class Module:
    def __init__(self):
        object.__setattr__(self, "own", {})
        object.__setattr__(self, "parts", {})

    def __setattr__(self, name, value):
        if isinstance(value, Value):
            self.own[name] = value
        elif isinstance(value, Module):
            self.parts[name] = value
        object.__setattr__(self, name, value)

    def named_parameters(self, prefix=""):
        for name, value in self.own.items():
            yield prefix + name, value
        for name, part in self.parts.items():
            yield from part.named_parameters(prefix + name + ".")

    def parameters(self):
        return list(dict(self.named_parameters()).values())

    def zero_grad(self):
        for _, parameter in self.named_parameters():
            parameter.grad = 0.0


class Neuron(Module):
    def __init__(self, nin, linear=False):
        super().__init__()
        for i in range(nin):
            setattr(self, f"w{i}", Value(random.uniform(-1, 1)))
        self.bias = Value(random.uniform(-1, 1))
        self.nin, self.linear = nin, linear

    def __call__(self, x):
        terms = [getattr(self, f"w{i}") * x[i] for i in range(self.nin)]
        y = sum(terms, self.bias)
        return y if self.linear else y.tanh()


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        super().__init__()
        for i in range(nout):
            setattr(self, f"neuron{i}", Neuron(nin, linear))

    def __call__(self, x):
        return [neuron(x) for neuron in self.parts.values()]


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        super().__init__()
        for i, (n, m) in enumerate(zip([nin, *nouts], nouts)):
            setattr(self, f"layer{i}", Layer(n, m, linear=linear_last and i == len(nouts) - 1))

    def __call__(self, x):
        for layer in self.parts.values():
            x = layer(x)
        return x[0] if len(x) == 1 else x
