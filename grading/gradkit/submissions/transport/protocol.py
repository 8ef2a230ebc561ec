"""The boundary between a test and the student's code, as a protocol with two implementations.

`LocalTransport` (local.py) runs the student's code in this process, `PipeTransport` (pipe.py) in a sandboxed worker.
Read this file before you call, change or add one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gradkit.graphs.tensor.graph import Array, TensorGraph
from gradkit.inside.graph import Graph

from .replies import Reply

if TYPE_CHECKING:
    from gradkit.submissions.stopped_import import StoppedImport

    from .subject import Subject

STANDARD_MODULES = ("builtins", "random", "numpy", "numpy.random")
"""Modules that `load` accepts beside the student's: those of Python, and numpy if the assignment offers it."""


class Transport(Protocol):
    """Run operations on a student's objects, in this process or in a sandboxed worker.

    Tests never use a transport directly. They hold `Subject` proxies (subject.py), which call these methods. The two
    implementations must be indistinguishable to a test.

    Order of calls for one item::

        transport.start_item(seconds=5.0)
        value_class = transport.load("engine", "Value")
        reply = transport.replay(value_class, graphs, backward=True)
        transport.finish_item()  # only if everything so far was right

    Ownership. The student's objects belong to the side that runs the student's code. The transport makes exactly one
    `Subject` for each object, so that `is` on subjects is `is` on the student's objects. A worker keeps the objects and
    names each by a number, its handle. Subjects belong to the item: the next `start_item` invalidates them. What `load`
    has imported stays imported. A worker belongs to its transport, which starts it at the first request and replaces it
    when it cannot be trusted.

    Failures. Every method except `start_item` can raise SubmissionError. Its verdict says what happened:

    - not_implemented, failed, error: the student's code raised an exception, or what it holds is not a number. The item
      can go on; its subjects remain valid.
    - timeout, out_of_memory, crashed: the item's time is used up, or the memory, or the student's code ended its
      process. In a worker all further calls for this item raise the same error, and the next item uses a new worker.
    - protocol: the worker sent something that is not a reply to the request. As above.

    SandboxError and MissingPackageError (of the first request for a worker) mean that no worker can be started. They
    are not the submission's fault and must not end in a verdict.
    """

    stopped: list[StoppedImport]
    """The files whose import has ended with an exception so far, at most one for each name."""

    @property
    def spent_seconds(self) -> float:
        """Seconds of time limits that the student's code has used, over all items: see time_limit.py."""

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        """Start a new item: invalidate all subjects and set the time limit to `seconds`.

        Args:
            seconds: The limit on the sum of all calls of this item. With 0 or less, every call raises timeout.
            packages: Packages that the student's code can import beside the standard library. If they are other ones
                than those of the item before, its files are imported anew.
        """

    def finish_item(self) -> None:
        """End an item that passed so far. Raises SubmissionError if the worker has sent bytes that nobody requested."""

    def load(self, module: str, name: str) -> Subject:
        """Return the object that has this name in a student's module, or in one of STANDARD_MODULES.

        The module is imported at the first request. If it raises an exception, what it has defined by then can be
        loaded, and `stopped` says where it ended.

        Raises:
            SubmissionError: If the name is not defined. The verdict is that of the exception which has stopped the
                file, or not_implemented if the file or the name does not exist. Or if the import ends otherwise.
        """

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        """Apply an operation and return its result.

        Args:
            operation: A function of Python's `operator` module, "call" or "getattr".
            operands: Numbers, texts, subjects, and lists of them.
            keywords: Keyword arguments, for "call".
        """

    def assign(self, targets: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
        """Set attribute `name` of every target to the value at the same index.

        Args:
            targets: The subjects.
            name: The attribute.
            values: One number or subject for each target.
        """

    def numbers(self, targets: Sequence[Subject], name: str) -> list[float]:
        """Read attribute `name` of every target as a float. With an empty name, convert the targets themselves."""

    def decisions(self, targets: Sequence[Subject]) -> list[float]:
        """Convert decisions or classes to floats: as `numbers` does, but True is 1 and False is 0."""

    def items(self, target: Subject) -> list[Subject]:
        """Iterate over an object and return its items."""

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        """Replay graphs in one message. A failure of the student's code is part of the reply, and is not raised.

        Args:
            value_class: The student's Value.
            graphs: The graphs.
            backward: Whether to call backward() on each output, and read the gradients.
        """

    def run_program(self, lines: Sequence[str]) -> list[float]:
        """Run a program that imports the student's modules anew, as if it were pasted into a new Python.

        Subjects remain valid: they belong to the modules that were imported before.

        Args:
            lines: The lines of the program.

        Returns:
            The numbers that the program prints. Whatever it prints beside numbers is left out.
        """

    def arrays(self, targets: Sequence[Subject], name: str) -> list[Array]:
        """Read attribute `name` of every target as an array of floats."""

    def replay_tensors(self, tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
        """Replay a graph of tensors.

        Args:
            tensor_class: The student's Tensor.
            graph: The graph.
            backward: Whether to call backward() on the output, and read the gradients.

        Returns:
            The data of every node, inputs first. With `backward`, then the gradient of every node.
        """

    def calls(self, value_class: Subject, graph: Graph, max_calls: int) -> int:
        """Count the Python functions that backward() calls from the graph's output; stop at `max_calls` + 1.

        Args:
            value_class: The student's Value.
            graph: The graph.
            max_calls: The number of calls after which backward() is stopped.
        """
