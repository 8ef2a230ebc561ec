"""Two classes: a Value is what users hold, and the node behind it is what the graph is made of. data and grad of a
Value are the node's, and so are its parents. A mode switches the graph off."""

import math
from contextlib import contextmanager


class _Node:
    __slots__ = ("number", "gradient", "sources", "push", "front")

    def __init__(self, number, sources=(), push=None):
        self.number = number
        self.gradient = 0.0
        self.sources = sources
        self.push = push
        self.front = None


class Value:
    _is_recording = True

    def __init__(self, data, _children=(), _op="", _node=None):
        self._node = _node or _Node(data, tuple(child._node for child in _children))
        self._node.front = self
        self._op = _op

    @classmethod
    @contextmanager
    def no_graph(cls):
        before, cls._is_recording = cls._is_recording, False
        try:
            yield
        finally:
            cls._is_recording = before

    data = property(lambda self: self._node.number, lambda self, number: setattr(self._node, "number", number))
    grad = property(lambda self: self._node.gradient, lambda self, number: setattr(self._node, "gradient", number))

    @property
    def _prev(self):
        return [node.front for node in self._node.sources]

    @staticmethod
    def _node_of(x):
        return x._node if isinstance(x, Value) else Value(x)._node

    def _make(self, op, number, *pairs):
        """A Value from (node, function that gives the slope) pairs."""
        if not Value._is_recording:
            return Value(number, (), op)

        def push(gradient):
            for source, slope in pairs:
                source.gradient += slope() * gradient

        return Value(number, (), op, _Node(number, tuple(source for source, _ in pairs), push))

    def __add__(self, other):
        a, b = self._node, self._node_of(other)
        return self._make("+", a.number + b.number, (a, lambda: 1), (b, lambda: 1))

    def __radd__(self, other):
        return Value(other) + self

    def __mul__(self, other):
        a, b = self._node, self._node_of(other)
        return self._make("*", a.number * b.number, (a, lambda: b.number), (b, lambda: a.number))

    def __rmul__(self, other):
        return Value(other) * self

    def __neg__(self):
        return self._make("neg", -self._node.number, (self._node, lambda: -1))

    def __sub__(self, other):
        return self + -(other if isinstance(other, Value) else Value(other))

    def __rsub__(self, other):
        return Value(other) - self

    def __pow__(self, other):
        a = self._node
        if not isinstance(other, Value):
            return self._make("**", a.number**other, (a, lambda: other * a.number ** (other - 1)))
        b = other._node
        to_base = (a, lambda: b.number * a.number ** (b.number - 1))
        return self._make("**", a.number**b.number, to_base, (b, lambda: math.log(a.number) * a.number**b.number))

    def __rpow__(self, other):
        return Value(other) ** self

    def __truediv__(self, other):
        a, b = self._node, self._node_of(other)
        return self._make(
            "/", a.number / b.number, (a, lambda: 1 / b.number), (b, lambda: -a.number / (b.number * b.number))
        )

    def __rtruediv__(self, other):
        return Value(other) / self

    def exp(self):
        y = math.exp(self.data)
        return self._make("exp", y, (self._node, lambda: y))

    def log(self):
        node = self._node
        return self._make("log", math.log(node.number), (node, lambda: 1 / node.number))

    def tanh(self):
        y = math.tanh(self.data)
        return self._make("tanh", y, (self._node, lambda: 1 - y * y))

    def sigmoid(self):
        x = self.data
        y = 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (math.exp(x) + 1)
        return self._make("sigmoid", y, (self._node, lambda: y * (1 - y)))

    def relu(self):
        x = self.data
        return self._make("relu", x if x > 0 else 0.0, (self._node, lambda: 1.0 if x > 0 else 0.0))

    def backward(self):
        order, seen, stack = [], set(), [self._node]
        while stack:
            node = stack[-1]
            fresh = [source for source in node.sources if source not in seen]
            if fresh:
                stack.extend(fresh)
                continue
            stack.pop()
            if node not in seen:
                seen.add(node)
                order.append(node)
        self._node.gradient = 1.0
        for node in reversed(order):
            if node.push:
                node.push(node.gradient)
