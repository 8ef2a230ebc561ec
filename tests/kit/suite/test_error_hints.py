"""Hints for exceptions say what their message and place show, and no more."""

from itertools import permutations, product

import numpy as np
import pytest
from gradkit.suite.added_shapes import added_shape_hint, is_reordered
from gradkit.suite.error_hints import find_error_hint

IN_CALL = "nn.py:69, in __call__\n    return x[0] if len(x) == 1 else x"
TRANSPOSED = "tensor.py:9, in _backward\n    grad_a = grad @ b.T"

HINTS = {
    "lower case": ("ImportError: cannot import name 'value' from 'engine'", "", "the class is called Value"),
    "another name": ("ImportError: cannot import name 'Valeu' from 'engine'", "", "is it spelled there as here"),
    "a layer of one": ("TypeError: object of type 'Value' has no len()", IN_CALL, "A Layer returns a list"),
    "overflow": ("OverflowError: math range error", "", "cosh"),
    "a list turned in place": ("TypeError: 'NoneType' object is not iterable",
                               "engine.py:9, in backward\n    for node in order.reverse():", "change a list in place"),
    "a Value of a Value": ("RecursionError: maximum recursion depth exceeded",
                           "engine.py:9, in _to_value\n    return Value(x)", "a Value is made of a Value"),
    "too deep": ("RecursionError: maximum recursion depth exceeded", "engine.py:9, in build\n    build(parent)",
                 "keep a stack of your own"),
    "append given back": ("TypeError: 'NoneType' object is not iterable", "", "append(), extend() or the like"),
    "a name of its own": ("UnboundLocalError: cannot access local variable 's' where it is not associated with a value",
                          "engine.py:9, in _backward\n    s = s * (1 - s)", "Take a new name"),
    "no start": ("UnboundLocalError: cannot access local variable 'total' where it is not associated with a value",
                 "nn.py:9, in __call__\n    total += w * x", "need a value to start from"),
    "in a branch": ("UnboundLocalError: cannot access local variable 's' where it is not associated with a value",
                    "engine.py:9, in sigmoid\n    out = Value(s, (self,))", "in another branch only"),
    "grad without self": ("UnboundLocalError: cannot access local variable 'grad' where it is not associated with a "
                          "value", "engine.py:9, in _backward\n    grad += out.grad", "such as self.grad"),
    "not wrapped": ("AttributeError: 'int' object has no attribute 'data'",
                    "engine.py:9, in __add__\n    out = Value(self.data + other.data, (self, other))", "whole numbers"),
    "a list for a set": ("AttributeError: 'list' object has no attribute 'add'", "", "A set has add()"),
    "a closure's parameter": ("TypeError: Value.exp.<locals>._backward() missing 1 required positional argument: 'out'",
                              "engine.py:9, in backward\n    node._backward()", "its `def` line has no parameters"),
    "no pair": ("TypeError: cannot unpack non-iterable Value object", "", "is a pair"),
    "a number's exp": ("AttributeError: 'float' object has no attribute 'exp'", "", "the module math"),
    "missing import": ("NameError: name 'np' is not defined", "", "or math is meant"),
    "class not imported": ("NameError: name 'Value' is not defined", "", "is it imported at the top"),
    "unknown module": ("ModuleNotFoundError: No module named 'engin'", "", "compare the imports"),
    "random is a function": ("AttributeError: 'builtin_function_or_method' object has no attribute 'uniform'", "",
                             "`from random import random`"),
    "no base class": ("AttributeError: 'MLP' object has no attribute 'zero_grad'", "", "inherit from Module"),
    "attribute of a neuron": ("AttributeError: 'Neuron' object has no attribute 'w'", "", "is it set in __init__"),
    "no __call__": ("TypeError: 'Neuron' object is not callable", "", "the method __call__"),
    "power by ^": ("TypeError: unsupported operand type(s) for ^: 'float' and 'int'", "", "written **"),
    "isinstance turned": ("TypeError: isinstance() arg 2 must be a type, a tuple of types, or a union", "",
                          "the object stands first"),
    "no defaults": ("TypeError: Value.__init__() missing 2 required positional arguments: '_children' and '_op'", "",
                    "need the defaults"),
    "a list and a Value": ("TypeError: unsupported operand type(s) for +: 'float' and 'list'",
                           "nn.py:30, in parameters\n    return self.w + self.b\nengine.py:19, in __add__\n    out = 1",
                           "+ joins lists"),
    "itself": ("RecursionError: maximum recursion depth exceeded",
               "engine.py:39, in __neg__\n    return 0 - self", "or by way of another operator"),
    "all axes turned": ("ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0", TRANSPOSED,
                        "swaps its last two only"),
    "++": ("SyntaxError: invalid syntax", "training.py:9\n    self.t++\n            ^", "no ++"),
    "and": ("SyntaxError: invalid syntax", "training.py:9\n    if a > 0 && b > 0:\n            ^", "`and`"),
    "comparison": ("SyntaxError: cannot assign to expression here. Maybe you meant '==' instead of '='?",
                   "training.py:9\n    1 - b = a", "To the left of ="),
    "no range": ("TypeError: 'int' object is not iterable", "training.py:9, in train\n    for i in len(outputs):",
                 "range(len(...))"),
    "steps without range": ("TypeError: 'int' object is not iterable", "training.py:9, in train\n    for _ in steps:",
                            "is range(...) of it meant"),
    "an entry for an index": ("TypeError: list indices must be integers or slices, not Value",
                              "training.py:9, in hinge\n    outputs[o]", "an entry in place of its index"),
    "no axis": ("TypeError: 'NoneType' object cannot be interpreted as an integer",
                "tensor.py:9, in _backward\n    np.expand_dims(out.grad, axis)", "all numbers are meant"),
    "no zip": ("ValueError: not enough values to unpack (expected 2, got 1)", "", "zip(one, other)"),
    "method without dot": ("NameError: name 'log' is not defined", "training.py:9, in cross_entropy\n    log(p)",
                           "x.log()"),
    "axis gone": ("AxisError: axis 1 is out of bounds for array of dimension 1",
                  "tensor.py:9, in unbroadcast\n    gradient = gradient.sum(axis=axis)", "takes its axis away"),
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


def shapes_of(n_axes):
    return product((1, 2, 3), repeat=n_axes)


def stretches_to(own, added, stretched):
    """Return whether numpy stretches two shapes to a third one."""
    try:
        return np.broadcast_shapes(own, added) == stretched
    except ValueError:
        return False


@pytest.mark.parametrize("n_axes", range(4))
def test_another_order_of_axes_is_named_where_one_of_all_orders_has_the_shape(n_axes):
    for own, stretched in product(shapes_of(n_axes), repeat=2):
        tried = any(stretches_to(own, order, stretched) for order in permutations(own))
        assert is_reordered(own, stretched) == tried, (own, stretched)


def test_shapes_of_many_axes_in_a_students_text_take_no_time():
    own, stretched = (2, 3, 5) * 8 + (1,), (2, 3, 5) * 8 + (7,)
    assert not is_reordered(own, stretched)
    assert is_reordered((*own, 7, 1), (*stretched, 7, 1))
    text = "non-broadcastable output operand with shape {} doesn't match the broadcast shape {}"
    assert "summed up" in find_error_hint(f"ValueError: {text.format(own, stretched)}")
