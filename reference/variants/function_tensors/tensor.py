"""Operations are classes with a forward/backward pair, an instance being the context; Function.apply makes the Tensor.
The order of backward() comes from a depth-first walk with iterators on a stack."""

import numpy as np


def unbroadcast(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    return gradient.sum(axis=tuple(np.flatnonzero(np.not_equal(gradient.shape, shape))), keepdims=True)


class Function:
    """An operation. An instance is the context of one call: what forward leaves behind for backward."""

    def __init__(self, parents, options):
        self.parents, self.options = parents, options

    @classmethod
    def apply(cls, *parents, **options):
        parents = [parent if isinstance(parent, Tensor) else Tensor(parent) for parent in parents]
        ctx = cls(parents, options)
        data = cls.forward(ctx, *(parent.data for parent in parents), **options)
        return Tensor(data, parents, cls.__name__.lower(), ctx)

    @classmethod
    def method(cls):
        return lambda self, *other: cls.apply(self, *other)

    @classmethod
    def method_with(cls, name):
        return lambda self, *plain: cls.apply(self, **{name: plain})

    def pass_on(self, upstream):
        gradients = self.backward(upstream)
        for parent, gradient in zip(self.parents, gradients if isinstance(gradients, tuple) else (gradients,)):
            parent.grad = parent.grad + unbroadcast(gradient, parent.data.shape)


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, upstream):
        return upstream, upstream


class Mul(Function):
    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, upstream):
        return upstream * self.b, upstream * self.a


class Pow(Function):
    def forward(self, a, b):
        self.a, self.b, self.power = a, b, a**b
        return self.power

    def backward(self, upstream):
        log = np.log(np.where(self.a > 0, self.a, 1.0))
        return upstream * self.b * self.a ** (self.b - 1), upstream * self.power * log


class Elementwise(Function):
    def backward(self, upstream):
        return upstream * self.slope


class Exp(Elementwise):
    def forward(self, a):
        self.slope = np.exp(a)
        return self.slope


class Log(Elementwise):
    def forward(self, a):
        self.slope = 1 / a
        return np.log(a)


class Tanh(Elementwise):
    def forward(self, a):
        result = np.tanh(a)
        self.slope = 1 - result * result
        return result


class Relu(Elementwise):
    def forward(self, a):
        self.slope = np.where(a > 0, 1.0, 0.0)
        return a * self.slope


class Reduction(Function):
    @classmethod
    def method(cls):
        return lambda self, axis=None, keepdims=False: cls.apply(self, axis=axis, keepdims=keepdims)

    def restored(self, upstream):
        """The upstream gradient with the axes that went, as size 1."""
        axis = self.options["axis"]
        gone = range(len(self.shape)) if axis is None else {each % len(self.shape) for each in np.atleast_1d(axis)}
        return np.reshape(upstream, [1 if axis in gone else size for axis, size in enumerate(self.shape)])


class Sum(Reduction):
    def forward(self, a, axis, keepdims):
        self.shape = a.shape
        return np.sum(a, axis=axis, keepdims=keepdims)

    def backward(self, upstream):
        return np.broadcast_to(self.restored(upstream), self.shape)


class Max(Reduction):
    def forward(self, a, axis, keepdims):
        self.shape, result = a.shape, np.max(a, axis=axis, keepdims=True)
        self.mask = np.where(a == result, 1.0, 0.0)
        return result if keepdims else np.max(a, axis=axis)

    def backward(self, upstream):
        return self.mask * self.restored(upstream) / self.mask.sum(axis=self.options["axis"], keepdims=True)


class Reshape(Function):
    def forward(self, a, shape):
        self.shape = a.shape
        return np.reshape(a, shape)

    def backward(self, upstream):
        return np.reshape(upstream, self.shape)


class Transpose(Function):
    def forward(self, a, axes):
        return np.transpose(a, axes or None)

    def backward(self, upstream):
        axes = self.options["axes"]
        return np.transpose(upstream, [axes.index(axis) for axis in range(len(axes))] or None)


class Index(Function):
    def forward(self, a, index):
        self.shape = a.shape
        return a[index]

    def backward(self, upstream):
        gradient = np.zeros(self.shape)
        np.add.at(gradient, self.options["index"], upstream)
        return gradient


class MatMul(Function):
    def forward(self, a, b):
        self.a, self.b = a, b
        return np.matmul(a, b)

    def backward(self, upstream):
        a, b = self.a, self.b
        if a.ndim == b.ndim == 1:
            return upstream * b, upstream * a
        if a.ndim == 1:
            upstream = upstream[..., None, :]
            return (upstream @ np.swapaxes(b, -1, -2))[..., 0, :], a[:, None] * upstream
        if b.ndim == 1:
            return upstream[..., None] * b, np.einsum("...ij,...i->...j", a, upstream)
        return upstream @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ upstream


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op="", _ctx=None):
        self.data = np.array(data, dtype=np.float64)
        self.grad = np.zeros(self.data.shape)
        self._prev, self._op, self._ctx = list(_children), _op, _ctx

    __add__ = __radd__ = Add.method()
    __mul__ = __rmul__ = Mul.method()
    __pow__, __matmul__ = Pow.method(), MatMul.method()
    exp, log, tanh, relu = Exp.method(), Log.method(), Tanh.method(), Relu.method()
    sum, max = Sum.method(), Max.method()
    reshape, transpose = Reshape.method_with("shape"), Transpose.method_with("axes")

    def __getitem__(self, index):
        return Index.apply(self, index=index)

    def __neg__(self):
        return -1.0 * self

    def __sub__(self, other):
        return self + Mul.apply(other, -1.0)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * Pow.apply(other, -1.0)

    def __rtruediv__(self, other):
        return self**-1.0 * other

    def mean(self, axis=None, keepdims=False):
        return self.sum(axis, keepdims) * (np.mean(self.data, axis).size / self.data.size)

    def backward(self, gradient=1.0):
        order, seen, stack = [], {self}, [(self, iter(self._prev))]
        while stack:
            node, parents = stack[-1]
            parent = next((each for each in parents if each not in seen), None)
            if parent is None:
                order.append(stack.pop()[0])
            else:
                seen.add(parent)
                stack.append((parent, iter(parent._prev)))
        self.grad = np.full(self.data.shape, gradient, dtype=float)
        for node in reversed(order):
            if node._ctx:
                node._ctx.pass_on(node.grad)


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        self.linear_last, self.layers = linear_last, []
        for nout in nouts:
            weights = np.random.uniform(-1, 1, (nin, nout)) / np.sqrt(nin)
            self.layers.append((Tensor(weights), Tensor(np.zeros(nout))))
            nin = nout

    def __call__(self, x):
        for layer in self.layers:
            before = MatMul.apply(x, layer[0]) + layer[1]
            x = before if self.linear_last and layer is self.layers[-1] else before.tanh()
        return x

    def parameters(self):
        return sum(self.layers, ())

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = np.zeros(parameter.data.shape)


def cross_entropy(logits, targets):
    shifted = logits - np.max(logits.data, axis=-1, keepdims=True)
    one_hot = np.eye(logits.data.shape[-1])[list(targets)]
    return (shifted.exp().sum(axis=-1).log() - (shifted * one_hot).sum(axis=-1)).mean()
