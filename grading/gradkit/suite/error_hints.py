"""Hints for a student's exceptions, chosen by Python's message."""

from __future__ import annotations

import re

_METHODS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow"}
_OPERANDS = re.compile(r"operand type\(s\) for (\S+?)(?: or pow\(\))?: '(\w+)' and '(\w+)'")

_HINTS = (
    ("No module named 'engine'", "Your engine.py belongs beside this file, and is handed in together with it."),
    ("No module named 'nn'", "Your nn.py belongs beside this file, and is handed in together with it."),
    ("RecursionError", "A call inside a call for every node is too deep: keep a stack of your own (a list). Or does a "
     "method call itself for ever?"),
    ("takes no arguments", "Is __init__ spelled so, with two underscores on each side?"),
    ("required positional argument", "Leave the `def` line as the template has it."),
    ("has no attribute 'data'", "Is a plain number used where a Value is due? Wrap it: Value(other)."),
    ("has no attribute '_prev'", "__init__ keeps data, grad, _prev and _op, under just these names."),
    ("must be real number, not Value", "The math functions take numbers: pass self.data."),
    ("name 'math' is not defined", "`import math` stands at the top of the file in the template."),
    ("'NoneType' object is not callable", "Was a closure called where it should be kept? out._backward = _backward, "
     "without ()."),
    ("can be converted to Python scalars", "math's functions take one number, and this is an array: np.exp and its "
     "like, and ** 0.5, take both."),
    ("non-broadcastable output operand", "A gradient has the shape of its own data: unbroadcast what is added to it."),
    ("for @: 'numpy.ndarray' and", "An array on the left of @ does not ask the Tensor: make a Tensor of it first."),
    ("for @: 'list' and", "A list on the left of @ does not ask the Tensor: make a Tensor of it first."),
    ("Read-only file system", "Grading lets no file be written: leave that out, or under `if __name__ == '__main__'`."),
    ("math domain error", "log exists for positive numbers only: where is it needed, and where not?"),
    ("math range error", "exp overflows beyond 709: choose the form whose exponent is never large."),
)  # fmt: skip
"""(part of the message, hint). The first match is used."""


def find_error_hint(message: str) -> str:
    """Return one line of advice about a student's exception, or an empty string.

    Args:
        message: The last line of its traceback.
    """
    operands = _OPERANDS.search(message)
    if operands and operands[1] in _METHODS:
        return _operator_hint(*operands.groups())
    return next((hint for text, hint in _HINTS if text in message), "")


def _operator_hint(operator: str, left_type: str, right_type: str) -> str:
    method = _METHODS[operator]
    if "NoneType" in (left_type, right_type):
        return "One operand is None: is a `return` missing where it was made?"
    if left_type in ("int", "float"):
        also = " sum() asks for it too, since it starts from 0." if operator == "+" else ""
        return f"A plain number in front of {operator} asks for __r{method}__.{also}"
    return f"Here {operator} asks for __{method}__: is it there, spelled so, and does it take what stands on the right?"
