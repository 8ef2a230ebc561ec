"""Every Value gets a creation number, so no topological sort is needed: backward gathers the ancestors with a stack
and runs them from the youngest to the oldest, each by a rule from its gradient to those of its parents."""

import math
from itertools import count
from operator import attrgetter

_clock = count()


class Value:
    grad = 0.0
    _rule = None

    def __init__(self, data, _children=(), _op="", _rule=None):
        self.data = data
        self._prev = tuple(_children)
        self._op = _op
        self._number = next(_clock)
        if _rule:
            self._rule = _rule

    def __repr__(self):
        return f"<Value #{self._number} {self._op or 'leaf'} {self.data!r}>"

    @staticmethod
    def _lift(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = self._lift(other)
        return Value(self.data + other.data, (self, other), "add", lambda g: (g, g))

    def __sub__(self, other):
        other = self._lift(other)
        return Value(self.data - other.data, (self, other), "sub", lambda g: (g, -g))

    def __mul__(self, other):
        other = self._lift(other)
        a, b = self.data, other.data
        return Value(a * b, (self, other), "mul", lambda g: (g * b, g * a))

    def __truediv__(self, other):
        other = self._lift(other)
        a, b = self.data, other.data
        return Value(a / b, (self, other), "div", lambda g: (g / b, -g * a / (b * b)))

    def __pow__(self, other):
        a = self.data
        if not isinstance(other, Value):
            return Value(a**other, (self,), "pow", lambda g: (g * other * a ** (other - 1),))
        b = other.data
        c = a**b
        return Value(c, (self, other), "pow", lambda g: (g * b * a ** (b - 1), g * c * math.log(a)))

    def __neg__(self):
        return Value(-self.data, (self,), "neg", lambda g: (-g,))

    def __radd__(self, other):
        return self._lift(other) + self

    def __rsub__(self, other):
        return self._lift(other) - self

    def __rmul__(self, other):
        return self._lift(other) * self

    def __rtruediv__(self, other):
        return self._lift(other) / self

    def __rpow__(self, other):
        return self._lift(other) ** self

    def exp(self):
        y = math.exp(self.data)
        return Value(y, (self,), "exp", lambda g: (g * y,))

    def log(self):
        x = self.data
        return Value(math.log(x), (self,), "log", lambda g: (g / x,))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), "tanh", lambda g: (g - g * y * y,))

    def sigmoid(self):
        x = self.data
        y = 1 / (1 + math.exp(-x)) if x > 0 else 1 - 1 / (1 + math.exp(x))
        return Value(y, (self,), "sigmoid", lambda g: (g * y * (1 - y),))

    def relu(self):
        alive = self.data > 0
        return Value(self.data if alive else 0.0, (self,), "relu", lambda g: (g if alive else 0.0,))

    def backward(self):
        ancestors = {self}
        todo = [self]
        while todo:
            for parent in todo.pop()._prev:
                if parent not in ancestors:
                    ancestors.add(parent)
                    todo.append(parent)
        self.grad = 1.0
        for node in sorted(ancestors, key=attrgetter("_number"), reverse=True):
            if node._rule:
                for parent, share in zip(node._prev, node._rule(node.grad)):
                    parent.grad += share
