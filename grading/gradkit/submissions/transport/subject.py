"""`Subject`: the one handle through which a test touches a student's objects, whatever stands behind it.

A test cannot tell whether the student's code runs beside it or in a sandbox. Operators, calls and attributes pass
through; numbers come back as checked floats; one object has one handle, so that `is` works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NoReturn, Protocol

from gradkit.graphs.tensor.graph import Array, TensorGraph
from gradkit.inside.graph import Answers, Graph
from gradkit.submissions.outcome import SubmissionError

STANDARD = ("random", "numpy", "numpy.random")
"""Modules that a test may use where the student's code runs: Python's own, and numpy where it is offered."""


class Reply:
    """Answers to graphs, in order; `failure` says how the graph after the last answered one ended, if one did badly.

    numbers: of each graph in turn the data of every node and, where backward() ran, the gradient of every node.
    Raises ValueError where they make up no such answers.
    """

    def __init__(
        self,
        graphs: Sequence[Graph],
        backward: bool,
        numbers: Sequence[float],
        failure: SubmissionError | None = None,
    ) -> None:
        self.numbers = numbers
        self.failure = failure
        self._graphs = graphs
        self._backward = backward
        if failure:
            fits = len(self.answers) < len(graphs) and sum(map(self._size, graphs[: len(self.answers)])) == len(numbers)
        else:
            fits = sum(map(len, graphs)) * (1 + backward) == len(numbers)
        if not fits:
            raise ValueError("no answers to these graphs")

    def _size(self, graph: Graph) -> int:
        return len(graph) * (1 + self._backward)

    @cached_property
    def answers(self) -> tuple[Answers, ...]:
        """The answer to every graph that got one."""
        found, place = [], 0
        for graph in self._graphs:
            middle, end = place + len(graph), place + self._size(graph)
            if end > len(self.numbers):
                break
            found.append(Answers(list(self.numbers[place:middle]), list(self.numbers[middle:end])))
            place = end
        return tuple(found)


class Transport(Protocol):
    """What is asked of the place where the student's code runs. A `ref` is that place's name for an object.

    Each call raises SubmissionError where the student's code gives no answer.
    """

    @property
    def spent_seconds(self) -> float:
        """Seconds that the student's code has taken so far."""

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        """A new item begins: every handle so far is void, and the student's code may run for so long.

        packages: what it is offered beside the standard library.
        """

    def finish_item(self) -> None:
        """An item that seems to have passed ends: nothing more may be on its way from the student's side."""

    def load(self, module: str, name: str) -> Subject:
        """A name of a student's module. SubmissionError also where the import fails or the name is missing."""

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        """A function of the operator module, or "call" or "getattr", applied to numbers, texts, Subjects and lists."""

    def assign(self, targets: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
        """target.name = value, for each."""

    def numbers(self, targets: Sequence[Subject], name: str) -> list[float]:
        """target.name of each as a checked plain number; with no name, the target itself."""

    def items(self, target: Subject) -> list[Subject]:
        """What iterating over the object gives."""

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        """Many graphs in one message."""

    def arrays(self, targets: Sequence[Subject], name: str) -> list[Array]:
        """target.name of each, an array of floats."""

    def replay_tensors(self, tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
        """The data of every node of a graph and then, if backward() is to run, the gradient of every node."""

    def calls(self, value_class: Subject, graph: Graph, most: int) -> int:
        """How many Python functions run during backward() from the graph's output, counted up to `most` + 1."""


class Subject:
    """A handle on one of a student's objects (a class, a Value, a list of them)."""

    __slots__ = ("_ref", "_transport")

    _transport: Transport
    _ref: Any

    def __init__(self, transport: Transport, ref: object) -> None:
        object.__setattr__(self, "_transport", transport)
        object.__setattr__(self, "_ref", ref)

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

    def __repr__(self) -> str:
        return "<a student's object>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("A student's object has no say in a verdict: compare numbers (x.data, x.grad) or use `is`.")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("A student's object is neither true, ordered nor a number: read x.data or x.grad.")

    __ne__ = __eq__
    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = __int__ = __index__ = __contains__ = _refuse


def numbers(subjects: Sequence[Subject], name: str = "") -> list[float]:
    """The attribute of each as a checked number, all in one message; without a name, what each is itself.

    Raises SubmissionError where one is no number.
    """
    return subjects[0]._transport.numbers(subjects, name) if subjects else []


def write(subjects: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
    """Set the attribute of each, all in one message. Raises SubmissionError where that cannot be done."""
    if subjects:
        subjects[0]._transport.assign(subjects, name, values)


def arrays(subjects: Sequence[Subject], name: str) -> list[Array]:
    """The attribute of each, all in one message. Raises SubmissionError where one is no array of floats."""
    return subjects[0]._transport.arrays(subjects, name) if subjects else []


def replay_tensors(tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
    """Replay a graph on a student's Tensor: the data of every node and then, with `backward`, the gradients.

    Raises SubmissionError where the student's code ends otherwise.
    """
    return tensor_class._transport.replay_tensors(tensor_class, graph, backward)


def replay(value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
    """Replay graphs on a student's Value, all in one message. Raises nothing that a student's code does."""
    return value_class._transport.replay(value_class, graphs, backward)


def backward_calls(value_class: Subject, graph: Graph, most: int) -> int:
    """How many Python functions backward() runs on a graph; `most` + 1 if it was stopped there.

    Raises SubmissionError where the student's code ends otherwise.
    """
    return value_class._transport.calls(value_class, graph, most)


def as_plain(operand: object) -> Any:
    """An operand with the places' own names for Subjects, in lists too."""
    if isinstance(operand, list | tuple):
        return [as_plain(each) for each in operand]
    return operand._ref if isinstance(operand, Subject) else operand
