"""The engine: a Value remembers how it was made, so that it can find its own gradient. An operation leaves a closure
behind, for backward() to run: it adds out.grad times the local derivative to each parent's gradient (chain rule)."""

import math


class Value:
    """One number in an expression graph, and how the final result answers to a nudge of it: its gradient."""

    def __init__(self, data, _children=(), _op=""):
        """a1. Keep data, the parents as _prev (a tuple, say) and the operation as _op; grad starts at 0. c = a + b keeps
        a and b themselves in _prev; _op may say "+". a2: keep a closure too, self._backward; a leaf's does nothing."""
        self.data = data
        self.grad = 0.0
        self._prev, self._op = tuple(_children), _op
        self._backward = lambda: None  # an operation puts its own closure here

    def __add__(self, other):
        """self + other. a1: the value, also for a plain number. a2: the closure. d(a + b)/da = 1: a sum passes its
        gradient on as it is, and each parent *collects* (+=), for it may be used elsewhere. Value(2.0) + 3 is 5.0."""
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __radd__(self, other):
        """a1. Plain number + self, as in 2 + x. sum([x, y]) needs it too, since it starts from 0."""
        return self + other

    def __mul__(self, other):
        """self * other. a1: the value, also for a plain number. a2: the closure. d(a * b)/da = b: each factor gets
        out.grad times the *other* one. With a = 3 and b = 4, a * b is 12, a.grad is 4 and b.grad is 3."""
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __rmul__(self, other):
        """a1. Plain number * self: 2 * Value(3.0) is 6.0."""
        return self * other

    def __neg__(self):
        """-self. a1: the value. a2: d(-a)/da = -1, for nothing where it is made of operations that you have already."""
        return self * -1

    def __sub__(self, other):
        """self - other. a1: the value. a2: d(a - b)/da = 1 and d(a - b)/db = -1. Value(5.0) - 3 is 2.0."""
        return self + (-other)

    def __rsub__(self, other):
        """Plain number - self: mind the order. a1: 10 - Value(3.0) is 7.0, not -7.0. a2: the derivative is -1."""
        return other + (-self)

    def __pow__(self, other):
        """self ** other. a1: the value, for a plain number or a Value. a2: the closure. d(a ** b)/da = b * a**(b - 1),
        and a Value as exponent gets log(a) * a ** b (a > 0). With a = 3, a ** 2 is 9 and a.grad is 6."""
        exponent = other if isinstance(other, Value) else Value(other)
        out = Value(self.data**exponent.data, (self, exponent), "**")

        def _backward():
            self.grad += exponent.data * self.data ** (exponent.data - 1) * out.grad
            if exponent is other and self.data > 0:  # a plain exponent needs no gradient, and log(a) may not exist
                exponent.grad += math.log(self.data) * out.data * out.grad
        out._backward = _backward
        return out

    def __rpow__(self, other):
        """Plain number ** self. a1: 2 ** Value(3.0) is 8.0. a2: the derivative is log(2) * 8."""
        return Value(other) ** self

    def __truediv__(self, other):
        """self / other. a1: Value(6.0) / 4 is 1.5. a2: d(a / b)/da = 1 / b and d(a / b)/db = -a / b**2."""
        return self * other**-1

    def __rtruediv__(self, other):
        """Plain number / self: mind the order. a1: 6 / Value(4.0) is 1.5. a2: the derivative of k / b is -k / b**2."""
        return other * self**-1

    def backward(self):
        """a2. Set self.grad to 1, list all nodes in topological order (parents before what they make), and run each
        closure once from the list's end: a node may pass on only what it has wholly received. Graphs get deep, so keep
        a stack of your own (a list), no recursion. b = a + a; c = b + b; c.backward() makes a.grad 4."""
        order, visited, stack = [], set(), [self]
        while stack:
            waiting = [parent for parent in stack[-1]._prev if parent not in visited]
            if waiting:
                stack.extend(waiting)
            elif (node := stack.pop()) not in visited:
                visited.add(node)
                order.append(node)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()

    def exp(self):
        """e ** self. a3: value and closure. It is its own derivative: d exp(a)/da = exp(a). Value(0.0).exp() is 1.0."""
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward():
            self.grad += out.data * out.grad
        out._backward = _backward
        return out

    def log(self):
        """The natural logarithm. a3: value and closure. d log(a)/da = 1 / a. Value(1.0).log() is 0.0."""
        out = Value(math.log(self.data), (self,), "log")

        def _backward():
            self.grad += out.grad / self.data
        out._backward = _backward
        return out

    def tanh(self):
        """Squash to (-1, 1). a3: value and closure. With t = tanh(a), dt/da = 1 - t**2. math.tanh never overflows."""
        out = Value(math.tanh(self.data), (self,), "tanh")

        def _backward():
            self.grad += (1 - out.data**2) * out.grad
        out._backward = _backward
        return out

    def sigmoid(self):
        """Squash to (0, 1). a3: value, closure. s = 1 / (1 + exp(-a)) = exp(a) / (1 + exp(a)), and ds/da = s * (1 - s).
        Take the form whose exp gets no large number: it overflows beyond 709. Value(0.0).sigmoid() is 0.5."""
        z = math.exp(-abs(self.data))
        out = Value((1 if self.data >= 0 else z) / (1 + z), (self,), "sigmoid")

        def _backward():
            self.grad += out.data * (1 - out.data) * out.grad
        out._backward = _backward
        return out

    def relu(self):
        """Cut below zero: max(0, a). a3: value and closure. Derivative: 1 for a > 0, else 0 (at 0 too, as PyTorch)."""
        out = Value(max(0.0, self.data), (self,), "relu")

        def _backward():
            self.grad += (self.data > 0) * out.grad
        out._backward = _backward
        return out
