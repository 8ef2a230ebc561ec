"""backward() first sets the gradients of all inner nodes in the graph to 0, so that only leaves accumulate: a second
loss over a shared inner node is right as well. Parents in a set; derivatives are given as functions of out."""

import math


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = frozenset(_children)
        self._op = _op
        self._flows = ()  # pairs (parent, f): parent.grad gets f(out.grad)

    def __repr__(self):
        return f"Value({self.data}; {self.grad})"

    def _flow(self, *flows):
        self._flows = flows
        return self

    def __add__(self, other):
        other = as_value(other)
        out = Value(self.data + other.data, (self, other), "+")
        return out._flow((self, lambda g: g), (other, lambda g: g))

    def __radd__(self, other):
        return as_value(other) + self

    def __neg__(self):
        return Value(-self.data, (self,), "neg")._flow((self, lambda g: -g))

    def __sub__(self, other):
        return self + -as_value(other)

    def __rsub__(self, other):
        return as_value(other) + -self

    def __mul__(self, other):
        other = as_value(other)
        out = Value(self.data * other.data, (self, other), "*")
        return out._flow((self, lambda g: g * other.data), (other, lambda g: g * self.data))

    def __rmul__(self, other):
        return as_value(other) * self

    def inverse(self):
        out = Value(1 / self.data, (self,), "1/")
        return out._flow((self, lambda g: -g * out.data**2))

    def __truediv__(self, other):
        return self * as_value(other).inverse()

    def __rtruediv__(self, other):
        return as_value(other) * self.inverse()

    def __pow__(self, other):
        if not isinstance(other, Value):
            out = Value(self.data**other, (self,), f"**{other}")
            return out._flow((self, lambda g: g * other * self.data ** (other - 1)))
        out = Value(self.data**other.data, (self, other), "**")
        return out._flow(
            (self, lambda g: g * other.data * self.data ** (other.data - 1)),
            (other, lambda g: g * math.log(self.data) * out.data),
        )

    def __rpow__(self, base):
        out = Value(base**self.data, (self,), f"{base}**")
        return out._flow((self, lambda g: g * math.log(base) * out.data))

    def exp(self):
        out = Value(math.exp(self.data), (self,), "exp")
        return out._flow((self, lambda g: g * out.data))

    def log(self):
        return Value(math.log(self.data), (self,), "log")._flow((self, lambda g: g / self.data))

    def tanh(self):
        out = Value(math.tanh(self.data), (self,), "tanh")
        return out._flow((self, lambda g: g * (1 - out.data * out.data)))

    def sigmoid(self):
        e = math.exp(-abs(self.data))
        out = Value(1 / (1 + e) if self.data >= 0 else e / (1 + e), (self,), "sigmoid")
        return out._flow((self, lambda g: g * e / (1 + e) ** 2))

    def relu(self):
        if self.data <= 0:
            return Value(0.0, (self,), "relu")
        return Value(self.data, (self,), "relu")._flow((self, lambda g: g))

    def backward(self):
        order = self._ancestors_first()
        for node in order:
            if node._prev:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, f in node._flows:
                parent.grad += f(node.grad)

    def _ancestors_first(self):
        order, visited, stack = [], set(), [(self, False)]
        while stack:
            node, expanded = stack.pop()
            if expanded:
                order.append(node)
            elif node not in visited:
                visited.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node._prev if parent not in visited)
        return order


def as_value(x):
    return x if isinstance(x, Value) else Value(x)
