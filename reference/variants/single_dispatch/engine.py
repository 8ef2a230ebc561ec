"""functools.singledispatch wraps operands by their type; one function makes every node from an operation's name,
whose number and slopes are two more functions chosen by name."""

import math
from functools import singledispatch


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = list(_children)
        self._op = _op

    def __add__(self, other):
        return apply("add", self, other)

    def __radd__(self, other):
        return apply("add", other, self)

    def __sub__(self, other):
        return apply("sub", self, other)

    def __rsub__(self, other):
        return apply("sub", other, self)

    def __mul__(self, other):
        return apply("mul", self, other)

    def __rmul__(self, other):
        return apply("mul", other, self)

    def __truediv__(self, other):
        return apply("div", self, other)

    def __rtruediv__(self, other):
        return apply("div", other, self)

    def __pow__(self, other):
        return apply("pow", self, other)

    def __rpow__(self, other):
        return apply("pow", other, self)

    def __neg__(self):
        return apply("sub", 0, self)

    def exp(self):
        return apply("exp", self)

    def log(self):
        return apply("log", self)

    def tanh(self):
        return apply("tanh", self)

    def sigmoid(self):
        return apply("sigmoid", self)

    def relu(self):
        return apply("relu", self)

    def backward(self):
        self.grad = 1.0
        for node in users_first(self):
            for position, parent in enumerate(node._prev):
                if not isinstance(parent, Constant):
                    parent.grad += node.grad * slope(node._op, position, node)


class Constant(Value):
    """A plain number in an expression. It needs no gradient."""


@singledispatch
def as_node(x):
    raise TypeError(f"a Value cannot be combined with {x!r}")


@as_node.register(int)
@as_node.register(float)
def _(x):
    return Constant(x)


@as_node.register
def _(x: Value):
    return x


FORWARD = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)) if a > -700 else 0.0,
    "relu": lambda a: a if a > 0 else 0.0,
}


def apply(op, *operands):
    nodes = [as_node(x) for x in operands]
    return Value(FORWARD[op](*(node.data for node in nodes)), nodes, op)


def slope(op, position, out):
    """The derivative of a node with respect to one of its parents."""
    a, b = out._prev[0].data, out._prev[-1].data
    if op == "add":
        return 1
    if op == "sub":
        return -1 if position else 1
    if op == "mul":
        return a if position else b
    if op == "div":
        return -out.data / b if position else 1 / b
    if op == "pow":
        return math.log(a) * out.data if position else b * a ** (b - 1)
    if op == "exp":
        return out.data
    if op == "log":
        return 1 / a
    if op == "tanh":
        return 1 - out.data**2
    if op == "sigmoid":
        return out.data * (1 - out.data)
    return 1 if a > 0 else 0


def users_first(root):
    """All nodes of a graph, each after the nodes made from it."""
    order, visited, stack = [], set(), [(root, iter(root._prev))]
    visited.add(root)
    while stack:
        node, parents = stack[-1]
        parent = next((each for each in parents if each not in visited), None)
        if parent is None:
            order.append(node)
            stack.pop()
        else:
            visited.add(parent)
            stack.append((parent, iter(parent._prev)))
    return order[::-1]
