"""Operations are plain functions of arrays; a decorator gives each of them one derivative for every operand."""

import numpy as np


def unbroadcast(gradient, shape):
    while np.ndim(gradient) > len(shape):
        gradient = np.sum(gradient, axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            gradient = np.sum(gradient, axis=axis, keepdims=True)
    return gradient


def differentiable(*derivatives):
    """Make an operation on Tensors of a function of arrays. derivatives take (gradient, result, *arrays, **options)."""

    def decorate(function):
        def operation(*operands, **options):
            nodes = [each if isinstance(each, Tensor) else Tensor(each) for each in operands]
            arrays = [node.data for node in nodes]
            result = function(*arrays, **options)
            out = Tensor(result, nodes, function.__name__)
            out.pull = lambda: [rule(out.grad, result, *arrays, **options) for rule in derivatives]
            return out

        return operation

    return decorate


@differentiable(lambda g, r, a, b: g, lambda g, r, a, b: g)
def add(a, b):
    return a + b


@differentiable(lambda g, r, a, b: g, lambda g, r, a, b: -g)
def subtract(a, b):
    return a - b


@differentiable(lambda g, r, a, b: g * b, lambda g, r, a, b: g * a)
def multiply(a, b):
    return a * b


@differentiable(lambda g, r, a, b: g / b, lambda g, r, a, b: -g * r / b)
def divide(a, b):
    return a / b


@differentiable(lambda g, r, a, b: g * b * a ** (b - 1), lambda g, r, a, b: g * r * np.log(np.where(a > 0, a, 1)))
def power(a, b):
    return a**b


@differentiable(lambda g, r, a: g * r)
def exp(a):
    return np.exp(a)


@differentiable(lambda g, r, a: g / a)
def log(a):
    return np.log(a)


@differentiable(lambda g, r, a: g * (1 + r) * (1 - r))
def tanh(a):
    return np.tanh(a)


@differentiable(lambda g, r, a: np.where(r > 0, g, 0.0))
def relu(a):
    return np.where(a > 0, a, 0.0)


def spread(g, a, axis, keepdims):
    """A gradient with the axes that went, as long as they were."""
    if not keepdims:
        axes = range(a.ndim) if axis is None else np.atleast_1d(axis)
        g = np.expand_dims(g, tuple(axes))
    return np.broadcast_to(g, a.shape)


@differentiable(lambda g, r, a, **options: spread(g, a, **options))
def total(a, axis, keepdims):
    return np.sum(a, axis, keepdims=keepdims)


def to_the_largest(g, r, a, axis, keepdims):
    on = a == spread(r, a, axis, keepdims)
    return on * spread(g, a, axis, keepdims) / np.sum(on, axis, keepdims=True)


@differentiable(to_the_largest)
def largest(a, axis, keepdims):
    return np.max(a, axis, keepdims=keepdims)


@differentiable(lambda g, r, a, shape: np.reshape(g, a.shape))
def reshape(a, shape):
    return np.reshape(a, shape)


@differentiable(lambda g, r, a, axes: np.transpose(g, np.argsort(axes) if axes else None))
def transpose(a, axes):
    return np.transpose(a, axes or None)


def to_the_places(g, r, a, index):
    whole = np.zeros(a.shape)
    np.add.at(whole, index, g)
    return whole


@differentiable(to_the_places)
def pick(a, index):
    return a[index]


def as_matrices(g, a, b):
    if b.ndim == 1:
        b, g = b.reshape(-1, 1), np.expand_dims(g, -1)
    if a.ndim == 1:
        a, g = a.reshape(1, -1), np.expand_dims(g, -2)
    return g, a, b


def to_the_left(g, r, a, b):
    g, rows, columns = as_matrices(g, a, b)
    return unbroadcast(g @ columns.swapaxes(-1, -2), rows.shape).reshape(a.shape)


def to_the_right(g, r, a, b):
    g, rows, columns = as_matrices(g, a, b)
    return unbroadcast(rows.swapaxes(-1, -2) @ g, columns.shape).reshape(b.shape)


@differentiable(to_the_left, to_the_right)
def matmul(a, b):
    return a @ b


def method(operation):
    return lambda *operands: operation(*operands)


def reflected(operation):
    return lambda right, left: operation(left, right)


class Tensor:
    __array_priority__ = 1000
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op=""):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros(self.data.shape)
        self._prev, self._op = _children, _op
        self.pull = tuple

    def backward(self, gradient=1.0):
        uses = {self: 0}
        waiting = [self]
        while waiting:
            for parent in waiting.pop()._prev:
                if parent not in uses:
                    waiting.append(parent)
                uses[parent] = uses.get(parent, 0) + 1
        self.grad = np.multiply(gradient, np.ones(self.data.shape))
        ready = [self]
        while ready:
            node = ready.pop()
            for parent, share in zip(node._prev, node.pull()):
                parent.grad = parent.grad + unbroadcast(share, parent.data.shape)
                uses[parent] -= 1
                if not uses[parent]:
                    ready.append(parent)

    __add__, __mul__, __sub__, __truediv__, __pow__ = map(method, (add, multiply, subtract, divide, power))
    __radd__, __rmul__, __rsub__, __rtruediv__ = map(reflected, (add, multiply, subtract, divide))
    __matmul__ = method(matmul)
    exp, log, tanh, relu = map(method, (exp, log, tanh, relu))

    def __neg__(self):
        return 0.0 - self

    def __getitem__(self, index):
        return pick(self, index=index)

    def sum(self, axis=None, keepdims=False):
        return total(self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False):
        return largest(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        return reshape(self, shape=shape)

    def transpose(self, *axes):
        return transpose(self, axes=axes)

    def mean(self, axis=None, keepdims=False):
        counted = np.ones(self.data.shape).sum(axis=axis, keepdims=keepdims)
        return self.sum(axis, keepdims) / counted


class Linear:
    def __init__(self, nin, nout):
        self.weights = Tensor(np.random.uniform(-1.0, 1.0, size=(nin, nout)) * nin**-0.5)
        self.bias = Tensor(np.zeros(nout))

    def __call__(self, x):
        return matmul(x, self.weights) + self.bias


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        self.steps = []
        for inputs, outputs in zip([nin, *nouts[:-1]], nouts):
            self.steps += [Linear(inputs, outputs), tanh]
        if linear_last:
            self.steps.pop()

    def __call__(self, x):
        for step in self.steps:
            x = step(x)
        return x

    def parameters(self):
        layers = [step for step in self.steps if isinstance(step, Linear)]
        return [each for layer in layers for each in (layer.weights, layer.bias)]

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = parameter.grad * 0.0


def cross_entropy(logits, targets):
    shifted = logits - logits.data.max(axis=-1, keepdims=True)
    scores = shifted - shifted.exp().sum(axis=-1, keepdims=True).log()
    return -scores[list(range(len(targets))), list(targets)].mean()
