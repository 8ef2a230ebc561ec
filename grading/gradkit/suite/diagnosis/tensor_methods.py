"""The operations of Tensors that a method is asked for."""

from __future__ import annotations

SCALAR_NAMES = {
    "add": "add",
    "add_number": "add_const",
    "number_add": "const_add",
    "mul": "mul",
    "mul_number": "mul_const",
    "number_mul": "const_mul",
    "neg": "neg",
    "sub": "sub",
    "sub_number": "sub_const",
    "number_sub": "const_sub",
    "pow_number": "pow_const",
    "pow": "pow",
    "div": "div",
    "div_number": "div_const",
    "number_div": "const_div",
    "exp": "exp",
    "log": "log",
    "tanh": "tanh",
    "relu": "relu",
}
"""Operations that work element by element, by the name in TENSOR_OPERATIONS: the operation on Values that each does."""

METHODS: dict[str, tuple[str, ...]] = {
    "__add__": ("add", "add_number"),
    "__radd__": ("number_add",),
    "__mul__": ("mul", "mul_number"),
    "__rmul__": ("number_mul",),
    "__neg__": ("neg",),
    "__sub__": ("sub", "sub_number"),
    "__rsub__": ("number_sub",),
    "__pow__": ("pow_number", "pow"),
    "__truediv__": ("div", "div_number"),
    "__rtruediv__": ("number_div",),
    "exp": ("exp",),
    "log": ("log",),
    "tanh": ("tanh",),
    "relu": ("relu",),
}
