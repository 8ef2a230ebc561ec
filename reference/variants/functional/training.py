"""Losses as one mean of a function of pairs; optimizers as generators that wait for their next step."""

from functools import wraps
from math import sqrt


def mean_over_examples(of_one):
    @wraps(of_one)
    def loss(outputs, targets):
        found = [of_one(output, target) for output, target in zip(outputs, targets)]
        return sum(found) / len(found)

    return loss


@mean_over_examples
def mean_squared_error(output, target):
    error = output - target
    return error * error


@mean_over_examples
def hinge(output, target):
    return (1.0 - output * float(target)).relu()


@mean_over_examples
def binary_cross_entropy(z, target):
    """max(z, 0) - z * target + log(1 + exp(-|z|)), as in the big libraries."""
    size = z if z.data > 0 else -z
    return (z if z.data > 0 else z * 0) - z * target + ((size * -1).exp() + 1).log()


def softmax(logits):
    """Each as one over the sum of powers of differences: no exp is large but where the share is 0."""
    top = max(z.data for z in logits)
    powers = [(z + -top).exp() for z in logits]
    return [power / sum(powers) for power in powers]


@mean_over_examples
def cross_entropy(zs, target):
    right, top = zs[target], max(zs, key=lambda z: z.data)
    return sum((z - top).exp() for z in zs).log() + (top - right)


def binary_decision(logit):
    return +(logit.data > 0)


def most_likely(logits):
    place, _ = max(enumerate(logits), key=lambda pair: pair[1].data)
    return place


class Optimizer:
    def __init__(self, parameters, *settings, **named):
        self.moves = [self.movement(p, *settings, **named) for p in parameters]

    def step(self):
        for move in self.moves:
            next(move)


class SGD(Optimizer):
    @staticmethod
    def movement(p, lr, momentum=0.0):
        velocity = 0.0
        while True:
            velocity = velocity * momentum + p.grad
            p.data = p.data - velocity * lr
            yield


class Adam(Optimizer):
    @staticmethod
    def movement(p, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        (b1, b2), m, v, t = betas, 0.0, 0.0, 0
        while True:
            t += 1
            m, v = b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad**2
            p.data -= lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps * sqrt(1 - b2**t))
            yield


def train(model, inputs, targets, loss, optimizer, steps):
    if steps == 0:
        return []
    total = loss(list(map(model, inputs)), targets)
    model.zero_grad()
    total.backward()
    optimizer.step()
    return [total.data, *train(model, inputs, targets, loss, optimizer, steps - 1)]
