"""Visited nodes in a list, as many write it first; long names, no shortcuts, `grad = grad + ...`."""

import math


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0
        self._prev = list(_children)
        self._op = _op
        self._backward = None

    def __repr__(self):
        return "Value(data=" + str(self.data) + ", grad=" + str(self.grad) + ")"

    def __add__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        out = Value(self.data + other.data, [self, other], "+")

        def backward():
            self.grad = self.grad + out.grad
            other.grad = other.grad + out.grad

        out._backward = backward
        return out

    def __mul__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        out = Value(self.data * other.data, [self, other], "*")

        def backward():
            self.grad = self.grad + out.grad * other.data
            other.grad = other.grad + out.grad * self.data

        out._backward = backward
        return out

    def __pow__(self, other):
        if isinstance(other, Value):
            out = Value(self.data**other.data, [self, other], "**")
        else:
            out = Value(self.data**other, [self], "**")

        def backward():
            if isinstance(other, Value):
                self.grad = self.grad + out.grad * other.data * self.data ** (other.data - 1)
                other.grad = other.grad + out.grad * out.data * math.log(self.data)
            else:
                self.grad = self.grad + out.grad * other * self.data ** (other - 1)

        out._backward = backward
        return out

    def __radd__(self, other):
        return Value(other) + self

    def __rmul__(self, other):
        return Value(other) * self

    def __rpow__(self, other):
        return Value(other) ** self

    def __neg__(self):
        return self * (-1)

    def __sub__(self, other):
        return self + other * (-1)

    def __rsub__(self, other):
        return Value(other) - self

    def __truediv__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        return self * other ** (-1)

    def __rtruediv__(self, other):
        return Value(other) / self

    def exp(self):
        out = Value(math.exp(self.data), [self], "exp")

        def backward():
            self.grad = self.grad + out.grad * out.data

        out._backward = backward
        return out

    def log(self):
        out = Value(math.log(self.data), [self], "log")

        def backward():
            self.grad = self.grad + out.grad / self.data

        out._backward = backward
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), [self], "tanh")

        def backward():
            self.grad = self.grad + out.grad * (1 - out.data * out.data)

        out._backward = backward
        return out

    def sigmoid(self):
        if self.data > 0:
            s = 1 / (1 + math.exp(-self.data))
        else:
            s = math.exp(self.data) / (1 + math.exp(self.data))
        out = Value(s, [self], "sigmoid")

        def backward():
            self.grad = self.grad + out.grad * s * (1 - s)

        out._backward = backward
        return out

    def relu(self):
        out = Value(self.data if self.data > 0 else 0, [self], "relu")

        def backward():
            if self.data > 0:
                self.grad = self.grad + out.grad

        out._backward = backward
        return out

    def backward(self):
        order = []
        visited = []
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in visited:
                visited.append(node)
                stack.append((node, True))
                for parent in node._prev:
                    stack.append((parent, False))
        self.grad = 1
        for node in order[::-1]:
            if node._backward:
                node._backward()
