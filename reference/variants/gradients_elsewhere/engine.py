"""A Value is only a handle: gradients are in one WeakKeyDictionary for the whole program, and grad is a property.
Everything but + * ** and the functions is made of those."""

import math
from weakref import WeakKeyDictionary

GRADIENTS = WeakKeyDictionary()


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self._op = data, _op
        self._prev = [*_children]
        self._pull = lambda g: None

    @property
    def grad(self):
        return GRADIENTS.get(self, 0.0)

    @grad.setter
    def grad(self, number):
        GRADIENTS[self] = number

    @grad.deleter
    def grad(self):
        GRADIENTS.pop(self, None)

    def __repr__(self):
        return f"{type(self).__name__}({self.data}, grad={self.grad})"

    def __add__(a, b):
        b = Value.lift(b)
        out = Value(a.data + b.data, [a, b], "+")

        def pull(g):
            a.grad += g
            b.grad += g

        out._pull = pull
        return out

    def __mul__(a, b):
        b = Value.lift(b)
        out = Value(a.data * b.data, [a, b], "*")

        def pull(g):
            a.grad += g * b.data
            b.grad += g * a.data

        out._pull = pull
        return out

    def __pow__(a, b):
        is_value = isinstance(b, Value)
        k = b.data if is_value else b
        out = Value(a.data**k, [a, b] if is_value else [a], "**")

        def pull(g):
            a.grad += g * k * a.data ** (k - 1)
            if is_value:
                b.grad += g * math.log(a.data) * out.data

        out._pull = pull
        return out

    def _curve(a, op, y, slope):
        out = Value(y, [a], op)

        def pull(g):
            a.grad += g * slope

        out._pull = pull
        return out

    def exp(a):
        y = math.exp(a.data)
        return a._curve("exp", y, y)

    def log(a):
        return a._curve("log", math.log(a.data), 1 / a.data)

    def tanh(a):
        y = math.tanh(a.data)
        return a._curve("tanh", y, 1 - y**2)

    def sigmoid(a):
        y = math.exp(min(a.data, 0)) / (1 + math.exp(-abs(a.data)))
        return a._curve("sigmoid", y, y * (1 - y))

    def relu(a):
        return a._curve("relu", max(a.data, 0.0), 1.0 if a.data > 0 else 0.0)

    def __radd__(a, b):
        return a + b

    def __rmul__(a, b):
        return a * b

    def __neg__(a):
        return a * -1

    def __sub__(a, b):
        return a + -Value.lift(b)

    def __rsub__(a, b):
        return -a + b

    def __truediv__(a, b):
        return a * Value.lift(b) ** -1

    def __rtruediv__(a, b):
        return a**-1 * b

    def __rpow__(a, b):
        return Value(b) ** a

    @staticmethod
    def lift(x):
        return x if isinstance(x, Value) else Value(x)

    def backward(self):
        order = {}  # a dict keeps the order in which nodes are done, and finds them fast
        stack = [self]
        while stack:
            node = stack.pop()
            if node in order:
                continue
            waiting = [parent for parent in node._prev if parent not in order]
            if waiting:
                stack += [node, *waiting]
            else:
                order[node] = True
        self.grad = 1.0
        for node in reversed(order):
            node._pull(node.grad)
