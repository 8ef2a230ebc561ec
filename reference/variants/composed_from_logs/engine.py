"""Few rules, much algebra: only + * exp log and a power with a constant have rules. Division is a product with a power,
x ** y is exp(y log x), and tanh and sigmoid are written so that exp never overflows."""

import math


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_children)
        self._op = _op
        self._local = ()

    @staticmethod
    def _node(number, op, **local):
        """A node from named (parent, slope) pairs; the names are for whoever prints a graph."""
        out = Value(number, [parent for parent, _ in local.values()], op)
        out._local = tuple(local.values())
        return out

    def __add__(self, other):
        if not isinstance(other, Value):
            return self._node(self.data + other, f"+{other}", term=(self, 1.0))
        return self._node(self.data + other.data, "+", left=(self, 1.0), right=(other, 1.0))

    def __mul__(self, other):
        if not isinstance(other, Value):
            return self._node(self.data * other, f"*{other}", factor=(self, other))
        return self._node(self.data * other.data, "*", left=(self, other.data), right=(other, self.data))

    def __pow__(self, other):
        if isinstance(other, Value):
            return (self.log() * other).exp()
        slope = other * self.data ** (other - 1) if other not in (0, 1) else other
        return self._node(self.data**other, f"**{other}", base=(self, slope))

    def exp(self):
        y = math.exp(self.data)
        return self._node(y, "exp", exponent=(self, y))

    def log(self):
        return self._node(math.log(self.data), "log", argument=(self, 1.0 / self.data))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return self * other**-1.0

    def __radd__(self, other):
        return self + other

    def __rsub__(self, other):
        return -self + other

    def __rmul__(self, other):
        return self * other

    def __rtruediv__(self, other):
        return self**-1 * other

    def __rpow__(self, other):
        return (self * math.log(other)).exp()

    def sigmoid(self):
        if self.data < 0:
            e = self.exp()
            return e * (e + 1) ** -1
        return ((-self).exp() + 1) ** -1

    def tanh(self):
        return (self * 2).sigmoid() * 2 + -1

    def relu(self):
        return self * (self.data > 0)

    def backward(self):
        order, visited, stack = [], set(), [(False, self)]
        while stack:
            is_done, node = stack.pop()
            if is_done:
                order.append(node)
            elif node not in visited:
                visited.add(node)
                stack.append((True, node))
                stack.extend((False, parent) for parent, _ in node._local)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._local:
                parent.grad += node.grad * slope
