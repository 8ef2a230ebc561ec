"""Values that compare and print like numbers: == by data with a hash by identity, <, bool, float, int and format; the
graph is walked by identity, with a stack of iterators."""

import functools
import math


@functools.total_ordering
class Value:
    def __init__(self, data, _children=(), _op="", label=None):
        self.data = data
        self.grad = 0.0
        self.label = label
        self._prev = tuple(_children)
        self._op = _op
        self._backward = lambda: None

    def __eq__(self, other):
        return self.data == (other.data if isinstance(other, Value) else other)

    def __hash__(self):
        return id(self)

    def __lt__(self, other):
        return self.data < (other.data if isinstance(other, Value) else other)

    def __bool__(self):
        return bool(self.data)

    def __float__(self):
        return float(self.data)

    def __int__(self):
        return int(self.data)

    def __format__(self, spec):
        return format(self.data, spec)

    def __abs__(self):
        return -self if self < 0 else +self

    def __pos__(self):
        return self * 1

    def __add__(self, other):
        other = self._wrap(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            for term in (self, other):
                term.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = self._wrap(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            for factor, rest in ((self, other), (other, self)):
                factor.grad += rest.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, other):
        if isinstance(other, Value):
            if other.label == "constant":
                return self**other.data
            out = Value(self.data**other.data, (self, other), "**")

            def _backward():
                self.grad += other.data * self.data ** (other.data - 1) * out.grad
                other.grad += math.log(self.data) * out.data * out.grad

            out._backward = _backward
            return out
        out = Value(self.data**other, (self,), "**")

        def _backward():
            self.grad += other * self.data ** (other - 1) * out.grad

        out._backward = _backward
        return out

    def __neg__(self):
        return -1 * self

    def __sub__(self, other):
        return self + -self._wrap(other)

    def __truediv__(self, other):
        return self * self._wrap(other) ** -1

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return self._wrap(other) - self

    def __rtruediv__(self, other):
        return self._wrap(other) / self

    def __rpow__(self, other):
        return self._wrap(other) ** self

    @classmethod
    def _wrap(cls, x):
        return x if isinstance(x, cls) else cls(x, label="constant")

    def _function(self, op, number, slope):
        out = Value(number, (self,), op)

        def _backward():
            self.grad += slope * out.grad

        out._backward = _backward
        return out

    def exp(self):
        e = math.exp(self.data)
        return self._function("exp", e, e)

    def log(self):
        return self._function("log", math.log(self.data), 1 / self.data)

    def tanh(self):
        t = math.tanh(self.data)
        return self._function("tanh", t, (1 + t) * (1 - t))

    def sigmoid(self):
        s = math.exp(self.data - max(self.data, 0)) / (math.exp(-max(self.data, 0)) + math.exp(min(self.data, 0)))
        return self._function("sigmoid", s, s * (1 - s))

    def relu(self):
        return self._function("relu", self.data * (self.data > 0), int(self.data > 0))

    def backward(self):
        order = []
        seen = {id(self)}
        path = [(self, iter(self._prev))]
        while path:
            node, parents = path[-1]
            for parent in parents:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    path.append((parent, iter(parent._prev)))
                    break
            else:
                order.append(path.pop()[0])
        self.grad = 1.0
        for node in order[::-1]:
            node._backward()
