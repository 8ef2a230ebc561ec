"""What is wrong with a student's Tensor: an operation's numbers, its gradients, or their shapes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from gradkit.graphs.tensor.graph import Leaf, Shape, TensorGraph
from gradkit.oracle.tolerance import ROUNDED_TOLERANCE, is_close
from gradkit.submissions.transport.subject import Subject
from gradkit.submissions.transport.subject import arrays as read_arrays
from gradkit.suite.error_hints import find_added_shapes

from .formulas import derivative, derivative_formulas, value, value_formulas
from .operation import Operation
from .slips import agree, find_formula, find_slip
from .student import Student, UnexpectedAnswerError, ask, attempt, first_hint
from .tensor_matrices import matmul_hint, stack_hint
from .tensor_reductions import REDUCTIONS, reduction_hint
from .tensor_wiring import (
    TensorCall,
    chain_hint,
    kept_in_operand_hint,
    nothing_arrives_hint,
    read_gradients,
    remembers_nothing,
    replay_graph,
)

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
    hint = hint or _misfit_hint(message, methods)
    if not hint and "__pow__" in methods:
        hint = _tensor_exponent_hint(student)
    if not hint and "has shape ()" in message:
        hint = _first_gradient_hint(student)
    if hint or not gradients:
        return hint or shape_hint(message, is_stretching, methods)
    binary = [name for name in ("add", "mul", *names) if Operation(SCALAR_NAMES[name]).arity == 2]
    calls = [_call(name) for name in dict.fromkeys(("add", *names))]
    return (
        chain_hint(student)
        or first_hint(partial(kept_in_operand_hint, student, call) for call in calls)
        or first_hint(partial(_gradient_hint, student, name) for name in dict.fromkeys(("add", *names)))
        or first_hint(partial(_stretch_hint, student, name) for name in dict.fromkeys(binary))
        or shape_hint(message, is_stretching, methods)
        or first_hint(partial(_inner_hint, student, name) for name in (*names, *others))
        or (matmul_hint(student) or stack_hint(student) if "matmul" in others else "")
        or first_hint(partial(_collect_hint, student, name) for name in others)
        or _reuse_hint(student)
    )


UNBROADCASTS: tuple[tuple[Shape, Shape], ...] = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), (1, 3)))
"""(shape of the gradient, shape of the operand), for each of which unbroadcast is asked."""


def unbroadcast_hint(student: Student) -> str:
    """Explain an unbroadcast that gives a wrong shape, by which the gradients of operations fail."""
    unbroadcast, array = student.load("unbroadcast"), student.load("array")
    for given, due in UNBROADCASTS:
        shape = ask(_shape_of, student, unbroadcast, array([[1.0] * given[1]] * given[0]), due)
        if shape is None:
            return ""
        if shape != due:
            return (
                f"Look at unbroadcast first: from a gradient of shape {given}, for an operand of shape {due}, it makes "
                f"shape {shape}. The operand's own shape is due."
            )
    return ""


def _shape_of(student: Student, unbroadcast: Subject, gradient: Subject, due: Shape) -> Shape:
    return read_arrays([student.load("Tensor")(unbroadcast(gradient, due))], "data")[0].shape


def _tensor_exponent_hint(student: Student) -> str:
    """Explain a power that takes a plain number as exponent, and raises an exception for a Tensor."""
    base, exponent = _vector([0.7]), _vector([1.3])
    plain = replay_graph(student, TensorGraph((base,), (("pow_number", 0, 2.0),), base), backward=False)
    both = replay_graph(student, TensorGraph((base, exponent), (("pow", 0, 1),), base), backward=False)
    if plain is None or both is not None:
        return ""
    return "x ** 2 works, and a ** b raises an exception, where the exponent is a Tensor: __pow__ takes both."


def _misfit_hint(message: str, methods: Sequence[str]) -> str:
    """Explain shapes that do not fit, in an exception, from what the item is about."""
    shapes = find_added_shapes(message)
    about = set(methods)
    if about and about <= set(METHODS) and "matmul:" in message:
        return "@ multiplies rows by columns, and * number by number: which of the two is meant here?"
    if not shapes and "could not be broadcast together" not in message:
        return ""
    if about and about <= set(REDUCTIONS):
        own = ", and so has one that is gone in a maximum" * ("max" in about)
        return (
            "An axis that is gone in the result has to be put back into its gradient, with size 1 and in its old "
            f"place, before that meets the axes of the operand{own}. With keepdims=True it is there already."
        )
    if not shapes and about == {"__matmul__"}:
        return (
            "The shapes here do not fit. Either * (number by number) stands where @ (rows by columns) is due, or the "
            "product does not have the shape of its operand: which factors are multiplied, and in which order?"
        )
    if shapes and about == {"transpose"}:
        return (
            "The axes of the gradient are not back in their old order: each axis returns to the place that it came "
            "from. With more than two axes, that is not always the order that went forward."
        )
    if shapes and about == {"reshape"}:
        return (
            f"The operand has shape {shapes[0]}, and the gradient of the result still has another: it gets the old "
            "shape of the operand back, not the new one."
        )
    return ""


def _first_gradient_hint(student: Student) -> str:
    """Explain a backward() that sets the gradient of the result to a single number, whatever its shape is."""
    tensor = student.load("Tensor")([[5.0]])
    before = read_gradients([tensor])
    if attempt(lambda: tensor.backward()):
        return ""
    after = read_gradients([tensor])
    if not before or not after or before[0].shape != (1, 1) or after[0].shape != ():
        return ""
    return (
        "After z.backward(), on a z of shape (1, 1), z.grad is a single number: backward() sets self.grad to an array "
        "in the shape of self.data, of its own, also where the gradient came as one number."
    )


SHAPE_MESSAGE = re.compile(r"^(.*?) has shape (\(.*?\)),? and (?:PyTorch's has|should have) (\(.*?\))$")


def shape_hint(message: str, is_stretching: bool, methods: Sequence[str] = ()) -> str:
    """Return a hint for an array of the wrong shape.

    Args:
        message: The message of the evidence.
        is_stretching: Whether the item is about operations that stretch one operand to the shape of the other.
        methods: The methods of Tensor that the item is about.
    """
    found = SHAPE_MESSAGE.match(message)
    if not found:
        return ""
    name, yours, due = found[1], _shape(found[2]), _shape(found[3])
    larger = math.prod(yours) > math.prod(due) or len(yours) > len(due)
    if "unbroadcast(" in name:
        if yours == ():
            return (
                "What comes back is no array of that shape: is there a `return`, and does each sum name the axes that "
                "it goes over (axis=...)?"
            )
        if len(yours) > len(due):
            return (
                "An axis in front is still there that the operand does not have: sum over all of those, and let them "
                "go (no keepdims there)."
            )
        if len(yours) < len(due):
            return "An axis of size 1 is gone: sum over it, but keep it (keepdims=True)."
        if 1 not in due:
            return (
                f"An operand of shape {due} has no axis of size 1: what is summed over are the axes in front that it "
                "does not have, and no other. Axes are compared from the last one."
            )
        return f"Sum over just the axes in which the operand, of shape {due}, has size 1, and keep those that it has."
    if name.startswith("Tensor(") and name.endswith(".grad"):
        return "The grad of a new Tensor is an array of zeros in the shape of its data: __init__ makes it so."
    if name.startswith("Tensor(") and name.endswith(".data"):
        return "A new Tensor keeps the shape in which its numbers come: that of a single number is ()."
    if name.endswith(".grad") and yours == ():
        return (
            "This gradient is a single number, where an array in the shape of its own data is due: at the start, and "
            "wherever it is set or added to."
        )
    if name.endswith(".grad"):
        if not is_stretching:
            return "A gradient has the shape of its own data: bring what comes from the result back to that shape."
        if math.prod(yours) == math.prod(due):
            return "A gradient has the shape of its own data: bring it back to that shape, as it was before."
        if larger:
            return "A gradient has the shape of its own data: sum over what broadcasting added or stretched."
        return "A gradient has the shape of its own data: this one is too small, so it must be spread over that shape."
    if methods and set(methods) <= set(METHODS) and yours == ():
        return (
            f"A single number comes out, where {due} is due: each number of the array has its own. Which function here "
            "takes the array as a whole, and makes one number of it?"
        )
    if set(methods) == {"transpose"} and sorted(yours) == sorted(due):
        return (
            f"The axes come out as {yours}, and {due} is due: x.transpose(1, 0, 2) puts axis 1 first, and only without "
            "an order are all axes reversed. Is the order that it gets used as it is?"
        )
    return f"The numbers come out in the shape {yours}, and {due} is due: look at what happens to the axes."


def _shape(text: str) -> Shape:
    return tuple(map(int, re.findall(r"\d+", text)))


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


# --- shapes that are stretched ---------------------------------------------------------------------------------------

LEFT_SHAPE: Shape = (2, 3)
STRETCHED: tuple[Shape, ...] = ((3,), (2, 1), (1, 3), (), (1,))


def _stretch_hint(student: Student, name: str) -> str:
    """Return what is wrong with the gradient of an operand that broadcasting has stretched; empty if nothing is."""
    operation = Operation(SCALAR_NAMES[name])
    text = operation.text
    for shape, small in product(STRETCHED, (1, 0)):
        large_leaf = Leaf(LEFT_SHAPE, (0.7, 1.3, 2.2, 1.6, 0.4, 3.1))
        small_leaf = Leaf(shape, (1.9, 0.6, 2.3)[: math.prod(shape)])
        leaves = (large_leaf, small_leaf) if small == 1 else (small_leaf, large_leaf)
        upstream = (3.0, -2.0, 0.5, 4.0, -1.5, 2.5)
        graph = TensorGraph(leaves, ((name, 0, 1),), Leaf(LEFT_SHAPE, upstream))
        arrays = replay_graph(student, graph, backward=True)
        if arrays is None:
            continue
        share = arrays[len(arrays) // 2 + small]
        whole = _stretched_shares(operation, small, leaves, upstream, shape)
        groups = _groups(shape)
        right = [sum(whole[index] for index in group) for group in groups]
        letter = operation.operands[small]
        where = f"In {text} with shapes {leaves[0].shape} and {leaves[1].shape}"
        if share.shape != shape:
            if math.prod(share.shape) > max(1, math.prod(shape)):
                return (
                    f"{where}, the gradient of {letter} comes out with shape {share.shape}: what broadcasting used "
                    "several times is to be summed up, to the shape of its own data."
                )
            if math.prod(share.shape) == math.prod(shape):
                return (
                    f"{where}, the gradient of {letter} comes out with shape {share.shape}: the sums are there; axes "
                    "of size 1 must stay, and axes in front that it does not have must go."
                )
            return (
                f"{where}, the gradient of {letter} comes out with shape {share.shape}: too much is summed; only the "
                "axes that broadcasting added or stretched are."
            )
        if agree(share.numbers, right):
            continue
        slips = {
            "is the mean over what was stretched, where the sum is due": [
                sum(whole[index] for index in group) / len(group) for group in groups
            ],
            "holds only the first of the shares, where their sum is due": [whole[group[0]] for group in groups],
            "holds only the last of the shares, where their sum is due": [whole[group[-1]] for group in groups],
            "is 0, so nothing arrives": [0.0] * len(groups),
            "is the sum over everything, where only stretched axes are summed over": [sum(whole)] * len(groups),
            "is the largest of the shares, where their sum is due": [
                max(whole[index] for index in group) for group in groups
            ],
        }
        found = find_slip(share.numbers, slips)
        if found:
            return f"{where}, the gradient of {letter} {found}."
    return ""


def _groups(shape: Shape) -> list[list[int]]:
    """Return, for each number of an operand of this shape, the places in LEFT_SHAPE that it was stretched to."""
    rows, columns = LEFT_SHAPE
    padded = (1,) * (2 - len(shape)) + tuple(shape)
    groups: dict[tuple[int, int], list[int]] = {}
    for row, column in product(range(rows), range(columns)):
        key = (row if padded[0] > 1 else 0, column if padded[1] > 1 else 0)
        groups.setdefault(key, []).append(row * columns + column)
    return [groups[key] for key in sorted(groups)]


def _stretched_shares(
    operation: Operation, operand: int, leaves: Sequence[Leaf], upstream: Sequence[float], shape: Shape
) -> list[float]:
    """Return what each place of the result passes on to an operand, before it is summed up."""
    place_of = {index: place for place, group in enumerate(_groups(shape)) for index in group}
    shares = []
    for index, factor in enumerate(upstream):
        point = [leaf.numbers[index] if leaf.shape == LEFT_SHAPE else leaf.numbers[place_of[index]] for leaf in leaves]
        shares.append(factor * derivative(operation.name, operand, tuple(point)))
    return shares
