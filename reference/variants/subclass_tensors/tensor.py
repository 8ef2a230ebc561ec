"""Each operation is a subclass of Tensor that knows how to share its gradient out. Parents are in a list."""

import math

import numpy as np


def unbroadcast(gradient, shape):
    if gradient.shape == shape:
        return gradient
    front = gradient.ndim - len(shape)
    axes = [axis for axis in range(gradient.ndim) if axis < front or shape[axis - front] != gradient.shape[axis]]
    return gradient.sum(axis=tuple(axes)).reshape(shape)


def tensor(thing):
    return thing if isinstance(thing, Tensor) else Tensor(thing)


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op=""):
        self.data = np.array(data, dtype=float)
        self.grad = 0.0 * self.data if np.isfinite(self.data).all() else np.zeros_like(self.data)
        self._prev, self._op = list(_children), _op

    def shares(self):
        """The gradient of each parent, before it is unbroadcast."""
        return ()

    def backward(self, gradient=1.0):
        self.grad = np.broadcast_to(np.asarray(gradient, dtype=float), self.data.shape).copy()
        for node in reversed(list(self.upstream_first())):
            for parent, share in zip(node._prev, node.shares()):
                parent.grad = parent.grad + unbroadcast(np.asarray(share), parent.data.shape)

    def upstream_first(self):
        """Yield every node after its parents."""
        done, stack = set(), [(self, False)]
        while stack:
            node, has_parents = stack.pop()
            if has_parents:
                yield node
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(parent, False) for parent in node._prev]

    def __add__(self, other):
        return Add(self, tensor(other))

    def __radd__(self, other):
        return Add(tensor(other), self)

    def __mul__(self, other):
        return Mul(self, tensor(other))

    def __rmul__(self, other):
        return Mul(tensor(other), self)

    def __neg__(self):
        return Mul(self, Tensor(-1.0))

    def __sub__(self, other):
        return Add(self, -tensor(other))

    def __rsub__(self, other):
        return Add(tensor(other), -self)

    def __truediv__(self, other):
        return Mul(self, Inverse(tensor(other)))

    def __rtruediv__(self, other):
        return Mul(tensor(other), Inverse(self))

    def __pow__(self, other):
        return TensorPower(self, other) if isinstance(other, Tensor) else Power(self, np.asarray(other, dtype=float))

    def __matmul__(self, other):
        return MatMul(self, tensor(other))

    def __getitem__(self, index):
        return Index(self, index)

    def exp(self):
        return Exp(self)

    def log(self):
        return Log(self)

    def tanh(self):
        return Tanh(self)

    def relu(self):
        return Relu(self)

    def sum(self, axis=None, keepdims=False):
        return Sum(self, axis, keepdims)

    def mean(self, axis=None, keepdims=False):
        total = Sum(self, axis, keepdims)
        return total * (max(total.data.size, 1) / self.data.size)

    def max(self, axis=None, keepdims=False):
        return Max(self, axis, keepdims)

    def reshape(self, *shape):
        return Reshape(self, shape)

    def transpose(self, *axes):
        return Transpose(self, axes)


class Operation(Tensor):
    def __init__(self, *operands):
        self.arrays = [operand.data for operand in operands]
        super().__init__(self.result(*self.arrays), operands, type(self).__name__)

    def shares(self):
        return self.share(self.grad, *self.arrays)


class Add(Operation):
    def result(self, a, b):
        return a + b

    def share(self, g, a, b):
        return g, g


class Mul(Operation):
    def result(self, a, b):
        return a * b

    def share(self, g, a, b):
        return g * b, g * a


class Inverse(Operation):
    def result(self, a):
        return 1.0 / a

    def share(self, g, a):
        return (-g * self.data * self.data,)


class Power(Operation):
    def __init__(self, base, exponent):
        self.exponent = exponent
        super().__init__(base)

    def result(self, a):
        return np.power(a, self.exponent)

    def share(self, g, a):
        return (g * self.exponent * np.power(a, self.exponent - 1),)


class TensorPower(Operation):
    def result(self, a, b):
        return np.power(a, b)

    def share(self, g, a, b):
        return g * b * np.power(a, b - 1), g * np.log(a) * self.data


