"""The engine once more, on arrays: a Tensor holds many numbers, and one operation works on all of them at once.

The rules are those of Value. One thing is new: what broadcasting uses many times forward, backward must sum up.
"""

import numpy as np


def unbroadcast(gradient, shape):
    """a6: sum a gradient back to shape, that of the operand, whose numbers broadcasting used many times.
    First sum over the axes in front that shape lacks, then over those of size 1, which stay (keepdims=True).
    Ones of shape (2, 3) become [2, 2, 2] for shape (3,), and [[3], [3]] for shape (2, 1)."""
    axes_in_front = tuple(range(gradient.ndim - len(shape)))
    gradient = gradient.sum(axis=axes_in_front)

    axes_of_size_one = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return gradient.sum(axis=axes_of_size_one, keepdims=True)


class Tensor:
    """An array in an expression graph, and the gradient of the final result with respect to each of its numbers."""

    __array_ufunc__ = None  # leaves array + tensor to Tensor.__radd__; numpy would make an array of Tensors

    def __init__(self, data, _children=(), _op=""):
        """a6: keep data as an array of floats; it may come as an array, as lists or as a number
        (np.asarray with dtype=float takes all three). grad starts as zeros of the same shape.
        Parents, operation and closure are as in Value."""
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self._prev = tuple(_children)
        self._op = _op
        self._backward = lambda: None

    def backward(self, gradient=1.0):
        """a6: as in Value, call the closure of every node once, in reverse topological order.
        self.grad starts as gradient, in the shape of data and in an array of its own.
        The default, 1.0, is for a result that is a single number."""
        order = []  # parents before the nodes made from them
        visited = set()
        stack = [self]
        while stack:
            node = stack[-1]
            waiting = [parent for parent in node._prev if parent not in visited]
            if waiting:
                stack.extend(waiting)
                continue

            stack.pop()
            if node not in visited:  # a node with two uses can be on the stack twice
                visited.add(node)
                order.append(node)

        self.grad = np.zeros_like(self.data) + gradient
        for node in reversed(order):
            node._backward()

    # --- element by element, with broadcasting ----------------------------------------------------

    def __add__(self, other):
        """a6: self + other, where other is a Tensor, an array or a number.
        Each operand adds (+=) the upstream gradient, unbroadcast to its own shape.
        += changes the array in place, so no two Tensors may share one as their grad."""
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += unbroadcast(out.grad, self.data.shape)
            other.grad += unbroadcast(out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __radd__(self, other):
        """a6: number or array + self."""
        return self + other

    def __mul__(self, other):
        """a6: self * other, element by element. Each factor gets out.grad times the other one, unbroadcast."""
        other = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += unbroadcast(other.data * out.grad, self.data.shape)
            other.grad += unbroadcast(self.data * out.grad, other.data.shape)

        out._backward = _backward
        return out

    def __rmul__(self, other):
        """a6: number or array * self."""
        return self * other

    def __neg__(self):
        """a6: -self."""
        return self * -1

    def __sub__(self, other):
        """a6: self - other."""
        return self + (-other)

    def __rsub__(self, other):
        """a6: number or array - self; mind the order."""
        return other + (-self)

    def __pow__(self, other):
        """a6: self ** other, where other is a Tensor, an array or a number. d(a**b)/da = b * a**(b - 1).
        If b is a Tensor, d(a**b)/db = log(a) * a**b (a > 0). Unbroadcast both."""
        exponent = other if isinstance(other, Tensor) else Tensor(other)
        out = Tensor(self.data**exponent.data, (self, exponent), "**")

        def _backward():
            slope = exponent.data * self.data ** (exponent.data - 1)
            self.grad += unbroadcast(slope * out.grad, self.data.shape)
            # A plain number as exponent needs no gradient, and log(a) exists for a > 0 only.
            if exponent is other:
                exponent.grad += unbroadcast(np.log(self.data) * out.data * out.grad, exponent.data.shape)

        out._backward = _backward
        return out

    def __truediv__(self, other):
        """a6: self / other. d(a / b)/da = 1 / b and d(a / b)/db = -a / b**2."""
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self * other**-1

    def __rtruediv__(self, other):
        """a6: number or array / self; mind the order."""
        return other * self**-1

    def exp(self):
        """a6: e ** self, element by element. d exp(a)/da = exp(a)."""
        out = Tensor(np.exp(self.data), (self,), "exp")

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self):
        """a6: the natural logarithm. d log(a)/da = 1 / a."""
        out = Tensor(np.log(self.data), (self,), "log")

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def tanh(self):
        """a6: squash to (-1, 1). With t = tanh(a), dt/da = 1 - t**2."""
        out = Tensor(np.tanh(self.data), (self,), "tanh")

        def _backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        """a6: cut below zero. The derivative is 1 for a > 0, else 0 (at 0, too)."""
        out = Tensor(np.maximum(self.data, 0.0), (self,), "relu")

        def _backward():
            self.grad += (self.data > 0) * out.grad

        out._backward = _backward
        return out

    # --- from many numbers to fewer ---------------------------------------------------------------

    def sum(self, axis=None, keepdims=False):
        """a6: the sum of all numbers, or along an axis (negative: from the end) or a tuple of axes, as in numpy.
        These axes vanish, or stay with size 1 if keepdims is True. Every number gets the gradient of its sum:
        put vanished axes back in (np.expand_dims), and broadcasting does the rest."""
        out = Tensor(self.data.sum(axis=axis, keepdims=keepdims), (self,), "sum")

        def _backward():
            self.grad += out.grad if keepdims or axis is None else np.expand_dims(out.grad, axis)

        out._backward = _backward
        return out

    def mean(self, axis=None, keepdims=False):
        """a6: the sum divided by how many numbers went into it: 6 for shape (2, 3), and 3 along its axis 1."""
        total = self.sum(axis, keepdims)
        return total / (self.data.size // total.data.size)

    def max(self, axis=None, keepdims=False):
        """a6: the largest number, of all or along axes, as in sum. It alone gets the gradient.
        If several are the largest, each gets an equal share (as in PyTorch's amax):
        for [2, 5, 5] with upstream gradient 1 that is [0, 0.5, 0.5]."""
        largest = self.data == self.data.max(axis=axis, keepdims=True)
        share = largest / largest.sum(axis=axis, keepdims=True)
        out = Tensor(self.data.max(axis=axis, keepdims=keepdims), (self,), "max")

        def _backward():
            self.grad += share * (out.grad if keepdims or axis is None else np.expand_dims(out.grad, axis))

        out._backward = _backward
        return out

    # --- the same numbers in another arrangement --------------------------------------------------

    def reshape(self, *shape):
        """a6: the same numbers, in the same order, in another shape: x.reshape(3, 2).
        reshape(-1) makes one row of all. The gradient gets the old shape again."""
        out = Tensor(self.data.reshape(*shape), (self,), "reshape")

        def _backward():
            self.grad += out.grad.reshape(self.data.shape)

        out._backward = _backward
        return out

    def transpose(self, *axes):
        """a6: the axes in another order: x.transpose(1, 0, 2) puts axis 1 first. Without axes, reverse all.
        Backward they return to where they were: np.argsort(axes) is that order."""
        out = Tensor(self.data.transpose(*axes), (self,), "transpose")

        def _backward():
            self.grad += out.grad.transpose(*np.argsort(axes))

        out._backward = _backward
        return out

    def __getitem__(self, index):
        """a6: what numpy's data[index] gives: a number, a row, a slice, or rows chosen by a list or an array.
        An element that is chosen twice gets both gradients: np.add.at(grad, index, gradient) adds
        both, and grad[index] += gradient adds only one."""
        out = Tensor(self.data[index], (self,), "[]")

        def _backward():
            np.add.at(self.grad, index, out.grad)

        out._backward = _backward
        return out

    # --- rows times columns -----------------------------------------------------------------------

    def __matmul__(self, other):
        """a6: self @ other. For matrices C = A @ B, A gets C.grad @ B^T and B gets A^T @ C.grad. More axes in
        front are many matrices: transpose only the last two axes, and unbroadcast. A 1-D A is a row, a 1-D B a
        column: the result lacks their extra axis, so put it back in first."""
        out = Tensor(self.data @ other.data, (self, other), "@")

        def _backward():
            a, b, upstream = self.data, other.data, out.grad
            if b.ndim == 1:  # a column
                b, upstream = b[:, None], upstream[..., None]
            if a.ndim == 1:  # a row
                a, upstream = a[None, :], upstream[..., None, :]

            self.grad += unbroadcast(upstream @ b.swapaxes(-1, -2), a.shape).reshape(self.data.shape)
            other.grad += unbroadcast(a.swapaxes(-1, -2) @ upstream, b.shape).reshape(other.data.shape)

        out._backward = _backward
        return out


class MLP:
    """The multi-layer perceptron of nn.py: one matrix holds all neurons of a layer, another all examples."""

    def __init__(self, nin, nouts, linear_last=False):
        """a6: for each layer, weights of shape (inputs, outputs) and a bias of zeros of shape (outputs,), as Tensors.
        Draw weights by np.random.uniform(-1, 1, shape) / sqrt(inputs): then many inputs do not make
        larger sums than few. linear_last=True leaves the last layer's tanh out."""
        self.linear_last = linear_last
        shapes = zip([nin, *nouts], nouts)
        self.weights = [Tensor(np.random.uniform(-1, 1, shape) / shape[0] ** 0.5) for shape in shapes]
        self.biases = [Tensor(np.zeros(nout)) for nout in nouts]

    def __call__(self, x):
        """a6: from x of shape (examples, inputs), an example per row, to outputs of shape (examples, outputs).
        A layer is tanh(x @ weights + bias); broadcasting adds the bias to every example.
        x is a Tensor or an array. Make an array a Tensor first, because array @ Tensor is not defined."""
        x = x if isinstance(x, Tensor) else Tensor(x)
        for i, (weights, bias) in enumerate(zip(self.weights, self.biases)):
            x = x @ weights + bias
            if not (self.linear_last and i == len(self.weights) - 1):
                x = x.tanh()
        return x

    def parameters(self):
        """a6: a list of Tensors: the first layer's weights, its bias, the second layer's weights, its bias, ...
        A tuple or a generator is right as well."""
        return [parameter for layer in zip(self.weights, self.biases) for parameter in layer]

    def zero_grad(self):
        """a6: set the grad of every parameter back to zeros, each in an array of its own."""
        for parameter in self.parameters():
            parameter.grad = np.zeros_like(parameter.data)


def cross_entropy(logits, targets):
    """a6: the mean of -log(p) as in training.py, for logits of shape (examples, classes).
    -log(p) is log(sum of all exp(z)) - z of the right class, with each row shifted by its largest number.
    logits[np.arange(examples), targets] picks the right class of each row."""
    shifted = logits - logits.data.max(axis=1, keepdims=True)
    losses = shifted.exp().sum(axis=1).log() - shifted[np.arange(len(targets)), targets]
    return losses.mean()
