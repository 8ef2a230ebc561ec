"""Rules chosen by the operation's name, Kahn's algorithm for the order, and einsum wherever numbers are summed."""

import string

import numpy as np


def unbroadcast(gradient, shape):
    gradient = np.asarray(gradient)
    front = gradient.ndim - len(shape)
    kept = [front + axis for axis, size in enumerate(shape) if size != 1]
    return np.einsum(gradient, list(range(gradient.ndim)), kept).reshape(shape)


def letters_of_matmul(a, b):
    """The letters of both operands and of the result: the axes in front are an ellipsis."""
    left = "j" if a.ndim == 1 else "...ij"
    right = "j" if b.ndim == 1 else "...jk"
    result = "..." * (a.ndim > 1 or b.ndim > 1) + "i" * (a.ndim > 1) + "k" * (b.ndim > 1)
    return left, right, result


def stretched(gradient, tensor):
    """The gradient of what was summed or compared along some axes, in the shape of the operand."""
    return np.broadcast_to(gradient.reshape(tensor.extra["kept"]), tensor.parents[0].data.shape)


def matmul_rule(tensor, g):
    a, b = (parent.data for parent in tensor.parents)
    left, right, result = tensor.extra["letters"]
    if a.ndim == 1 or b.ndim == 1:  # then no axes in front are stretched, but for those of the other operand
        a_axes = left if a.ndim > 1 else "..." * (b.ndim > 2) + left
        b_axes = right if b.ndim > 1 else "..." * (a.ndim > 2) + right
    else:
        a_axes, b_axes = left, right
    to_a = np.einsum(f"{result},{right}->{a_axes}", g, b)
    to_b = np.einsum(f"{left},{result}->{b_axes}", a, g)
    return to_a, to_b


def index_rule(tensor, g):
    shape = tensor.parents[0].data.shape
    gradient = np.zeros(shape)
    places = np.arange(gradient.size).reshape(shape)[tensor.extra["index"]]
    for place, number in zip(np.ravel(places), np.ravel(g)):
        gradient.flat[place] += number
    return (gradient,)


def power_rule(tensor, g):
    a, b = (parent.data for parent in tensor.parents)
    with np.errstate(all="ignore"):
        to_b = g * tensor.data * np.log(a)
    return g * b * a ** (b - 1), np.nan_to_num(to_b)


