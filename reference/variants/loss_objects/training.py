"""Each loss is an object with __call__ (a template method), optimizers share an abstract parent that counts steps."""

import abc
import copy
import math


class Loss(abc.ABC):
    def __call__(self, outputs, targets):
        n = len(targets)
        result = None
        for i in range(n):
            one = self.of_one(outputs[i], targets[i]) * (1.0 / n)
            result = one if result is None else result + one
        return result

    @abc.abstractmethod
    def of_one(self, output, target): ...


class SquaredError(Loss):
    def of_one(self, output, target):
        return (target - output) ** 2


class Hinge(Loss):
    def of_one(self, output, target):
        margin = 1 - target * output
        return margin.relu()


class BinaryCrossEntropy(Loss):
    def of_one(self, z, target):
        signed = z * (2 * target - 1)
        size = signed if signed.data > 0 else -signed
        tail = (1 + (-size).exp()).log()
        return tail if signed.data > 0 else tail + size


class CrossEntropy(Loss):
    def of_one(self, row, target):
        """As log(sum of exp(z - z of the right class)), shifted once more by the largest difference."""
        differences = [z - row[target] for z in row]
        top = max(d.data for d in differences)
        return sum((d - top).exp() for d in differences).log() + top


mean_squared_error = SquaredError()
hinge = Hinge()
binary_cross_entropy = BinaryCrossEntropy()
cross_entropy = CrossEntropy()


def softmax(logits):
    top = max(logits, key=lambda z: z.data).data
    exps = [(z - top).exp() for z in logits]
    inverse = sum(exps) ** -1
    return [e * inverse for e in exps]


def binary_decision(logit):
    return 0 if logit.data <= 0 else 1


def most_likely(logits):
    probabilities = [p.data for p in softmax(logits)]
    return probabilities.index(max(probabilities))


class Optimizer(abc.ABC):
    def __init__(self, parameters, **settings):
        self.parameters = list(parameters)
        self.count = 0
        vars(self).update(settings)
        start = self.first_state()
        self.states = [copy.deepcopy(start) for _ in self.parameters]

    def step(self):
        self.count += 1
        for p, state in zip(self.parameters, self.states):
            p.data = p.data - self.lr * self.direction(p.grad, state)

    @abc.abstractmethod
    def first_state(self): ...

    @abc.abstractmethod
    def direction(self, grad, state): ...


class SGD(Optimizer):
    def __init__(self, parameters, lr, momentum=0.0):
        super().__init__(parameters, lr=lr, momentum=momentum)

    def first_state(self):
        return {"velocity": 0.0}

    def direction(self, grad, state):
        if self.momentum == 0:
            return grad
        state["velocity"] = state["velocity"] * self.momentum + grad
        return state["velocity"]


class Adam(Optimizer):
    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(parameters, lr=lr, betas=betas, eps=eps)

    def first_state(self):
        return {"m": 0.0, "v": 0.0}

    def direction(self, grad, state):
        b1, b2 = self.betas
        state.update(m=b1 * state["m"] + (1 - b1) * grad, v=b2 * state["v"] + (1 - b2) * grad**2)
        m = state["m"] / (1 - math.pow(b1, self.count))
        v = state["v"] / (1 - math.pow(b2, self.count))
        return m / (self.eps + v**0.5)


def train(model, inputs, targets, loss, optimizer, steps):
    history = []
    for step in range(1, steps + 1):
        outputs = []
        for x in inputs:
            outputs.append(model(x))
        current = loss(outputs, targets)
        for p in model.parameters():
            p.grad = 0.0
        current.backward()
        optimizer.step()
        history.append(current.data)
        if step % 10 == 0:
            print("step", step, "loss", current.data)
    return history
