"""Noisy and odd: prints and warns at import and in backward, CRLF and BOM, ints stay ints, grad starts at the int 0,
an extra label argument, parents in a set, imports of missing packages inside functions, a demo at the end."""

import math
import sys
import warnings

print("engine.py: loading the autograd engine ...")
print("engine.py: this goes to stderr", file=sys.stderr)
warnings.warn("engine.py: work in progress!", stacklevel=1)


class Value:
    count = 0

    def __init__(self, data, _children=(), _op="", label=""):
        Value.count += 1
        self.data = data
        self.grad = 0
        self._prev = set(_children)
        self._op = _op
        self.label = label or f"v{Value.count}"
        self._backward = lambda: None

    def __repr__(self):
        return f"Value({self.label}: data={self.data!r}, grad={self.grad!r}, op={self._op!r}, n={len(self._prev)})"

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other, label="const")
        return self._apply(self.data + other.data, "+", 1, other, 1)

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other, label="const")
        return self._apply(self.data * other.data, "*", other.data, other, self.data)

    def __pow__(self, other):
        power = other.data if isinstance(other, Value) else other
        out = Value(self.data**power, (self, other) if isinstance(other, Value) else (self,), f"**{power}")

        def _backward():
            self.grad = self.grad + power * self.data ** (power - 1) * out.grad
            if isinstance(other, Value):
                other.grad = other.grad + out.data * math.log(self.data) * out.grad

        out._backward = _backward
        return out

    def _apply(self, data, op, slope, other=None, other_slope=0):
        out = Value(data, (self,) if other is None else (self, other), op)

        def _backward():
            self.grad = self.grad + slope * out.grad
            if other is not None:
                other.grad = other.grad + other_slope * out.grad

        out._backward = _backward
        return out

    def exp(self):
        return self._apply(math.exp(self.data), "exp", math.exp(self.data))

    def log(self):
        return self._apply(math.log(self.data), "log", 1 / self.data)

    def tanh(self):
        z = math.exp(-2 * abs(self.data))
        t = math.copysign((1 - z) / (1 + z), self.data)
        return self._apply(t, "tanh", 1 - t * t)

    def sigmoid(self):
        try:
            s = 1 / (1 + math.exp(-self.data))
        except OverflowError:
            s = 0
        return self._apply(s, "sigmoid", s * (1 - s))

    def relu(self):
        return self._apply(self.data * (self.data > 0), "ReLU", 1 if self.data > 0 else -0.0)

    def backward(self, verbose=True):
        order, done, stack = [], set(), [self]
        while stack:
            todo = [p for p in stack[-1]._prev if p not in done]
            stack.extend(todo)
            if not todo and (node := stack.pop()) not in done:
                done.add(node)
                order.append(node)
        if verbose:
            print(f"backward: {len(order)} nodes, starting at {self}")
            warnings.warn(f"backward over {len(order)} nodes", RuntimeWarning, stacklevel=2)
        self.grad = 1
        for node in reversed(order):
            node._backward()

    # fmt: off
    def __neg__(self): return self * -1
    def __radd__(self, other): return self + other
    def __sub__(self, other): return self + (-other)
    def __rsub__(self, other): return (-self) + other
    def __rmul__(self, other): return self * other
    def __truediv__(self, other): return self * other**-1 if isinstance(other, Value) else self * (1 / other)
    def __rtruediv__(self, other): return other * self**-1
    def __rpow__(self, other): return Value(other, label="const") ** self
    # fmt: on


def draw(root):
    import graphviz  # never called, and not installed here
    import seaborn  # noqa: F401

    dot = graphviz.Digraph()
    dot.node(str(id(root)), repr(root))
    return dot


if __name__ == "__main__":
    x, y = Value(2, label="x"), Value(-0.0, label="y")
    z = x * y + x**2
    z.backward()
    print(z, x, y, sep="\n")
