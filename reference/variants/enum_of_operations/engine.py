"""The operations are members of an Enum: each has a function of numbers and a function that gives the slopes.
Values are made by one constructor, and _op is the member's symbol."""

import math
from collections import Counter, deque
from enum import Enum


class Op(Enum):
    ADD = "+", lambda a, b: a + b, lambda y, a, b: (1, 1)
    SUB = "-", lambda a, b: a - b, lambda y, a, b: (1, -1)
    MUL = "*", lambda a, b: a * b, lambda y, a, b: (b, a)
    DIV = "/", lambda a, b: a / b, lambda y, a, b: (1 / b, -y / b)
    POW = "**", lambda a, b: a**b, lambda y, a, b: (b * a ** (b - 1), math.log(a) * y if a > 0 else 0)
    NEG = "neg", lambda a: -a, lambda y, a: (-1,)
    EXP = "exp", lambda a: math.exp(a), lambda y, a: (y,)
    LOG = "log", lambda a: math.log(a), lambda y, a: (1 / a,)
    TANH = "tanh", lambda a: math.tanh(a), lambda y, a: (1 - y**2,)
    SIGMOID = "sigmoid", lambda a: (1 + math.tanh(a / 2)) / 2, lambda y, a: (y * (1 - y),)
    RELU = "relu", lambda a: max(a, 0), lambda y, a: (1 if a > 0 else 0,)

    def __init__(self, symbol, function, slopes):
        self.symbol, self.function, self.slopes = symbol, function, slopes

    def __call__(self, *operands):
        values = tuple(x if isinstance(x, Value) else Value(x) for x in operands)
        out = Value(self.function(*(value.data for value in values)), values, self.symbol)
        out.operation = self
        return out


class Value:
    operation = None

    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = _children
        self._op = _op

    def __add__(self, other):
        return Op.ADD(self, other)

    def __radd__(self, other):
        return Op.ADD(other, self)

    def __sub__(self, other):
        return Op.SUB(self, other)

    def __rsub__(self, other):
        return Op.SUB(other, self)

    def __mul__(self, other):
        return Op.MUL(self, other)

    def __rmul__(self, other):
        return Op.MUL(other, self)

    def __truediv__(self, other):
        return Op.DIV(self, other)

    def __rtruediv__(self, other):
        return Op.DIV(other, self)

    def __pow__(self, other):
        return Op.POW(self, other)

    def __rpow__(self, other):
        return Op.POW(other, self)

    def __neg__(self):
        return Op.NEG(self)

    def exp(self):
        return Op.EXP(self)

    def log(self):
        return Op.LOG(self)

    def tanh(self):
        return Op.TANH(self)

    def sigmoid(self):
        return Op.SIGMOID(self)

    def relu(self):
        return Op.RELU(self)

    def backward(self):
        uses = Counter()
        queue, seen = deque([self]), {self}
        while queue:
            node = queue.popleft()
            uses.update(node._prev)
            new = [parent for parent in dict.fromkeys(node._prev) if parent not in seen]
            seen.update(new)
            queue.extend(new)

        self.grad = 1.0
        queue.append(self)
        while queue:
            node = queue.popleft()
            if node.operation is None:
                continue
            slopes = node.operation.slopes(node.data, *(parent.data for parent in node._prev))
            for parent, slope in zip(node._prev, slopes):
                parent.grad += slope * node.grad
                uses[parent] -= 1
                if uses[parent] == 0:
                    queue.append(parent)
