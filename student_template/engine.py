"""The engine: numbers that remember how they were made, and so can find their own gradients.

Every operation returns a new Value, out, which keeps its operands as parents and a closure as out._backward. The
closure adds out.grad times the local derivative to the gradient of each parent: that is the chain rule. backward()
calls the closures of a whole graph. In the docstrings, a1, a2 and a3 are the assignments that ask for a part.
"""

import math


class Value:
    """One number in an expression graph, and its gradient: how the final result responds to a nudge of it."""

    def __init__(self, data, _children=(), _op=""):
        """a1: keep the number as data, the parents as _prev and the operation as _op. grad starts at 0.
        For c = a + b, _prev holds a and b themselves (as a tuple, say), and _op can be "+".
        a2: keep a closure, too, as self._backward. The closure of a leaf does nothing."""
        raise NotImplementedError("a1: write Value.__init__")

    def __add__(self, other):
        """a1: the value of self + other; other may be a plain number. Value(2.0) + 3 is 5.0.
        a2: the closure. d(a + b)/da = 1, so each parent gets out.grad as it is.
        Add it with +=, because a parent may be used elsewhere, too."""
        raise NotImplementedError("a1: write Value.__add__")

    def __radd__(self, other):
        """a1: plain number + self, as in 2 + x. sum([x, y]) needs it, too, because it starts from 0."""
        raise NotImplementedError("a1: write Value.__radd__")

    def __mul__(self, other):
        """a1: the value of self * other; other may be a plain number.
        a2: the closure. d(a * b)/da = b, so each factor gets out.grad times the *other* factor.
        With a = 3 and b = 4, a * b is 12, a.grad is 4 and b.grad is 3."""
        raise NotImplementedError("a1: write Value.__mul__")

    def __rmul__(self, other):
        """a1: plain number * self. 2 * Value(3.0) is 6.0."""
        raise NotImplementedError("a1: write Value.__rmul__")

    def __neg__(self):
        """a1: the value of -self.
        a2: d(-a)/da = -1. Built from operations that have closures, it needs none itself."""
        raise NotImplementedError("a1: write Value.__neg__")

    def __sub__(self, other):
        """a1: the value of self - other. Value(5.0) - 3 is 2.0.
        a2: d(a - b)/da = 1 and d(a - b)/db = -1."""
        raise NotImplementedError("a1: write Value.__sub__")

    def __rsub__(self, other):
        """a1: plain number - self; mind the order. 10 - Value(3.0) is 7.0, not -7.0.
        a2: d(k - a)/da = -1."""
        raise NotImplementedError("a1: write Value.__rsub__")

    def __pow__(self, other):
        """a1: the value of self ** other; other is a plain number or a Value.
        a2: the closure. d(a**b)/da = b * a**(b - 1). If b is a Value, d(a**b)/db = log(a) * a**b (a > 0).
        With a = 3, a ** 2 is 9 and a.grad is 6."""
        raise NotImplementedError("a1: write Value.__pow__")

    def __rpow__(self, other):
        """a1: plain number ** self. 2 ** Value(3.0) is 8.0.
        a2: d(k ** a)/da = log(k) * k ** a."""
        raise NotImplementedError("a1: write Value.__rpow__")

    def __truediv__(self, other):
        """a1: the value of self / other. Value(6.0) / 4 is 1.5.
        a2: d(a / b)/da = 1 / b and d(a / b)/db = -a / b**2."""
        raise NotImplementedError("a1: write Value.__truediv__")

    def __rtruediv__(self, other):
        """a1: plain number / self; mind the order. 6 / Value(4.0) is 1.5.
        a2: d(k / a)/da = -k / a**2."""
        raise NotImplementedError("a1: write Value.__rtruediv__")

    def backward(self):
        """a2: set self.grad to 1, then call the closure of every node once, in reverse topological order: each node
        after all nodes that use it. Graphs get deep, so use a list as a stack, not recursion, and keep visited nodes
        in a set, which is fast to search. With b = a + a and c = b + b, c.backward() makes a.grad 4."""
        raise NotImplementedError("a2: write Value.backward")

    def exp(self):
        """a3: e ** self, value and closure. d exp(a)/da = exp(a). Value(0.0).exp() is 1.0."""
        raise NotImplementedError("a3: write Value.exp")

    def log(self):
        """a3: the natural logarithm, value and closure. d log(a)/da = 1 / a. Value(1.0).log() is 0.0."""
        raise NotImplementedError("a3: write Value.log")

    def tanh(self):
        """a3: squash to (-1, 1), value and closure. math.tanh never overflows.
        With t = tanh(a), dt/da = 1 - t**2."""
        raise NotImplementedError("a3: write Value.tanh")

    def sigmoid(self):
        """a3: squash to (0, 1), value and closure. s = 1 / (1 + exp(-a)) = exp(a) / (1 + exp(a)).
        Use the form in which exp gets no large number, because it overflows beyond 709.
        ds/da = s * (1 - s). Value(0.0).sigmoid() is 0.5."""
        raise NotImplementedError("a3: write Value.sigmoid")

    def relu(self):
        """a3: cut below zero, value and closure: max(0, a).
        The derivative is 1 for a > 0, else 0 (at 0, too, as in PyTorch)."""
        raise NotImplementedError("a3: write Value.relu")
