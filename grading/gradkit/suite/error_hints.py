"""Hints for a student's exceptions: from Python's message, and from where it was raised and what was called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from .added_shapes import added_shape_hint, find_added_shapes
from .error_hint_table import ERROR_HINTS

_METHODS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "@": "matmul"}
_IN_PLACE = {"+=": "+", "-=": "-", "*=": "*", "/=": "/", "**=": "**"}
_OPERANDS = re.compile(r"operand type\(s\) for (\S+?)(?: or pow\(\))?: '(\w+)' and '(\w+)'")
_UNARY_OPERAND = re.compile(r"bad operand type for unary -: '(\w+)'")
_ATTRIBUTE = re.compile(r"'(?:numpy\.)?(\w+)' object has no attribute '(\w+)'")
_FRAME = re.compile(r"^(\w+\.py):(\d+)(?:, in (\S+))?$")

_WITHOUT_MATH = {
    "tensor.py": "math is not imported here, and takes one number: numpy (np) has its functions for whole arrays.",
    "training.py": "math is not imported in this file. For a root, ** 0.5 needs no import, and takes arrays as well.",
}
"""Hints about the name math in files whose template does not import it."""

_OF_NUMPY = ("exp", "log", "tanh")

_NUMBERS = ("int", "float", "float64")
_OWN_CLASSES = ("Value", "Tensor")
_LIST_METHODS = ("append", "extend", "insert")
_CALLABLES = ("method", "function", "builtin_function_or_method")

_SEQUENCES = ("list", "tuple", "generator")
_COLLECTIONS = (*_SEQUENCES, "dict", "set")

_ATTRIBUTES = ("neurons", "layers", "velocities", "betas", "momentum", "linear", "steps")

DOCUMENTED = (
    *("data", "grad", "backward", "parameters", "zero_grad", "step", "_prev", "_op", "_backward"),
    *("exp", "log", "tanh", "sigmoid", "relu"),
    *_ATTRIBUTES,
)
"""Names of the template's attributes and methods, to which a name that does not exist may be close."""


@dataclass(frozen=True)
class Place:
    """Where an exception was raised, as far as it is in the student's files. Empty texts if it is not.

    Attributes:
        function: The name of the innermost function.
        source: Its line of code.
        file: Its file.
    """

    function: str = ""
    source: str = ""
    file: str = ""


def find_error_hint(message: str, traceback: str = "") -> str:
    """Return one line of advice about a student's exception, or an empty string.

    Args:
        message: The last line of its traceback.
        traceback: The student's own frames, innermost last, as `SubmissionError` has them.
    """
    place = innermost_place(traceback)
    shapes = find_added_shapes(message)
    if shapes:
        return added_shape_hint(*shapes, place.source)
    operands = _OPERANDS.search(message)
    if operands and (operands[1] in _METHODS or operands[1] in _IN_PLACE):
        if {operands[2], operands[3]} & {"list"} and re.search(r", in parameters$", traceback, re.MULTILINE):
            return "In parameters(), + joins lists: what is put to a list is a list, too, also if it is one Value only."
        return _operator_hint(operands[1], operands[2], operands[3], place)
    if operands and operands[1] == "^":
        return "^ works on the bits of whole numbers in Python: a power is written **."
    unary = _UNARY_OPERAND.search(message)
    if unary:
        return _unary_hint(unary[1])
    attribute = _ATTRIBUTE.search(message)
    if attribute:
        hint = _attribute_hint(attribute[1], attribute[2], place)
        if hint:
            return hint
    if "name 'math' is not defined" in message and place.file in _WITHOUT_MATH:
        return _WITHOUT_MATH[place.file]
    called = re.search(r"name '(exp|log|tanh|relu|sigmoid)' is not defined", message)
    if called and (place.file != "engine.py" or called[1] in ("relu", "sigmoid")):
        numpys = f" Of a plain array it is np.{called[1]}." * (place.file == "tensor.py" and called[1] in _OF_NUMPY)
        return f"{called[1]} is not known by itself: of an object it is a method, x.{called[1]}(), with a dot.{numpys}"
    for text, function, source, hint in ERROR_HINTS:
        if re.search(text, message) and re.search(function, place.function) and re.search(source, place.source):
            return hint
    return ""


def innermost_place(traceback: str) -> Place:
    """Return the last frame of a traceback's text."""
    place = Place()
    lines = traceback.splitlines()
    for index, line in enumerate(lines):
        frame = _FRAME.match(line)
        if frame:
            source = lines[index + 1].strip() if index + 1 < len(lines) else ""
            place = Place(frame[3] or "", source, frame[1])
    return place


