"""What is wrong with a student's Tensor: an operation's numbers, its gradients, or their shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from gradkit.graphs.tensor.graph import Leaf, Shape, TensorGraph
from gradkit.oracle.tolerance import ROUNDED_TOLERANCE, is_close
from gradkit.suite.added_shapes import find_added_shapes

from .formulas import derivative, derivative_formulas, value, value_formulas
from .operation import Operation
from .slips import agree, find_formula
from .student import Student, UnexpectedAnswerError, first_hint
from .tensor_matrices import matmul_hint, stack_hint
from .tensor_methods import METHODS, SCALAR_NAMES
from .tensor_reductions import REDUCTIONS, reduction_hint
from .tensor_shapes import first_gradient_hint, misfit_hint, shape_hint, unbroadcast_hint
from .tensor_stretching import stretch_hint
from .tensor_wiring import (
    TensorCall,
    chain_hint,
    kept_in_operand_hint,
    nothing_arrives_hint,
    remembers_nothing,
    replay_graph,
)

BINARY = ("__add__", "__mul__", "__sub__", "__pow__", "__truediv__", "__matmul__", "backward")
"""Methods about which an item may be in which broadcasting stretches an operand."""

UPSTREAMS = (3.0, -2.0, 0.5, 4.0, -1.5)


def tensor_hint(student: Student, about: Sequence[str], message: str) -> str:
    """Return what is wrong with a student's Tensor; empty if the questions do not show it.

    Args:
        student: The student's code.
        about: The functions that the item is about.
        message: The message of the evidence.
    """
    gradients = "grad" in message.partition(",")[0]
    methods = [name.partition(".")[2] for name in about if name.startswith("Tensor.")]
    names = [name for method in methods for name in METHODS.get(method, ())]
    is_stretching = any(method in BINARY for method in methods) or not methods
    others = [name for method in methods for name in WHOLE_ARRAY_METHODS.get(method, ())]
    hint = first_hint(partial(_value_hint, student, name) for name in names)
    if gradients:
        calls = [HAND_CALLS[name] for name in others if name in HAND_CALLS]
        hint = hint or first_hint(partial(kept_in_operand_hint, student, call) for call in calls)
    hint = hint or first_hint(
        partial(reduction_hint, student, method, gradients) for method in methods if method in REDUCTIONS
    )
    hint = hint or first_hint(partial(_changed_operand_hint, student, name) for name in others)
    has_no_stretching = set(methods) <= {"__init__", "transpose", "reshape", "__getitem__", "sum", "max"}
    if not hint and not has_no_stretching and (find_added_shapes(message) or "has shape" in message):
        hint = unbroadcast_hint(student)
    hint = hint or misfit_hint(message, methods)
    if not hint and "__pow__" in methods:
        hint = _tensor_exponent_hint(student)
    if not hint and "has shape ()" in message:
        hint = first_gradient_hint(student)
    if hint or not gradients:
        return hint or shape_hint(message, is_stretching, methods)
    binary = [name for name in ("add", "mul", *names) if Operation(SCALAR_NAMES[name]).arity == 2]
    calls = [_call(name) for name in dict.fromkeys(("add", *names))]
    return (
        chain_hint(student)
        or first_hint(partial(kept_in_operand_hint, student, call) for call in calls)
        or first_hint(partial(_gradient_hint, student, name) for name in dict.fromkeys(("add", *names)))
        or first_hint(partial(stretch_hint, student, name) for name in dict.fromkeys(binary))
        or shape_hint(message, is_stretching, methods)
        or first_hint(partial(_inner_hint, student, name) for name in (*names, *others))
        or (matmul_hint(student) or stack_hint(student) if "matmul" in others else "")
        or first_hint(partial(_collect_hint, student, name) for name in others)
        or _reuse_hint(student)
    )


def _tensor_exponent_hint(student: Student) -> str:
    """Explain a power that takes a plain number as exponent, and raises an exception for a Tensor."""
    base, exponent = _vector([0.7]), _vector([1.3])
    plain = replay_graph(student, TensorGraph((base,), (("pow_number", 0, 2.0),), base), backward=False)
    both = replay_graph(student, TensorGraph((base, exponent), (("pow", 0, 1),), base), backward=False)
    if plain is None or both is not None:
        return ""
    return "x ** 2 works, and a ** b raises an exception, where the exponent is a Tensor: __pow__ takes both."


def _reuse_hint(student: Student) -> str:
    """Explain a backward() that is wrong only where an inner node has several uses."""
    k, m = 1.3, 1.7
    leaves = (_vector([0.7]), _vector([k]), _vector([m]))
    for steps in (
        (("mul", 0, 1), ("mul", 3, 2), ("add", 4, 3)),
        (("mul", 0, 1), ("mul", 3, 2), ("add", 3, 4)),
        (("mul", 0, 1), ("mul", 3, 2), ("mul", 4, 1), ("add", 5, 3)),
        (("mul", 0, 1), ("mul", 3, 2), ("mul", 4, 1), ("add", 3, 5)),
    ):
        arrays = replay_graph(student, TensorGraph(leaves, steps, _vector([1.0])), backward=True)
        if arrays is None:
            return ""
        if not arrays[3 + len(steps)].numbers:
            raise UnexpectedAnswerError("a gradient has no numbers")
        share = arrays[3 + len(steps)].numbers[0]
        right = k * (1 + m * (k if len(steps) == 4 else 1))
        if not is_close(share, right):
            return (
                "Where a result is used twice, as s = a * k in s * m + s, a gets a wrong gradient: each closure runs "
                "once, and only after both uses of s have added their share (reversed topological order)."
            )
    return ""


WHOLE_ARRAY_METHODS: dict[str, tuple[str, ...]] = {
    "reshape": ("reshape",),
    "transpose": ("transpose",),
    "__getitem__": ("item", "slice", "rows"),
    "__matmul__": ("matmul",),
    "sum": ("sum",),
    "mean": ("sum", "mean"),
    "max": ("max",),
}

WHOLE_ARRAY_CASES: dict[str, tuple[tuple[Shape, ...], tuple[int, ...], Shape]] = {
    "reshape": (((2, 3),), (3, 2), (3, 2)),
    "transpose": (((2, 3),), (), (3, 2)),
    "item": (((2, 3),), (1,), (3,)),
    "slice": (((2, 3),), (0, 1), (1, 3)),
    "rows": (((2, 3),), (1, 0), (2, 3)),
    "matmul": (((2, 3), (3, 2)), (), (2, 2)),
    "sum": (((2, 3),), (), ()),
    "mean": (((2, 3),), (), ()),
    "max": (((2, 3),), (), ()),
}
"""A case for each of WHOLE_ARRAY_METHODS: shapes of the operands, plain numbers, shape of the result."""

HAND_CALLS = {
    "reshape": TensorCall("reshape", "`a.reshape()`", (3,)),
    "transpose": TensorCall("transpose", "`a.transpose()`"),
    "sum": TensorCall("sum", "`a.sum()`"),
    "mean": TensorCall("mean", "`a.mean()`"),
    "max": TensorCall("max", "`a.max()`"),
}
"""Those of WHOLE_ARRAY_METHODS whose closure can be called by hand."""


def _call(name: str) -> TensorCall:
    operation = Operation(SCALAR_NAMES[name])
    return TensorCall(name, operation.text, (2.0,) if "const" in operation.name else ())


def _changed_operand_hint(student: Student, name: str) -> str:
    """Explain an operation that changes the data of its own operand."""
    shapes, constants, due = WHOLE_ARRAY_CASES[name]
    leaves = tuple(Leaf(shape, (0.7, 1.3, 2.2, 1.6, 0.4, 3.1)) for shape in shapes)
    step = (name, *range(len(leaves)), *constants)
    arrays = replay_graph(student, TensorGraph(leaves, (step,), Leaf(due, (1.0,) * math.prod(due))), backward=False)
    for array, leaf in zip(arrays or (), leaves):
        if (array.shape, array.numbers) != (leaf.shape, leaf.numbers):
            text = _WHOLE_ARRAY_TEXTS.get(name, f"a.{name}()")
            return f"`{text}` changes the data of its own operand: it makes a new Tensor, and leaves the operand."
    return ""


def _inner_hint(student: Student, name: str) -> str:
    """Explain an operation that does not remember its operand, which shows only behind an inner node."""
    numbers = (0.7, 1.3, 2.2, 1.6, 0.4, 3.1)
    if name in WHOLE_ARRAY_CASES:
        shapes, constants, due = WHOLE_ARRAY_CASES[name]
        text = _WHOLE_ARRAY_TEXTS.get(name, f"a.{name}()")
    else:
        operation = Operation(SCALAR_NAMES[name])
        shapes, constants, due = ((6,),) * operation.arity, (2,) * ("const" in operation.name), (6,)
        text = operation.text.strip("`")
    n = len(shapes)
    leaves = tuple(Leaf(shape, numbers) for shape in shapes)
    zeros = tuple(Leaf(shape, (0.0,) * 6) for shape in shapes)
    copies = [("add", operand, n + operand) for operand in range(n)]
    step = (name, *range(2 * n, 3 * n), *constants)
    arrays = replay_graph(
        student, TensorGraph((*leaves, *zeros), (*copies, step), Leaf(due, (1.0,) * math.prod(due))), backward=True
    )
    if arrays is None:
        return ""
    n_nodes = len(arrays) // 2
    inner = [any(arrays[n_nodes + 2 * n + operand].numbers) for operand in range(n)]
    outer = [any(arrays[n_nodes + operand].numbers) for operand in range(n)]
    for operand in range(n):
        if inner[operand] and not outer[operand]:
            letter = "ab"[operand] if n > 1 or name in WHOLE_ARRAY_CASES else "x"
            call = HAND_CALLS.get(name) or (_call(name) if name in SCALAR_NAMES else None)
            if call and remembers_nothing(student, call):
                return (
                    f"`{text}` passes its gradient on to {letter}, and nothing arrives behind {letter} where that is a "
                    f"result itself: `_prev` does not hold {letter}, so that its closure never runs."
                )
            return (
                f"`{text}` passes its gradient on to {letter}, and nothing arrives behind {letter} where that is a "
                f"result itself. Either `_prev` does not hold {letter}, so that its closure never runs, or the closure "
                f"is kept in {letter} (self._backward), in place of its own: it belongs to the result (out._backward)."
            )
    return ""


_WHOLE_ARRAY_TEXTS = {"matmul": "a @ b", "item": "a[i]", "slice": "a[i:j]", "rows": "a[[i, j]]"}


def _collect_hint(student: Student, name: str) -> str:
    """Explain an operation that overwrites what another use of its operand has passed on."""
    shapes, constants, due = WHOLE_ARRAY_CASES[name]
    numbers = (0.7, 1.3, 2.2, 1.6, 0.4, 3.1)
    leaves = tuple(Leaf(shape, numbers) for shape in shapes)
    step = (name, *range(len(leaves)), *constants)
    n = len(leaves)
    upstream = Leaf(due, (3.0, -2.0, 0.5, 4.0, -1.5, 2.5)[: math.prod(due)])
    once = replay_graph(student, TensorGraph(leaves, (step,), upstream), backward=True)
    plain = replay_graph(student, TensorGraph(leaves, (step,), Leaf(due, (1.0,) * math.prod(due))), backward=True)
    twice = replay_graph(student, TensorGraph(leaves, (step, step, ("add", n, n + 1)), upstream), backward=True)
    if not once or not twice:
        return ""
    text = _WHOLE_ARRAY_TEXTS.get(name, f"a.{name}()")
    for operand in range(n):
        alone, both = once[n + 1 + operand], twice[n + 3 + operand]
        if alone.shape != shapes[operand]:
            return ""
        if not any(alone.numbers):
            return (
                f"No gradient arrives from `{text}` at {'ab'[operand]}: is its closure kept in the result "
                f"(out._backward), does it add to the grad of {'ab'[operand]}, and does it read out.grad only when it "
                "runs?"
            )
        if plain and agree(plain[n + 1 + operand].numbers, alone.numbers):
            due_text = "out.grad is a factor of it" if name == "matmul" else "out.grad is due, number by number"
            return f"What `{text}` passes on to {'ab'[operand]} is the same whatever its own gradient is: {due_text}."
        if agree(both.numbers, alone.numbers):
            return (
                f"`{text} + {text}` passes on no more than `{text}` alone: its closure overwrites (=) what is in grad "
                "already; collect with +=."
            )
    return ""


def _vector(numbers: Sequence[float]) -> Leaf:
    return Leaf((len(numbers),), tuple(numbers))


@dataclass(frozen=True)
class _Elementwise:
    """An operation that works element by element, at the points of the same operation on Values.

    Attributes:
        name: Its name in TENSOR_OPERATIONS.
        constant: The plain number, if it takes one.
    """

    name: str
    constant: float | None

    @property
    def operation(self) -> Operation:
        constants = () if self.constant is None else (self.constant,)
        return Operation(SCALAR_NAMES[self.name], constants)

    @property
    def points(self) -> list[tuple[float, ...]]:
        points = [point for point in self.operation.points if self.operation.is_asked(point)]
        return points[: len(UPSTREAMS)]

    def graph(self, upstream: Sequence[float], adds_operand: int | None = None) -> TensorGraph:
        """Return the operation on one vector for each operand; with `adds_operand`, this operand is added to it."""
        arity = self.operation.arity
        leaves = tuple(_vector([point[operand] for point in self.points]) for operand in range(arity))
        constants = () if self.constant is None else (self.constant,)
        steps: list[tuple[str | int | float, ...]] = [(self.name, *range(arity), *constants)]
        if adds_operand is not None:
            steps.append(("add", arity, adds_operand))
        return TensorGraph(leaves, tuple(steps), _vector(upstream[: len(self.points)]))


def _forms(name: str) -> list[_Elementwise]:
    """Return an operation with each plain number that it is asked for."""
    row = SCALAR_NAMES[name]
    takes_number = "const" in row
    numbers = (2.0, 3.0, 0.5) if takes_number else (None,)
    return [_Elementwise(name, number) for number in numbers]


def _value_hint(student: Student, name: str) -> str:
    got: list[float] = []
    points: list[tuple[float, ...]] = []
    for form in _forms(name):
        arrays = replay_graph(student, form.graph(UPSTREAMS), backward=False)
        if arrays is None or arrays[-1].shape != (len(form.points),):
            return ""
        text = form.operation.text
        if any(list(array.numbers) != list(leaf.numbers) for array, leaf in zip(arrays, form.graph(UPSTREAMS).leaves)):
            return (
                f"{text} changes the data of its own operand: an operation makes a new array and leaves its operands."
            )
        got += arrays[-1].numbers
        points += form.points
    operation = Operation(SCALAR_NAMES[name])
    right = [value(operation.name, point) for point in points]
    if agree(got, right):
        return ""
    if all(abs(mine - want) <= ROUNDED_TOLERANCE * abs(want) for mine, want in zip(got, right)):
        return f"The first digits of {operation.text} are right: is something rounded, or kept as float32?"
    found = find_formula(got, points, value_formulas(operation.name))
    return f"{operation.text} gives {operation.letters(found)}." if found else ""


def _gradient_hint(student: Student, name: str) -> str:
    """Return what is wrong with the gradients of an operation on arrays of one shape; empty if nothing is."""
    operation = Operation(SCALAR_NAMES[name])
    text = operation.text
    overwritten = ""
    for operand, letter in enumerate(operation.operands):
        points: list[tuple[float, ...]] = []
        alone: list[float] = []
        scaled: list[float] = []
        used_twice: list[float] = []
        upstream: list[float] = []
        for form in _forms(name):
            n = len(form.points)
            answers = [
                replay_graph(student, form.graph([1.0] * n), backward=True),
                replay_graph(student, form.graph(UPSTREAMS), backward=True),
                replay_graph(student, form.graph([1.0] * n, operand), backward=True),
            ]
            shares = []
            for arrays in answers:
                if arrays is None:
                    return ""
                n_nodes = len(arrays) // 2
                share = arrays[n_nodes + operand]
                if share.shape != (n,):
                    return ""
                shares.append(list(share.numbers))
            alone += shares[0]
            scaled += shares[1]
            used_twice += shares[2]
            points += form.points
            upstream += UPSTREAMS[:n]
        right = [derivative(operation.name, operand, point) for point in points]
        if not agree(alone, right):
            if operation.arity == 2 and operand == 0 and _goes_to_first(student, name, points):
                return f"In {text}, a gets both shares and b gets nothing: one share each."
            if not any(alone):
                return nothing_arrives_hint(student, _call(name), letter)
            specific, general = derivative_formulas(operation.name, operand)
            finite = [place for place, number in enumerate(alone) if math.isfinite(number)]  # log has no negative ones
            mine, asked = [alone[place] for place in finite], [points[place] for place in finite]
            found = find_formula(mine, asked, specific) or find_formula(mine, asked, general)
            return f"What {text} passes on to {letter} is {operation.letters(found)}." if found else ""
        if not agree(scaled, [share * factor for share, factor in zip(right, upstream)]):
            if agree(scaled, right):
                return (
                    f"{text} passes its local derivative on to {letter} as it is, whatever its own gradient is: the "
                    "chain rule multiplies by out.grad."
                )
            if agree(scaled, [share * factor**2 for share, factor in zip(right, upstream)]):
                return f"{text} multiplies by out.grad twice on the way to {letter}: once is due."
            return (
                f"What {text} passes on to {letter} is right where its own gradient is 1, and wrong elsewhere: is the "
                "whole local derivative multiplied by out.grad (parentheses)?"
            )
        if not overwritten and not agree(used_twice, [share + 1 for share in right]):
            overwritten = (
                f"Where {letter} has another use, only the share of {text} stays in {letter}.grad: its closure "
                "overwrites (=) what was there; collect with +=."
                if agree(used_twice, right)
                else f"The gradient of {text} is right alone, and wrong where {letter} has another use: is each share "
                f"added (+=), and has {letter}.grad an array of its own?"
            )
    return overwritten or (_at_zero_hint(student) if name == "relu" else "")


def _goes_to_first(student: Student, name: str, points: Sequence[tuple[float, ...]]) -> bool:
    """Return whether the first operand of an operation gets the gradients of both."""
    form = _forms(name)[0]
    arrays = replay_graph(student, form.graph([1.0] * len(points)), backward=True)
    if arrays is None or len(arrays) != 6:
        return False
    both = [sum(derivative(SCALAR_NAMES[name], operand, point) for operand in (0, 1)) for point in points]
    return agree(list(arrays[3].numbers), both) and not any(arrays[4].numbers)


def _at_zero_hint(student: Student) -> str:
    """Explain a relu that passes something on at exactly 0."""
    arrays = replay_graph(student, TensorGraph((_vector([0.0]),), (("relu", 0),), _vector([1.0])), backward=True)
    if arrays and arrays[2].shape == (1,) and arrays[2].numbers[0]:
        return "At exactly 0, `x.relu()` passes something on: only what is above 0 lets the gradient through."
    return ""
