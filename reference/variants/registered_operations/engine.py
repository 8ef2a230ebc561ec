"""Operations register themselves by __init_subclass__, which also gives Value the methods: a class for each, with
forward and backward as ordinary methods. A node's operation is an object that knows its operands."""

from __future__ import annotations

import math


class Value:
    __slots__ = ("data", "grad", "_prev", "_op", "_made_by", "__weakref__")

    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._made_by = None

    def backward(self):
        self.grad = 1.0
        for node in self._users_first():
            if node._made_by is not None:
                node._made_by.backward(node)

    def _users_first(self):
        order, state, stack = [], {}, [self]
        while stack:
            node = stack.pop()
            if id(node) not in state:
                state[id(node)] = "open"
                stack.append(node)
                stack.extend(parent for parent in node._prev if id(parent) not in state)
            elif state[id(node)] == "open":
                state[id(node)] = "done"
                order.append(node)
        order.reverse()
        return order


class Operation:
    def __init_subclass__(cls, methods: tuple[str, ...] = (), reflected: tuple[str, ...] = ()):
        for name in methods:
            setattr(Value, name, lambda self, *others: cls(self, *others).result())
        for name in reflected:
            setattr(Value, name, lambda self, other: cls(other, self).result())

    def __init__(self, *operands):
        self.operands = [x if isinstance(x, Value) else Value(x) for x in operands]

    def result(self) -> Value:
        out = Value(self.forward(*(x.data for x in self.operands)), self.operands, type(self).__name__)
        out._made_by = self
        return out

    def forward(self, *numbers):
        raise NotImplementedError

    def backward(self, out: Value) -> None:
        for operand, slope in zip(self.operands, self.slopes(out.data, *(x.data for x in self.operands))):
            operand.grad += slope * out.grad

    def slopes(self, y, *numbers):
        raise NotImplementedError


class Plus(Operation, methods=("__add__",), reflected=("__radd__",)):
    def forward(self, a, b):
        return a + b

    def slopes(self, y, a, b):
        return 1.0, 1.0


class Minus(Operation, methods=("__sub__",), reflected=("__rsub__",)):
    def forward(self, a, b):
        return a - b

    def slopes(self, y, a, b):
        return 1.0, -1.0


class Times(Operation, methods=("__mul__",), reflected=("__rmul__",)):
    def forward(self, a, b):
        return a * b

    def slopes(self, y, a, b):
        return b, a


class Over(Operation, methods=("__truediv__",), reflected=("__rtruediv__",)):
    def forward(self, a, b):
        return a / b

    def slopes(self, y, a, b):
        return 1 / b, -a / (b * b)


class ToThe(Operation, methods=("__pow__",), reflected=("__rpow__",)):
    def forward(self, a, b):
        return a**b

    def slopes(self, y, a, b):
        yield b * a ** (b - 1)
        if a > 0:
            yield math.log(a) * y


class Negative(Operation, methods=("__neg__",)):
    def forward(self, a):
        return -a

    def slopes(self, y, a):
        return (-1.0,)


class Exp(Operation, methods=("exp",)):
    def forward(self, a):
        return math.exp(a)

    def slopes(self, y, a):
        return (y,)


class Log(Operation, methods=("log",)):
    def forward(self, a):
        return math.log(a)

    def slopes(self, y, a):
        return (1 / a,)


class Tanh(Operation, methods=("tanh",)):
    def forward(self, a):
        return math.tanh(a)

    def slopes(self, y, a):
        return (1 - y * y,)


class Sigmoid(Operation, methods=("sigmoid",)):
    def forward(self, a):
        if a >= 0:
            return 1 / (1 + math.exp(-a))
        return math.exp(a) / (1 + math.exp(a))

    def slopes(self, y, a):
        return (y * (1 - y),)


class Relu(Operation, methods=("relu",)):
    def forward(self, a):
        return a if a > 0 else a * 0

    def slopes(self, y, a):
        return (1.0,) if a > 0 else (0.0,)
