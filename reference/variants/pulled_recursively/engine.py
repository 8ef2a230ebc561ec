"""Pull instead of push: a node's gradient is the sum over its users of slope times their gradients, found by recursion
from the leaves with a memo. Users are found by one recursive walk first."""

import math


class Value:
    def __init__(self, data, _children=(), _op="", _partials=lambda: ()):
        self.data = data
        self.grad = 0.0
        self._prev = set(_children)
        self._op = _op
        self._partials = _partials

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), "+", lambda: ((self, 1), (other, 1)))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), "*", lambda: ((self, other.data), (other, self.data)))

    def __pow__(self, other):
        if isinstance(other, Value):
            y = self.data**other.data
            return Value(
                y,
                (self, other),
                "**",
                lambda: ((self, other.data * self.data ** (other.data - 1)), (other, y * math.log(self.data))),
            )
        return Value(self.data**other, (self,), "**", lambda: ((self, other * self.data ** (other - 1)),))

    def __neg__(self):
        return Value(-self.data, (self,), "neg", lambda: ((self, -1),))

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return self * other**-1

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
        return Value(y, (self,), "exp", lambda: ((self, y),))

    def log(self):
        return Value(math.log(self.data), (self,), "log", lambda: ((self, 1 / self.data),))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), "tanh", lambda: ((self, 1 - y * y),))

    def sigmoid(self):
        return (1 + (-self).exp()) ** -1

    def relu(self):
        y = max(0, self.data)
        return Value(y, (self,), "relu", lambda: ((self, 1 if y > 0 else 0),))

    def backward(self):
        users = {}

        def walk(node):
            if node not in users:
                users[node] = []
                for parent in node._prev:
                    walk(parent)
                for parent, slope in node._partials():
                    users[parent].append((node, slope))

        memo = {self: 1.0}

        def pull(node):
            if node not in memo:
                memo[node] = sum(slope * pull(user) for user, slope in users[node])
            return memo[node]

        walk(self)
        for node in users:
            if node is self:
                node.grad = 1.0
            else:
                node.grad += pull(node)
