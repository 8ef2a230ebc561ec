"""Classic small engine: parents in a set, a closure per operation, recursive topological order.
recursive: loses depth; tanh and sigmoid straight from exp: loses stability."""

from math import exp, log


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = set(_children)
        self._op = _op
        self._backward = lambda: None

    def __add__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out._backward = _backward
        return out

    def __pow__(self, other):
        if isinstance(other, Value):
            out = Value(self.data**other.data, (self, other), "**")

            def _backward():
                self.grad += out.grad * other.data * self.data ** (other.data - 1)
                other.grad += out.grad * out.data * log(self.data)

        else:
            out = Value(self.data**other, (self,), f"**{other}")

            def _backward():
                self.grad += out.grad * other * self.data ** (other - 1)

        out._backward = _backward
        return out

    def exp(self):
        return self._unary(exp(self.data), "exp", lambda y: y)

    def log(self):
        return self._unary(log(self.data), "log", lambda y: 1 / self.data)

    def tanh(self):
        e = exp(2 * self.data)
        return self._unary((e - 1) / (e + 1), "tanh", lambda y: 1 - y**2)

    def sigmoid(self):
        return self._unary(1 / (1 + exp(-self.data)), "sigmoid", lambda y: y * (1 - y))

    def relu(self):
        return self._unary(self.data if self.data > 0 else 0.0, "relu", lambda y: 1.0 if y > 0 else 0.0)

    def _unary(self, result, name, slope):
        out = Value(result, (self,), name)

        def _backward():
            self.grad += out.grad * slope(out.data)

        out._backward = _backward
        return out

    def backward(self):
        topo = []
        visited = set()

        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for parent in v._prev:
                    build_topo(parent)
                topo.append(v)

        build_topo(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return other + (-self)

    def __rtruediv__(self, other):
        return other * self**-1

    def __rpow__(self, other):
        return Value(other) ** self
