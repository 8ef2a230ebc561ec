"""What is wrong with a student's Value: its constructor, its operations, or backward()."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from gradkit.graphs.scalar.program import name_nodes
from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.submissions.transport.subject import Subject
from gradkit.suite.evidence import FailingGraph

from .operation import ADDITION, MULTIPLICATION, Operation
from .operations import gradient_hint, operand_keeps_hint, slope_hint, value_hint
from .order import all_ones_hint, chain_hint, order_hint
from .student import Student, ask, attempt, find_parents, first_hint, read
from .wiring import Call, same_slip_hint, wiring_hint

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
    hint = constructor_hint(student) or first_hint(partial(value_hint, student, each) for each in operations)
    if hint or not gradients:
        return hint or parents_hint(student, about)

    asked = list(dict.fromkeys((ADDITION, MULTIPLICATION, *operations)))
    hint = (
        wiring_hint(student)
        or first_hint(partial(operand_keeps_hint, student, each) for each in asked)
        or same_slip_hint(student)
        or slope_hint(student, ADDITION)
        or all_ones_hint(student)
        or chain_hint(student)
    )
    if hint:
        return hint
    times_hint = slope_hint(student, MULTIPLICATION)
    basics = [ADDITION] if operations == [ADDITION] else [ADDITION, MULTIPLICATION]
    asked = list(dict.fromkeys((*basics, *operations)))
    return (
        first_hint(partial(gradient_hint, student, each, times_is_right=not times_hint) for each in asked)
        or ("" if times_hint else order_hint(student))
        or _leftover_hint(graph)
    )


def _leftover_hint(graph: FailingGraph | None) -> str:
    """Return what is left to look at after every operation of the graph has passed back the right gradients alone."""
    if graph is None:
        return ""
    if any(len(graph.graph.consumers(node)) > 1 for node in range(len(graph.graph))):
        return (
            "By itself every operation here passes back the right gradients, so look at backward(): a closure runs "
            "once, and only after those of all nodes that use its result (reversed topological order)."
        )
    return (
        "At other numbers the operations here pass back the right gradients: what is special about the numbers of this "
        "example, and which line of the closure minds it?"
    )


_ARITHMETIC = ("math range error", "math domain error", "ZeroDivisionError", "OverflowError")
"""Exceptions that a wrong formula raises at special numbers only."""


def engine_error_hint(student: Student, about: Sequence[str], message: str, gradients: bool) -> str:
    """Return why a student's Value raises an exception; empty if the questions do not show it.

    Args:
        student: The student's code.
        about: The functions that the item is about.
        message: The exception's message.
        gradients: Whether the item is about gradients, too.
    """
    hint = constructor_hint(student)
    if not hint and gradients and message.startswith("RecursionError"):
        hint = _endless_hint(student)
    if not hint and any(name in message for name in _ARITHMETIC):
        hint = _formula_hint(student, operations_of(about, None), gradients)
    if not hint and "'NoneType' object is not callable" in message:
        hint = _no_closure_hint(student, operations_of(about, None))
    is_about_powers = any(name in ("Value.__pow__", "Value.__rpow__") for name in about)
    return hint or (_value_exponent_hint(student) if is_about_powers else "")


def _endless_hint(student: Student) -> str:
    """Explain a backward() that calls itself without end: it fails on the smallest graph, too."""
    _, result = Call(ADDITION).make(student)
    if "RecursionError" not in attempt(lambda: result.backward()):
        return ""
    return (
        "backward() never ends, not even on `a + b`. Either it calls backward() of a node, where the node's closure, "
        "_backward(), is to run, or a function in it calls itself without an end."
    )


def _formula_hint(student: Student, operations: Sequence[Operation], gradients: bool) -> str:
    """Return what is wrong with operations at ordinary numbers, where they raise no exception; empty if nothing is."""
    hint = first_hint(partial(value_hint, student, each) for each in operations)
    if hint or not gradients or wiring_hint(student) or slope_hint(student, ADDITION):
        return hint
    return first_hint(partial(slope_hint, student, each) for each in operations)


def _no_closure_hint(student: Student, operations: Sequence[Operation]) -> str:
    """Say whose _backward is None: a leaf's, or the result's of an operation."""
    leaf = student.load("Value")(2.0)
    if "NoneType" in attempt(lambda: leaf._backward()):
        return (
            "The _backward of a leaf is None, and backward() calls it: __init__ gives each new Value a closure that "
            "does nothing."
        )
    for operation in dict.fromkeys((ADDITION, MULTIPLICATION, *operations)):
        if "NoneType" in attempt(_run_closure, student, operation):
            return (
                f"The _backward of the result of {operation.text} is None: keep the closure itself in it, without "
                "calling it (no () behind its name)."
            )
    return ""


def _run_closure(student: Student, operation: Operation) -> None:
    """Call the closure of an operation's result by hand."""
    Call(operation).make(student)[1]._backward()


