"""Edges run forward: each Value keeps weak references to what was made from it. backward() first finds what the result
was made from, and then asks each node whether all its living users there have passed on their gradients."""

import math
import weakref


class Value:
    def __init__(self, data, _children=(), _op="", _slopes=None):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._slopes = _slopes
        self._users = weakref.WeakSet()
        for parent in self._prev:
            parent._users.add(self)

    def __add__(self, other):
        other = value_of(other)
        return Value(self.data + other.data, (self, other), "+", lambda out: (1.0, 1.0))

    def __mul__(self, other):
        other = value_of(other)
        return Value(self.data * other.data, (self, other), "*", lambda out: (other.data, self.data))

    def __sub__(self, other):
        other = value_of(other)
        return Value(self.data - other.data, (self, other), "-", lambda out: (1.0, -1.0))

    def __truediv__(self, other):
        other = value_of(other)
        return Value(self.data / other.data, (self, other), "/", lambda out: (1 / other.data, -out.data / other.data))

    def __pow__(self, other):
        if isinstance(other, Value):

            def slopes(out):
                return other.data * self.data ** (other.data - 1), out.data * math.log(self.data)

            return Value(self.data**other.data, (self, other), "**", slopes)
        return Value(self.data**other, (self,), "**", lambda out: (other * self.data ** (other - 1),))

    def __radd__(self, other):
        return value_of(other) + self

    def __rmul__(self, other):
        return value_of(other) * self

    def __rsub__(self, other):
        return value_of(other) - self

    def __rtruediv__(self, other):
        return value_of(other) / self

    def __rpow__(self, other):
        return value_of(other) ** self

    def __neg__(self):
        return Value(-self.data, (self,), "-", lambda out: (-1.0,))

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp", lambda out: (out.data,))

    def log(self):
        return Value(math.log(self.data), (self,), "log", lambda out: (1 / self.data,))

    def tanh(self):
        return Value(math.tanh(self.data), (self,), "tanh", lambda out: (1 - out.data * out.data,))

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data)) if self.data > -500 else math.exp(self.data)
        return Value(s, (self,), "sigmoid", lambda out: (out.data * (1 - out.data),))

    def relu(self):
        return Value(self.data if self.data > 0 else 0.0, (self,), "relu", lambda out: (float(self.data > 0),))

    def backward(self):
        below = {self}
        todo = [self]
        while todo:
            for parent in todo.pop()._prev:
                if parent not in below:
                    below.add(parent)
                    todo.append(parent)

        waits_for = {node: sum(user in below for user in node._users) for node in below}
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            if node._slopes:
                for parent, slope in zip(node._prev, node._slopes(node)):
                    parent.grad += node.grad * slope
            for parent in set(node._prev):
                waits_for[parent] -= 1
                if waits_for[parent] == 0:
                    ready.append(parent)


def value_of(x):
    return x if isinstance(x, Value) else Value(x)
