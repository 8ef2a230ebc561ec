"""The engine once more, on arrays: a Tensor holds many numbers, and one operation works on all of them at once.

The rules are those of Value. One thing is new: what broadcasting uses many times forward, backward must sum up.
"""

import numpy as np


def unbroadcast(gradient, shape):
    """a6: sum a gradient back to shape, that of the operand, whose numbers broadcasting used many times.
    First sum over the axes in front that shape lacks, then over those of size 1, which stay (keepdims=True).
    Ones of shape (2, 3) become [2, 2, 2] for shape (3,), and [[3], [3]] for shape (2, 1)."""
    raise NotImplementedError("a6: write unbroadcast")


class Tensor:
    """An array in an expression graph, and the gradient of the final result with respect to each of its numbers."""

    __array_ufunc__ = None  # leaves array + tensor to Tensor.__radd__; numpy would make an array of Tensors

    def __init__(self, data, _children=(), _op=""):
        """a6: keep data as an array of floats; it may come as an array, as lists or as a number
        (np.asarray with dtype=float takes all three). grad starts as zeros of the same shape.
        Parents, operation and closure are as in Value."""
        raise NotImplementedError("a6: write Tensor.__init__")

    def backward(self, gradient=1.0):
        """a6: as in Value, call the closure of every node once, in reverse topological order.
        self.grad starts as gradient, in the shape of data and in an array of its own.
        The default, 1.0, is for a result that is a single number."""
        raise NotImplementedError("a6: write Tensor.backward")

    # --- element by element, with broadcasting ----------------------------------------------------

    def __add__(self, other):
        """a6: self + other, where other is a Tensor, an array or a number.
        Each operand adds (+=) the upstream gradient, unbroadcast to its own shape.
        += changes the array in place, so no two Tensors may share one as their grad."""
        raise NotImplementedError("a6: write Tensor.__add__")

    def __radd__(self, other):
        """a6: number or array + self."""
        raise NotImplementedError("a6: write Tensor.__radd__")

    def __mul__(self, other):
        """a6: self * other, element by element. Each factor gets out.grad times the other one, unbroadcast."""
        raise NotImplementedError("a6: write Tensor.__mul__")

    def __rmul__(self, other):
        """a6: number or array * self."""
        raise NotImplementedError("a6: write Tensor.__rmul__")

    def __neg__(self):
        """a6: -self."""
        raise NotImplementedError("a6: write Tensor.__neg__")

    def __sub__(self, other):
        """a6: self - other."""
        raise NotImplementedError("a6: write Tensor.__sub__")

    def __rsub__(self, other):
        """a6: number or array - self; mind the order."""
        raise NotImplementedError("a6: write Tensor.__rsub__")

    def __pow__(self, other):
        """a6: self ** other, where other is a Tensor, an array or a number. d(a**b)/da = b * a**(b - 1).
        If b is a Tensor, d(a**b)/db = log(a) * a**b (a > 0). Unbroadcast both."""
        raise NotImplementedError("a6: write Tensor.__pow__")

    def __truediv__(self, other):
        """a6: self / other. d(a / b)/da = 1 / b and d(a / b)/db = -a / b**2."""
        raise NotImplementedError("a6: write Tensor.__truediv__")

    def __rtruediv__(self, other):
        """a6: number or array / self; mind the order."""
        raise NotImplementedError("a6: write Tensor.__rtruediv__")

    def exp(self):
        """a6: e ** self, element by element. d exp(a)/da = exp(a)."""
        raise NotImplementedError("a6: write Tensor.exp")

    def log(self):
        """a6: the natural logarithm. d log(a)/da = 1 / a."""
        raise NotImplementedError("a6: write Tensor.log")

    def tanh(self):
        """a6: squash to (-1, 1). With t = tanh(a), dt/da = 1 - t**2."""
        raise NotImplementedError("a6: write Tensor.tanh")

    def relu(self):
        """a6: cut below zero. The derivative is 1 for a > 0, else 0 (at 0, too)."""
        raise NotImplementedError("a6: write Tensor.relu")

    # --- from many numbers to fewer ---------------------------------------------------------------

    def sum(self, axis=None, keepdims=False):
        """a6: the sum of all numbers, or along an axis (negative: from the end) or a tuple of axes, as in numpy.
        These axes vanish, or stay with size 1 if keepdims is True. Every number gets the gradient of its sum:
        put vanished axes back in (np.expand_dims), and broadcasting does the rest."""
        raise NotImplementedError("a6: write Tensor.sum")

    def mean(self, axis=None, keepdims=False):
        """a6: the sum divided by how many numbers went into it: 6 for shape (2, 3), and 3 along its axis 1."""
        raise NotImplementedError("a6: write Tensor.mean")

    def max(self, axis=None, keepdims=False):
        """a6: the largest number, of all or along axes, as in sum. It alone gets the gradient.
        If several are the largest, each gets an equal share (as in PyTorch's amax):
        for [2, 5, 5] with upstream gradient 1 that is [0, 0.5, 0.5]."""
        raise NotImplementedError("a6: write Tensor.max")

    # --- the same numbers in another arrangement --------------------------------------------------

    def reshape(self, *shape):
        """a6: the same numbers, in the same order, in another shape: x.reshape(3, 2).
        reshape(-1) makes one row of all. The gradient gets the old shape again."""
        raise NotImplementedError("a6: write Tensor.reshape")

    def transpose(self, *axes):
        """a6: the axes in another order: x.transpose(1, 0, 2) puts axis 1 first. Without axes, reverse all.
        Backward they return to where they were: np.argsort(axes) is that order."""
        raise NotImplementedError("a6: write Tensor.transpose")

    def __getitem__(self, index):
        """a6: what numpy's data[index] gives: a number, a row, a slice, or rows chosen by a list or an array.
        An element that is chosen twice gets both gradients: np.add.at(grad, index, gradient) adds
        both, and grad[index] += gradient adds only one."""
        raise NotImplementedError("a6: write Tensor.__getitem__")

    # --- rows times columns -----------------------------------------------------------------------

    def __matmul__(self, other):
        """a6: self @ other. For matrices C = A @ B, A gets C.grad @ B^T and B gets A^T @ C.grad. More axes in
        front are many matrices: transpose only the last two axes, and unbroadcast. A 1-D A is a row, a 1-D B a
        column: the result lacks their extra axis, so put it back in first."""
        raise NotImplementedError("a6: write Tensor.__matmul__")


