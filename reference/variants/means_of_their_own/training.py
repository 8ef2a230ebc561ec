"""A running mean is a small class that corrects itself; each parameter has a rule of its own that says where to go."""

from dataclasses import dataclass, field

import engine


@dataclass
class RunningMean:
    beta: float
    total: float = 0.0
    weight: float = 0.0

    def add(self, number):
        """Keep the weights that the numbers have, so that dividing by their sum is the correction."""
        self.total = self.beta * self.total + (1 - self.beta) * number
        self.weight = self.beta * self.weight + (1 - self.beta)
        return self.total / self.weight


@dataclass
class AdamRule:
    lr: float
    eps: float
    mean: RunningMean
    square: RunningMean

    def move(self, grad):
        m = self.mean.add(grad)
        v = self.square.add(grad * grad)
        return -self.lr * m / (v**0.5 + self.eps)


@dataclass
class MomentumRule:
    lr: float
    momentum: float
    last: float = field(default=0.0)

    def move(self, grad):
        self.last = self.momentum * self.last - self.lr * grad
        return self.last


class Rules:
    def step(self):
        for p, rule in self.pairs:
            p.data = p.data + rule.move(p.grad)


class SGD(Rules):
    def __init__(self, parameters, lr, momentum=0.0):
        self.pairs = [(p, MomentumRule(lr, momentum)) for p in parameters]


class Adam(Rules):
    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        b1, b2 = betas
        self.pairs = [(p, AdamRule(lr, eps, RunningMean(b1), RunningMean(b2))) for p in parameters]


def mean(values):
    total = engine.Value(0.0)
    count = 0
    for value in values:
        total = total + value
        count += 1
    return total * count**-1


def mean_squared_error(outputs, targets):
    return mean((outputs[i] - targets[i]) ** 2 for i in range(len(outputs)))


def hinge(outputs, targets):
    return mean((targets[i] * -outputs[i] + 1).relu() for i in range(len(outputs)))


def binary_cross_entropy(logits, targets):
    """log(exp(0) + exp(z)) - z * target, shifted by the larger of 0 and z."""
    losses = []
    for z, target in zip(logits, targets):
        shift = max(0.0, z.data)
        losses.append(((z - shift).exp() + (z * 0 - shift).exp()).log() + shift - z * target)
    return mean(losses)


def log_softmax(logits):
    numbers = sorted(z.data for z in logits)
    shifted = [z - numbers[-1] for z in logits]
    return [z - sum(other.exp() for other in shifted).log() for z in shifted]


def softmax(logits):
    return [z.exp() for z in log_softmax(logits)]


def cross_entropy(logits, targets):
    return mean(-log_softmax(zs)[target] for zs, target in zip(logits, targets))


def binary_decision(logit):
    return int(logit.data > 0.0)


def most_likely(logits):
    return sorted(range(len(logits)), key=lambda k: logits[k].data)[-1]


def train(model, inputs, targets, loss, optimizer, steps):
    history = [None] * steps
    for k in range(steps):
        value = loss([model(x) for x in inputs], list(targets))
        history[k] = value.data
        model.zero_grad()
        value.backward()
        optimizer.step()
    return history
