"""The sandboxed transport: a submission behind a pipe, where anything that it can forge is a number.

Whatever goes wrong ends the item with the verdict that says so, and never raises a score: the worker is thrown away and
the next item gets a fresh one, which has heard nothing of what was asked before.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradkit.graphs.tensor.graph import Array, TensorGraph, decoded
from gradkit.inside.graph import Graph
from gradkit.inside.worker import MOST_ITEMS
from gradkit.submissions.exception_text import failure
from gradkit.submissions.outcome import SubmissionError, Verdict

from .link import Answer, EndedError, GarbledError, Link
from .subject import STANDARD, Reply, Subject, as_plain

if TYPE_CHECKING:
    from gradkit.inside.worker import Frame

_KEEPS_WORKER = (Verdict.FAILED, Verdict.ERROR, Verdict.NOT_IMPLEMENTED)
"""After these ends the student's code goes on in the same process, as it would in self-check."""

_FROM_WORKER = (*_KEEPS_WORKER, Verdict.OUT_OF_MEMORY, Verdict.CRASHED)
"""How a worker may say that the student's code ended; anything else is none of its business."""


class PipeTransport:
    """A submission whose code runs in workers.

    start:  starts a worker for this submission, with these packages beside the standard library.
    folder: its files, as the kit has taken them in.
    """

    def __init__(self, start: Callable[[tuple[str, ...]], Link], folder: Path) -> None:
        self._start = start
        self._packages: tuple[str, ...] = ()
        self._folder = folder
        self._link: Link | None = None
        self._left = 0.0
        self._fresh = True
        """Whether the next request is an item's first."""
        self._subjects: dict[int, Subject] = {}
        self._loaded: dict[tuple[str, str], int] = {}
        """What this worker has loaded, by module and name, and its number there."""
        self._lost: SubmissionError | None = None
        """How this item lost its worker, and with it every object that its handles stand for."""
        self._spent = 0.0

    @property
    def spent_seconds(self) -> float:
        return self._spent

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        self._left = seconds
        self._lost = None
        self._fresh = True
        self._subjects.clear()
        if self._link and self._link.unasked():
            self.close()  # too late to be blamed on an item, but nothing of it shall be taken for an answer
        if packages != self._packages:
            self.close()  # items come assignment by assignment, so this is rare
            self._packages = packages

    def finish_item(self) -> None:
        if self._link:
            self._ask("finish")

    def close(self) -> None:
        """End the worker; the next item starts another."""
        if self._link:
            self._link.close()
            self._link = None
        self._loaded.clear()

    def load(self, module: str, name: str) -> Subject:
        if module not in STANDARD and not (self._folder / f"{module}.py").is_file():
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"There is no {module}.py in this submission.")
        place = (module, name)
        if place not in self._loaded:
            subject = self._one(self._ask("load", module, name))
            self._loaded[place] = subject._ref[0]
        return self._subject(self._loaded[place])

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        named = {name: as_plain(value) for name, value in keywords.items()}
        return self._one(self._ask("apply", operation, as_plain(operands), named))

    def assign(self, targets: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
        self._ask("assign", as_plain(targets), name, as_plain(values))

    def numbers(self, targets: Sequence[Subject], name: str) -> list[float]:
        found = self._numbers(self._ask("numbers", as_plain(targets), name))
        if len(found) != len(targets):
            raise self._garbled()
        return found

    def items(self, target: Subject) -> list[Subject]:
        refs = self._ask("items", target._ref).refs
        if len(refs) > MOST_ITEMS:
            raise self._garbled()
        return [self._subject(ref) for ref in refs]

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        answer, ended = self._exchange("replay", value_class._ref, [graph.packed() for graph in graphs], backward)
        try:
            return Reply(graphs, backward, self._numbers(answer) if answer else (), ended)
        except SubmissionError as garbled:
            return Reply(graphs, backward, (), garbled)
        except ValueError:
            return Reply(graphs, backward, (), self._garbled())

    def arrays(self, targets: Sequence[Subject], name: str) -> list[Array]:
        return self._arrays(self._ask("arrays", as_plain(targets), name), len(targets))

    def replay_tensors(self, tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
        answer = self._ask("replay_tensors", tensor_class._ref, graph.packed(), backward)
        return self._arrays(answer, len(graph) * (1 + backward))

    def calls(self, value_class: Subject, graph: Graph, most: int) -> int:
        count = self._number(self._ask("calls", value_class._ref, graph.packed(), most))
        if not 0 <= count <= most + 1:
            raise self._garbled()
        return int(count)

    # --- one question ------------------------------------------------------------------------------------------------

    def _ask(self, *request: object) -> Answer:
        answer, ended = self._exchange(*request)
        if ended or answer is None:
            raise ended or self._garbled()
        return answer

    def _exchange(self, *request: object) -> tuple[Answer | None, SubmissionError | None]:
        """The reply, if one came, and how the student's code ended, if it gave no answer."""
        if self._lost:
            return None, self._lost
        if self._left <= 0:
            return None, self._dirty(Verdict.TIMEOUT)
        link = self._link = self._link or self._start(self._packages)
        started = time.monotonic()
        try:
            answer = link.ask((self._fresh, *request), self._left)
            self._fresh = False
        except TimeoutError:
            return None, self._dirty(Verdict.TIMEOUT)
        except EndedError:
            return None, self._dirty(Verdict.CRASHED, f"The program is gone: {link.ending()}.")
        except GarbledError:
            return None, self._garbled()
        finally:
            taken = time.monotonic() - started - link.asleep
            self._left -= taken
            self._spent += taken
        return answer, self._ended(answer) if answer.verdict else None

    def _ended(self, answer: Answer) -> SubmissionError:
        verdict = next((verdict for verdict in _FROM_WORKER if verdict.value == answer.verdict), None)
        if verdict is None:
            return self._garbled()
        if verdict not in _KEEPS_WORKER:
            return self._dirty(verdict, answer.message, answer.frames)
        return failure(verdict, answer.message, answer.frames, self._folder)

    def _dirty(self, verdict: Verdict, message: str = "", frames: Sequence[Frame] = ()) -> SubmissionError:
        """The worker can be of no further use; nor can any handle of this item."""
        self.close()
        self._lost = failure(verdict, message, frames, self._folder)
        return self._lost

    def _garbled(self) -> SubmissionError:
        return self._dirty(Verdict.PROTOCOL, "The program's answers do not fit the questions.")

    # --- what is in a reply ------------------------------------------------------------------------------------------

    def _one(self, answer: Answer) -> Subject:
        if len(answer.refs) != 1:
            raise self._garbled()
        return self._subject(answer.refs[0])

    def _subject(self, ref: int) -> Subject:
        """One object, one handle: `is` on handles is `is` on the student's objects, as far as the worker tells."""
        subject = self._subjects.get(ref)
        if subject is None:
            subject = self._subjects[ref] = Subject(self, (ref,))
        return subject

    def _number(self, answer: Answer) -> float:
        found = self._numbers(answer)
        if len(found) != 1:
            raise self._garbled()
        return found[0]

    def _arrays(self, answer: Answer, count: int) -> list[Array]:
        try:
            return decoded(self._numbers(answer), count)
        except (ValueError, OverflowError):
            raise self._garbled() from None

    def _numbers(self, answer: Answer) -> list[float]:
        found = array("d")
        if len(answer.numbers) % found.itemsize:
            raise self._garbled()
        found.frombytes(answer.numbers)
        return found.tolist()
