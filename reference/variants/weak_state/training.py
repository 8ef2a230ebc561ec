"""Optimizers keep their state in a WeakKeyDictionary by parameter, and know PyTorch's further settings, unused."""

import math
from types import SimpleNamespace
from weakref import WeakKeyDictionary


def average(*, over, of):
    return sum(of) * (1 / over)


def mean_squared_error(outputs, targets, reduction="mean"):
    n = len(targets) if reduction == "mean" else 1
    return average(over=n, of=[(o - t) ** 2.0 for o, t in zip(outputs, targets)])


def hinge(outputs, targets, margin=1.0):
    return average(over=len(targets), of=[(margin - o * t).relu() for o, t in zip(outputs, targets)])


def binary_cross_entropy(logits, targets):
    """By tanh: log(1 + exp(-s)) = -log((1 + tanh(s / 2)) / 2), and s itself where tanh is -1 to the last digit."""
    costs = []
    for z, t in zip(logits, targets):
        s = z * (1 if t else -1)
        costs.append(-(((s / 2).tanh() + 1) / 2).log() if s.data > -8 else (s.exp() + 1).log() - s)
    return average(over=len(costs), of=costs)


def softmax(logits, temperature=1.0):
    scaled = [z / temperature for z in logits]
    top = max(z.data for z in scaled)
    powers = [(z - top).exp() for z in scaled]
    norm = sum(powers)
    return tuple(power / norm for power in powers)


def cross_entropy(logits, targets):
    costs = []
    for row, right in zip(logits, targets):
        top = max(z.data for z in row)
        others = [(z - top).exp() for k, z in enumerate(row) if k != right]
        costs.append((sum(others) + (row[right] - top).exp()).log() - row[right] + top)
    return average(over=len(costs), of=costs)


def binary_decision(logit, threshold=0.5):
    return 1.0 if logit.data > math.log(threshold / (1 - threshold)) else 0.0


def most_likely(logits):
    largest = max(z.data for z in logits)
    return [z.data == largest for z in logits].index(True)


class SGD:
    def __init__(self, parameters, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        self.parameters = list(parameters)
        self.settings = SimpleNamespace(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )
        self.velocity = WeakKeyDictionary()

    def step(self):
        s = self.settings
        for p in self.parameters:
            grad = p.grad + s.weight_decay * p.data
            if p in self.velocity:
                self.velocity[p] = s.momentum * self.velocity[p] + (1 - s.dampening) * grad
            else:
                self.velocity[p] = grad * 1.0
            p.data = p.data - s.lr * (grad + s.momentum * self.velocity[p] if s.nesterov else self.velocity[p])


class Adam:
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False):
        self.parameters = list(parameters)
        self.settings = SimpleNamespace(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)
        self.state = WeakKeyDictionary((p, SimpleNamespace(t=0, m=0.0, v=0.0)) for p in self.parameters)

    def step(self):
        b1, b2 = self.settings.betas
        for p, state in self.state.items():
            state.t += 1
            state.m = b1 * state.m + (1 - b1) * p.grad
            state.v = b2 * state.v + (1 - b2) * (p.grad * p.grad)
            size = state.v**0.5 / (1 - b2**state.t) ** 0.5 + self.settings.eps
            p.data = p.data - self.settings.lr / (1 - b1**state.t) * state.m / size


def train(model, inputs, targets, loss, optimizer, steps, verbose=False):
    history = []
    try:
        for _ in range(steps):
            outputs = list(map(model, inputs))
            total = loss(outputs, targets)
            model.zero_grad()
            total.backward()
            optimizer.step()
            history += [total.data]
    finally:
        if verbose:
            print(history)
    return history
