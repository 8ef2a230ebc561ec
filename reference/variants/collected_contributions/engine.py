"""Gradients arrive as letters: every user puts its contribution into a list, and a node adds its list up with fsum when
its turn comes. A gradient is written once for each backward(), never step by step."""

import math


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._letters = []

    def __add__(self, other):
        return Sum(self, other)

    def __mul__(self, other):
        return Product(self, other)

    def __pow__(self, other):
        return ValuePower(self, other) if isinstance(other, Value) else Power(self, other)

    def __neg__(self):
        return Scaled(self, -1)

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1 if isinstance(other, Value) else Scaled(self, 1 / other)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return Scaled(self**-1, other)

    def __rpow__(self, other):
        return ValuePower(Value(other), self)

    def exp(self):
        y = math.exp(self.data)
        return Curve(self, "exp", y, y)

    def log(self):
        return Curve(self, "log", math.log(self.data), 1 / self.data)

    def tanh(self):
        y = math.tanh(self.data)
        return Curve(self, "tanh", y, 1 - y * y)

    def sigmoid(self):
        y = 0.5 * (math.tanh(0.5 * self.data) + 1.0)
        return Curve(self, "sigmoid", y, y * (1.0 - y))

    def relu(self):
        return Curve(self, "relu", self.data, 1) if self.data > 0 else Curve(self, "relu", 0, 0)

    def backward(self):
        order = list(self._upstream())
        for node in reversed(order):
            gradient = math.fsum(node._letters) if node is not self else 1.0
            node._letters = []
            node.grad = gradient if node is self else node.grad + gradient
            node._send(gradient)

    def _send(self, gradient):
        """Put the contributions of this node into the lists of its parents. A leaf has none."""

    def _upstream(self):
        seen, stack = set(), [(self, False)]
        while stack:
            node, parents_are_done = stack.pop()
            if parents_are_done:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((parent, False) for parent in node._prev)


class Sum(Value):
    def __init__(self, a, b):
        b = b if isinstance(b, Value) else Value(b)
        super().__init__(a.data + b.data, (a, b), "+")

    def _send(self, gradient):
        for parent in self._prev:
            parent._letters.append(gradient)


class Product(Value):
    def __init__(self, a, b):
        b = b if isinstance(b, Value) else Value(b)
        super().__init__(a.data * b.data, (a, b), "*")

    def _send(self, gradient):
        a, b = self._prev
        a._letters.append(gradient * b.data)
        b._letters.append(gradient * a.data)


class Scaled(Value):
    def __init__(self, a, factor):
        super().__init__(a.data * factor, (a,), "*k")
        self._factor = factor

    def _send(self, gradient):
        self._prev[0]._letters.append(gradient * self._factor)


class Power(Value):
    def __init__(self, a, k):
        super().__init__(a.data**k, (a,), "**k")
        self._k = k

    def _send(self, gradient):
        (a,) = self._prev
        a._letters.append(gradient * self._k * a.data ** (self._k - 1))


class ValuePower(Value):
    def __init__(self, a, b):
        super().__init__(a.data**b.data, (a, b), "**")

    def _send(self, gradient):
        a, b = self._prev
        a._letters.append(gradient * b.data * a.data ** (b.data - 1))
        b._letters.append(gradient * self.data * math.log(a.data))


class Curve(Value):
    """A function of one number whose slope is known at once."""

    def __init__(self, a, op, y, slope):
        super().__init__(y, (a,), op)
        self._slope = slope

    def _send(self, gradient):
        self._prev[0]._letters.append(gradient * self._slope)