RULES = {
    "add": lambda tensor, g: (g, g),
    "sub": lambda tensor, g: (g, -g),
    "mul": lambda tensor, g: (g * tensor.parents[1].data, g * tensor.parents[0].data),
    "div": lambda tensor, g: (g / tensor.parents[1].data, -g * tensor.data / tensor.parents[1].data),
    "pow": power_rule,
    "exp": lambda tensor, g: (g * tensor.data,),
    "log": lambda tensor, g: (g / tensor.parents[0].data,),
    "tanh": lambda tensor, g: (g * (1 - tensor.data) * (1 + tensor.data),),
    "relu": lambda tensor, g: (np.where(tensor.data > 0, g, 0.0),),
    "sum": lambda tensor, g: (stretched(g, tensor),),
    "max": lambda tensor, g: (stretched(g, tensor) * tensor.extra["share"],),
    "reshape": lambda tensor, g: (g.reshape(tensor.parents[0].data.shape),),
    "transpose": lambda tensor, g: (np.einsum(g, tensor.extra["axes"], range(g.ndim)),),
    "index": index_rule,
    "matmul": matmul_rule,
}


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, _children=(), _op="", **extra):
        self.data = np.array(data, dtype=float)
        self.grad = self.data * 0.0
        self.parents, self._op, self.extra = tuple(_children), _op, extra

    @property
    def _prev(self):
        return frozenset(self.parents)

    def _with(self, name, other, function):
        pair = (self, other if isinstance(other, Tensor) else Tensor(other))
        return Tensor(function(pair[0].data, pair[1].data), pair, name)

    def backward(self, gradient=1.0):
        uses, stack, seen = {self: 0}, [self], {self}
        while stack:
            for parent in stack.pop().parents:
                uses[parent] = uses.get(parent, 0) + 1
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        self.grad = self.data * 0.0 + gradient
        ready = [self]
        while ready:
            node = ready.pop()
            gradients = RULES[node._op](node, node.grad) if node.parents else ()
            for parent, own in zip(node.parents, gradients):
                parent.grad = parent.grad + unbroadcast(own, parent.data.shape)
                uses[parent] -= 1
                if not uses[parent]:
                    ready.append(parent)

    def __add__(self, other):
        return self._with("add", other, np.add)

    def __sub__(self, other):
        return self._with("sub", other, np.subtract)

    def __mul__(self, other):
        return self._with("mul", other, np.multiply)

    def __truediv__(self, other):
        return self._with("div", other, np.divide)

    def __pow__(self, other):
        return self._with("pow", other, np.power)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return Tensor(other) - self

    def __rtruediv__(self, other):
        return Tensor(other) / self

    def __neg__(self):
        return 0.0 - self

    def exp(self):
        return Tensor(np.exp(self.data), (self,), "exp")

    def log(self):
        return Tensor(np.log(self.data), (self,), "log")

    def tanh(self):
        return Tensor(np.tanh(self.data), (self,), "tanh")

    def relu(self):
        return Tensor(self.data.clip(min=0.0), (self,), "relu")

    def _gone(self, axis):
        return tuple(range(self.data.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)

    def sum(self, axis=None, keepdims=False):
        gone = {each % self.data.ndim for each in self._gone(axis)}
        kept = [1 if each in gone else size for each, size in enumerate(self.data.shape)]
        letters = string.ascii_letters[: self.data.ndim]
        left = "".join(letter for each, letter in enumerate(letters) if each not in gone)
        total = np.einsum(f"{letters}->{left}", self.data)
        return Tensor(total.reshape(kept) if keepdims else total, (self,), "sum", kept=kept)

    def mean(self, axis=None, keepdims=False):
        divisor = 1
        for each in self._gone(axis):
            divisor *= self.data.shape[each]
        return self.sum(axis, keepdims) / divisor

    def max(self, axis=None, keepdims=False):
        largest = np.amax(self.data, axis=self._gone(axis), keepdims=True)
        share = np.where(self.data < largest, 0.0, 1.0)
        share = share / share.sum(axis=self._gone(axis), keepdims=True)
        data = largest if keepdims else np.squeeze(largest, axis=self._gone(axis))
        return Tensor(data, (self,), "max", kept=largest.shape, share=share)

    def reshape(self, *shape):
        return Tensor(self.data.reshape(*shape), (self,), "reshape")

    def transpose(self, *axes):
        axes = list(axes or reversed(range(self.data.ndim)))
        return Tensor(np.einsum(self.data, range(self.data.ndim), axes), (self,), "transpose", axes=axes)

    def __getitem__(self, index):
        return Tensor(self.data[index], (self,), "index", index=index)

    def __matmul__(self, other):
        left, right, result = letters_of_matmul(self.data, other.data)
        product = np.einsum(f"{left},{right}->{result}", self.data, other.data)
        return Tensor(product, (self, other), "matmul", letters=(left, right, result))


class MLP:
    def __init__(self, nin, nouts, linear_last=False):
        generator = np.random.RandomState(np.random.randint(2**31))
        self.layers = {}
        for place, nout in enumerate(nouts):
            self.layers[f"weights{place}"] = Tensor(generator.uniform(-1, 1, (nin, nout)) / nin**0.5)
            self.layers[f"bias{place}"] = Tensor(np.zeros(nout))
            nin = nout
        self.count, self.linear_last = len(nouts), linear_last

    def __call__(self, x):
        if not isinstance(x, Tensor):
            x = Tensor(x)
        for place in range(self.count):
            x = x @ self.layers[f"weights{place}"] + self.layers[f"bias{place}"]
            if place < self.count - 1 or not self.linear_last:
                x = x.tanh()
        return x

    def parameters(self):
        return list(self.layers.values())

    def zero_grad(self):
        for parameter in self.layers.values():
            parameter.grad = np.zeros(parameter.data.shape)


def cross_entropy(logits, targets):
    largest = Tensor(np.amax(logits.data, axis=-1, keepdims=True))
    log_shares = logits - largest - (logits - largest).exp().sum(axis=-1, keepdims=True).log()
    return -log_shares[list(range(len(targets))), list(targets)].mean()
