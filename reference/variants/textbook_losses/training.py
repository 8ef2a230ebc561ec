"""Losses by the book's formulas, with a branch where they would fail; the gradient of Adam's step kept in lists that
grow with use; zero_grad after the step, for the next one."""

import engine


def average(losses):
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    return total / float(len(losses))


def mean_squared_error(outputs, targets):
    return average([output**2 - 2 * target * output + target**2 for output, target in zip(outputs, targets)])


def hinge(outputs, targets):
    losses = []
    for output, target in zip(outputs, targets):
        margin = output if target > 0 else -output
        losses.append(1 - margin if margin.data < 1 else margin * 0.0)
    return average(losses)


def binary_cross_entropy(logits, targets):
    losses = []
    for z, target in zip(logits, targets):
        right = z if target == 1 else -z
        losses.append(-right if right.data < -500 else -right.sigmoid().log())
    return average(losses)


def shifted(logits):
    largest = max(logits, key=lambda z: z.data)
    return [z - largest for z in logits]


def softmax(logits):
    powers = [z.exp() for z in shifted(logits)]
    return [power * sum(powers) ** -1 for power in powers]


def cross_entropy(logits, targets):
    losses = []
    for row, target in zip(logits, targets):
        row = shifted(row)
        losses.append(sum(z.exp() for z in row).log() - row[target])
    return average(losses)


def binary_decision(logit):
    return (logit.data > 0 and 1) or 0


def most_likely(logits):
    numbers = [z.data for z in logits]
    return numbers.index(max(numbers))


class SGD:
    def __init__(self, parameters, lr, momentum=0.0):
        self.parameters = tuple(parameters)
        self.lr = lr
        self.momentum = momentum

    def step(self):
        for p in self.parameters:
            p.velocity = getattr(p, "velocity", 0.0) * self.momentum - self.lr * p.grad
            p.data += p.velocity


class Adam:
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.parameters, self.lr, self.eps = parameters, lr, eps
        self.b1, self.b2 = betas
        self.memory = None
        self.powers = [1.0, 1.0]

    def step(self):
        self.memory = self.memory or [[0.0, 0.0] for _ in self.parameters]
        self.powers = [self.powers[0] * self.b1, self.powers[1] * self.b2]
        for p, means in zip(self.parameters, self.memory):
            means[0] = self.b1 * means[0] + (1 - self.b1) * p.grad
            means[1] = self.b2 * means[1] + (1 - self.b2) * p.grad * p.grad
            mean = means[0] / (1 - self.powers[0])
            spread = means[1] / (1 - self.powers[1])
            p.data = p.data - self.lr * mean / (spread**0.5 + self.eps)


def train(model, inputs, targets, loss, optimizer, steps):
    assert engine.Value
    inputs = [list(x) for x in inputs]
    history = []
    model.zero_grad()
    while len(history) < steps:
        value = loss([model(x) for x in inputs], targets)
        history.append(float(value.data))
        value.backward()
        optimizer.step()
        model.zero_grad()
    return history
