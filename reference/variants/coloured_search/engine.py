"""A depth-first search with colours: white nodes are new, grey ones wait for their parents, black ones are in order.
The backward rules are methods of Value that the result keeps by name; _prev is a dict, for its keys."""

import math

WHITE, GREY, BLACK = range(3)


class Value:
    def __init__(self, data, _children=(), _op="", _rule="_stop"):
        self.data = data
        self.grad = 0.0
        self._prev = dict.fromkeys(_children)
        self._operands = tuple(_children)
        self._op = _op
        self._rule = _rule

    @classmethod
    def of(cls, x):
        return x if isinstance(x, cls) else cls(x)

    def _stop(self):
        pass

    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), "+", "_back_add")

    def _back_add(self):
        for parent in self._operands:
            parent.grad += self.grad

    def __sub__(self, other):
        other = Value.of(other)
        return Value(self.data - other.data, (self, other), "-", "_back_sub")

    def _back_sub(self):
        a, b = self._operands
        a.grad += self.grad
        b.grad -= self.grad

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), "*", "_back_mul")

    def _back_mul(self):
        a, b = self._operands
        a.grad += b.data * self.grad
        b.grad += a.data * self.grad

    def __truediv__(self, other):
        other = Value.of(other)
        return Value(self.data / other.data, (self, other), "/", "_back_div")

    def _back_div(self):
        a, b = self._operands
        a.grad += self.grad / b.data
        b.grad -= self.grad * self.data / b.data

    def __pow__(self, other):
        if isinstance(other, Value):
            return Value(self.data**other.data, (self, other), "**", "_back_pow")
        out = Value(self.data**other, (self,), "**", "_back_power")
        out._exponent = other
        return out

    def _back_pow(self):
        a, b = self._operands
        a.grad += b.data * a.data ** (b.data - 1) * self.grad
        b.grad += math.log(a.data) * self.data * self.grad

    def _back_power(self):
        (a,) = self._operands
        a.grad += self._exponent * a.data ** (self._exponent - 1) * self.grad

    def __neg__(self):
        return Value(-self.data, (self,), "-", "_back_neg")

    def _back_neg(self):
        self._operands[0].grad -= self.grad

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp", "_back_exp")

    def _back_exp(self):
        self._operands[0].grad += self.data * self.grad

    def log(self):
        return Value(math.log(self.data), (self,), "log", "_back_log")

    def _back_log(self):
        self._operands[0].grad += self.grad / self._operands[0].data

    def tanh(self):
        return Value(math.tanh(self.data), (self,), "tanh", "_back_tanh")

    def _back_tanh(self):
        self._operands[0].grad += (1.0 - self.data) * (1.0 + self.data) * self.grad

    def sigmoid(self):
        e = math.exp(-abs(self.data))
        return Value(e / (1 + e) if self.data < 0 else 1 / (1 + e), (self,), "sigmoid", "_back_sigmoid")

    def _back_sigmoid(self):
        self._operands[0].grad += self.data * (1 - self.data) * self.grad

    def relu(self):
        return Value(max(self.data, 0), (self,), "relu", "_back_relu")

    def _back_relu(self):
        if self._operands[0].data > 0:
            self._operands[0].grad += self.grad

    def __radd__(self, other):
        return Value(other).__add__(self)

    def __rsub__(self, other):
        return Value(other).__sub__(self)

    def __rmul__(self, other):
        return Value(other).__mul__(self)

    def __rtruediv__(self, other):
        return Value(other).__truediv__(self)

    def __rpow__(self, other):
        return Value(other).__pow__(self)

    def backward(self):
        colour = {}
        finished = []
        stack = [self]
        while stack:
            node = stack[-1]
            if colour.get(node, WHITE) == WHITE:
                colour[node] = GREY
                stack.extend(parent for parent in node._prev if colour.get(parent, WHITE) == WHITE)
            else:
                stack.pop()
                if colour[node] == GREY:
                    colour[node] = BLACK
                    finished.append(node)
        self.grad = 1.0
        while finished:
            node = finished.pop()
            getattr(node, node._rule)()
