"""What is wrong with a student's Value: its constructor, its operations, or backward()."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradkit.inside.operations import OPERATIONS
from gradkit.suite.evidence import FailingGraph

from .operations import Operation, gradient_hint, value_hint
from .student import Student, attempt, read
from .wiring import ADDITION, MULTIPLICATION, order_hint, wiring_hint

METHODS: dict[str, tuple[str, ...]] = {
    "__add__": ("add", "add_const"),
    "__radd__": ("const_add",),
    "__mul__": ("mul", "mul_const"),
    "__rmul__": ("const_mul",),
    "__neg__": ("neg",),
    "__sub__": ("sub", "sub_const"),
    "__rsub__": ("const_sub",),
    "__pow__": ("pow_const", "pow"),
    "__rpow__": ("const_pow",),
    "__truediv__": ("div", "div_const"),
    "__rtruediv__": ("const_div",),
    **{name: (name,) for name in ("exp", "log", "tanh", "sigmoid", "relu")},
}
"""The operations of the table that a method of Value is asked for, by its name."""


def engine_hint(student: Student, about: Sequence[str], graph: FailingGraph | None, gradients: bool) -> str:
    """Return what is wrong with a student's Value; empty if the questions do not show it.

    Args:
        student: The student's code.
        about: The functions that the item is about.
        graph: The case that failed, if it is an expression.
        gradients: Whether the item is about gradients, too.
    """
    operations = operations_of(about, graph)
    hint = constructor_hint(student)
    for operation in operations:
        hint = hint or value_hint(student, operation)
    if hint or not gradients:
        return hint or parents_hint(student, about)

    hint = wiring_hint(student)
    basics = [ADDITION] if operations == [ADDITION] else [ADDITION, MULTIPLICATION]
    for operation in dict.fromkeys((*basics, *operations)):
        hint = hint or gradient_hint(student, operation)
    if hint or (MULTIPLICATION not in basics and gradient_hint(student, MULTIPLICATION)):
        return hint
    return order_hint(student)


def operations_of(about: Iterable[str], graph: FailingGraph | None) -> list[Operation]:
    """Return the operations to ask about, in course order: those of the failed expression, or else of the item."""
    constants: dict[str, list[float]] = {}
    if graph is not None:
        for name, *numbers in graph.steps:
            row = OPERATIONS[str(name)]
            constants.setdefault(row.name, []).extend(float(number) for number in numbers[row.arity :])
    else:
        methods = [name.partition(".")[2] for name in about if name.startswith("Value.")]
        constants = {name: [] for method in methods for name in METHODS.get(method, ())}
    return [Operation(name, tuple(_plain(constants[name]))) for name in OPERATIONS if name in constants]


def _plain(numbers: Iterable[float]) -> list[float]:
    """Return plain numbers as the course writes them: 2 and not 2.0."""
    return [int(number) if number == int(number) else number for number in dict.fromkeys(numbers)]


def constructor_hint(student: Student) -> str:
    """Return what is wrong with Value(3.5) itself; empty if nothing is."""
    Value = student.load("Value")
    x = Value(3.5)
    data = read([x], "data")
    if data is None:
        message = attempt(lambda: x.data)
        return f"Value(3.5) does not keep its number: {message}." if "attribute" in message else ""
    if data != [3.5]:
        return f"Value(3.5).data is {data[0]!r}: __init__ keeps the number as it is."
    grad = read([x], "grad")
    if grad is None:
        return ""
    if grad != [0.0]:
        return f"The gradient of a new Value is {grad[0]!r}: it starts at 0."
    y = Value(2.0)
    y.data = 7.0
    if read([x, y], "data") != [3.5, 7.0]:
        return "Two Values share one number: when the data of one changes, so does the other's. Set self.data, not the class's."
    return ""


def parents_hint(student: Student, about: Sequence[str]) -> str:
    """Return what is wrong with the parents that a result remembers; empty if nothing is."""
    if "Value.__init__" not in about:
        return ""
    Value = student.load("Value")
    a, b = Value(2.0), Value(3.0)
    for text, result in (("a + b", a + b), ("a * b", a * b)):
        parents: list[object] = []
        if attempt(lambda result=result, parents=parents: parents.extend(result._prev)):
            return f"The _prev of {text} cannot be read one by one: it holds the two operands, in a tuple, list or set."
        if not parents:
            return f"The _prev of {text} is empty: the result keeps its operands, and __init__ stores what it gets."
        is_own = [any(parent is operand for parent in parents) for operand in (a, b)]
        if len(parents) == 1:
            return f"The _prev of {text} holds one parent only: both operands belong there."
        if not all(is_own):
            return f"The _prev of {text} does not hold the operands a and b themselves, but others (copies, or numbers)."
    leaf: list[object] = []
    if not attempt(lambda: leaf.extend(Value(2.0)._prev)) and leaf:
        return "The _prev of a leaf is not empty: it was made from nothing. Is one list shared by all Values?"
    return ""
