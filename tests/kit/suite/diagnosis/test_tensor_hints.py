"""Hints about operations of Tensors, their gradients and shapes."""

import pytest
from gradkit.suite.diagnosis.tensor_shapes import shape_hint
from gradkit.suite.diagnosis.tensors import tensor_hint

ADDED = """            self.grad += unbroadcast(out.grad, self.data.shape)
            other.grad += unbroadcast(out.grad, other.data.shape)
"""
STARTS = "        self.grad = np.zeros_like(self.data) + gradient\n"

TENSORS = {
    "tanh of the operand": ("tanh", "1 - out.data**2", "1 - self.data**2", "from the operand's number"),
    "mean for sum": (
        "__add__",
        "gradient.sum(axis=axes_in_front)",
        "gradient.mean(axis=axes_in_front)",
        "the mean over",
    ),
    "overwrites": ("exp", "self.grad += out.data * out.grad", "self.grad = out.data * out.grad", "overwrites (=)"),
    "wrong side": (
        "__matmul__",
        "a.swapaxes(-1, -2) @ upstream",
        "upstream @ a.swapaxes(-1, -2)",
        "the two factors the other way round",
    ),
    "all axes turned": (
        "__matmul__",
        "upstream @ b.swapaxes(-1, -2)",
        "upstream @ (b.T if b.ndim == 3 else b.swapaxes(-1, -2))",
        "only the last two axes change places",
    ),
    "one of the stack": (
        "__matmul__",
        "unbroadcast(a.swapaxes(-1, -2) @ upstream, b.shape)",
        "(a.swapaxes(-1, -2) @ upstream)[(0,) * (upstream.ndim - b.ndim)]",
        "it is the sum of what comes from each matrix",
    ),
    "largest of all": (
        "max",
        "self.data == self.data.max(axis=axis, keepdims=True)",
        "self.data == self.data.max()",
        "each group has its own largest",
    ),
    "relu kept in its operand": (
        "relu",
        "self.grad += (self.data > 0) * out.grad\n\n        out._backward",
        "self.grad += (self.data > 0) * out.grad\n\n        self._backward",
        "is kept in its operand (self._backward)",
    ),
    "kept": ("max", "keepdims=keepdims", "keepdims=False", "keepdims"),
    "+ kept in its operand": ("__mul__", ADDED + "\n        out._backward", ADDED + "\n        self._backward",
                              "The closure of `a + b` is kept in its operand"),
    "sum kept in its operand": (
        "sum",
        "np.expand_dims(out.grad, axis)\n\n        out._backward",
        "np.expand_dims(out.grad, axis)\n\n        self._backward",
        "The closure of `a.sum()` is kept in its operand",
    ),
    "one operand only": (
        "__add__",
        ADDED,
        ADDED.splitlines()[0] + "\n",
        "one operand gets its share, and b gets nothing",
    ),
    "for all numbers at once": (
        "relu",
        "            self.grad += (self.data > 0) * out.grad",
        "            self.grad += (self.data > 0).all() * out.grad",
        "for others none at all",
    ),
    "no parent": ("exp", '(self,), "exp")', ")", "`_prev` does not hold x"),
    "both shares to one": ("__add__", ADDED, 2 * (ADDED.splitlines()[0] + "\n"), "a gets both shares"),
    "without a call": ("__add__", "node._backward()", "node._backward", "works when it is called by hand"),
    "before the first gradient": ("__add__", STARTS, "", "is 0.0: backward(gradient) starts"),
    "set back afterwards": (
        "__add__",
        "            node._backward()\n\n",
        "            node._backward()\n            if node._prev: node.grad = np.zeros_like(node.data)\n\n",
        "it is set back after",
    ),
    "no parents": ("__add__", "self._prev = tuple(_children)", "self._prev = ()", "The _prev of a + b is empty"),
    "not reversed": ("__add__", "in reversed(order)", "in order", "(reversed)"),
    "lost": ("exp", "self.grad += out.data * out.grad\n\n        out._backward = _backward\n",
             "self.grad += out.data * out.grad\n\n", "is not kept in the result"),
    "returned": ("exp", "self.grad += out.data * out.grad", "return out.data * out.grad", "returns the gradients"),
    "misspelt": ("exp", "self.grad += out.data * out.grad", "self.gard = out.data * out.grad", "an attribute gard"),
    "cut": ("__neg__", "return self * -1", "return Tensor(-self.data)", "remembers no operands"),
    "sum lost": ("sum", "np.expand_dims(out.grad, axis)\n\n        out._backward = _backward\n",
                 "np.expand_dims(out.grad, axis)\n\n", "`x.sum()` at x: either its closure is not kept"),
    "above zero alone": ("relu", "(self.data > 0) * out.grad", "(self.data >= 0) * out.grad", "At exactly 0"),
    "everywhere": ("relu", "(self.data > 0) * out.grad", "out.grad", "is 1"),
    "shape of the operand": (
        "reshape",
        "out = Tensor(self.data.reshape(*shape)",
        "self.data = self.data.reshape(*shape)\n        out = Tensor(self.data",
        "changes the data of its own operand",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")
@pytest.mark.parametrize(("method", "old", "new", "part"), TENSORS.values(), ids=TENSORS)
def test_mistakes_of_tensors_are_named(open_student, method, old, new, part):
    assert part in tensor_hint(open_student("tensor", (old, new)), (f"Tensor.{method}",), "a.grad is 1.0")


UNBROADCASTS = {
    "axis of size 1 lost": ("keepdims=True)\n\n\nclass", ")\n\n\nclass", "for an operand of shape (2, 1)"),
    "front kept": ("gradient.sum(axis=axes_in_front)", "gradient.sum(axis=axes_in_front, keepdims=True)",
                   "for an operand of shape (3,)"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part"), UNBROADCASTS.values(), ids=UNBROADCASTS)
def test_an_unbroadcast_that_is_wrong_is_named_where_its_results_do_not_fit(open_student, old, new, part):
    message = "ValueError: non-broadcastable output operand with shape (2,1) doesn't match the broadcast shape (2,2)"
    wrong = open_student("tensor", (old, new))
    for method in ("exp", "__matmul__", "__add__"):
        assert part in tensor_hint(wrong, (f"Tensor.{method}",), message)
    assert "unbroadcast first" not in tensor_hint(open_student(), ("Tensor.exp",), message)


@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
def test_a_logarithm_that_is_not_a_number_below_0_is_recognised(open_student):
    wrong = open_student(
        "tensor", ("np.log(self.data) * out.data * out.grad", "np.log(exponent.data) * out.data * out.grad")
    )
    assert "the logarithm of the base that is due" in tensor_hint(wrong, ("Tensor.__pow__",), "b.grad is 1.0")


def test_a_gradient_that_does_not_depend_on_its_own_is_named(open_student):
    wrong = open_student("tensor", ("np.add.at(self.grad, index, out.grad)", "np.add.at(self.grad, index, 1.0)"))
    assert "whatever its own gradient is" in tensor_hint(wrong, ("Tensor.__getitem__",), "a.grad is 1.0")


def test_a_gradient_that_is_too_small_is_not_told_to_be_summed():
    small = "a.grad has shape (3,), and PyTorch's has (2, 3)"
    large = "a.grad has shape (2, 3), and PyTorch's has (3,)"
    assert "must be spread" in shape_hint(small, is_stretching=True)
    assert "sum over what broadcasting added" in shape_hint(large, is_stretching=True)
    assert "sum" not in shape_hint(small, is_stretching=False)


def test_a_sum_that_does_not_put_its_axis_back_is_named(open_student):
    message = "ValueError: non-broadcastable output operand with shape (2,1) doesn't match the broadcast shape (2,2)"
    assert "has to be put back" in tensor_hint(open_student(), ("Tensor.sum",), message)
    assert tensor_hint(open_student(), ("Tensor.__add__",), message) == ""


MISFITS = {
    "max": ("(2,1,1)", "(2,2,1)", "with size 1 and in its old place"),
    "transpose": ("(2,1,2)", "(2,2,2)", "not back in their old order"),
    "reshape": ("(1,)", "(1,1)", "the old shape of the operand"),
}


@pytest.mark.parametrize(("method", "misfit"), MISFITS.items(), ids=MISFITS)
def test_shapes_that_do_not_fit_are_explained_by_what_the_item_is_about(open_student, method, misfit):
    own, stretched, part = misfit
    message = (
        f"ValueError: non-broadcastable output operand with shape {own} doesn't match the broadcast shape {stretched}"
    )
    hint = tensor_hint(open_student(), (f"Tensor.{method}",), message)
    assert part in hint
    assert "summed" not in hint


def test_a_wrong_shape_is_explained_by_what_the_item_is_about():
    number = "y.data has shape (), and PyTorch's has (2,)"
    turned = "y.data has shape (2, 1, 2), and PyTorch's has (2, 2, 1)"
    assert "takes the array as a whole" in shape_hint(number, is_stretching=False, methods=("relu",))
    assert "without an order" in shape_hint(turned, is_stretching=False, methods=("transpose",))
    assert "axes" in shape_hint(number, is_stretching=False, methods=("sum",))
    assert "single number is ()" in shape_hint("Tensor(3.0).data has shape (1,) and should have ()", False)
    assert "`return`" in shape_hint("Tensor(unbroadcast(g, x.shape)).data has shape () and should have (3,)", True)


def test_a_power_that_refuses_a_tensor_is_named(open_student):
    refuses = open_student("tensor", ("exponent = other if isinstance(other, Tensor) else Tensor(other)\n",
                                      "exponent = Tensor(float(other))\n"))  # fmt: skip
    assert "where the exponent is a Tensor" in tensor_hint(refuses, ("Tensor.__pow__",), "TypeError")
    assert tensor_hint(open_student(), ("Tensor.__pow__",), "TypeError") == ""


def test_a_first_gradient_that_stays_a_number_is_named(open_student):
    kept = open_student("tensor", (STARTS, "        self.grad = np.asarray(gradient)\n"))
    message = "z.grad has shape () and should have (1, 1)"
    assert "z.grad is a single number" in tensor_hint(kept, ("Tensor.backward",), message)
    assert "z.grad is a single number" not in tensor_hint(open_student(), ("Tensor.backward",), message)


def test_a_gradient_that_is_a_number_is_told_apart():
    new = "Tensor([[1.0, 2.0]]).grad has shape () and should have (1, 2)"
    later = "a.grad has shape (), and PyTorch's has (2, 3)"
    assert "__init__" in shape_hint(new, is_stretching=False)
    assert "a single number" in shape_hint(later, is_stretching=True)


def test_unbroadcast_sums_over_axes_of_size_1_only_where_the_operand_has_one():
    in_front = "unbroadcast(gradient, x.shape) has shape (2,) and should have (3,)"
    stretched = "unbroadcast(gradient, x.shape) has shape (1, 3) and should have (2, 1)"
    assert "axes in front" in shape_hint(in_front, is_stretching=True)
    assert "of shape (2, 1), has size 1" in shape_hint(stretched, is_stretching=True)
