"""The transport of grading: the submission runs in a worker. It can forge the content of replies, and nothing else.

Everything that goes wrong ends the item with a verdict that says so, and never raises a score. After timeout,
out_of_memory, crashed or protocol the worker is ended, and the next item gets a new one, which has received nothing of
the earlier requests.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradkit.graphs.tensor.graph import Array, TensorGraph, decode_arrays
from gradkit.inside.graph import Graph
from gradkit.inside.worker import MAX_ITEMS
from gradkit.submissions.exception_text import TIME_IS_UP, WALL_CLOCK_IS_UP, failure
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.stopped_import import StoppedImport, add_stops

from .link import EndedError, GarbledError, Link, WorkerReply
from .protocol import STANDARD_MODULES
from .replies import Reply
from .subject import Subject, as_plain
from .time_limit import TimeLimit

if TYPE_CHECKING:
    from gradkit.inside.worker import Frame

_FROM_WORKER = (Verdict.FAILED, Verdict.ERROR, Verdict.NOT_IMPLEMENTED, Verdict.OUT_OF_MEMORY, Verdict.CRASHED)
"""Verdicts that a worker may report. Any other is not a valid reply."""


class PipeTransport:
    """A submission whose code runs in workers. See `Transport` for its methods.

    Args:
        start: Starts a worker for this submission with these packages beside the standard library.
        folder: The files of the submission, as the intake has copied them.
    """

    def __init__(self, start: Callable[[tuple[str, ...]], Link], folder: Path) -> None:
        self.stopped: list[StoppedImport] = []
        self._start = start
        self._folder = folder
        self._packages: tuple[str, ...] = ()
        self._link: Link | None = None
        self._loaded: dict[tuple[str, str], int] = {}
        """Handles of what the current worker has loaded, by module and name."""
        self._spent_before = 0.0
        """Seconds that earlier items have used."""
        self._limit = TimeLimit(0.0)
        self._is_first_request = True
        """Whether the next request is the item's first."""
        self._subjects: dict[int, Subject] = {}
        self._failure: SubmissionError | None = None
        """The error that ended this item's worker. Every later request of the item raises it."""

    @property
    def spent_seconds(self) -> float:
        return self._spent_before + self._limit.spent_seconds

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        self._spent_before += self._limit.spent_seconds
        self._limit = TimeLimit(seconds)
        self._failure = None
        self._is_first_request = True
        self._subjects.clear()
        if self._link and self._link.has_unrequested_bytes():
            self.close()  # the item that caused them has its result already; this one must not take them for a reply
        if packages != self._packages:
            self.close()  # once in an assignment at most: items come assignment by assignment
            self._packages = packages

    def finish_item(self) -> None:
        if self._link:
            self._request("finish")

    def close(self) -> None:
        """End the worker. The next request starts another."""
        if self._link:
            self._link.close()
            self._link = None
        self._loaded.clear()

    def load(self, module: str, name: str) -> Subject:
        if module not in STANDARD_MODULES and not (self._folder / f"{module}.py").is_file():
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"There is no {module}.py in this submission.")
        key = (module, name)
        if key not in self._loaded:
            reply, error = self._exchange("load", module, name)
            if error and error.verdict.keeps_worker:
                # The reply to a load that failed has the frames of its error. If this fails too, that error counts.
                self._exchange("stops")
            if error or reply is None:
                raise error or self._abandon_garbled()
            subject = self._only_subject(reply)
            self._loaded[key] = subject._operand[0]
        return self._subject(self._loaded[key])

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        plain_keywords = {name: as_plain(value) for name, value in keywords.items()}
        return self._only_subject(self._request("apply", operation, as_plain(operands), plain_keywords))

    def assign(self, targets: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
        self._request("assign", as_plain(targets), name, as_plain(values))

    def numbers(self, targets: Sequence[Subject], name: str) -> list[float]:
        return self._one_for_each(targets, "numbers", as_plain(targets), name)

    def decisions(self, targets: Sequence[Subject]) -> list[float]:
        return self._one_for_each(targets, "decisions", as_plain(targets))

    def _one_for_each(self, targets: Sequence[Subject], *request: object) -> list[float]:
        numbers = self._numbers(self._request(*request))
        if len(numbers) != len(targets):
            raise self._abandon_garbled()
        return numbers

    def items(self, target: Subject) -> list[Subject]:
        handles = self._request("items", target._operand).handles
        if len(handles) > MAX_ITEMS:
            raise self._abandon_garbled()
        return [self._subject(handle) for handle in handles]

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        reply, error = self._exchange("replay", value_class._operand, [graph.pack() for graph in graphs], backward)
        try:
            return Reply(graphs, backward, self._numbers(reply) if reply else (), error)
        except SubmissionError as garbled:
            return Reply(graphs, backward, (), garbled)
        except ValueError:
            return Reply(graphs, backward, (), self._abandon_garbled())

    def run_program(self, lines: Sequence[str]) -> list[float]:
        return self._numbers(self._request("program", "\n".join(lines)))

    def arrays(self, targets: Sequence[Subject], name: str) -> list[Array]:
        return self._arrays(self._request("arrays", as_plain(targets), name), len(targets))

    def replay_tensors(self, tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
        reply = self._request("replay_tensors", tensor_class._operand, graph.pack(), backward)
        return self._arrays(reply, len(graph) * (1 + backward))

    def calls(self, value_class: Subject, graph: Graph, max_calls: int) -> int:
        numbers = self._numbers(self._request("calls", value_class._operand, graph.pack(), max_calls))
        if len(numbers) != 1 or not 0 <= numbers[0] <= max_calls + 1:
            raise self._abandon_garbled()
        return int(numbers[0])

    # --- one request -------------------------------------------------------------------------------------------------

    def _request(self, *request: object) -> WorkerReply:
        """Send a request and return the reply. Raises SubmissionError if the student's code failed."""
        reply, error = self._exchange(*request)
        if error:
            raise error
        if reply is None:
            raise self._abandon_garbled()
        return reply

    def _exchange(self, *request: object) -> tuple[WorkerReply | None, SubmissionError | None]:
        """Send a request. Return the reply, if one came, and the error, if the student's code failed."""
        if self._failure:
            return None, self._failure
        if self._limit.is_reached:
            return None, self._abandon_at_limit()
        if self._link is None:
            self._link = self._start(self._packages)
        try:
            reply = self._link.request((self._is_first_request, *request), self._limit)
        except TimeoutError:
            return None, self._abandon_at_limit()
        except EndedError:
            return None, self._abandon(Verdict.CRASHED, f"The program is gone: {self._link.describe_end()}.")
        except GarbledError:
            return None, self._abandon_garbled()
        self._is_first_request = False
        return reply, self._error_in(reply)

    def _error_in(self, reply: WorkerReply) -> SubmissionError | None:
        """Return the error that a reply reports, if it reports one."""
        if not reply.verdict:
            add_stops(self.stopped, reply.frames)
            return None
        verdict = next((verdict for verdict in _FROM_WORKER if verdict.value == reply.verdict), None)
        if verdict is None:
            return self._abandon_garbled()
        if verdict.keeps_worker:  # the item goes on in the same process, as it does in self-check
            return failure(verdict, reply.message, reply.frames, self._folder)
        return self._abandon(verdict, reply.message, reply.frames)

    def _abandon(self, verdict: Verdict, message: str, frames: Sequence[Frame] = ()) -> SubmissionError:
        """End the worker, which cannot be used any more. Return the error that all calls of this item raise now."""
        self.close()
        self._failure = failure(verdict, message, frames, self._folder)
        return self._failure

    def _abandon_at_limit(self) -> SubmissionError:
        return self._abandon(Verdict.TIMEOUT, WALL_CLOCK_IS_UP if self._limit.is_backstop else TIME_IS_UP)

    def _abandon_garbled(self) -> SubmissionError:
        return self._abandon(Verdict.PROTOCOL, "The program's answers do not fit the questions.")

    # --- the content of a reply --------------------------------------------------------------------------------------

    def _only_subject(self, reply: WorkerReply) -> Subject:
        if len(reply.handles) != 1:
            raise self._abandon_garbled()
        return self._subject(reply.handles[0])

    def _subject(self, handle: int) -> Subject:
        """Return the subject of a handle. A worker can forge handles: it can send one for two objects."""
        subject = self._subjects.get(handle)
        if subject is None:
            subject = self._subjects[handle] = Subject(self, (handle,))
        return subject

    def _arrays(self, reply: WorkerReply, n_arrays: int) -> list[Array]:
        try:
            return decode_arrays(self._numbers(reply), n_arrays)
        except (ValueError, OverflowError):
            raise self._abandon_garbled() from None

    def _numbers(self, reply: WorkerReply) -> list[float]:
        numbers = array("d")
        if len(reply.numbers) % numbers.itemsize:
            raise self._abandon_garbled()
        numbers.frombytes(reply.numbers)
        return numbers.tolist()
