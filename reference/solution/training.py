"""Training: loss, gradient, step, and again. A loss is one number that says how wrong a network is. Its gradient says
how it answers to a nudge of each parameter; a step nudges them all, each against its gradient. The data never move."""


# --- losses: a list of outputs and a list of targets make one Value, the mean over all examples ----------------------


def mean_squared_error(outputs, targets):
    """a5. The mean of (output - target)**2. outputs: a Value for each example. targets: a number for each.
    Outputs 1.0 and 3.0 with targets 0.0 and 1.0 make (1 + 4) / 2 = 2.5."""
    return sum((output - target) ** 2 for output, target in zip(outputs, targets)) / len(targets)


def hinge(outputs, targets):
    """a5. The mean of max(0, 1 - target * output), for targets 1 and -1: nothing is to pay once an output is on the
    right side by 1 or more. Outputs 2.0 and 0.5 with targets 1 and -1 make (0 + 1.5) / 2 = 0.75. Remember relu()."""
    return sum((1 - target * output).relu() for output, target in zip(outputs, targets)) / len(targets)


def binary_cross_entropy(logits, targets):
    """a5. The mean of -log(p) where the target is 1 and of -log(1 - p) where it is 0; p is the logit's sigmoid. A
    logit is a Value of any size. Logit 0 costs log(2) = 0.693 either way. Done just so, log(p) fails at -1000, where
    p becomes 0. But -log(p) is log(1 + exp(-z)), and also log(1 + exp(z)) - z: take the one whose exp stays small. With
    target 0 it is the same with -z for z."""
    total = 0
    for z, target in zip(logits, targets):
        if z.data >= 0:
            total += (1 + (-z).exp()).log() + (1 - target) * z
        else:
            total += (1 + z.exp()).log() - target * z
    return total / len(targets)


def softmax(logits):
    """a5. Probabilities of some classes, from a logit (a Value) for each: exp of one over the sum of all, as a list of
    Values. Subtract the largest logit's number from all of them first: it cancels, so that nothing changes, but no
    exp overflows. Logits 0 and log(3) make 0.25 and 0.75."""
    largest = max(z.data for z in logits)
    powers = [(z - largest).exp() for z in logits]
    total = sum(powers)
    return [power / total for power in powers]


def cross_entropy(logits, targets):
    """a5. The mean of -log(p), p being the probability that softmax gives to the right class. logits: a list of Values
    for each example. targets: the right class of each, counted from 0. log(softmax(...)) fails once a p has become 0:
    -log(p) is log(sum of all exp(z)) - z of the right class; shift here too. Two equal logits cost log(2) = 0.693."""
    total = 0
    for zs, target in zip(logits, targets):
        largest = max(z.data for z in zs)
        total += sum((z - largest).exp() for z in zs).log() - (zs[target] - largest)
    return total / len(targets)


# --- what an output says ---------------------------------------------------------------------------------------------


def binary_decision(logit):
    """a5. 1 if the logit's sigmoid, read as the probability of a yes, is above one half, else 0."""
    return 1 if logit.data > 0 else 0


def most_likely(logits):
    """a5. The class with the largest logit, counted from 0: softmax gives it the largest probability. Logits 0.1, 2.0
    and -1.0 say class 1."""
    return max(range(len(logits)), key=lambda i: logits[i].data)


# --- optimizers: they change the data of the parameters themselves, and nothing else ---------------------------------


class SGD:
    """Gradient descent: each step moves each parameter against its gradient, as far as the learning rate lr says."""

    def __init__(self, parameters, lr, momentum=0.0):
        """a5. Keep the parameters (a list of Values) and the rest. Each has a velocity too, which starts at 0."""
        self.parameters, self.lr, self.momentum = parameters, lr, momentum
        self.velocities = [0.0 for _ in parameters]

    def step(self):
        """a5. velocity = momentum * velocity + grad; then data goes down by lr * velocity. Without momentum that is
        data - lr * grad: at data 2.0, grad 3.0 and lr 0.1 it is 1.7. (So does PyTorch.)"""
        for i, p in enumerate(self.parameters):
            self.velocities[i] = self.momentum * self.velocities[i] + p.grad
            p.data = p.data - self.lr * self.velocities[i]


class Adam:
    """Steps of about lr, whatever the gradient's size: the mean gradient over its usual size (Kingma and Ba, 2014)."""

    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        """a5. Keep all that; each parameter has two running means, m and v, which start at 0, and steps are counted."""
        self.parameters, self.lr, self.betas, self.eps = parameters, lr, betas, eps
        self.m = [0.0 for _ in parameters]
        self.v = [0.0 for _ in parameters]
        self.steps = 0

    def step(self):
        """a5. With b1, b2 = betas: m = b1 * m + (1 - b1) * grad, and v = b2 * v + (1 - b2) * grad**2. Both start at 0,
        and so are too small at first: in step number t (from 1) the data go down by lr * M / (sqrt(V) + eps), with
        M = m / (1 - b1**t) and V = v / (1 - b2**t). m and v themselves stay. The very first step is lr long. In a6 the
        same Adam gets arrays: ** 0.5 takes them too, and math.sqrt does not."""
        self.steps += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.parameters):
            self.m[i] = b1 * self.m[i] + (1 - b1) * p.grad
            self.v[i] = b2 * self.v[i] + (1 - b2) * p.grad**2
            m, v = self.m[i] / (1 - b1**self.steps), self.v[i] / (1 - b2**self.steps)
            p.data = p.data - self.lr * m / (v**0.5 + self.eps)


def train(model, inputs, targets, loss, optimizer, steps):
    """a5. So many steps on all examples: outputs of the model for each input, loss(outputs, targets), gradients set
    back to 0 (model.zero_grad()), backward(), optimizer.step(). Each step works the loss out anew, for the parameters
    have moved. Returns the losses as a list of plain numbers, each from before its step."""
    history = []
    for _ in range(steps):
        total = loss([model(x) for x in inputs], targets)
        model.zero_grad()
        total.backward()
        optimizer.step()
        history.append(total.data)
    return history
