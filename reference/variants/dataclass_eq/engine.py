"""A dataclass with eq=True: == compares fields, so a Value has no hash and fits in no set; nodes are told apart by
id(). No closures: backward reads _op and applies the rule for it."""

import math
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field


@dataclass(eq=True)
class Value:
    data: float
    _children: InitVar[Iterable] = ()
    _op: str = ""
    grad: float = field(default=0.0, init=False)
    _prev: tuple = field(init=False, repr=False)

    def __post_init__(self, _children):
        self._prev = tuple(_children)

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, (self, other), "+")

    def __sub__(self, other):
        other = lift(other)
        return Value(self.data - other.data, (self, other), "-")

    def __mul__(self, other):
        other = lift(other)
        return Value(self.data * other.data, (self, other), "*")

    def __truediv__(self, other):
        other = lift(other)
        return Value(self.data / other.data, (self, other), "/")

    def __pow__(self, other):
        op = "**" if isinstance(other, Value) else "**const"
        other = lift(other)
        return Value(self.data**other.data, (self, other), op)

    def __radd__(self, other):
        return lift(other) + self

    def __rsub__(self, other):
        return lift(other) - self

    def __rmul__(self, other):
        return lift(other) * self

    def __rtruediv__(self, other):
        return lift(other) / self

    def __rpow__(self, other):
        return lift(other) ** self

    def __neg__(self):
        return 0 - self

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp")

    def log(self):
        return Value(math.log(self.data), (self,), "log")

    def tanh(self):
        return Value(math.tanh(self.data), (self,), "tanh")

    def sigmoid(self):
        small = math.exp(-abs(self.data))
        return Value((small if self.data < 0 else 1.0) / (1.0 + small), (self,), "sigmoid")

    def relu(self):
        return Value(self.data if self.data > 0 else 0.0, (self,), "relu")

    def backward(self):
        order, entered, stack = [], set(), [self]
        while stack:
            node = stack.pop()
            if node is None:  # a marker: the node below it has all its parents in order
                order.append(stack.pop())
            elif id(node) not in entered:
                entered.add(id(node))
                stack += [node, None, *node._prev]
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node._prev, slopes(node)):
                parent.grad += slope * node.grad


def lift(x):
    return x if isinstance(x, Value) else Value(x)


def slopes(node):
    """The local derivatives of a node, one for each parent that needs a gradient."""
    numbers = [parent.data for parent in node._prev]
    match node._op, numbers:
        case "+", _:
            return 1.0, 1.0
        case "-", _:
            return 1.0, -1.0
        case "*", (a, b):
            return b, a
        case "/", (a, b):
            return 1 / b, -node.data / b
        case "**const", (a, k):
            return (k * a ** (k - 1),)
        case "**", (a, b):
            return b * a ** (b - 1), math.log(a) * node.data
        case "exp", _:
            return (node.data,)
        case "log", (a,):
            return (1 / a,)
        case "tanh", _:
            return (1 - node.data * node.data,)
        case "sigmoid", _:
            return (node.data * (1 - node.data),)
        case "relu", (a,):
            return (1.0 if a > 0 else 0.0,)
    return ()