def _operator_hint(operator: str, left_type: str, right_type: str, place: Place) -> str:
    operator = _IN_PLACE.get(operator, operator)
    method = _METHODS[operator]
    types = (left_type, right_type)
    if "NoneType" in types:
        if place.file == "tensor.py" and place.function == "backward":
            return "Something in this line is None: without an argument, the gradient that backward() gets is 1.0."
        if "grad" in place.source:
            return "Something in this line is None: does each grad start as 0.0, and what is called return a number?"
        return "One operand is None: is a `return` missing where it was made?"
    if set(types) & set(_CALLABLES):
        return "One operand is a function that was not called: its parentheses are missing."
    several = [left_type] * (left_type in _COLLECTIONS) + [right_type] * (right_type in _SEQUENCES)
    if several:
        kind = several[0]
        article = "an" if kind[0] in "aeiou" else "a"
        return (
            f"One operand is {article} {kind} where a single number is due: take one element of it, or go through it."
        )
    if "str" in types:
        return "One operand is a text where a number is due: are arguments in the right order?"
    if left_type in _NUMBERS and right_type in _OWN_CLASSES:
        if place.source and re.search(r"\.(data|grad)\b", place.source):
            return (
                f"This line combines a plain number with a whole {right_type}: to compute a number, take .data of both "
                "(a plain number has none: wrap it first)."
            )
        also = " sum() asks for it too, since it starts from 0." if operator == "+" else ""
        return f"A plain number in front of {operator} asks for __r{method}__.{also}"
    if left_type in _OWN_CLASSES and operator != "@":
        return f"Here {operator} asks for __{method}__: is it there, spelled so, and does it take what is on the right?"
    return ""


def _unary_hint(kind: str) -> str:
    if kind in _OWN_CLASSES:
        return "A minus in front asks for __neg__: is it there, spelled so, and inside the class?"
    if kind in ("list", "tuple"):
        return "A minus in front of a list: take one element of it, or go through it."
    return "Something is None here: is a `return` missing where it was made?" if kind == "NoneType" else ""


def _attribute_hint(kind: str, name: str, place: Place) -> str:
    """Return a hint for an attribute that does not exist."""
    if kind in (*_NUMBERS, "bool"):
        return _attribute_of_number_hint(name, place)
    if kind == "NoneType":
        in_place = " append() and extend() change a list in place and return None." * (name in _LIST_METHODS)
        return f"Something is None where .{name} is asked for: is a `return` missing where it was made?{in_place}"
    if kind in _CALLABLES and name in ("uniform", "random", "gauss", "seed"):
        return "random is a function here, and not the module: was it imported by `from random import random`?"
    if kind in _CALLABLES:
        return (
            f"A function stands where an object with .{name} is due: is the result of its call meant? Then parentheses "
            "are missing, as in x.tanh(), or the result has a name of its own. Or does a method return a "
            "function, where it is to return the result?"
        )
    if (kind, name) in (("list", "add"), ("dict", "add"), ("set", "append")):
        return "A set has add(), and a list append(). [] makes a list, set() an empty set, and {} an empty dict."
    if kind in ("list", "tuple", "generator"):
        comma = " A comma behind a value makes a tuple of it." if kind == "tuple" else ""
        return f"A {kind} has no .{name}: it stands where one single object is due. Where does it come from?{comma}"
    if kind in ("ndarray", "float64"):
        return f"A plain array is used where a Tensor is due, so it has no .{name}: was .data taken too early?"
    if kind in ("str", "dict", "set", "complex", "bytes"):
        return f"There is a {kind} in the place of an object that has .{name}: where does it come from?"
    return _attribute_of_own_class_hint(kind, name)


def _attribute_of_number_hint(name: str, place: Place) -> str:
    """Return a hint for an attribute that a plain number was asked for."""
    if name == "_prev":
        return "A _prev holds plain numbers: the parents are the operands themselves, not their data."
    if name in ("exp", "log", "tanh", "sigmoid", "relu"):
        return (
            f"A plain number has no .{name}: either a Value is due here, or a function for numbers is meant (those "
            "are in the module math)."
        )
    if place.function == "__init__":
        return f"A plain number has no .{name}: what arrives here is the number itself."
    if name == "data" and (not place.function or place.function.startswith("__")) and place.function != "__call__":
        if place.file == "tensor.py":
            return (
                "Is a plain number or array used where a Tensor is due? Make a Tensor of it first. Or was .data "
                "taken off too early?"
            )
        return (
            "A plain number is used where a Value is due. Either it is not made a Value first (whole numbers, "
            "too), or .data was taken off too early."
        )
    return f"A plain number is used where a Value is due, so it has no .{name}: look at where it comes from."


def _attribute_of_own_class_hint(kind: str, name: str) -> str:
    """Return a hint for an attribute that an object of a class of the student's does not have."""
    if kind == "Value" and name in ("_children", "children", "parents", "prev", "_parents"):
        return f"A Value has no .{name}: the template keeps the parents as _prev."
    close = get_close_matches(name, DOCUMENTED, n=1, cutoff=0.7)
    if close and close[0] != name:
        return f"Is .{name} a misspelling of .{close[0]}?"
    if name in ("data", "grad", "_prev", "_op", "_backward"):
        return f"The object has no .{name}: does __init__ set self.{name}, spelled so, on every way through it?"
    if name in ("parameters", "zero_grad") and kind in ("Neuron", "Layer", "MLP"):
        return f"There is no {name} in its class: does the class inherit from Module, and is the method spelled so?"
    if name in _ATTRIBUTES or (name not in DOCUMENTED and kind in ("Neuron", "Layer", "MLP", "SGD", "Adam")):
        return (
            f"The object has no .{name}: is it set in __init__ (self.{name} = ...), spelled so, before it is used, on "
            "every way through?"
        )
    if name in DOCUMENTED:
        return f"There is no {name} in the class: is it spelled so, and indented as the other methods are?"
    return ""
