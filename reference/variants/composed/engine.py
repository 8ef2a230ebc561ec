"""Everything possible is built of other operations on Values; only + * exp log and a constant power have rules of their
own. tanh and sigmoid from exp of Values: loses stability."""

import math


def value(x):
    return x if isinstance(x, Value) else Value(x)


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._backward = None

    def __add__(self, other):
        other = value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            for parent in out._prev:
                parent.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out._backward = _backward
        return out

    def _constant_power(self, k):
        out = Value(self.data**k, (self,), f"**{k}")

        def _backward():
            self.grad += out.grad * (k * self.data ** (k - 1))

        out._backward = _backward
        return out

    def exp(self):
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward():
            self.grad += out.grad * out.data

        out._backward = _backward
        return out

    def log(self):
        out = Value(math.log(self.data), (self,), "log")

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    # The rest is arithmetic.

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-value(other))

    def __truediv__(self, other):
        return self * value(other) ** -1

    def __pow__(self, other):
        return (other * self.log()).exp() if isinstance(other, Value) else self._constant_power(other)

    def __radd__(self, other):
        return value(other) + self

    def __rmul__(self, other):
        return value(other) * self

    def __rsub__(self, other):
        return value(other) - self

    def __rtruediv__(self, other):
        return value(other) / self

    def __rpow__(self, other):
        return value(other) ** self

    def sigmoid(self):
        return 1 / (1 + (-self).exp())

    def tanh(self):
        return 2 * (2 * self).sigmoid() - 1

    def relu(self):
        return self * (1.0 if self.data > 0 else 0.0)

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(parent, False) for parent in node._prev]
        self.grad = 1.0
        for node in reversed(order):
            if node._backward:
                node._backward()
