"""Every node knows its level, one more than its highest parent; backward() takes nodes from a heap, highest first.
Each rule is a functools.partial of a function at the top of the file."""

import heapq
import math
from functools import partial
from itertools import count


def back_add(a, b, out):
    a.grad += out.grad
    b.grad += out.grad


def back_mul(a, b, out):
    a.grad += b.data * out.grad
    b.grad += a.data * out.grad


def back_pow(a, b, out):
    a.grad += b.data * a.data ** (b.data - 1) * out.grad
    b.grad += math.log(a.data) * out.data * out.grad


def back_power(k, a, out):
    a.grad += k * a.data ** (k - 1) * out.grad


def back_exp(a, out):
    a.grad += out.data * out.grad


def back_log(a, out):
    a.grad += out.grad / a.data


def back_tanh(a, out):
    a.grad += (1 - out.data**2) * out.grad


def back_sigmoid(a, out):
    a.grad += out.data * (1 - out.data) * out.grad


def back_relu(a, out):
    a.grad += out.grad if a.data > 0 else 0


class Value:
    def __init__(self, data, _children=(), _op="", _back=None):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._level = 1 + max((parent._level for parent in self._prev), default=-1)
        self._backward = partial(_back, *self._prev, self) if _back else None

    def __add__(self, other):
        other = wrap(other)
        return Value(self.data + other.data, (self, other), "+", back_add)

    def __mul__(self, other):
        other = wrap(other)
        return Value(self.data * other.data, (self, other), "*", back_mul)

    def __pow__(self, other):
        if isinstance(other, Value):
            return Value(self.data**other.data, (self, other), "**", back_pow)
        return Value(self.data**other, (self,), "**", partial(back_power, other))

    def __neg__(self):
        return -1 * self

    def __sub__(self, other):
        return self + -wrap(other)

    def __truediv__(self, other):
        return self * wrap(other) ** -1

    def __radd__(self, other):
        return wrap(other) + self

    def __rmul__(self, other):
        return wrap(other) * self

    def __rsub__(self, other):
        return wrap(other) - self

    def __rtruediv__(self, other):
        return wrap(other) / self

    def __rpow__(self, other):
        return wrap(other) ** self

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp", back_exp)

    def log(self):
        return Value(math.log(self.data), (self,), "log", back_log)

    def tanh(self):
        return Value(math.tanh(self.data), (self,), "tanh", back_tanh)

    def sigmoid(self):
        x = self.data
        s = 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
        return Value(s, (self,), "sigmoid", back_sigmoid)

    def relu(self):
        return Value(max(0.0, self.data), (self,), "relu", back_relu)

    def backward(self):
        self.grad = 1.0
        tickets = count()  # so that two nodes of one level are never compared
        heap = [(-self._level, next(tickets), self)]
        seen = {self}
        while heap:
            node = heapq.heappop(heap)[-1]
            if node._backward:
                node._backward()
            for parent in node._prev:
                if parent not in seen:
                    seen.add(parent)
                    heapq.heappush(heap, (-parent._level, next(tickets), parent))


def wrap(x):
    return x if isinstance(x, Value) else Value(x)
