"""step() is a closure that the constructor hangs on the optimizer; losses come from a table; reduce for all sums."""

from functools import reduce
from operator import add, mul


def total(values):
    return reduce(add, values)


def softplus(z):
    return (1 + z.exp()).log() if z.data <= 0 else (1 + (-z).exp()).log() + z


def log_sum_exp(row):
    top = reduce(lambda a, b: a if a.data >= b.data else b, row).data
    return total([(z - top).exp() for z in row]).log() + top


OF_ONE = {
    "mean_squared_error": lambda output, target: mul(output - target, output - target),
    "hinge": lambda output, target: (1 - output * target).relu(),
    "binary_cross_entropy": lambda z, target: softplus(-z) * target + softplus(z) * (1 - target),
    "cross_entropy": lambda row, target: log_sum_exp(row) - row[target],
}


def loss_named(name):
    def loss(outputs, targets):
        losses = list(map(OF_ONE[name], outputs, targets))
        return total(losses) / len(losses)

    loss.__name__ = name
    return loss


mean_squared_error, hinge, binary_cross_entropy, cross_entropy = map(loss_named, OF_ONE)


def softmax(logits):
    norm = log_sum_exp(logits)
    return [(z - norm).exp() for z in logits]


def binary_decision(logit):
    return logit.sigmoid().data > 0.5


def most_likely(logits):
    by_number = {z.data: place for place, z in enumerate(logits)}
    return by_number[max(by_number)]


class SGD:
    def __init__(self, parameters, lr, momentum=0.0):
        velocity = {}

        def step():
            for place, p in enumerate(parameters):
                velocity[place] = p.grad + momentum * velocity.get(place, 0.0)
                p.data = p.data - lr * velocity[place]

        self.step = step


class Adam:
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        beta1, beta2 = betas
        moments = [(0.0, 0.0)] * len(parameters)
        t = 0

        def step():
            nonlocal t
            t += 1
            for place, p in enumerate(parameters):
                m, v = moments[place]
                m = m + (1 - beta1) * (p.grad - m)
                v = v + (1 - beta2) * (p.grad**2 - v)
                moments[place] = m, v
                p.data = p.data - lr / (1 - beta1**t) * m / ((v / (1 - beta2**t)) ** 0.5 + eps)

        self.step = step


def train(model, inputs, targets, loss, optimizer, steps):
    def one_step(history, _):
        error = loss([model(x) for x in inputs], targets)
        model.zero_grad()
        error.backward()
        optimizer.step()
        return [*history, error.data]

    return reduce(one_step, range(steps), [])
