"""Each Tensor has a number, given when it is made, and for each parent a rule from its own gradient to the parent's.
backward() goes by the numbers, the latest first. A gradient is made when it is first asked for."""

import heapq
from itertools import count, pairwise

import numpy as np

numbers = count()


def unbroadcast(gradient, shape):
    padded = (1,) * (np.ndim(gradient) - len(shape)) + tuple(shape)
    stretched = tuple(axis for axis, size in enumerate(padded) if size == 1)
    return np.sum(gradient, axis=stretched, keepdims=True).reshape(shape)


class Tensor:
    __slots__ = ("_grad", "_number", "_op", "_prev", "_rules", "data")
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op="", _rules=()):
        self.data = np.asarray(data, dtype=float) if not isinstance(data, np.float64) else data
        self._grad, self._number = None, next(numbers)
        self._prev, self._op, self._rules = set(_children), _op, _rules

    @classmethod
    def of(cls, value):
        return value if isinstance(value, cls) else cls(value)

    def _made(self, op, data, *rules):
        """The result of an operation. rules: (parent, from the result's gradient to the parent's)."""
        return Tensor(data, [parent for parent, _ in rules], op, rules)

    @property
    def grad(self):
        if self._grad is None:
            self._grad = np.zeros(np.shape(self.data))
        return self._grad

    @grad.setter
    def grad(self, value):
        self._grad = value

    def backward(self, gradient=1.0):
        self._grad = np.broadcast_to(gradient, np.shape(self.data)).astype(float)
        waiting, seen = [(-self._number, self)], {self}
        while waiting:
            _, node = heapq.heappop(waiting)
            for parent, rule in node._rules:
                parent._grad = parent.grad + unbroadcast(rule(node.grad), np.shape(parent.data))
                if parent not in seen:
                    seen.add(parent)
                    heapq.heappush(waiting, (-parent._number, parent))

    def __add__(self, other):
        other = Tensor.of(other)
        return self._made("+", self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __sub__(self, other):
        other = Tensor.of(other)
        return self._made("-", self.data - other.data, (self, lambda g: g), (other, lambda g: -g))

    def __mul__(self, other):
        other = Tensor.of(other)
        a, b = self.data, other.data
        return self._made("*", a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __truediv__(self, other):
        other = Tensor.of(other)
        a, b = self.data, other.data
        return self._made("/", a / b, (self, lambda g: g / b), (other, lambda g: -g * a / (b * b)))

    def __pow__(self, other):
        a, b = self.data, other.data if isinstance(other, Tensor) else other
        base = (self, lambda g: g * b * a ** (b - 1.0))
        if not isinstance(other, Tensor):
            return self._made("**", a ** float(other) if np.isscalar(other) else a**other, base)
        return self._made("**", a**b, base, (other, lambda g: g * a**b * np.log(a)))

    def __neg__(self):
        return self._made("-", -self.data, (self, lambda g: -g))

    def __radd__(self, other):
        return Tensor(other) + self

    def __rsub__(self, other):
        return Tensor(other) - self

    def __rmul__(self, other):
        return Tensor(other) * self

    def __rtruediv__(self, other):
        return Tensor(other) / self

    def exp(self):
        result = np.exp(self.data)
        return self._made("exp", result, (self, lambda g: g * result))

    def log(self):
        return self._made("log", np.log(self.data), (self, lambda g: g / self.data))

    def tanh(self):
        result = np.tanh(self.data)
        return self._made("tanh", result, (self, lambda g: g - g * result**2))

    def relu(self):
        on = np.heaviside(self.data, 0.0)
        return self._made("relu", self.data * on, (self, lambda g: g * on))

    def sum(self, axis=None, keepdims=False):
        kept, shape = self.data.sum(axis=axis, keepdims=True).shape, self.data.shape
        result = self.data.sum(axis=axis, keepdims=keepdims)
        return self._made("sum", result, (self, lambda g: np.ones(shape) * np.reshape(g, kept)))

    def mean(self, axis=None, keepdims=False):
        weight = self.data.mean(axis=axis).size / self.data.size
        return (self * weight).sum(axis, keepdims)

    def max(self, axis=None, keepdims=False):
        largest = self.data.max(axis=axis, keepdims=True)
        equal = np.equal(self.data, largest).astype(float)
        equal /= equal.sum(axis=axis, keepdims=True)
        result = self.data.max(axis=axis, keepdims=keepdims)
        return self._made("max", result, (self, lambda g: equal * np.reshape(g, largest.shape)))

    def reshape(self, *shape):
        return self._made("reshape", self.data.reshape(shape), (self, lambda g: g.reshape(self.data.shape)))

    def transpose(self, *axes):
        order = axes or tuple(reversed(range(self.data.ndim)))
        return self._made("T", np.moveaxis(self.data, order, range(len(order))), (self, lambda g: self._back(g, order)))

    @staticmethod
    def _back(gradient, order):
        return np.moveaxis(gradient, range(len(order)), order)

    def __getitem__(self, index):
        places = np.arange(self.data.size).reshape(self.data.shape)[index]

        def rule(g):
            counted = np.bincount(places.ravel(), np.ravel(g), self.data.size)
            return counted.reshape(self.data.shape)

        return self._made("[]", self.data[index], (self, rule))

    def __matmul__(self, other):
        """Made of others: a[..., i, j, 1] * b[..., 1, j, k], summed over j."""
        other = Tensor.of(other)
        a = self.reshape(1, -1) if self.data.ndim == 1 else self
        b = other.reshape(-1, 1) if other.data.ndim == 1 else other
        front = b.data.shape[:-2]
        products = a.reshape(*a.data.shape, 1) * b.reshape(*front, 1, *b.data.shape[-2:])
        product = products.sum(axis=-2)
        shape = list(product.data.shape)
        rows, columns = shape[-2:]
        kept = [rows] * (self.data.ndim > 1) + [columns] * (other.data.ndim > 1)
        return product.reshape(*shape[:-2], *kept)


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        sizes = [nin, *nouts]
        self._parameters = []
        for inputs, outputs in pairwise(sizes):
            width = inputs**-0.5
            self._parameters += [Tensor(np.random.uniform(-width, width, (inputs, outputs))), Tensor([0.0] * outputs)]
        self.squashes = len(nouts) - bool(linear_last)

    def __call__(self, x):
        result = Tensor.of(x)
        for layer in range(len(self._parameters) // 2):
            weights, bias = self._parameters[2 * layer : 2 * layer + 2]
            result = result @ weights + bias
            result = result.tanh() if layer < self.squashes else result
        return result

    def parameters(self):
        return self._parameters

    def zero_grad(self):
        for parameter in self._parameters:
            parameter.grad = None


def cross_entropy(logits, targets):
    largest = logits.max(axis=1, keepdims=True)
    shares = (logits - largest).exp().sum(axis=1, keepdims=True).log() + largest
    losses = [shares[row, 0] - logits[row, target] for row, target in enumerate(targets)]
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    return total / len(losses)
