"""numpy's own operators: NDArrayOperatorsMixin turns x + y into a call of np.add, and __array_ufunc__ answers it.

So np.exp(x) works as well as x.exp(), and an array on the left needs nothing of its own.
"""

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# For each ufunc: the gradients of its operands, of (upstream gradient, result, operands ...).
DERIVATIVES = {
    np.add: lambda g, r, a, b: (g, g),
    np.subtract: lambda g, r, a, b: (g, -g),
    np.multiply: lambda g, r, a, b: (g * b, g * a),
    np.true_divide: lambda g, r, a, b: (g / b, -g * r / b),
    np.negative: lambda g, r, a: (-g,),
    np.exp: lambda g, r, a: (g * r,),
    np.log: lambda g, r, a: (g / a,),
    np.tanh: lambda g, r, a: (g * (1.0 - r * r),),
}


def unbroadcast(gradient, shape):
    stretched = [axis for axis in range(-1, -1 - len(shape), -1) if shape[axis] == 1]
    gradient = gradient.sum(axis=tuple(stretched), keepdims=True)
    return gradient.reshape(-1, *shape).sum(axis=0)


def matrices(a, b):
    return (a if a.ndim > 1 else a[None]), (b if b.ndim > 1 else b[:, None])


def matmul_gradients(g, r, a, b):
    rows, columns = matrices(a, b)
    g = g.reshape((rows @ columns).shape)
    to_a = unbroadcast(g @ np.swapaxes(columns, -2, -1), rows.shape)
    to_b = unbroadcast(np.swapaxes(rows, -2, -1) @ g, columns.shape)
    return to_a.reshape(a.shape), to_b.reshape(b.shape)


def power_gradients(g, r, a, b):
    base = np.where(a > 0, a, 1.0)
    return g * b * a ** (b - 1.0), g * r * np.log(base)


DERIVATIVES |= {np.matmul: matmul_gradients, np.power: power_gradients}


class Tensor(NDArrayOperatorsMixin):
    __hash__ = object.__hash__

    def __init__(self, data, _children=(), _op="", _gradients=None):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self._prev, self._op, self._gradients = _children, _op, _gradients

    def __array_ufunc__(self, ufunc, method, *operands, out=None):
        """Answer every operator; `x += y` asks with out=(x,), and gets a new Tensor too."""
        if method != "__call__" or ufunc not in DERIVATIVES:
            return NotImplemented
        nodes = [each if isinstance(each, Tensor) else Tensor(each) for each in operands]
        arrays = [node.data for node in nodes]
        result = ufunc(*arrays)
        return Tensor(result, nodes, ufunc.__name__, lambda g: DERIVATIVES[ufunc](g, result, *arrays))

    def _unary(self, name, result, gradient):
        return Tensor(result, [self], name, lambda g: (gradient(g),))

    def backward(self, gradient=1.0):
        order, seen = [], set()
        stack = [(self, True)]
        while stack:
            node, is_new = stack.pop()
            if not is_new:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, False))
                stack.extend((parent, True) for parent in node._prev)
        self.grad = np.array(np.broadcast_to(gradient, self.data.shape), dtype=float)
        while order:
            node = order.pop()
            if node._gradients:
                for parent, share in zip(node._prev, node._gradients(node.grad)):
                    parent.grad = parent.grad + unbroadcast(np.asarray(share), parent.data.shape)

    def exp(self):
        return np.exp(self)

    def log(self):
        return np.log(self)

    def tanh(self):
        return np.tanh(self)

    def relu(self):
        return self * np.heaviside(self.data, 0.0)

    def sum(self, axis=None, keepdims=False):
        kept = self.data.sum(axis=axis, keepdims=True)
        result = kept if keepdims else kept.squeeze(axis)
        return self._unary("sum", result, lambda g: np.ones(self.data.shape) * g.reshape(kept.shape))

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis=axis, keepdims=keepdims)
        return total * (total.data.size / self.data.size)

    def max(self, axis=None, keepdims=False):
        is_largest = self.data == self.data.max(axis=axis, keepdims=True)
        return (self * is_largest).sum(axis, keepdims) / is_largest.sum(axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        return self._unary("reshape", self.data.reshape(shape), lambda g: g.reshape(self.data.shape))

    def transpose(self, *axes):
        back = np.argsort(axes) if axes else None
        return self._unary("T", np.transpose(self.data, axes or None), lambda g: np.transpose(g, back))

    def __getitem__(self, index):
        def gradient(g):
            whole = np.zeros(self.data.shape)
            np.add.at(whole, index, g)
            return whole

        return self._unary("[]", self.data[index], gradient)


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        self.linear_last, self.widths = linear_last, (nin, *nouts)
        self._parameters = []
        for layer, nout in enumerate(nouts):
            spread = 1.0 / np.sqrt(self.widths[layer])
            self._parameters.append(Tensor(np.random.uniform(-spread, spread, (self.widths[layer], nout))))
            self._parameters.append(Tensor(np.zeros(nout)))

    def __call__(self, x):
        weights, biases = self._parameters[::2], self._parameters[1::2]
        for weight, bias in zip(weights, biases):
            x = x @ weight + bias
            if weight is not weights[-1] or not self.linear_last:
                x = np.tanh(x)
        return x

    def parameters(self):
        return list(self._parameters)

    def zero_grad(self):
        for parameter in self._parameters:
            parameter.grad = np.zeros_like(parameter.data)


def cross_entropy(logits, targets):
    moved = logits - logits.data.max(axis=1, keepdims=True)
    probabilities = np.exp(moved) / np.exp(moved).sum(axis=1, keepdims=True)
    chosen = moved[np.arange(len(targets)), targets]
    return (np.log(np.exp(moved).sum(axis=1)) - chosen).mean() + 0.0 * probabilities.sum()
