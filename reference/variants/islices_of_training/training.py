"""Training is an endless generator of losses, of which train() takes a slice; sums by accumulate; match by target."""

import itertools
import math


def mean_of(losses, number):
    *_, total = itertools.accumulate(losses)
    return total / number


def mean_squared_error(outputs, targets):
    errors = (output - target for output, target in zip(outputs, targets))
    return mean_of((error * error for error in errors), len(targets))


def hinge(outputs, targets):
    def cost(output, target):
        match target:
            case 1:
                return (1 - output).relu()
            case -1:
                return (1 + output).relu()
        raise ValueError(f"a target is 1 or -1, not {target}")

    return mean_of(map(cost, outputs, targets), len(targets))


def binary_cross_entropy(logits, targets):
    def cost(z, target):
        against = -z if target == 1 else z
        if against.data > 30:
            return against + (-against).exp()  # log(1 + e) is e to the last digit here
        return (against.exp() + 1.0).log()

    return mean_of(map(cost, logits, targets), len(targets))


def softmax(logits):
    largest = -math.inf
    for z in logits:
        largest = z.data if z.data > largest else largest
    powers = tuple((z - largest).exp() for z in logits)
    return [power / mean_of(powers, 1) for power in powers]


def cross_entropy(logits, targets):
    def cost(row, target):
        largest = max(row, key=lambda z: z.data)
        powers = ((z - largest).exp() for z in row)
        return mean_of(powers, 1).log() + largest - row[target]

    return mean_of(map(cost, logits, targets), len(targets))


def binary_decision(logit):
    return bool(math.copysign(1, logit.data) > 0 and logit.data)


def most_likely(logits):
    (_, place) = max((z.data, place) for place, z in enumerate(logits))
    return place


class SGD:
    def __init__(self, parameters, lr, momentum=0.0):
        self.parameters, self.lr, self.momentum = parameters, lr, momentum
        self.history = []

    def step(self):
        before = self.history[-1] if self.history else itertools.repeat(0.0)
        self.history = [[p.grad + self.momentum * old for p, old in zip(self.parameters, before)]]
        for p, velocity in zip(self.parameters, self.history[-1]):
            p.data = p.data - self.lr * velocity


class Adam:
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.steps = [self.walk(p, lr, *betas, eps) for p in parameters]

    @staticmethod
    def walk(p, lr, b1, b2, eps):
        m = v = 0.0
        for t in itertools.count(1):
            m = b1 * m + (1 - b1) * p.grad
            v = b2 * v + (1 - b2) * p.grad**2
            p.data = p.data - lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
            yield t

    def step(self):
        for walk in self.steps:
            next(walk)


def losses_of(model, inputs, targets, loss, optimizer):
    while True:
        total = loss([model(x) for x in inputs], targets)
        model.zero_grad()
        total.backward()
        optimizer.step()
        yield total.data


def train(model, inputs, targets, loss, optimizer, steps):
    return list(itertools.islice(losses_of(model, inputs, targets, loss, optimizer), steps))