class Exp(Operation):
    def result(self, a):
        return np.exp(a)

    def share(self, g, a):
        return (g * self.data,)


class Log(Operation):
    def result(self, a):
        return np.log(a)

    def share(self, g, a):
        return (g / a,)


class Tanh(Operation):
    def result(self, a):
        return np.tanh(a)

    def share(self, g, a):
        return (g / np.cosh(a) ** 2,)


class Relu(Operation):
    def result(self, a):
        return np.clip(a, 0.0, math.inf)

    def share(self, g, a):
        return (g * np.sign(self.data),)


class AlongAxes(Operation):
    def __init__(self, operand, axis, keepdims):
        self.axis, self.keepdims = axis, keepdims
        super().__init__(operand)

    def kept(self, array, a):
        """An array like the result, with the axes that went, as size 1."""
        return np.reshape(array, np.empty(a.shape).sum(axis=self.axis, keepdims=True).shape)


class Sum(AlongAxes):
    def result(self, a):
        return a.sum(axis=self.axis, keepdims=self.keepdims)

    def share(self, g, a):
        return (np.zeros(a.shape) + self.kept(g, a),)


class Max(AlongAxes):
    def result(self, a):
        return a.max(axis=self.axis, keepdims=self.keepdims)

    def share(self, g, a):
        ties = np.equal(a, self.kept(self.data, a)).astype(float)
        return (self.kept(g, a) * ties / ties.sum(axis=self.axis, keepdims=True),)


class Reshape(Operation):
    def __init__(self, operand, shape):
        self.shape = shape
        super().__init__(operand)

    def result(self, a):
        return a.reshape(self.shape)

    def share(self, g, a):
        return (g.reshape(a.shape),)


class Transpose(Operation):
    def __init__(self, operand, axes):
        self.axes = axes or tuple(range(operand.data.ndim))[::-1]
        super().__init__(operand)

    def result(self, a):
        return a.transpose(self.axes)

    def share(self, g, a):
        back = [0] * len(self.axes)
        for place, axis in enumerate(self.axes):
            back[axis] = place
        return (g.transpose(back),)


class Index(Operation):
    def __init__(self, operand, index):
        self.index = index
        super().__init__(operand)

    def result(self, a):
        return a[self.index]

    def share(self, g, a):
        gradient = np.zeros(a.shape)
        np.add.at(gradient, self.index, g)
        return (gradient,)


class MatMul(Operation):
    def result(self, a, b):
        return np.matmul(a, b)

    def share(self, g, a, b):
        rows = a if a.ndim > 1 else a[np.newaxis]
        columns = b if b.ndim > 1 else b[:, np.newaxis]
        g = g.reshape(np.matmul(rows, columns).shape)
        to_rows = unbroadcast(np.einsum("...ik,...jk->...ij", g, columns), rows.shape)
        to_columns = unbroadcast(np.einsum("...ij,...ik->...jk", rows, g), columns.shape)
        return to_rows.reshape(a.shape), to_columns.reshape(b.shape)


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        self.layers = []
        for nout in nouts:
            weights = (2 * np.random.random_sample((nin, nout)) - 1) / math.sqrt(nin)
            self.layers.append({"weights": Tensor(weights), "bias": Tensor(np.zeros((nout,))), "squashes": True})
            nin = nout
        self.layers[-1]["squashes"] = not linear_last

    def __call__(self, x):
        for layer in self.layers:
            x = tensor(x) @ layer["weights"] + layer["bias"]
            if layer["squashes"]:
                x = Tanh(x)
        return x

    def parameters(self):
        found = []
        for layer in self.layers:
            found.extend([layer["weights"], layer["bias"]])
        return found

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = np.full(parameter.data.shape, 0.0)


def cross_entropy(logits, targets):
    rows = np.arange(len(targets))
    largest = np.amax(logits.data, axis=1, keepdims=True)
    log_of_sum = (logits - largest).exp().sum(axis=1).log() + largest[:, 0]
    return (log_of_sum - logits[rows, np.asarray(targets)]).mean()
