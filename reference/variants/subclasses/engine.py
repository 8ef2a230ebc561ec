"""Each operation is a subclass of Value with its own _propagate; defining it makes the method of Value too.
So an inner node's type is Add or Tanh, not Value itself, and a plain number becomes a Constant."""

import math
import operator


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad = data, 0.0
        self._prev, self._op = list(_children), _op

    def _propagate(self, *parents):
        """A leaf has nobody to hand its gradient to."""

    def __neg__(self):
        return self * -1

    def backward(self):
        order, seen, stack = [], set(), [self]
        while stack:
            node = stack.pop()
            if isinstance(node, list):  # a node whose parents are all in order
                order += node
            elif node not in seen:
                seen.add(node)
                stack += [[node], *node._prev]
        self.grad = 1.0
        for node in order[::-1]:
            node._propagate(*node._prev)


class Constant(Value):
    """A plain number that met a Value."""


class Operation(Value):
    def __init__(self, *operands):
        parents = [x if isinstance(x, Value) else Constant(x) for x in operands]
        super().__init__(self._compute(*(parent.data for parent in parents)), parents, type(self).__name__)

    def __init_subclass__(cls, method, reflected=None):
        setattr(Value, method, lambda *operands: cls(*operands))
        if reflected:
            setattr(Value, reflected, lambda self, other: cls(other, self))


class Add(Operation, method="__add__", reflected="__radd__"):
    _compute = staticmethod(operator.add)

    def _propagate(self, a, b):
        a.grad += self.grad
        b.grad += self.grad


class Sub(Operation, method="__sub__", reflected="__rsub__"):
    _compute = staticmethod(operator.sub)

    def _propagate(self, a, b):
        a.grad += self.grad
        b.grad -= self.grad


class Mul(Operation, method="__mul__", reflected="__rmul__"):
    _compute = staticmethod(operator.mul)

    def _propagate(self, a, b):
        a.grad += self.grad * b.data
        b.grad += self.grad * a.data


class Div(Operation, method="__truediv__", reflected="__rtruediv__"):
    _compute = staticmethod(operator.truediv)

    def _propagate(self, a, b):
        a.grad += self.grad / b.data
        b.grad -= self.grad * self.data / b.data


class Pow(Operation, method="__pow__", reflected="__rpow__"):
    _compute = staticmethod(operator.pow)

    def _propagate(self, a, b):
        a.grad += self.grad * b.data * a.data ** (b.data - 1)
        if not isinstance(b, Constant):
            b.grad += self.grad * self.data * math.log(a.data)


class Exp(Operation, method="exp"):
    _compute = staticmethod(math.exp)

    def _propagate(self, a):
        a.grad += self.grad * self.data


class Log(Operation, method="log"):
    _compute = staticmethod(math.log)

    def _propagate(self, a):
        a.grad += self.grad / a.data


class Tanh(Operation, method="tanh"):
    _compute = staticmethod(math.tanh)

    def _propagate(self, a):
        a.grad += self.grad * (1 - self.data**2)


class Sigmoid(Operation, method="sigmoid"):
    _compute = staticmethod(lambda x: math.exp(min(x, 0.0)) / (1 + math.exp(-abs(x))))

    def _propagate(self, a):
        a.grad += self.grad * self.data * (1 - self.data)


class Relu(Operation, method="relu"):
    _compute = staticmethod(lambda x: max(0.0, x))

    def _propagate(self, a):
        if a.data > 0:
            a.grad += self.grad
