"""A class decorator makes the reflected operators, and another one wraps plain numbers. Parents are in a frozenset,
and the closures are kept as a list of steps."""

import math
from functools import wraps
from itertools import chain


def takes_numbers(method):
    @wraps(method)
    def with_value(self, other):
        return method(self, other if isinstance(other, Value) else Value(other, constant=True))

    return with_value


def with_reflected(*names):
    """Give a class `__rNAME__` for each `__NAME__`."""

    def decorate(cls):
        for name in names:
            method = getattr(cls, f"__{name}__")

            def reflected(self, other, method=method):
                return method(cls(other, constant=True), self)

            setattr(cls, f"__r{name}__", reflected)
        return cls

    return decorate


@with_reflected("add", "sub", "mul", "truediv", "pow")
class Value:
    def __init__(self, data, _children=(), _op="", constant=False):
        self.data = data
        self.grad = 0.0
        self.constant = constant
        self._prev = frozenset(_children)
        self._op = _op
        self._steps = []

    def _step(self, target, amount):
        """Remember to add amount() times the gradient of self to the gradient of the target."""
        if not target.constant:
            self._steps.append((target, amount))
        return self

    @takes_numbers
    def __add__(self, other):
        return Value(self.data + other.data, (self, other), "+")._step(self, lambda: 1)._step(other, lambda: 1)

    @takes_numbers
    def __sub__(self, other):
        return Value(self.data - other.data, (self, other), "-")._step(self, lambda: 1)._step(other, lambda: -1)

    @takes_numbers
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other), "*")
        return out._step(self, lambda: other.data)._step(other, lambda: self.data)

    @takes_numbers
    def __truediv__(self, other):
        out = Value(self.data / other.data, (self, other), "/")
        return out._step(self, lambda: 1 / other.data)._step(other, lambda: -self.data / other.data**2)

    @takes_numbers
    def __pow__(self, other):
        out = Value(self.data**other.data, (self, other), "**")
        out._step(self, lambda: other.data * self.data ** (other.data - 1))
        return out._step(other, lambda: math.log(self.data) * self.data**other.data)

    def __neg__(self):
        return Value(-self.data, (self,), "-")._step(self, lambda: -1)

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp")._step(self, lambda: math.exp(self.data))

    def log(self):
        return Value(math.log(self.data), (self,), "log")._step(self, lambda: 1 / self.data)

    def tanh(self):
        return Value(math.tanh(self.data), (self,), "tanh")._step(self, lambda: 1 - math.tanh(self.data) ** 2)

    def sigmoid(self):
        s = 0.5 + math.tanh(self.data / 2) / 2
        return Value(s, (self,), "sigmoid")._step(self, lambda: s * (1 - s))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), "relu")._step(self, lambda: float(self.data > 0))

    def backward(self):
        order, visited, stack = [], set(), [self]
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                order.extend(node)
            elif node not in visited:
                visited.add(node)
                stack.append([node])
                stack.extend(node._prev)
        self.grad = 1.0
        for target, amount, node in chain.from_iterable(
            ((target, amount, node) for target, amount in node._steps) for node in reversed(order)
        ):
            target.grad += amount() * node.grad
