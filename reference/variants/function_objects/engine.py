"""Operations are classes with a static forward/backward pair and a context; Function.apply makes the Value.
Plain numbers are never wrapped: only Values become parents."""

import math


class Function:
    """An operation. An instance is the context of one call: what forward leaves behind for backward."""

    def __init__(self, inputs):
        self.inputs, self.needs = inputs, [isinstance(x, Value) for x in inputs]

    @classmethod
    def apply(cls, *inputs):
        ctx = cls(inputs)
        numbers = [x.data if needed else x for x, needed in zip(inputs, ctx.needs)]
        out = Value(cls.forward(ctx, *numbers), [x for x in inputs if isinstance(x, Value)], cls.__name__.lower())
        out._ctx = ctx
        return out

    @classmethod
    def dunders(cls):
        return lambda self, other: cls.apply(self, other), lambda self, other: cls.apply(other, self)


class Add(Function):
    forward = staticmethod(lambda ctx, a, b: a + b)
    backward = staticmethod(lambda ctx, grad: (grad, grad))


class Sub(Function):
    forward = staticmethod(lambda ctx, a, b: a - b)
    backward = staticmethod(lambda ctx, grad: (grad, -grad))


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.a, ctx.b = a, b
        return a * b

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.b, grad * ctx.a


class Div(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.b, ctx.ratio = b, a / b
        return ctx.ratio

    @staticmethod
    def backward(ctx, grad):
        return grad / ctx.b, -grad * ctx.ratio / ctx.b


class Pow(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.a, ctx.b, ctx.power = a, b, a**b
        return ctx.power

    @staticmethod
    def backward(ctx, grad):
        to_base = grad * ctx.b * ctx.a ** (ctx.b - 1) if ctx.needs[0] else None
        to_exponent = grad * ctx.power * math.log(ctx.a) if ctx.needs[1] else None
        return to_base, to_exponent


class Unary(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.a, ctx.out = a, ctx.value(a)
        return ctx.out

    @staticmethod
    def backward(ctx, grad):
        return (grad * ctx.slope(ctx.a, ctx.out),)


def unary(name, value, slope):
    function = type(name, (Unary,), {"value": staticmethod(value), "slope": staticmethod(slope)})
    return lambda self: function.apply(self)


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad = data, 0.0
        self._prev, self._op, self._ctx = list(_children), _op, None

    __add__, __radd__ = Add.dunders()
    __sub__, __rsub__ = Sub.dunders()
    __mul__, __rmul__ = Mul.dunders()
    __truediv__, __rtruediv__ = Div.dunders()
    __pow__, __rpow__ = Pow.dunders()
    __neg__ = unary("Neg", lambda a: -a, lambda a, y: -1.0)
    exp = unary("Exp", math.exp, lambda a, y: y)
    log = unary("Log", math.log, lambda a, y: 1 / a)
    tanh = unary("Tanh", math.tanh, lambda a, y: (1 - y) * (1 + y))
    sigmoid = unary("Sigmoid", lambda a: 0.5 + 0.5 * math.tanh(0.5 * a), lambda a, y: y * (1 - y))
    relu = unary("Relu", lambda a: max(a, 0.0), lambda a, y: float(a > 0))

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, parents_done = stack.pop()
            if parents_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node._prev)
        self.grad = 1.0
        for node in reversed(order):
            ctx = node._ctx
            if ctx is not None:
                for target, needed, grad in zip(ctx.inputs, ctx.needs, ctx.backward(ctx, node.grad)):
                    if needed:
                        target.grad += grad
