"""Value is put together from mixins: a graph, arithmetic, reflected arithmetic, functions. A class that keeps the
graph knows nothing of numbers."""

import math


class Graph:
    """A node with parents, and a search that finds all nodes in order."""

    def __init__(self, parents):
        self._prev = tuple(parents)

    def _ordered(self):
        done, order, todo = set(), [], [self]
        while todo:
            node = todo.pop()
            if node in done:
                continue
            missing = [parent for parent in node._prev if parent not in done]
            if missing:
                todo.append(node)
                todo.extend(missing)
            else:
                done.add(node)
                order.append(node)
        return order


class Differentiable(Graph):
    def __init__(self, data, parents):
        super().__init__(parents)
        self.data, self.grad = data, 0.0
        self._chain = []

    def backward(self):
        order = self._ordered()
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._chain:
                parent.grad += slope() * node.grad

    def _result(self, number, op, *chain):
        out = type(self)(number, [parent for parent, _ in chain], op)
        out._chain = chain
        return out

    def _value(self, x):
        return x if isinstance(x, Differentiable) else type(self)(x)


class Arithmetic:
    def __add__(self, other):
        other = self._value(other)
        return self._result(self.data + other.data, "+", (self, lambda: 1), (other, lambda: 1))

    def __mul__(self, other):
        other = self._value(other)
        return self._result(self.data * other.data, "*", (self, lambda: other.data), (other, lambda: self.data))

    def __pow__(self, other):
        if not isinstance(other, Differentiable):
            return self._result(self.data**other, "**", (self, lambda: other * self.data ** (other - 1)))
        out = self._result(
            self.data**other.data,
            "**",
            (self, lambda: other.data * self.data ** (other.data - 1)),
            (other, lambda: math.log(self.data) * self.data**other.data),
        )
        return out

    def __neg__(self):
        return self._result(-self.data, "neg", (self, lambda: -1))

    def __sub__(self, other):
        return self + -self._value(other)

    def __truediv__(self, other):
        return self * self._value(other) ** -1


class Reflected:
    def __radd__(self, other):
        return self._value(other) + self

    def __rsub__(self, other):
        return self._value(other) - self

    def __rmul__(self, other):
        return self._value(other) * self

    def __rtruediv__(self, other):
        return self._value(other) / self

    def __rpow__(self, other):
        return self._value(other) ** self


class Functions:
    def exp(self):
        y = math.exp(self.data)
        return self._result(y, "exp", (self, lambda: y))

    def log(self):
        return self._result(math.log(self.data), "log", (self, lambda: 1 / self.data))

    def tanh(self):
        y = math.tanh(self.data)
        return self._result(y, "tanh", (self, lambda: 1 - y * y))

    def sigmoid(self):
        y = 0.5 * math.tanh(0.5 * self.data) + 0.5
        return self._result(y, "sigmoid", (self, lambda: y - y * y))

    def relu(self):
        return self._result(max(0, self.data), "relu", (self, lambda: int(self.data > 0)))


class Value(Arithmetic, Reflected, Functions, Differentiable):
    def __init__(self, data, _children=(), _op=""):
        super().__init__(data, _children)
        self._op = _op
