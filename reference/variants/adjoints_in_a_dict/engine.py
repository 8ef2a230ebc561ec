"""backward() computes all gradients in a dictionary of its own and only then adds them to .grad, leaves and all.
Slopes are lists of (parent, number) made while the result is made."""

import math
from collections import defaultdict


class Value:
    def __init__(self, data, _children=(), _op="", _slopes=()):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._slopes = _slopes

    def _other(self, other):
        return other if isinstance(other, Value) else Value(other)

    def __add__(self, other):
        other = self._other(other)
        return Value(self.data + other.data, (self, other), "+", ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = self._other(other)
        return Value(self.data * other.data, (self, other), "*", ((self, other.data), (other, self.data)))

    def __neg__(self):
        return Value(-self.data, (self,), "neg", ((self, -1.0),))

    def __pow__(self, other):
        x = self.data
        if isinstance(other, Value):
            y = x**other.data
            slopes = (self, other.data * y / x), (other, y * math.log(x))
            return Value(y, (self, other), "**", slopes)
        slope = 0.0 if other == 0 else other * x ** (other - 1) if x or other >= 1 else math.inf
        return Value(x**other, (self,), "**", ((self, slope),))

    def __sub__(self, other):
        other = self._other(other)
        return Value(self.data - other.data, (self, other), "-", ((self, 1.0), (other, -1.0)))

    def __truediv__(self, other):
        other = self._other(other)
        ratio = self.data / other.data
        return Value(ratio, (self, other), "/", ((self, 1 / other.data), (other, -ratio / other.data)))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Value(other) - self

    def __rtruediv__(self, other):
        return Value(other) / self

    def __rpow__(self, other):
        return Value(other) ** self

    def exp(self):
        y = math.exp(self.data)
        return Value(y, (self,), "exp", ((self, y),))

    def log(self):
        return Value(math.log(self.data), (self,), "log", ((self, 1 / self.data),))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), "tanh", ((self, 1 - y * y),))

    def sigmoid(self):
        y = (1 + math.tanh(self.data / 2)) / 2
        return Value(y, (self,), "sigmoid", ((self, y * (1 - y)),))

    def relu(self):
        on = self.data > 0
        return Value(self.data if on else 0.0, (self,), "relu", ((self, 1.0 if on else 0.0),))

    def backward(self):
        adjoints = defaultdict(float)
        adjoints[self] = 1.0
        order = self._sorted()
        for node in order:
            for parent, slope in node._slopes:
                adjoints[parent] += slope * adjoints[node]
        for node in order:
            node.grad = 1.0 if node is self else node.grad + adjoints[node]

    def _sorted(self):
        """All nodes below this one, users first."""
        uses = defaultdict(int)
        found = {self}
        queue = [self]
        for node in queue:  # the queue grows while it is read
            for parent in node._prev:
                uses[parent] += 1
                if parent not in found:
                    found.add(parent)
                    queue.append(parent)
        ready, order = [self], []
        while ready:
            node = ready.pop()
            order.append(node)
            for parent in node._prev:
                uses[parent] -= 1
                if not uses[parent]:
                    ready.append(parent)
        return order
