"""What is wrong with the shapes of a student's Tensor: in a message, or of what unbroadcast() and backward() make."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from gradkit.graphs.tensor.graph import Shape
from gradkit.submissions.transport.subject import Subject
from gradkit.submissions.transport.subject import arrays as read_arrays
from gradkit.suite.added_shapes import find_added_shapes

from .student import Student, ask, attempt
from .tensor_methods import METHODS
from .tensor_reductions import REDUCTIONS
from .tensor_wiring import read_gradients

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


def misfit_hint(message: str, methods: Sequence[str]) -> str:
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


def first_gradient_hint(student: Student) -> str:
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
    if "unbroadcast(" in name:
        return _unbroadcast_shape_hint(yours, due)
    if name.startswith("Tensor(") and name.endswith(".grad"):
        return "The grad of a new Tensor is an array of zeros in the shape of its data: __init__ makes it so."
    if name.startswith("Tensor(") and name.endswith(".data"):
        return "A new Tensor keeps the shape in which its numbers come: that of a single number is ()."
    if name.endswith(".grad"):
        return _gradient_shape_hint(yours, due, is_stretching)
    return _result_shape_hint(yours, due, methods)


def _unbroadcast_shape_hint(yours: Shape, due: Shape) -> str:
    """Return a hint for a wrong shape that unbroadcast has made."""
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


def _gradient_shape_hint(yours: Shape, due: Shape, is_stretching: bool) -> str:
    """Return a hint for a gradient of a wrong shape."""
    larger = math.prod(yours) > math.prod(due) or len(yours) > len(due)
    if yours == ():
        return (
            "This gradient is a single number, where an array in the shape of its own data is due: at the start, and "
            "wherever it is set or added to."
        )
    if not is_stretching:
        return "A gradient has the shape of its own data: bring what comes from the result back to that shape."
    if math.prod(yours) == math.prod(due):
        return "A gradient has the shape of its own data: bring it back to that shape, as it was before."
    if larger:
        return "A gradient has the shape of its own data: sum over what broadcasting added or stretched."
    return "A gradient has the shape of its own data: this one is too small, so it must be spread over that shape."


def _result_shape_hint(yours: Shape, due: Shape, methods: Sequence[str]) -> str:
    """Return a hint for a result of a wrong shape."""
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