class MLP:
    """The multi-layer perceptron of nn.py: one matrix holds all neurons of a layer, another all examples."""

    def __init__(self, nin, nouts, linear_last=False):
        """a6: for each layer, weights of shape (inputs, outputs) and a bias of zeros of shape (outputs,), as Tensors.
        Draw weights by np.random.uniform(-1, 1, shape) / sqrt(inputs): then many inputs do not make
        larger sums than few. linear_last=True leaves the last layer's tanh out."""
        raise NotImplementedError("a6: write MLP.__init__")

    def __call__(self, x):
        """a6: from x of shape (examples, inputs), an example per row, to outputs of shape (examples, outputs).
        A layer is tanh(x @ weights + bias); broadcasting adds the bias to every example.
        x is a Tensor or an array. Make an array a Tensor first, because array @ Tensor is not defined."""
        raise NotImplementedError("a6: write MLP.__call__")

    def parameters(self):
        """a6: a list of Tensors: the first layer's weights, its bias, the second layer's weights, its bias, ...
        A tuple or a generator is right as well."""
        raise NotImplementedError("a6: write MLP.parameters")

    def zero_grad(self):
        """a6: set the grad of every parameter back to zeros, each in an array of its own."""
        raise NotImplementedError("a6: write MLP.zero_grad")


def cross_entropy(logits, targets):
    """a6: the mean of -log(p) as in training.py, for logits of shape (examples, classes).
    -log(p) is log(sum of all exp(z)) - z of the right class, with each row shifted by its largest number.
    logits[np.arange(examples), targets] picks the right class of each row."""
    raise NotImplementedError("a6: write cross_entropy")
