"""One tape for the whole program: entries by number hold the results weakly,
so that a graph that nobody holds disappears; backward() walks down from its own number and skips what it never met."""

import math
import weakref


class _Tape:
    def __init__(self):
        self.entries = {}
        self.length = 0

    def record(self, value):
        number = self.length
        self.length += 1
        self.entries[number] = weakref.ref(value, lambda _: self.entries.pop(number, None))
        return number


TAPE = _Tape()


class Value:
    def __init__(self, data, _children=(), _op="", _slopes=()):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._slopes = _slopes
        self._number = TAPE.record(self)

    def __add__(self, other):
        other = _value(other)
        return Value(self.data + other.data, (self, other), "+", (lambda: 1.0, lambda: 1.0))

    def __sub__(self, other):
        other = _value(other)
        return Value(self.data - other.data, (self, other), "-", (lambda: 1.0, lambda: -1.0))

    def __mul__(self, other):
        other = _value(other)
        return Value(self.data * other.data, (self, other), "*", (lambda: other.data, lambda: self.data))

    def __truediv__(self, other):
        other = _value(other)
        slopes = (lambda: 1 / other.data, lambda: -self.data / other.data**2)
        return Value(self.data / other.data, (self, other), "/", slopes)

    def __pow__(self, other):
        if isinstance(other, Value):
            slopes = (
                lambda: other.data * self.data ** (other.data - 1),
                lambda: math.log(self.data) * self.data**other.data,
            )
            return Value(self.data**other.data, (self, other), "**", slopes)
        return Value(self.data**other, (self,), "**", (lambda: other * self.data ** (other - 1),))

    def __neg__(self):
        return Value(-self.data, (self,), "neg", (lambda: -1.0,))

    def __radd__(self, other):
        return _value(other) + self

    def __rsub__(self, other):
        return _value(other) - self

    def __rmul__(self, other):
        return _value(other) * self

    def __rtruediv__(self, other):
        return _value(other) / self

    def __rpow__(self, other):
        return _value(other) ** self

    def exp(self):
        y = math.exp(self.data)
        return Value(y, (self,), "exp", (lambda: y,))

    def log(self):
        return Value(math.log(self.data), (self,), "log", (lambda: 1 / self.data,))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), "tanh", (lambda: 1 - y * y,))

    def sigmoid(self):
        y = 1 / (1 + math.exp(-self.data)) if self.data > -709 else 0.0
        return Value(y, (self,), "sigmoid", (lambda: y * (1 - y),))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), "relu", (lambda: 1.0 if self.data > 0 else 0.0,))

    def backward(self):
        self.grad = 1.0
        met = {self._number}
        waiting = [self]
        while waiting:  # what this result was made from
            for parent in waiting.pop()._prev:
                if parent._number not in met:
                    met.add(parent._number)
                    waiting.append(parent)
        for number in sorted(met, reverse=True):
            node = TAPE.entries[number]()
            for parent, slope in zip(node._prev, node._slopes):
                parent.grad += slope() * node.grad


def _value(x):
    return x if isinstance(x, Value) else Value(x)
