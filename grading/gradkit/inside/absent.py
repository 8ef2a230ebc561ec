"""Recognize a method that the student has not written yet by the exception that its absence causes.

A stub raises NotImplementedError. A student can also delete a stub, or write a class without it; then Python raises an
AttributeError or a TypeError, which would look like a mistake.

Enters the sandbox, so it imports only the standard library, and most of that only after an exception.
"""

from __future__ import annotations

from .operations import OPERATIONS
from .tensor_replay import TENSOR_OPERATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import Any

_METHODS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "@": "matmul"}
"""The method behind each operator, without underscores."""

_ROWS: tuple[Any, ...] = (*OPERATIONS.values(), *TENSOR_OPERATIONS.values())

_NAMED = {"backward", "parameters", "zero_grad", "step"}.union(
    row.text.partition("{a}.")[2].partition("(")[0] for row in _ROWS
)
"""The methods that gradkit calls by their names."""

_STEP_CODES = {row.function.__code__ for row in _ROWS}
"""The code of every operation that a graph can have."""

_HEAP_TYPE = 1 << 9
"""The flag Py_TPFLAGS_HEAPTYPE: set for classes that are written in Python, and not for float, list or ndarray."""

_IN_STUDENT_CODE = {
    **{name: _NAMED - {"parameters", "zero_grad", "step"} for name in ("Value", "Tensor")},
    **{name: {"parameters", "zero_grad"} for name in ("Module", "Neuron", "Layer", "MLP")},
}
"""The named methods of the course's classes, which a student's own code can call before they are written."""

_FUNCTION = 1
"""The flag CO_OPTIMIZED: set for the code of functions, whose local variables no student's class can hold."""

_SIMILARITY = 0.6
"""How similar two names are, from 0 to 1, if one may be the other misspelled: `div` is 0.6 similar to `truediv`."""


def find_absent_method(error: BaseException, requests: set[CodeType]) -> str:
    """Return the method whose absence caused an exception, as in "Value has no __neg__"; empty if it has another cause.

    A method is absent if the class is written in Python and has no method of a similar name, which would be misspelled.
    In the student's own code (`self * other ** -1` in a division, before the power is written) only the methods count
    that the course asks for.

    Args:
        error: The exception, with its traceback.
        requests: The code of the functions that execute requests.
    """
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    if code in _STEP_CODES | requests:
        target, name = _where_gradkit_uses_it(error, trace.tb_frame.f_locals)
    elif code.co_flags & _FUNCTION:
        target, name = _in_student_code(error, trace.tb_frame.f_locals)
    else:
        return ""
    kind = type(target)
    if not name or not type.__dict__["__flags__"].__get__(kind) & _HEAP_TYPE:
        return ""
    methods = set(_names_in(kind))
    return "" if name in methods or _has_similar(methods, name) else f"{_class_of(target)} has no {name}"


def _in_student_code(error: BaseException, used: dict[str, Any]) -> tuple[object, str]:
    """Return an object of the course's classes and the method that it lacks; an empty name if it is another error.

    Args:
        error: The exception, raised by a function of the student's.
        used: The local variables of that function.
    """
    if type(error) is AttributeError:
        name = error.name if type(error.name) is str else ""
        return error.obj, name if name in _IN_STUDENT_CODE.get(_class_of(error.obj), ()) else ""
    kind, name = _missing_operator(error)
    objects = [each for each in used.values() if _class_of(each) == kind]
    return (objects[0], name) if kind in ("Value", "Tensor") and objects else (None, "")


def _where_gradkit_uses_it(error: BaseException, used: dict[str, Any]) -> tuple[object, str]:
    """Return the object and the method that Python looked for in vain; an empty name if it is another error.

    Args:
        error: The exception, raised by a function of gradkit.
        used: The local variables of that function.
    """
    if type(error) is AttributeError:
        name = error.name if type(error.name) is str else ""
        return error.obj, name if name in _NAMED else ""
    text = _text_of(error)
    if text.endswith("object is not callable") and "function" in used:
        return used["function"], "__call__"
    if text.endswith("object is not subscriptable") and "a" in used:
        return used["a"], "__getitem__"
    kind, name = _missing_operator(error)
    operands = list(used.get("operands") or (used[name] for name in ("a", "b", "k") if name in used))
    return next((each for each in operands if _class_of(each) == kind), None), name


def _missing_operator(error: BaseException) -> tuple[str, str]:
    """Return the class and the special method that Python looked for in vain; empty names if it is another error."""
    text = _text_of(error)
    kinds = text.split("'")[1::2]
    if text.startswith("bad operand type for unary -") and kinds:
        return kinds[0], "__neg__"
    _, is_operator, rest = text.partition("unsupported operand type(s) for ")
    method = _METHODS.get(rest.partition(":")[0].partition(" ")[0].removesuffix("="))
    if not is_operator or method is None or len(kinds) != 2:
        return "", ""
    if kinds[0] in ("int", "float", "ndarray", "list"):
        return kinds[1], f"__r{method}__"
    return kinds[0], f"__{method}__"


def _text_of(error: BaseException) -> str:
    text = error.args[0] if error.args else ""
    return text if type(error) is TypeError and type(text) is str else ""


def _class_of(thing: object) -> str:
    name: str = type.__dict__["__name__"].__get__(type(thing))  # a student's metaclass can have a __name__ of its own
    return name


def _names_in(kind: type) -> Iterator[str]:
    """Yield the names that a class defines or inherits from classes that are written in Python."""
    for each in type.__dict__["__mro__"].__get__(kind):
        if each is not object:
            yield from (name for name in type.__dict__["__dict__"].__get__(each) if type(name) is str)


def _has_similar(methods: set[str], name: str) -> bool:
    """Return whether one of a class's methods may be meant for `name`, and is not the right name of something else."""
    from difflib import get_close_matches

    operators = {f"__{prefix}{method}__" for method in _METHODS.values() for prefix in ("", "r", "i")}
    others = {method.strip("_") for method in methods - operators - {"__neg__", "__call__"}}
    return bool(get_close_matches(name.strip("_"), others, cutoff=_SIMILARITY))
