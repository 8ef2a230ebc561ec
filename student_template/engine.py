"""The engine: a Value remembers how it was made, so that it can find its own gradient. An operation leaves a closure
behind, for backward() to run: it adds out.grad times the local derivative to each parent's gradient (chain rule)."""

import math


class Value:
    """One number in an expression graph, and how the final result answers to a nudge of it: its gradient."""

    def __init__(self, data, _children=(), _op=""):
        """a1. Keep data, the parents as _prev (a tuple, say) and the operation as _op; grad starts at 0. c = a + b has
        a and b themselves in _prev; _op may say "+". a2: keep a closure too, self._backward; a leaf's does nothing."""
        raise NotImplementedError("a1: write Value.__init__")

    def __add__(self, other):
        """self + other. a1: the value, also for a plain number. a2: the closure. d(a + b)/da = 1: a sum passes its
        gradient on as it is, and each parent *collects* (+=), for it may be used elsewhere. Value(2.0) + 3 is 5.0."""
        raise NotImplementedError("a1: write Value.__add__")

    def __radd__(self, other):
        """a1. Plain number + self, as in 2 + x. sum([x, y]) needs it too, since it starts from 0."""
        raise NotImplementedError("a1: write Value.__radd__")

    def __mul__(self, other):
        """self * other. a1: the value, also for a plain number. a2: the closure. d(a * b)/da = b: each factor gets
        out.grad times the *other* one. With a = 3 and b = 4, a * b is 12, a.grad is 4 and b.grad is 3."""
        raise NotImplementedError("a1: write Value.__mul__")

    def __rmul__(self, other):
        """a1. Plain number * self: 2 * Value(3.0) is 6.0."""
        raise NotImplementedError("a1: write Value.__rmul__")

    def __neg__(self):
        """-self. a1: the value. a2: d(-a)/da = -1, for nothing where it is made of operations that you have already."""
        raise NotImplementedError("a1: write Value.__neg__")

    def __sub__(self, other):
        """self - other. a1: the value. a2: d(a - b)/da = 1 and d(a - b)/db = -1. Value(5.0) - 3 is 2.0."""
        raise NotImplementedError("a1: write Value.__sub__")

    def __rsub__(self, other):
        """Plain number - self: mind the order. a1: 10 - Value(3.0) is 7.0, not -7.0. a2: the derivative is -1."""
        raise NotImplementedError("a1: write Value.__rsub__")

    def __pow__(self, other):
        """self ** other. a1: the value, for a plain number or a Value. a2: the closure. d(a ** b)/da = b * a**(b - 1),
        and a Value as exponent gets log(a) * a ** b (a > 0). With a = 3, a ** 2 is 9 and a.grad is 6."""
        raise NotImplementedError("a1: write Value.__pow__")

    def __rpow__(self, other):
        """Plain number ** self. a1: 2 ** Value(3.0) is 8.0. a2: the derivative is log(2) * 8."""
        raise NotImplementedError("a1: write Value.__rpow__")

    def __truediv__(self, other):
        """self / other. a1: Value(6.0) / 4 is 1.5. a2: d(a / b)/da = 1 / b and d(a / b)/db = -a / b**2."""
        raise NotImplementedError("a1: write Value.__truediv__")

    def __rtruediv__(self, other):
        """Plain number / self: mind the order. a1: 6 / Value(4.0) is 1.5. a2: the derivative of k / b is -k / b**2."""
        raise NotImplementedError("a1: write Value.__rtruediv__")

    def backward(self):
        """a2. Set self.grad to 1, list all nodes in topological order (parents before what they make), and run each
        closure once from the list's end: a node may pass on only what it has wholly received. Graphs get deep, so keep
        a stack of your own (a list), no recursion. b = a + a; c = b + b; c.backward() makes a.grad 4."""
        raise NotImplementedError("a2: write Value.backward")

    def exp(self):
        """e ** self. a3: value and closure. It is its own derivative: d exp(a)/da = exp(a). Value(0.0).exp() is 1.0."""
        raise NotImplementedError("a3: write Value.exp")

    def log(self):
        """The natural logarithm. a3: value and closure. d log(a)/da = 1 / a. Value(1.0).log() is 0.0."""
        raise NotImplementedError("a3: write Value.log")

    def tanh(self):
        """Squash to (-1, 1). a3: value and closure. With t = tanh(a), dt/da = 1 - t**2. math.tanh never overflows."""
        raise NotImplementedError("a3: write Value.tanh")

    def sigmoid(self):
        """Squash to (0, 1). a3: value, closure. s = 1 / (1 + exp(-a)) = exp(a) / (1 + exp(a)), and ds/da = s * (1 - s).
        Take the form whose exp gets no large number: it overflows beyond 709. Value(0.0).sigmoid() is 0.5."""
        raise NotImplementedError("a3: write Value.sigmoid")

    def relu(self):
        """Cut below zero: max(0, a). a3: value and closure. Derivative: 1 for a > 0, else 0 (at 0 too, as PyTorch)."""
        raise NotImplementedError("a3: write Value.relu")
