"""Optimizers with a common parent, whose state lies in dicts by id(parameter); train() is a generator at heart, prints
its progress, clears before the forward pass and once more at the end."""

from collections import defaultdict
from math import inf

from engine import Value


def mean(values):
    values = list(values)
    return sum(values, Value(0.0)) * (1 / len(values))


def mean_squared_error(outputs, targets):
    return mean((target - output) * (target - output) for output, target in zip(outputs, targets))


def hinge(outputs, targets):
    return mean((-(output * target) + 1).relu() for output, target in zip(outputs, targets))


def softplus(z):
    """log(1 + exp(z)) by relu and exp of nothing that is large."""
    return z.relu() + ((-(z.relu() + (-z).relu())).exp() + 1).log() if z.data else (z.exp() + 1).log()


def binary_cross_entropy(logits, targets):
    return mean(softplus(z) - z * t for z, t in zip(logits, targets))


def log_sum_exp(zs):
    top = max((z.data for z in zs), default=-inf)
    return sum((z - top).exp() for z in zs).log() + top


def softmax(logits):
    norm = log_sum_exp(logits)
    return [(z - norm).exp() for z in logits]


def cross_entropy(logits, targets):
    return mean(log_sum_exp(zs) - zs[t] for zs, t in zip(logits, targets))


def binary_decision(logit):
    return int(logit.sigmoid().data > 0.5)


def most_likely(logits):
    best, where = -inf, 0
    for i, z in enumerate(logits):
        if z.data > best:
            best, where = z.data, i
    return where


class Optimizer:
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr
        self.state = defaultdict(lambda: defaultdict(float))

    def zero_grad(self):
        for p in self.parameters:
            p.grad = 0.0

    def step(self):
        for p in self.parameters:
            p.data -= self.lr * self.direction(p.grad, self.state[id(p)])


class SGD(Optimizer):
    def __init__(self, parameters, lr, momentum=0.0, nesterov=False):
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.nesterov = nesterov

    def direction(self, grad, state):
        state["velocity"] = self.momentum * state["velocity"] + grad
        return grad + self.momentum * state["velocity"] if self.nesterov else state["velocity"]


class Adam(Optimizer):
    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(parameters, lr)
        self.betas = betas
        self.eps = eps

    def direction(self, grad, state):
        b1, b2 = self.betas
        state["t"] += 1
        state["m"] += (1 - b1) * (grad - state["m"])
        state["v"] += (1 - b2) * (grad * grad - state["v"])
        size = (state["v"] / (1 - b2 ** state["t"])) ** 0.5
        return state["m"] / (1 - b1 ** state["t"]) / (size + self.eps)


def run(model, inputs, targets, loss, optimizer, steps):
    for step in range(steps):
        model.zero_grad()
        outputs = []
        for x in inputs:
            outputs.append(model(x))
        found = loss(outputs, targets)
        found.backward()
        optimizer.step()
        print(f"step {step}: loss {found.data:.4f}")
        yield found.data
    model.zero_grad()


def train(model, inputs, targets, loss, optimizer, steps=100):
    return list(run(model, inputs, targets, loss, optimizer, steps))
