"""A generator walks the graph with an explicit stack of iterators and yields parents before children. The operations
are module-level functions, made into dunders and methods of Value afterwards."""

import math


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad = data, 0.0
        self._prev, self._op = tuple(_children), _op
        self._vjp = None

    def backward(self):
        self.grad = 1.0
        for node in reversed(list(postorder(self))):
            if node._vjp is not None:
                node._vjp(node.grad)


def postorder(root):
    """Yield every node once, after all of its ancestors."""
    met = {root}
    path = [(root, iter(root._prev))]
    while path:
        node, parents = path[-1]
        for parent in parents:
            if parent not in met:
                met.add(parent)
                path.append((parent, iter(parent._prev)))
                break
        else:
            path.pop()
            yield node


def constant_to_value(x):
    return x if isinstance(x, Value) else Value(x)


def binary(symbol, f, df):
    """A function of two numbers and its two derivatives become an operation, and that with its operands swapped."""

    def operation(a, b):
        a, b = constant_to_value(a), constant_to_value(b)
        out = Value(f(a.data, b.data), (a, b), symbol)

        def vjp(g):
            da, db = df(a.data, b.data)
            a.grad += g * da
            b.grad += g * db

        out._vjp = vjp
        return out

    return operation, lambda a, b: operation(b, a)


def unary(symbol, f, df):
    """The same for one number; df gets the input and the output."""

    def operation(a):
        out = Value(f(a.data), (a,), symbol)

        def vjp(g):
            a.grad += g * df(a.data, out.data)

        out._vjp = vjp
        return out

    return operation


def logistic(x):
    if x < 0:
        return 1 - logistic(-x)
    return 1 / (1 + math.exp(-x))


add, radd = binary("+", lambda a, b: a + b, lambda a, b: (1.0, 1.0))
sub, rsub = binary("-", lambda a, b: a - b, lambda a, b: (1.0, -1.0))
mul, rmul = binary("*", lambda a, b: a * b, lambda a, b: (b, a))
div, rdiv = binary("/", lambda a, b: a / b, lambda a, b: (1 / b, -a / b**2))
value_pow, rpow = binary("**", lambda a, b: a**b, lambda a, b: (b * a ** (b - 1), math.log(a) * a**b))


def pow_(a, b):
    if isinstance(b, Value):
        return value_pow(a, b)
    return unary(f"**{b}", lambda x: x**b, lambda x, y: b * x ** (b - 1))(a)


Value.__add__, Value.__radd__ = add, radd
Value.__sub__, Value.__rsub__ = sub, rsub
Value.__mul__, Value.__rmul__ = mul, rmul
Value.__truediv__, Value.__rtruediv__ = div, rdiv
Value.__pow__, Value.__rpow__ = pow_, rpow

UNARY = {
    "__neg__": (lambda x: -x, lambda x, y: -1.0),
    "exp": (math.exp, lambda x, y: y),
    "log": (math.log, lambda x, y: 1 / x),
    "tanh": (math.tanh, lambda x, y: 1 - y**2),
    "sigmoid": (logistic, lambda x, y: y * (1 - y)),
    "relu": (lambda x: max(x, 0.0), lambda x, y: 1.0 if x > 0 else 0.0),
}
for name, (function, derivative) in UNARY.items():
    setattr(Value, name, unary(name.strip("_"), function, derivative))