def _value_exponent_hint(student: Student) -> str:
    """Explain a power that takes a plain number as exponent, and raises an exception for a Value."""
    plain, both = student.answers([Graph((2.0,), [("pow_const", 0, 2)]), Graph((2.0, 3.0), [("pow", 0, 1)])], False)
    if plain and both is None:
        return (
            "x ** 2 works, and a ** b raises an exception, where the exponent is a Value: __pow__ takes both. Use the "
            "exponent's number, and keep the exponent as a parent."
        )
    return ""


def operations_of(about: Iterable[str], graph: FailingGraph | None) -> list[Operation]:
    """Return the operations to ask about, in course order: those of the failed expression, or else of the item."""
    constants: dict[str, list[float]] = {}
    shown: dict[str, tuple[str, ...]] = {}
    if graph is not None:
        names = name_nodes(graph.graph)
        for name, *numbers in graph.steps:
            row = OPERATIONS[str(name)]
            operands = list(map(int, numbers[: row.arity]))
            are_leaves = all(node < len(graph.inputs) for node in operands) and len(set(operands)) == row.arity
            is_only_one = row.name not in constants
            shown[row.name] = tuple(names[node] for node in operands) if are_leaves and is_only_one else ()
            constants.setdefault(row.name, []).extend(float(number) for number in numbers[row.arity :])
    else:
        methods = [name.partition(".")[2] for name in about if name.startswith("Value.")]
        constants = {name: [] for method in methods for name in METHODS.get(method, ())}
    return [
        Operation(name, tuple(_plain(constants[name])), shown.get(name, ())) for name in OPERATIONS if name in constants
    ]


def _plain(numbers: Iterable[float]) -> list[float]:
    """Return plain numbers as the course writes them: 2 and not 2.0."""
    return [int(number) if number == int(number) else number for number in dict.fromkeys(numbers)]


def constructor_hint(student: Student) -> str:
    """Return what is wrong with a new Value itself; empty if nothing is."""
    make_value = student.load("Value")
    x = make_value(1.23456789)
    data = read([x], "data")
    if data is None:
        return "After x = Value(1.5), x.data should be the number 1.5: __init__ keeps it as self.data."
    if data != [1.23456789]:
        return f"Value(1.23456789).data is {data[0]!r}: __init__ keeps the number as it is."
    grad = read([x], "grad")
    if grad is None:
        return "After x = Value(1.5), x.grad should be the number 0.0: __init__ sets self.grad."
    if grad != [0.0]:
        return f"The gradient of a new Value is {grad[0]!r}: it starts at 0."
    y = make_value(2.0)
    y.data = 7.0
    if read([x, y], "data") != [1.23456789, 7.0]:
        return "Two Values share one number: when the data of one changes, so does the other's. Set self.data."
    return ""


def _single_parent_hint(x: Subject) -> str:
    """Return what is wrong with the parents of a result that has one operand; empty if nothing is."""
    results: tuple[tuple[str, Any], ...] = (("-x", -x), ("x ** 2", x**2))
    for text, result in results:
        parents = find_parents(result)
        if parents is None:
            return f"The _prev of {text} cannot be read one by one. A tuple of one needs a comma: (self,)."
        if not parents:
            return f"The _prev of {text} is empty: the result keeps its operand x, as it keeps both operands of a + b."
        if not any(parent is x for parent in parents):
            return f"The _prev of {text} does not hold x itself, but something else (a copy or a number)."
    return ""


def parents_hint(student: Student, about: Sequence[str]) -> str:
    """Return what is wrong with the parents that a result remembers; empty if nothing is."""
    make_value = student.load("Value")
    if set(about) == {"Value.__neg__", "Value.__pow__"}:
        return _single_parent_hint(make_value(2.0))
    if "Value.__init__" not in about:
        return ""
    a, b = make_value(2.0), make_value(3.0)
    for text, result in (("a + b", a + b), ("a * b", a * b)):
        parents = find_parents(result)
        if parents is None:
            return f"The _prev of {text} cannot be read one by one: it holds the two operands, in a tuple, list or set."
        if not parents:
            return f"The _prev of {text} is empty: the result keeps its operands, and __init__ stores what it gets."
        is_own = [any(parent is operand for parent in parents) for operand in (a, b)]
        if len(parents) == 1 and any(is_own):
            return f"The _prev of {text} holds one parent only: both operands belong there."
        inside = ask(list, parents[0]) if len(parents) == 1 else None
        if inside is not None and len(inside) == 2:
            return (
                f"The _prev of {text} holds a single thing, and that holds the operands: __init__ has put what it got "
                "(a tuple) into _prev as one piece, where _prev is to be made of what is in it."
            )
        if all(parent is a for parent in parents):
            return f"The _prev of {text} holds a twice, and not b: both operands belong there."
        if not all(is_own):
            missing = "a and b themselves" if not any(is_own) else "ab"[is_own.index(False)] + " itself"
            return (
                f"The _prev of {text} does not hold {missing}, but something else (a copy, a number, a text): look at "
                "what the operation hands to Value(...), at what makes a Value of a number (a Value stays as it is), "
                "and at what __init__ makes _prev of."
            )
    if find_parents(make_value(2.0)):
        return "The _prev of a leaf is not empty: it was made from nothing. Is one list or set shared by all Values?"
    return ""
