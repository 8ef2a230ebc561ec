"""Three primitives: an elementwise operation, a sum, and a gather from the flat array by numbers of places.

Reshaping, transposing, indexing and even broadcasting are gathers; @ is a gather of both, * and a sum.
"""

import numpy as np


def unbroadcast(gradient, shape):
    places = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), gradient.shape)
    return np.bincount(places.ravel(), gradient.ravel(), int(np.prod(shape))).reshape(shape)


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op="", _share=None):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros(self.data.shape)
        self._prev, self._op, self._share = frozenset(_children), _op, _share

    def backward(self, gradient=1.0):
        depth, order = {self: 0}, [self]
        for node in order:  # grows while it is walked: breadth first, and the latest depth counts
            for parent in node._prev:
                if parent not in depth:
                    order.append(parent)
                depth[parent] = depth.get(parent, 0) + 1
        self.grad = np.zeros(self.data.shape) + gradient
        ready = [self]
        for node in ready:
            if node._share:
                node._share(node.grad)
            for parent in node._prev:
                depth[parent] -= 1
                if depth[parent] == 0:
                    ready.append(parent)

    def collect(self, gradient):
        self.grad = self.grad + gradient

    def gather(self, places):
        """The numbers at these places of the flat array, in the shape of `places`."""
        size, shape = self.data.size, self.data.shape

        def share(g):
            self.collect(np.bincount(places.ravel(), g.ravel(), size).reshape(shape))

        return Tensor(self.data.ravel()[places], [self], "gather", share)

    def places(self):
        return np.arange(self.data.size).reshape(self.data.shape)

    def stretched(self, shape):
        return self if self.data.shape == shape else self.gather(np.broadcast_to(self.places(), shape))

    def together(self, other):
        """Both operands as Tensors of the same shape."""
        other = other if isinstance(other, Tensor) else Tensor(other)
        shape = np.broadcast_shapes(self.data.shape, other.data.shape)
        return self.stretched(shape), other.stretched(shape)

    def map(self, result, slope):
        return Tensor(result, [self], "map", lambda g: self.collect(g * slope))

    def __add__(self, other):
        a, b = self.together(other)

        def share(g):
            a.collect(g)
            b.collect(g)

        return Tensor(a.data + b.data, [a, b], "+", share)

    def __mul__(self, other):
        a, b = self.together(other)

        def share(g):
            a.collect(g * b.data)
            b.collect(g * a.data)

        return Tensor(a.data * b.data, [a, b], "*", share)

    def __pow__(self, other):
        if not isinstance(other, Tensor):
            exponent = np.asarray(other, dtype=float)
            base = self.stretched(np.broadcast_shapes(self.data.shape, exponent.shape))
            return base.map(base.data**exponent, exponent * base.data ** (exponent - 1))
        return (other * self.log()).exp()

    def __neg__(self):
        return self.map(-self.data, -1.0)

    def __sub__(self, other):
        a, b = self.together(other)
        return a + -b

    def __truediv__(self, other):
        a, b = self.together(other)
        return a * b.map(1 / b.data, -1 / b.data**2)

    def __radd__(self, other):
        return Tensor(other) + self

    def __rmul__(self, other):
        return Tensor(other) * self

    def __rsub__(self, other):
        return Tensor(other) - self

    def __rtruediv__(self, other):
        return Tensor(other) / self

    def exp(self):
        result = np.exp(self.data)
        return self.map(result, result)

    def log(self):
        return self.map(np.log(self.data), 1 / self.data)

    def tanh(self):
        result = np.tanh(self.data)
        return self.map(result, 1 - result**2)

    def relu(self):
        return self.map(np.fmax(self.data, 0.0), np.float64(1.0) * (self.data > 0.0))

    def sum(self, axis=None, keepdims=False):
        kept = self.data.sum(axis=axis, keepdims=True).shape

        def share(g):
            self.collect(np.broadcast_to(g.reshape(kept), self.data.shape))

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), [self], "sum", share)

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        return total.map(total.data * total.data.size / self.data.size, total.data.size / self.data.size)

    def max(self, axis=None, keepdims=False):
        largest = np.isclose(self.data, self.data.max(axis=axis, keepdims=True), rtol=0, atol=0)
        return (self * (largest / largest.sum(axis=axis, keepdims=True))).sum(axis, keepdims)

    def reshape(self, *shape):
        return self.gather(self.places().reshape(*shape))

    def transpose(self, *axes):
        return self.gather(self.places().transpose(*axes))

    def __getitem__(self, index):
        return self.gather(np.asarray(self.places()[index]))

    def __matmul__(self, other):
        a = self.gather(np.atleast_2d(self.places()))
        b = other.gather(other.places() if other.data.ndim > 1 else other.places()[:, None])
        products = a.gather(a.places()[..., :, :, None]) * b.gather(b.places()[..., None, :, :])
        product = products.sum(axis=-2)
        places = product.places()
        places = places[..., 0] if other.data.ndim == 1 else places
        if self.data.ndim == 1:
            places = places[..., 0, :] if other.data.ndim > 1 else places[..., 0]
        return product.gather(np.asarray(places))


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        self.weights, self.biases = [], []
        self.squashes = [True] * len(nouts)
        if linear_last:
            self.squashes[-1] = False
        for nout in nouts:
            self.weights.append(Tensor((1 - 2 * np.random.rand(nin, nout)) / np.sqrt(nin)))
            self.biases.append(Tensor(np.zeros(nout)))
            nin = nout

    def __call__(self, x):
        y = Tensor(x) if isinstance(x, np.ndarray) else x
        for weights, bias, squashes in zip(self.weights, self.biases, self.squashes):
            y = y @ weights + bias
            y = y.tanh() if squashes else y
        return y

    def parameters(self):
        return tuple(each for layer in zip(self.weights, self.biases) for each in layer)

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = np.zeros(parameter.data.shape)


def cross_entropy(logits, targets):
    n_examples, n_classes = logits.data.shape
    right = logits.gather(np.arange(n_examples) * n_classes + np.asarray(targets))
    differences = logits - right.reshape(n_examples, 1)
    largest = differences.data.max(axis=1)
    return ((differences - largest[:, None]).exp().sum(axis=1).log() + largest).mean()
