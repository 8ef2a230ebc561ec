"""The engine once more, on arrays: a Tensor holds many numbers, and one operation works on all of them at once. The
rules are those that you know. What is new: broadcasting forward means summing backward."""

import numpy as np


def unbroadcast(gradient, shape):
    """a6. Broadcasting uses a number many times, and so the number collects from all its uses: sum the gradient back to
    `shape`, that of the operand. Sum over the axes in front that the operand does not have, then over those in which
    its size is 1, which stay (keepdims=True). Ones of shape (2, 3) become [2, 2, 2] for (3,), [[3], [3]] for (2, 1)."""
    raise NotImplementedError("a6: write unbroadcast")


class Tensor:
    """An array in an expression graph, and the gradient of the final result with respect to each of its numbers."""

    __array_ufunc__ = None  # array + tensor is then left to Tensor.__radd__: numpy would make an array of Tensors

    def __init__(self, data, _children=(), _op=""):
        """a6. Keep data as an array of floats, whether it comes as an array, as lists or as a number (np.asarray with
        dtype=float does it); grad starts as zeros of the same shape. The rest is as in Value, the closure too."""
        raise NotImplementedError("a6: write Tensor.__init__")

    def backward(self, gradient=1.0):
        """a6. As in Value: closures run once each, in topological order, from the end. self.grad starts as `gradient`,
        in the shape of data and in an array of its own; the plain 1.0 is for a result that is a single number."""
        raise NotImplementedError("a6: write Tensor.backward")

    # --- element by element, with broadcasting -----------------------------------------------------------------------

    def __add__(self, other):
        """a6. self + other, a Tensor, an array or a number. Each operand collects (+=) the upstream gradient,
        unbroadcast to its own shape. += changes the array, so no two Tensors may share one as their grad."""
        raise NotImplementedError("a6: write Tensor.__add__")

    def __radd__(self, other):
        """a6. Number or array + self."""
        raise NotImplementedError("a6: write Tensor.__radd__")

    def __mul__(self, other):
        """a6. self * other, element by element. Each factor gets out.grad times the other one, unbroadcast."""
        raise NotImplementedError("a6: write Tensor.__mul__")

    def __rmul__(self, other):
        """a6. Number or array * self."""
        raise NotImplementedError("a6: write Tensor.__rmul__")

    def __neg__(self):
        """a6. -self."""
        raise NotImplementedError("a6: write Tensor.__neg__")

    def __sub__(self, other):
        """a6. self - other."""
        raise NotImplementedError("a6: write Tensor.__sub__")

    def __rsub__(self, other):
        """a6. Number or array - self: mind the order."""
        raise NotImplementedError("a6: write Tensor.__rsub__")

    def __pow__(self, other):
        """a6. self ** other, element by element. d(a ** b)/da = b * a**(b - 1); a Tensor as exponent gets
        log(a) * a ** b (a > 0). Both unbroadcast."""
        raise NotImplementedError("a6: write Tensor.__pow__")

    def __truediv__(self, other):
        """a6. self / other. d(a / b)/da = 1 / b and d(a / b)/db = -a / b**2."""
        raise NotImplementedError("a6: write Tensor.__truediv__")

    def __rtruediv__(self, other):
        """a6. Number or array / self: mind the order."""
        raise NotImplementedError("a6: write Tensor.__rtruediv__")

    def exp(self):
        """a6. e ** self, element by element; it is its own derivative."""
        raise NotImplementedError("a6: write Tensor.exp")

    def log(self):
        """a6. The natural logarithm; d log(a)/da = 1 / a."""
        raise NotImplementedError("a6: write Tensor.log")

    def tanh(self):
        """a6. Squash to (-1, 1); with t = tanh(a), dt/da = 1 - t**2."""
        raise NotImplementedError("a6: write Tensor.tanh")

    def relu(self):
        """a6. Cut below zero; the derivative is 1 for a > 0, else 0 (at 0 too)."""
        raise NotImplementedError("a6: write Tensor.relu")

    # --- many numbers become fewer -----------------------------------------------------------------------------------

    def sum(self, axis=None, keepdims=False):
        """a6. The sum of all numbers, or along an axis (negative ones count from the end) or a tuple of them. As numpy
        does it: the axes go, unless keepdims=True keeps them with size 1. Backward every number gets the gradient of
        its sum, 1 to 1: put the axes that went back in (np.expand_dims), and broadcasting does the rest."""
        raise NotImplementedError("a6: write Tensor.sum")

    def mean(self, axis=None, keepdims=False):
        """a6. The sum divided by how many numbers went into each: 6 for all of a (2, 3), 3 along its axis 1."""
        raise NotImplementedError("a6: write Tensor.mean")

    def max(self, axis=None, keepdims=False):
        """a6. The largest number, of all or along axes, as in sum. The gradient goes to where it stands. Where several
        are the largest, each gets an equal share, so that the shares add up to the upstream gradient (as PyTorch's
        amax): of [2, 5, 5] with upstream 1 that is [0, 0.5, 0.5]."""
        raise NotImplementedError("a6: write Tensor.max")

    # --- the same numbers in other places ----------------------------------------------------------------------------

    def reshape(self, *shape):
        """a6. The same numbers, in the same order, in another shape: x.reshape(3, 2). The gradient takes its way back.
        reshape(-1) makes one row of all."""
        raise NotImplementedError("a6: write Tensor.reshape")

    def transpose(self, *axes):
        """a6. The axes in another order: x.transpose(1, 0, 2) puts axis 1 first. Without axes, all in reverse. Backward
        they go back to where they were: np.argsort(axes) is that order."""
        raise NotImplementedError("a6: write Tensor.transpose")

    def __getitem__(self, index):
        """a6. What numpy's data[index] gives: a number, a row, a slice, or rows chosen by a list or an array. A place
        that is chosen twice collects twice: np.add.at(grad, index, gradient) does, and grad[index] += does not."""
        raise NotImplementedError("a6: write Tensor.__getitem__")

    # --- rows times columns ------------------------------------------------------------------------------------------

    def __matmul__(self, other):
        """a6. self @ other. For matrices C = A @ B, A gets C.grad @ B^T and B gets A^T @ C.grad. More axes in front are
        many matrices side by side: transpose the last two alone, and unbroadcast. A 1-D A is a row and a 1-D B is a
        column whose extra axis is missing in the result: put it back in first."""
        raise NotImplementedError("a6: write Tensor.__matmul__")


