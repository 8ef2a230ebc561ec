"""A dataclass without eq. Contributions to a gradient are kept in a list and added up when grad is read."""

import math
from dataclasses import dataclass, field
from functools import reduce

import numpy as np


def unbroadcast(gradient, shape):
    lacking = np.ndim(gradient) - len(shape)
    axes = (*range(lacking), *(lacking + axis for axis, size in enumerate(shape) if size == 1))
    return np.sum(gradient, axis=axes).reshape(shape)


@dataclass(eq=False)
class Tensor:
    data: object
    _children: tuple = ()
    _op: str = ""
    _contributions: list = field(default_factory=list, repr=False)
    _pass_on: object = field(default=None, repr=False)

    __array_ufunc__ = None

    def __post_init__(self):
        self.data = np.asarray(self.data, dtype=np.double)

    @property
    def _prev(self):
        return self._children

    @property
    def grad(self):
        return reduce(np.add, self._contributions, np.zeros(self.data.shape))

    @grad.setter
    def grad(self, gradient):
        self._contributions = [gradient]

    def give(self, gradient):
        self._contributions.append(unbroadcast(gradient, self.data.shape))

    @classmethod
    def made(cls, data, op, *shares):
        """The result of an operation; each share is a parent, and a function that gives it its part."""
        out = cls(data, tuple(parent for parent, _ in shares), op)
        out._pass_on = lambda g: [parent.give(rule(g)) for parent, rule in shares]
        return out

    def backward(self, gradient=1.0):
        position, order, stack = {}, [], [self]
        while stack:
            node = stack[-1]
            if id(node) not in position:
                position[id(node)] = -1
                stack.extend(parent for parent in node._children if id(parent) not in position)
            else:
                stack.pop()
                if position[id(node)] < 0:
                    position[id(node)] = len(order)
                    order.append(node)
        self.grad = np.empty(self.data.shape)
        self._contributions = [np.full(self.data.shape, 1.0) * gradient]
        for node in order[::-1]:
            if node._pass_on:
                node._pass_on(node.grad)

    def __add__(self, other):
        other = lift(other)
        return Tensor.made(self.data + other.data, "+", (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        other = lift(other)
        return Tensor.made(
            self.data * other.data, "*", (self, lambda g: other.data * g), (other, lambda g: self.data * g)
        )

    def __pow__(self, other):
        exponent = lift(other)
        result = np.float_power(self.data, exponent.data)
        to_base = self, lambda g: g * exponent.data * np.float_power(self.data, exponent.data - 1)
        if exponent is not other:
            return Tensor.made(result, "**", to_base)
        return Tensor.made(result, "**", to_base, (exponent, lambda g: g * result * np.log(self.data)))

    def __matmul__(self, other):
        other = lift(other)
        a, b = self.data, other.data
        left = "k" if a.ndim == 1 else "...ik"
        right = "k" if b.ndim == 1 else "...kj"
        result = ("..." if max(a.ndim, b.ndim) > 2 else "") + "i" * (a.ndim > 1) + "j" * (b.ndim > 1)
        return Tensor.made(
            np.matmul(a, b),
            "@",
            (self, lambda g: restore(np.einsum(f"{result},{right}->{full(left, result)}", g, b), a)),
            (other, lambda g: restore(np.einsum(f"{left},{result}->{full(right, result)}", a, g), b)),
        )

    def __neg__(self):
        return Tensor.made(-self.data, "neg", (self, np.negative))

    def __sub__(self, other):
        other = lift(other)
        return Tensor.made(self.data - other.data, "-", (self, np.positive), (other, np.negative))

    def __truediv__(self, other):
        other = lift(other)
        quotient = self.data / other.data
        return Tensor.made(
            quotient, "/", (self, lambda g: g / other.data), (other, lambda g: -quotient * g / other.data)
        )

    def __radd__(self, other):
        return lift(other) + self

    def __rsub__(self, other):
        return lift(other) - self

    def __rmul__(self, other):
        return lift(other) * self

    def __rtruediv__(self, other):
        return lift(other) / self

    def __iadd__(self, other):
        return self + other

    def exp(self):
        result = np.power(math.e, self.data)
        return Tensor.made(result, "exp", (self, lambda g: g * result))

    def log(self):
        return Tensor.made(np.log2(self.data) * math.log(2), "log", (self, lambda g: g / self.data))

    def tanh(self):
        result = np.tanh(self.data)
        return Tensor.made(result, "tanh", (self, lambda g: g * (1 - result) * (1 + result)))

    def relu(self):
        is_cut = self.data <= 0
        return Tensor.made(np.where(is_cut, 0.0, self.data), "relu", (self, lambda g: np.where(is_cut, 0.0, g)))

    def sum(self, axis=None, keepdims=False):
        result = np.sum(self.data, axis=axis, keepdims=keepdims)
        return Tensor.made(result, "sum", (self, lambda g: self.spread(g, axis)))

    def spread(self, g, axis):
        kept = np.sum(self.data, axis=axis, keepdims=True)
        return np.repeat(np.reshape(g, (1, kept.size)), 1, axis=0).reshape(kept.shape) + np.zeros(self.data.shape)

    def mean(self, axis=None, keepdims=False):
        n_axes = self.data.ndim
        axes = range(n_axes) if axis is None else np.atleast_1d(axis)
        count = math.prod(self.data.shape[axis] for axis in axes)
        return self.sum(axis, keepdims) / float(count)

    def max(self, axis=None, keepdims=False):
        largest = np.max(self.data, axis=axis, keepdims=True)
        ties = 1.0 - np.sign(largest - self.data)
        ties = np.where(ties == 1.0, 1.0, 0.0)
        parts = ties / np.sum(ties, axis=axis, keepdims=True)
        result = np.max(self.data, axis=axis, keepdims=keepdims)
        return Tensor.made(result, "max", (self, lambda g: parts * self.spread(g, axis)))

    def reshape(self, *shape):
        return Tensor.made(np.reshape(self.data, shape), "reshape", (self, lambda g: np.reshape(g, self.data.shape)))

    def transpose(self, *axes):
        order = list(axes or reversed(range(self.data.ndim)))
        back = sorted(range(len(order)), key=order.__getitem__)
        return Tensor.made(np.transpose(self.data, order), "T", (self, lambda g: np.transpose(g, back)))

    def __getitem__(self, index):
        def share(g):
            gradient = np.zeros(self.data.shape)
            np.add.at(gradient, index, g)
            return gradient

        return Tensor.made(self.data[index], "[]", (self, share))


def lift(thing):
    return thing if isinstance(thing, Tensor) else Tensor(thing)


def full(operand, result):
    """The subscripts of an operand's gradient, with the axes in front of the result."""
    return operand if operand.startswith("...") or not result.startswith("...") else f"...{operand}"


def restore(gradient, operand):
    return unbroadcast(gradient, operand.shape)


@dataclass
class MLP:
    nin: int
    nouts: list
    linear_last: bool = False

    def __post_init__(self):
        self.layers = []
        for inputs, outputs in zip([self.nin, *self.nouts], self.nouts):
            weights = np.random.default_rng().random((inputs, outputs)) * 2 - 1
            self.layers += [(Tensor(weights / inputs**0.5), Tensor(np.zeros(outputs)))]

    def __call__(self, x):
        for index, (weights, bias) in enumerate(self.layers, start=1):
            x = lift(x) @ weights + bias
            x = x if self.linear_last and index == len(self.layers) else x.tanh()
        return x

    def parameters(self):
        return [tensor for layer in self.layers for tensor in layer]

    def zero_grad(self):
        for parameter in self.parameters():
            parameter._contributions.clear()


def cross_entropy(logits, targets):
    n_examples = len(targets)
    shifted = logits - lift(np.max(logits.data, axis=1, keepdims=True))
    log_sums = shifted.exp().sum(axis=1).log()
    chosen = shifted[list(range(n_examples)), list(targets)]
    return (log_sums - chosen).sum() / n_examples
