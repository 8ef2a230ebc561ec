"""__slots__ (no other attribute fits, no weak references), data and grad are properties over private floats, parents in
a list. Everything becomes a float on its way in; an operand of an unknown kind gives NotImplemented."""

import math
from numbers import Real


def operator(method):
    """Give a binary method a Value as its other operand, or refuse."""

    def checked(self, other):
        if isinstance(other, Value):
            return method(self, other)
        return method(self, Value(other)) if isinstance(other, Real) else NotImplemented

    return checked


class Value:
    __slots__ = ("_data", "_grad", "_op", "_prev", "_push")

    def __init__(self, data, _children=(), _op=""):
        self._data, self._grad = float(data), 0.0
        self._prev, self._op, self._push = list(_children), _op, None

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, number):
        self._data = float(number)

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, number):
        self._grad = float(number)

    def _made(self, op, number, *pairs):
        """A new node from (parent, function giving the local derivative) pairs."""
        out = Value(number, [parent for parent, _ in pairs], op)

        def push():
            for parent, slope in pairs:
                parent._grad += slope() * out._grad

        out._push = push
        return out

    @operator
    def __add__(self, other):
        return self._made("+", self._data + other._data, (self, lambda: 1.0), (other, lambda: 1.0))

    @operator
    def __sub__(self, other):
        return self._made("-", self._data - other._data, (self, lambda: 1.0), (other, lambda: -1.0))

    @operator
    def __mul__(self, other):
        return self._made("*", self._data * other._data, (self, lambda: other._data), (other, lambda: self._data))

    __truediv__ = operator(lambda self, other: self * other._power(-1))

    def __pow__(self, other):
        if not isinstance(other, Value):
            return self._power(other) if isinstance(other, Real) else NotImplemented
        to_base = (self, lambda: other._data * self._data ** (other._data - 1))
        to_exponent = (other, lambda: math.log(self._data) * self._data**other._data)
        return self._made("**", self._data**other._data, to_base, to_exponent)

    def _power(self, k):
        return self._made(f"**{k}", self._data**k, (self, lambda: k * self._data ** (k - 1)))

    __radd__ = operator(lambda self, other: other + self)
    __rsub__ = operator(lambda self, other: other - self)
    __rmul__ = operator(lambda self, other: other * self)
    __rtruediv__ = operator(lambda self, other: other / self)
    __rpow__ = operator(lambda self, other: other**self)

    def __neg__(self):
        return self._made("neg", -self._data, (self, lambda: -1.0))

    def exp(self):
        return self._made("exp", math.exp(self._data), (self, lambda: math.exp(self._data)))

    def log(self):
        return self._made("log", math.log(self._data), (self, lambda: 1 / self._data))

    def tanh(self):
        return self._made("tanh", math.tanh(self._data), (self, lambda: 1 - math.tanh(self._data) ** 2))

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self._data)) if self._data > -700 else 0.0
        return self._made("sigmoid", s, (self, lambda: s * (1 - s)))

    def relu(self):
        return self._made("relu", max(self._data, 0.0), (self, lambda: 1.0 if self._data > 0 else 0.0))

    def backward(self):
        order, seen, stack = [], {self}, [(self, 0)]
        while stack:
            node, position = stack.pop()
            if position == len(node._prev):
                order.append(node)
                continue
            stack.append((node, position + 1))
            parent = node._prev[position]
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, 0))
        self._grad = 1.0
        while order:
            push = order.pop()._push
            if push is not None:
                push()
