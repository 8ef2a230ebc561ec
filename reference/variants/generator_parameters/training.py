"""Optimizers that make a list of whatever they are given, one running state for each parameter; decisions are bools."""


def _pairs(outputs, targets):
    if len(outputs) != len(targets):
        raise ValueError("as many outputs as targets")
    return zip(outputs, targets)


def mean_squared_error(outputs, targets):
    total = 0.0
    for output, target in _pairs(outputs, targets):
        total = total + (output + -target) ** 2
    return total / len(outputs)


def hinge(outputs, targets):
    total = 0.0
    for output, target in _pairs(outputs, targets):
        total = total + (-(target * output - 1)).relu()
    return total / len(outputs)


def _minus_log_sigmoid(z):
    if z.data < 0:
        return (z.exp() + 1).log() - z
    return ((-z).exp() + 1).log()


def binary_cross_entropy(logits, targets):
    total = 0.0
    for z, target in _pairs(logits, targets):
        total = total + _minus_log_sigmoid(z if target else -z)
    return total / len(logits)


def _log_softmax(logits):
    top = max([z.data for z in logits])
    shifted = [z - top for z in logits]
    log_sum = sum([z.exp() for z in shifted]).log()
    return [z - log_sum for z in shifted]


def softmax(logits):
    return [z.exp() for z in _log_softmax(logits)]


def cross_entropy(logits, targets):
    total = 0.0
    for row, target in _pairs(logits, targets):
        total = total - _log_softmax(row)[target]
    return total / len(logits)


def binary_decision(logit):
    return logit.data > 0


def most_likely(logits):
    best = 0
    for place in range(len(logits)):
        if logits[place].data >= logits[best].data:
            best = place
    return best


class SGD:
    def __init__(self, parameters, lr, momentum=0.0):
        self.parameters = list(parameters)
        self.lr, self.momentum = lr, momentum
        self.velocity = [0.0] * len(self.parameters)

    def step(self):
        self.velocity = [self.momentum * v + p.grad for v, p in zip(self.velocity, self.parameters)]
        for p, v in zip(self.parameters, self.velocity):
            p.data -= self.lr * v


class Adam:
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.parameters = list(parameters)
        self.lr, self.eps = lr, eps
        self.beta1, self.beta2 = betas
        self.m = [0.0] * len(self.parameters)
        self.v = [0.0] * len(self.parameters)
        self.t = 0

    def step(self):
        self.t += 1
        grads = [p.grad for p in self.parameters]
        self.m = [self.beta1 * m + (1 - self.beta1) * g for m, g in zip(self.m, grads)]
        self.v = [self.beta2 * v + (1 - self.beta2) * g * g for v, g in zip(self.v, grads)]
        c1, c2 = 1 - self.beta1**self.t, 1 - self.beta2**self.t
        for p, m, v in zip(self.parameters, self.m, self.v):
            p.data -= self.lr * (m / c1) / ((v / c2) ** 0.5 + self.eps)


def train(model, inputs, targets, loss, optimizer, steps):
    losses = []
    for _ in range(steps):
        model.zero_grad()
        outputs = [model(x) for x in inputs]
        error = loss(outputs, targets)
        error.backward()
        losses.append(error.data)
        optimizer.step()
    return losses
