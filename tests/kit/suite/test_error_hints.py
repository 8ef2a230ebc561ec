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
