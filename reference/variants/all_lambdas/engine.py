"""Every operator in one line: methods are lambdas, made by two small factories in the class body; backward() is the
only def. Slopes get the numbers of the operands as they are when backward() runs."""

import math

_v = lambda x: x if isinstance(x, Value) else Value(x)  # noqa: E731


def _binary(op, f, *slopes):
    def make(a, b):
        return Value(f(a.data, b.data), (a, b), op, slopes)

    return (lambda self, other: make(self, _v(other))), (lambda self, other: make(_v(other), self))


def _unary(op, f, slope):
    return lambda self: Value(f(self.data), (self,), op, (slope,))


class Value:
    def __init__(self, data, _children=(), _op="", _slopes=()):
        self.data, self.grad, self._prev, self._op, self._slopes = data, 0.0, tuple(_children), _op, _slopes

    __add__, __radd__ = _binary("+", lambda a, b: a + b, lambda y, a, b: 1, lambda y, a, b: 1)
    __sub__, __rsub__ = _binary("-", lambda a, b: a - b, lambda y, a, b: 1, lambda y, a, b: -1)
    __mul__, __rmul__ = _binary("*", lambda a, b: a * b, lambda y, a, b: b, lambda y, a, b: a)
    __truediv__, __rtruediv__ = _binary("/", lambda a, b: a / b, lambda y, a, b: 1 / b, lambda y, a, b: -y / b)
    __pow__, __rpow__ = _binary(
        "**",
        lambda a, b: a**b,
        lambda y, a, b: b * a ** (b - 1),
        lambda y, a, b: y * math.log(a) if a > 0 else 0,
    )
    __neg__ = _unary("neg", lambda a: -a, lambda y, a: -1)
    exp = _unary("exp", math.exp, lambda y, a: y)
    log = _unary("log", math.log, lambda y, a: 1 / a)
    tanh = _unary("tanh", math.tanh, lambda y, a: 1 - y**2)
    sigmoid = _unary("sigmoid", lambda a: (math.tanh(a / 2) + 1) / 2, lambda y, a: y * (1 - y))
    relu = _unary("relu", lambda a: max(0.0, a), lambda y, a: 1.0 * (a > 0))

    def backward(self):
        topo, seen, work = [], set(), [self]
        while work:
            v = work.pop()
            if isinstance(v, tuple):
                topo.append(v[0])
            elif v not in seen:
                seen.add(v)
                work += [(v,), *v._prev]
        self.grad = 1.0
        for v in topo[::-1]:
            numbers = [p.data for p in v._prev]
            for p, slope in zip(v._prev, v._slopes):
                p.grad += slope(v.data, *numbers) * v.grad
