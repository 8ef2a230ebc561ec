"""Each operation is a generator: it yields its number, waits, is sent the gradient of its result, and yields the share
of each operand. The generator of a result waits in the result until backward() sends it the gradient."""

import math
from functools import wraps


def operation(rule):
    """Make a function of Values from a generator function of numbers."""

    @wraps(rule)
    def apply(*operands):
        nodes = [x if isinstance(x, Value) else Value(x) for x in operands]
        waiting = rule(*(node.data for node in nodes))
        out = Value(next(waiting), nodes, rule.__name__)
        out._waiting = waiting
        return out

    return apply


def swapped(function):
    return lambda self, other: function(other, self)


@operation
def add(a, b):
    g = yield a + b
    yield g, g


@operation
def sub(a, b):
    g = yield a - b
    yield g, -g


@operation
def mul(a, b):
    g = yield a * b
    yield g * b, g * a


@operation
def div(a, b):
    g = yield a / b
    yield g / b, -g * a / b**2


@operation
def power(a, b):
    c = a**b
    g = yield c
    to_base = g * b * a ** (b - 1)
    yield to_base, g * c * math.log(a) if a > 0 else 0.0


@operation
def neg(a):
    g = yield -a
    yield (-g,)


@operation
def exp(a):
    y = math.exp(a)
    g = yield y
    yield (g * y,)


@operation
def log(a):
    g = yield math.log(a)
    yield (g / a,)


@operation
def tanh(a):
    y = math.tanh(a)
    g = yield y
    yield (g * (1 - y * y),)


@operation
def sigmoid(a):
    small = math.exp(-abs(a))
    y = 1 / (1 + small) if a >= 0 else small / (1 + small)
    g = yield y
    yield (g * y * (1 - y),)


@operation
def relu(a):
    g = yield max(a, 0.0)
    yield (g if a > 0 else 0.0,)


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad = data, 0.0
        self._prev, self._op = _children, _op
        self._waiting = None

    __add__, __radd__ = add, swapped(add)
    __sub__, __rsub__ = sub, swapped(sub)
    __mul__, __rmul__ = mul, swapped(mul)
    __truediv__, __rtruediv__ = div, swapped(div)
    __pow__, __rpow__ = power, swapped(power)
    __neg__ = neg
    exp, log, tanh, sigmoid, relu = exp, log, tanh, sigmoid, relu

    def backward(self):
        self.grad = 1.0
        for node in order_from(self):
            if node._waiting:
                shares = node._waiting.send(node.grad)
                node._waiting = None
                for parent, share in zip(node._prev, shares):
                    parent.grad += share


def order_from(root):
    stack, visited, order = [root], set(), []
    while stack:
        node = stack[-1]
        todo = [parent for parent in node._prev if parent not in visited]
        if todo:
            stack += todo
        else:
            stack.pop()
            if node not in visited:
                visited.add(node)
                order.append(node)
    return reversed(order)
