"""backward() clears the gradients of inner nodes first. Parents are in a set, and no gradient is changed in place."""

import numpy as np


def unbroadcast(gradient, shape):
    axes_in_front = tuple(range(gradient.ndim - len(shape)))
    gradient = gradient.sum(axis=axes_in_front)
    axes_of_size_one = tuple((axis for axis, size in enumerate(shape) if size == 1))
    return gradient.sum(axis=axes_of_size_one, keepdims=True)

class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op=''):
        self.data = np.array(data, dtype='d')
        self.grad = np.zeros_like(self.data)
        self._prev = set(_children)
        self._op = _op
        self._backward = lambda: None

    def backward(self, gradient=1.0):
        order = []
        visited = set()
        stack = [self]
        while stack:
            node = stack[-1]
            waiting = [parent for parent in node._prev if parent not in visited]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if node not in visited:
                visited.add(node)
                order.append(node)
        for node in order:
            if node._prev:
                node.grad = np.zeros_like(node.data)
        self.grad = np.zeros_like(self.data) + gradient
        for node in reversed(order):
            node._backward()

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data + other.data, (self, other), '+')

        def _backward():
            self.grad = self.grad + unbroadcast(out.grad, self.data.shape)
            other.grad = other.grad + unbroadcast(out.grad, other.data.shape)
        out._backward = _backward
        return out

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data * other.data, (self, other), '*')

        def _backward():
            self.grad = self.grad + unbroadcast(other.data * out.grad, self.data.shape)
            other.grad = other.grad + unbroadcast(self.data * out.grad, other.data.shape)
        out._backward = _backward
        return out

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -1.0 * other

    def __rsub__(self, other):
        return other + -self

    def __pow__(self, other):
        exponent = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data ** exponent.data, (self, exponent), '**')

        def _backward():
            slope = exponent.data * self.data ** (exponent.data - 1)
            self.grad = self.grad + unbroadcast(slope * out.grad, self.data.shape)
            if exponent is other:
                slope = np.log(self.data) * out.data
                exponent.grad = exponent.grad + unbroadcast(slope * out.grad, exponent.data.shape)
        out._backward = _backward
        return out

    def __truediv__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self * other ** (-1)

    def __rtruediv__(self, other):
        return other * self ** (-1)

    def exp(self):
        out = Tensor(np.exp(self.data), (self,), 'exp')

        def _backward():
            self.grad = self.grad + out.data * out.grad
        out._backward = _backward
        return out

    def log(self):
        out = Tensor(np.log(self.data), (self,), 'log')

        def _backward():
            self.grad = self.grad + out.grad / self.data
        out._backward = _backward
        return out

    def tanh(self):
        out = Tensor(np.tanh(self.data), (self,), 'tanh')

        def _backward():
            self.grad = self.grad + (1 - out.data ** 2) * out.grad
        out._backward = _backward
        return out

    def relu(self):
        out = Tensor(np.abs(self.data) * 0.5 + self.data * 0.5, (self,), 'relu')

        def _backward():
            self.grad = self.grad + (self.data > 0) * out.grad
        out._backward = _backward
        return out

    def sum(self, axis=None, keepdims=False):
        out = Tensor(self.data.sum(axis=axis, keepdims=keepdims), (self,), 'sum')

        def _backward():
            self.grad = self.grad + (out.grad if keepdims or axis is None else np.expand_dims(out.grad, axis))
        out._backward = _backward
        return out

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis, keepdims)
        return total * (total.data.size / self.data.size)

    def max(self, axis=None, keepdims=False):
        largest = self.data == self.data.max(axis=axis, keepdims=True)
        share = largest / largest.sum(axis=axis, keepdims=True)
        out = Tensor(self.data.max(axis=axis, keepdims=keepdims), (self,), 'max')

        def _backward():
            self.grad = self.grad + (share * (out.grad if keepdims or axis is None else np.expand_dims(out.grad, axis)))
        out._backward = _backward
        return out

    def reshape(self, *shape):
        out = Tensor(self.data.reshape(*shape), (self,), 'reshape')

        def _backward():
            self.grad = self.grad + out.grad.reshape(self.data.shape)
        out._backward = _backward
        return out

    def transpose(self, *axes):
        out = Tensor(self.data.transpose(*axes), (self,), 'transpose')

        def _backward():
            self.grad = self.grad + out.grad.transpose(*np.argsort(axes))
        out._backward = _backward
        return out

    def __getitem__(self, index):
        out = Tensor(self.data[index], (self,), '[]')

        def _backward():
            np.add.at(self.grad, index, out.grad)
        out._backward = _backward
        return out

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other), '@')

        def _backward():
            a, b, upstream = (self.data, other.data, out.grad)
            if b.ndim == 1:
                b, upstream = (b[:, None], upstream[..., None])
            if a.ndim == 1:
                a, upstream = (a[None, :], upstream[..., None, :])
            self.grad = self.grad + unbroadcast(upstream @ b.swapaxes(-1, -2), a.shape).reshape(self.data.shape)
            other.grad = other.grad + unbroadcast(a.swapaxes(-1, -2) @ upstream, b.shape).reshape(other.data.shape)
        out._backward = _backward
        return out

class MLP:

    def __init__(self, nin, nouts, linear_last=False):
        self.linear_last = linear_last
        shapes = zip([nin, *nouts], nouts)
        self.weights = [Tensor((np.random.beta(1, 1, shape) * 2 - 1) / np.sqrt(shape[0])) for shape in shapes]
        self.biases = [Tensor(np.zeros(nout)) for nout in nouts]

    def __call__(self, x):
        x = x if isinstance(x, Tensor) else Tensor(x)
        for i, (weights, bias) in enumerate(zip(self.weights, self.biases)):
            x = x @ weights + bias
            if not (self.linear_last and i == len(self.weights) - 1):
                x = x.tanh()
        return x

    def parameters(self):
        for layer in zip(self.weights, self.biases):
            yield from layer

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = np.zeros_like(parameter.data)

def cross_entropy(logits, targets):
    shifted = logits - logits.data.max(axis=1, keepdims=True)
    losses = shifted.exp().sum(axis=1).log() - shifted[np.arange(len(targets)), targets]
    return losses.mean()