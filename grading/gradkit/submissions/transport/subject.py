"""`Subject`: the only class through which a test touches a student's objects.

A test cannot tell whether the student's code runs in this process or in a sandbox. Operators, calls and attributes are
passed on; numbers come back as checked floats; one object has one Subject, so that `is` works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from gradkit.graphs.tensor.graph import Array, TensorGraph
from gradkit.inside.graph import Graph

from .protocol import Transport
from .replies import Reply


class Subject:
    """Proxy for an object that lives in the student's process (a class, a `Value`, a list).

    Args:
        transport: The transport that made the subject.
        operand: What the transport uses as an operand for it: the object itself, or a tuple with its handle. Nothing
            else interprets it.
    """

    __slots__ = ("_operand", "_transport")

    _transport: Transport
    _operand: Any

    def __init__(self, transport: Transport, operand: object) -> None:
        object.__setattr__(self, "_transport", transport)
        object.__setattr__(self, "_operand", operand)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("data", "grad"):
            return self._transport.numbers([self], name)[0]
        return self._transport.apply("getattr", (self, name), {})

    def __setattr__(self, name: str, value: float | Subject) -> None:
        self._transport.assign([self], name, [value])

    def __call__(self, *operands: Any, **keywords: Any) -> Subject:
        return self._transport.apply("call", (self, *operands), keywords)

    def __iter__(self) -> Iterator[Subject]:
        return iter(self._transport.items(self))

    def __len__(self) -> int:
        return len(self._transport.items(self))

    def __getitem__(self, key: object) -> Subject:
        return self._transport.apply("getitem", (self, key), {})

    def __neg__(self) -> Subject:
        return self._transport.apply("neg", (self,), {})

    def __add__(self, other: float | Subject) -> Subject:
        return self._transport.apply("add", (self, other), {})

    def __radd__(self, other: float) -> Subject:
        return self._transport.apply("add", (other, self), {})

    def __sub__(self, other: float | Subject) -> Subject:
        return self._transport.apply("sub", (self, other), {})

    def __rsub__(self, other: float) -> Subject:
        return self._transport.apply("sub", (other, self), {})

    def __mul__(self, other: float | Subject) -> Subject:
        return self._transport.apply("mul", (self, other), {})

    def __rmul__(self, other: float) -> Subject:
        return self._transport.apply("mul", (other, self), {})

    def __truediv__(self, other: float | Subject) -> Subject:
        return self._transport.apply("truediv", (self, other), {})

    def __rtruediv__(self, other: float) -> Subject:
        return self._transport.apply("truediv", (other, self), {})

    def __pow__(self, other: float | Subject) -> Subject:
        return self._transport.apply("pow", (self, other), {})

    def __rpow__(self, other: float) -> Subject:
        return self._transport.apply("pow", (other, self), {})

    # Without these, `total += x` would run __add__ and never the __iadd__ that a student has written.

    def __iadd__(self, other: float | Subject) -> Subject:
        return self._transport.apply("iadd", (self, other), {})

    def __isub__(self, other: float | Subject) -> Subject:
        return self._transport.apply("isub", (self, other), {})

    def __imul__(self, other: float | Subject) -> Subject:
        return self._transport.apply("imul", (self, other), {})

    def __itruediv__(self, other: float | Subject) -> Subject:
        return self._transport.apply("itruediv", (self, other), {})

    def __ipow__(self, other: float | Subject) -> Subject:
        return self._transport.apply("ipow", (self, other), {})

    def __imatmul__(self, other: float | Subject) -> Subject:
        return self._transport.apply("imatmul", (self, other), {})

    def __repr__(self) -> str:
        return "<a student's object>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("A student's object must not decide a verdict: compare numbers (x.data, x.grad) or use `is`.")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("A student's object is neither true, ordered nor a number: read x.data or x.grad.")

    __ne__ = __eq__
    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = __int__ = __index__ = __contains__ = _refuse


def numbers(subjects: Sequence[Subject], name: str = "") -> list[float]:
    """Read attribute `name` of every subject as a float, in a single message.

    With an empty name, convert the subjects themselves.

    Raises:
        SubmissionError: If one of them is not a real number.
    """
    return subjects[0]._transport.numbers(subjects, name) if subjects else []


def decisions(subjects: Sequence[Subject]) -> list[float]:
    """Convert decisions or classes to floats, in a single message. True is 1, and False is 0.

    Raises:
        SubmissionError: If one of them is neither a bool nor a real number.
    """
    return subjects[0]._transport.decisions(subjects) if subjects else []


def write(subjects: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
    """Set attribute `name` of every subject, in a single message.

    Args:
        subjects: The subjects.
        name: The attribute.
        values: One number or subject for each of them.

    Raises:
        SubmissionError: If the student's code raises an exception.
    """
    if subjects:
        subjects[0]._transport.assign(subjects, name, values)


def arrays(subjects: Sequence[Subject], name: str) -> list[Array]:
    """Read attribute `name` of every subject as an array of floats, in a single message.

    Raises:
        SubmissionError: If one of them is not an array of floats.
    """
    return subjects[0]._transport.arrays(subjects, name) if subjects else []


def replay(value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
    """Replay graphs on a student's Value, in a single message. Failures are part of the reply, and not raised.

    Args:
        value_class: The student's Value.
        graphs: The graphs.
        backward: Whether to call backward() on each output, and read the gradients.
    """
    return value_class._transport.replay(value_class, graphs, backward)


def replay_tensors(tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
    """Replay a graph on a student's Tensor.

    Args:
        tensor_class: The student's Tensor.
        graph: The graph.
        backward: Whether to call backward() on the output, and read the gradients.

    Returns:
        The data of every node, inputs first. With `backward`, then the gradient of every node.

    Raises:
        SubmissionError: If the student's code fails.
    """
    return tensor_class._transport.replay_tensors(tensor_class, graph, backward)


def backward_calls(value_class: Subject, graph: Graph, max_calls: int) -> int:
    """Count the Python functions that backward() calls on a graph.

    Args:
        value_class: The student's Value.
        graph: The graph.
        max_calls: The number of calls after which backward() is stopped.

    Returns:
        The number of calls; `max_calls` + 1 if backward() was stopped.

    Raises:
        SubmissionError: If the student's code fails.
    """
    return value_class._transport.calls(value_class, graph, max_calls)


def as_plain(operand: object) -> Any:
    """Replace subjects by what their transport uses for them, in lists and tuples too."""
    if isinstance(operand, list | tuple):
        return [as_plain(each) for each in operand]
    return operand._operand if isinstance(operand, Subject) else operand
