"""Hints for exceptions say what their message and place show, and no more."""

import pytest
from gradkit.suite.error_hints import added_shape_hint, find_error_hint

IN_CALL = "nn.py:69, in __call__\n    return x[0] if len(x) == 1 else x"
TRANSPOSED = "tensor.py:9, in _backward\n    grad_a = grad @ b.T"

HINTS = {
    "lower case": ("ImportError: cannot import name 'value' from 'engine'", "", "the class is called Value"),
    "another name": ("ImportError: cannot import name 'Valeu' from 'engine'", "", "is it spelled there as here"),
    "a layer of one": ("TypeError: object of type 'Value' has no len()", IN_CALL, "A Layer returns a list"),
    "overflow": ("OverflowError: math range error", "", "cosh"),
    "all axes turned": ("ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0", TRANSPOSED,
                        "swaps its last two only"),
}  # fmt: skip


@pytest.mark.parametrize(("message", "traceback", "part"), HINTS.values(), ids=HINTS)
def test_an_exception_is_explained(message, traceback, part):
    assert part in find_error_hint(message, traceback)


def test_what_does_not_fit_is_told_by_what_the_two_shapes_allow():
    message = "ValueError: non-broadcastable output operand with shape {} doesn't match the broadcast shape {}"
    line = "tensor.py:9, in _backward\n    self.grad += "
    more_axes = find_error_hint(message.format("(3,)", "(2,3)"))
    order = find_error_hint(message.format("(1,2,1)", "(2,2,1)"), line + "out.grad.transpose(axes)")
    assert "more axes (2)" in more_axes
    assert "not back in their old order" in order


def test_a_cause_that_the_two_shapes_exclude_is_not_named():
    either = added_shape_hint((2, 1), (2, 2))
    assert "put back" in either
    assert "turned back" in either
    assert "summed up" in either
    larger = added_shape_hint((1, 3), (2, 3))
    assert "put back" not in larger
    assert "turned back" not in larger
