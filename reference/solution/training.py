"""Training: loss, gradient, step, and again.

A loss is one number that says how wrong a network is. Its gradient says how it responds to a nudge of each parameter.
A step nudges all parameters, each against its gradient. The inputs and targets never change.
"""

# --- losses: from a list of outputs and a list of targets, one Value, the mean over all examples --
# A logit is an output of any size. sigmoid and softmax turn logits into probabilities.


def mean_squared_error(outputs, targets):
    """a5: the mean of (output - target)**2. For each example, outputs has a Value and targets a number.
    Outputs 1.0 and 3.0 with targets 0.0 and 1.0 give (1 + 4) / 2 = 2.5."""
    return sum((output - target) ** 2 for output, target in zip(outputs, targets)) / len(targets)


def hinge(outputs, targets):
    """a5: the mean of max(0, 1 - target * output), for targets 1 and -1. Remember relu().
    An output that is on the right side by 1 or more costs nothing.
    Outputs 2.0 and 0.5 with targets 1 and -1 give (0 + 1.5) / 2 = 0.75."""
    return sum((1 - target * output).relu() for output, target in zip(outputs, targets)) / len(targets)


def binary_cross_entropy(logits, targets):
    """a5: the mean of -log(p) for target 1 and of -log(1 - p) for target 0, where p = sigmoid(z) for logit z.
    At z = -1000, p becomes 0 and log(p) fails. So use -log(p) = log(1 + exp(-z)) = log(1 + exp(z)) - z: the
    form whose exp stays small. For target 0, put -z for z. Logit 0 costs log(2) = 0.693 either way."""
    total = 0
    for z, target in zip(logits, targets):
        if z.data >= 0:
            total += (1 + (-z).exp()).log() + (1 - target) * z
        else:
            total += (1 + z.exp()).log() - target * z
    return total / len(targets)


def softmax(logits):
    """a5: the probability of each class, from one logit per class: exp(z) / (sum of all exp), a list of Values.
    First subtract the largest logit's number from all logits: the result is the same, but no exp overflows.
    Logits 0 and log(3) give 0.25 and 0.75."""
    largest = max(z.data for z in logits)
    powers = [(z - largest).exp() for z in logits]
    total = sum(powers)
    return [power / total for power in powers]


def cross_entropy(logits, targets):
    """a5: the mean of -log(p), where p is the probability that softmax gives to the right class. For each
    example, logits has a list of Values, targets the right class (from 0). log(p) fails if p becomes 0: use
    log(sum of all exp(z)) - z of the right class; shift here, too. Two equal logits cost log(2) = 0.693."""
    total = 0
    for row, target in zip(logits, targets):
        largest = max(z.data for z in row)
        total += sum((z - largest).exp() for z in row).log() - (row[target] - largest)
    return total / len(targets)


# --- decisions: what an output says ---------------------------------------------------------------


def binary_decision(logit):
    """a5: 1 if the logit's sigmoid (the probability that the target is 1) is above one half, else 0.
    True and False are right as well."""
    return 1 if logit.data > 0 else 0


def most_likely(logits):
    """a5: the class with the largest logit, counted from 0: softmax gives it the largest probability.
    Logits 0.1, 2.0 and -1.0 give class 1. If several are the largest, any of them is right."""
    return max(range(len(logits)), key=lambda i: logits[i].data)


# --- optimizers: they change the data of the parameters, and nothing else -------------------------


class SGD:
    """Gradient descent: a step moves each parameter against its gradient, scaled by the learning rate lr."""

    def __init__(self, parameters, lr, momentum=0.0):
        """a5: keep the parameters (a list of Values), lr and momentum. Each parameter's velocity starts at 0."""
        self.parameters = parameters
        self.lr = lr
        self.momentum = momentum
        self.velocities = [0.0 for _ in parameters]

    def step(self):
        """a5: velocity = momentum * velocity + grad, then data goes down by lr * velocity (as in PyTorch).
        Without momentum, a step from data 2.0 with grad 3.0 and lr 0.1 goes to 1.7."""
        for i, parameter in enumerate(self.parameters):
            self.velocities[i] = self.momentum * self.velocities[i] + parameter.grad
            parameter.data = parameter.data - self.lr * self.velocities[i]


class Adam:
    """Steps of about lr, whatever the gradient's size: the mean gradient over its usual size.
    Its two running means, m and v, start at 0 and so are too small at first: step() corrects that.
    (Kingma and Ba, 2014.)"""

    def __init__(self, parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        """a5: keep the arguments. For each parameter m and v start at 0; the count of steps does, too."""
        self.parameters = parameters
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.m = [0.0 for _ in parameters]
        self.v = [0.0 for _ in parameters]
        self.steps = 0

    def step(self):
        """a5: m = b1 * m + (1 - b1) * grad and v = b2 * v + (1 - b2) * grad**2, where b1, b2 = betas. In step
        t = 1, 2, ... data goes down by lr * M / (sqrt(V) + eps), M = m / (1 - b1**t), V = v / (1 - b2**t).
        Keep m and v as they are. The first step is lr long. Use ** 0.5 for sqrt: it takes a6's arrays, too."""
        self.steps += 1
        b1, b2 = self.betas
        for i, parameter in enumerate(self.parameters):
            self.m[i] = b1 * self.m[i] + (1 - b1) * parameter.grad
            self.v[i] = b2 * self.v[i] + (1 - b2) * parameter.grad**2
            m = self.m[i] / (1 - b1**self.steps)
            v = self.v[i] / (1 - b2**self.steps)
            parameter.data = parameter.data - self.lr * m / (v**0.5 + self.eps)


def train(model, inputs, targets, loss, optimizer, steps):
    """a5: repeat so many steps: the model's output for each input, loss(outputs, targets), model.zero_grad(),
    backward(), optimizer.step(). Compute the loss anew each time, because the parameters have moved. Leave the
    lists of inputs and targets as they are. Returns a list of the losses, as plain numbers from before each step."""
    history = []
    for _ in range(steps):
        total = loss([model(x) for x in inputs], targets)
        model.zero_grad()
        total.backward()
        optimizer.step()
        history.append(total.data)
    return history