class MLP:
    """The multi-layer perceptron of nn.py, all neurons of a layer in one matrix, and all examples in another."""

    def __init__(self, nin, nouts, linear_last=False):
        """a6. For each layer a weight Tensor of shape (inputs, outputs), a column for each neuron, and a bias Tensor of
        shape (outputs,). Draw the weights by np.random.uniform(-1, 1, shape) / sqrt(inputs): then sums of many inputs
        are no larger than those of few. Biases start at 0. linear_last=True leaves the last layer's tanh out."""
        raise NotImplementedError("a6: write MLP.__init__")

    def __call__(self, x):
        """a6. x holds an example in each row, shape (examples, inputs); so does the result, shape (examples, outputs).
        x is a Tensor, or an array: make it a Tensor first, for an array knows no @ with one. A layer is
        tanh(x @ weights + bias): the bias is broadcast to every example."""
        raise NotImplementedError("a6: write MLP.__call__")

    def parameters(self):
        """a6. The first layer's weights, its bias, the second layer's weights, its bias, and so on: a list of
        Tensors."""
        raise NotImplementedError("a6: write MLP.parameters")

    def zero_grad(self):
        """a6. Set the grad of every parameter back to zeros, in arrays of their own."""
        raise NotImplementedError("a6: write MLP.zero_grad")


def cross_entropy(logits, targets):
    """a6. The mean of -log(p) as in training.py, for logits of shape (examples, classes) and the right class of each
    example: log(sum of all exp(z)) - z of the right class, along each row, shifted by the row's largest number.
    logits[np.arange(examples), targets] picks one number of each row."""
    raise NotImplementedError("a6: write cross_entropy")
