"""backward() is a function of a tape: it keeps gradients in a dict and writes them into the Tensors at the end.

The tape lists parents and rules as tuples; the order comes from a generator. Subtraction and division are their own
operations, and the mean is one as well.
"""

import numpy as np


def unbroadcast(gradient, shape):
    gradient = np.asarray(gradient)
    for _ in range(gradient.ndim - len(shape)):
        gradient = np.add.reduce(gradient, axis=0)
    ones = tuple(axis for axis in range(len(shape)) if shape[axis] == 1)
    return np.add.reduce(gradient, axis=ones, keepdims=True) if ones else gradient


def ancestors_first(tensor):
    """Yield each node of a graph once, after all that it was made of."""
    seen, path = {id(tensor)}, [(tensor, iter(tensor._prev))]
    while path:
        node, parents = path[-1]
        for parent in parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                path.append((parent, iter(parent._prev)))
                break
        else:
            path.pop()
            yield node


class Tensor:
    __slots__ = ("__weakref__", "_op", "_prev", "_rules", "data", "grad")
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op="", _rules=()):
        self.data = np.asarray(data, dtype="float64")
        self.grad = np.zeros(self.data.shape)
        self._prev, self._op, self._rules = tuple(_children), _op, tuple(_rules)

    def backward(self, gradient=1.0):
        nodes = list(ancestors_first(self))
        gradients = {id(self): np.ones(self.data.shape) * gradient}
        for node in reversed(nodes):
            upstream = gradients[id(node)]
            for parent, rule in zip(node._prev, node._rules):
                share = unbroadcast(rule(upstream), parent.data.shape)
                gradients[id(parent)] = gradients[id(parent)] + share if id(parent) in gradients else share
        for node in nodes:
            is_leaf = not node._prev
            fresh = np.array(gradients[id(node)], dtype=float)
            node.grad = node.grad + fresh if is_leaf and node is not self else fresh

    def _pair(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self.data, other.data, (self, other)

    def __add__(self, other):
        a, b, both = self._pair(other)
        return Tensor(a + b, both, "+", (lambda g: g, lambda g: g))

    def __sub__(self, other):
        a, b, both = self._pair(other)
        return Tensor(a - b, both, "-", (lambda g: g, lambda g: -g))

    def __mul__(self, other):
        a, b, both = self._pair(other)
        return Tensor(a * b, both, "*", (lambda g: g * b, lambda g: g * a))

    def __truediv__(self, other):
        a, b, both = self._pair(other)
        return Tensor(a / b, both, "/", (lambda g: g / b, lambda g: -g * a / np.square(b)))

    def __pow__(self, other):
        a, b, both = self._pair(other)
        result = a**b
        rules = (lambda g: g * b * a ** (b - 1), lambda g: g * result * np.log(a))
        return Tensor(result, both, "**", rules) if both[1] is other else Tensor(result, (self,), "**", rules[:1])

    def __radd__(self, other):
        return Tensor(other) + self

    def __rsub__(self, other):
        return Tensor(other) - self

    def __rmul__(self, other):
        return Tensor(other) * self

    def __rtruediv__(self, other):
        return Tensor(other) / self

    def __neg__(self):
        return Tensor(-self.data, (self,), "-", (lambda g: -g,))

    def exp(self):
        result = np.exp(self.data)
        return Tensor(result, [self], "exp", [lambda g: g * result])

    def log(self):
        a = self.data
        return Tensor(np.log(a), [self], "log", [lambda g: g * np.reciprocal(a)])

    def tanh(self):
        result = np.tanh(self.data)
        return Tensor(result, [self], "tanh", [lambda g: g - g * np.square(result)])

    def relu(self):
        is_on = self.data > 0
        return Tensor(self.data * is_on, [self], "relu", [lambda g: g * is_on])

    def _axes(self, axis):
        """The axes, as a tuple of numbers from the front."""
        if axis is None:
            return tuple(range(self.data.ndim))
        return tuple(each % self.data.ndim for each in ([axis] if isinstance(axis, int) else axis))

    def _reduced(self, op, kept, axes, keepdims, spread):
        shape = [size for axis, size in enumerate(kept.shape) if keepdims or axis not in axes]
        return Tensor(kept.reshape(shape), [self], op, [lambda g: spread(np.reshape(g, kept.shape))])

    def sum(self, axis=None, keepdims=False):
        axes, ones = self._axes(axis), np.ones(self.data.shape)
        return self._reduced("sum", self.data.sum(axis=axes, keepdims=True), axes, keepdims, lambda g: g * ones)

    def mean(self, axis=None, keepdims=False):
        axes = self._axes(axis)
        kept = self.data.mean(axis=axes, keepdims=True)
        part = np.full(self.data.shape, kept.size / self.data.size)
        return self._reduced("mean", kept, axes, keepdims, lambda g: g * part)

    def max(self, axis=None, keepdims=False):
        axes = self._axes(axis)
        kept = self.data.max(axis=axes, keepdims=True)
        part = np.where(self.data == kept, 1.0, 0.0)
        part = part / part.sum(axis=axes, keepdims=True)
        return self._reduced("max", kept, axes, keepdims, lambda g: g * part)

    def reshape(self, *shape):
        before = self.data.shape
        return Tensor(self.data.reshape(*shape), [self], "reshape", [lambda g: g.reshape(before)])

    def transpose(self, *axes):
        places = np.arange(self.data.size).reshape(self.data.shape).transpose(*axes)
        back = np.argsort(places.ravel())
        return Tensor(self.data.transpose(*axes), [self], "T", [lambda g: g.ravel()[back].reshape(self.data.shape)])

    def __getitem__(self, index):
        def rule(g):
            whole = np.zeros(self.data.shape)
            np.add.at(whole, index, g)
            return whole

        return Tensor(self.data[index], [self], "[]", [rule])

    def __matmul__(self, other):
        a, b, both = self._pair(other)
        left, right = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
        shape = (left @ right).shape

        def to_left(g):
            return unbroadcast(g.reshape(shape) @ np.moveaxis(right, -1, -2), left.shape).reshape(a.shape)

        def to_right(g):
            return unbroadcast(np.moveaxis(left, -1, -2) @ g.reshape(shape), right.shape).reshape(b.shape)

        return Tensor(a @ b, both, "@", (to_left, to_right))


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        self._linear_last = linear_last
        self._layers = []
        generator = np.random.default_rng()
        for inputs, outputs in zip((nin, *nouts), nouts):
            bound = 1 / np.sqrt(inputs)
            weights = generator.uniform(-bound, bound, (inputs, outputs))
            self._layers.append((Tensor(weights), Tensor(np.zeros(outputs))))

    def __call__(self, x):
        *hidden, last = self._layers
        x = x if isinstance(x, Tensor) else Tensor(x)
        for weights, bias in hidden:
            x = (x @ weights + bias).tanh()
        x = x @ last[0] + last[1]
        return x if self._linear_last else x.tanh()

    def parameters(self):
        return [each for pair in self._layers for each in pair]

    def zero_grad(self):
        for weights, bias in self._layers:
            weights.grad, bias.grad = np.zeros(weights.data.shape), np.zeros(bias.data.shape)


def cross_entropy(logits, targets):
    a = logits - logits.max(axis=1, keepdims=True)
    right = Tensor(np.arange(a.data.shape[1]) == np.asarray(targets)[:, None])
    return ((a.exp().sum(axis=1)).log() - (a * right).sum(axis=1)).mean()
