"""No closures: at forward time each node stores (parent, local derivative) pairs. Backward is Kahn's algorithm: count
how often each node is used, and send a node on when all its users are done. Plain numbers never become nodes."""

import math
from collections import deque


class Value:
    def __init__(self, data, _children=(), _op="", _edges=()):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._edges = _edges

    def __add__(self, other):
        return node("+", number(self) + number(other), (self, 1.0), (other, 1.0))

    __radd__ = __add__

    def __mul__(self, other):
        return node("*", number(self) * number(other), (self, number(other)), (other, number(self)))

    __rmul__ = __mul__

    def __neg__(self):
        return node("neg", -self.data, (self, -1.0))

    def __sub__(self, other):
        return node("-", number(self) - number(other), (self, 1.0), (other, -1.0))

    def __rsub__(self, other):
        return Value.__sub__(other, self)

    def __truediv__(self, other):
        a, b = number(self), number(other)
        return node("/", a / b, (self, 1 / b), (other, -a / b**2))

    def __rtruediv__(self, other):
        return Value.__truediv__(other, self)

    def __pow__(self, other):
        a, b = number(self), number(other)
        to_base = power_slope(a, b) if isinstance(self, Value) else None
        to_exponent = math.log(a) * a**b if isinstance(other, Value) else None
        return node("**", a**b, (self, to_base), (other, to_exponent))

    def __rpow__(self, other):
        return Value.__pow__(other, self)

    def exp(self):
        y = math.exp(self.data)
        return node("exp", y, (self, y))

    def log(self):
        return node("log", math.log(self.data), (self, 1 / self.data))

    def tanh(self):
        y = math.tanh(self.data)
        return node("tanh", y, (self, 1 - y * y))

    def sigmoid(self):
        y = (1 + math.tanh(self.data / 2)) / 2
        return node("sigmoid", y, (self, y * (1 - y)))

    def relu(self):
        step = 1.0 if self.data > 0 else 0.0
        return node("relu", self.data * step, (self, step))

    def backward(self):
        """Count the uses of each ancestor; then let the gradients flow from self, each node when it is complete."""
        uses, found = {self: 0}, [self]
        for current in found:  # found grows while we walk over it
            for parent, _ in current._edges:
                if parent not in uses:
                    uses[parent] = 0
                    found.append(parent)
                uses[parent] += 1
        self.grad = 1.0
        ready = deque([self])
        while ready:
            current = ready.popleft()
            for parent, derivative in current._edges:
                parent.grad += derivative * current.grad
                uses[parent] -= 1
                if uses[parent] == 0:
                    ready.append(parent)


def number(x):
    return x.data if isinstance(x, Value) else x


def node(op, data, *pairs):
    edges = tuple(pair for pair in pairs if isinstance(pair[0], Value))
    return Value(data, [parent for parent, _ in edges], op, edges)


def power_slope(a, k):
    """d(a ** k)/da, also where a is 0: it is taken at once, and so must not fail where the value exists."""
    if a == 0 and k < 1:
        return 0.0 if k == 0 else math.inf
    return k * a ** (k - 1)
