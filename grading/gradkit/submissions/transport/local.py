"""The in-process transport: a student's module imported beside the tests, so that tracebacks and a debugger work."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from gradkit.graphs.tensor.graph import Array, TensorGraph, decoded
from gradkit.inside import tensor_replay, worker
from gradkit.inside.graph import Graph
from gradkit.inside.graph import replay as replay_graph
from gradkit.submissions.exception_text import failure
from gradkit.submissions.outcome import SubmissionError, Verdict

from .clock import Clock, TimeIsUp
from .subject import STANDARD, Reply, Subject, as_plain


class LocalTransport:
    """A submission folder whose modules are imported into this process.

    folder: where the student's files are.   clock: how long each item may take.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder.resolve()
        self._clock = clock
        self._subjects: dict[int, Subject] = {}

    @property
    def spent_seconds(self) -> float:
        return self._clock.spent

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        """Start a new item. `packages` is ignored: everything installed can be imported here (static_warnings.py)."""
        self._subjects.clear()
        self._clock.allow(seconds)

    def finish_item(self) -> None:
        """Nothing can be on its way here."""

    def load(self, module: str, name: str) -> Subject:
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        if module in STANDARD:
            with self._student("load", module):  # numpy may be missing here, or be a file of the student's
                return self._subject(worker.load(module, name))
        if not (self.folder / f"{module}.py").exists():
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"There is no {module}.py in this folder yet.")
        with self._student("load", module):
            try:
                found = worker.load(module, name)
            finally:
                if module in sys.modules and _home(module) != self.folder:
                    raise SubmissionError(Verdict.ERROR, f"Python already has another module called {module}.")
        return self._subject(found)

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        plain = as_plain(operands)
        named = {name: as_plain(value) for name, value in keywords.items()}
        with self._student("apply", operation):
            result = worker.apply(operation, plain, named)
        return self._subject(result)

    def assign(self, targets: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
        with self._student("assign"):
            worker.assign(as_plain(targets), name, as_plain(values))

    def numbers(self, targets: Sequence[Subject], name: str) -> list[float]:
        with self._student("numbers"):
            return worker.numbers(as_plain(targets), name)

    def items(self, target: Subject) -> list[Subject]:
        with self._student("items"):
            found = worker.items(target._ref)
        return [self._subject(item) for item in found]

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        numbers: list[float] = []
        try:
            with self._student("replay"):
                for graph in graphs:
                    answers = replay_graph(value_class._ref, graph, backward)
                    numbers += [*answers.data, *answers.grad]
        except SubmissionError as failure:
            return Reply(graphs, backward, numbers, failure)
        return Reply(graphs, backward, numbers)

    def arrays(self, targets: Sequence[Subject], name: str) -> list[Array]:
        with self._student("arrays"):
            return decoded(tensor_replay.encoded(as_plain(targets), name), len(targets))

    def replay_tensors(self, tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
        with self._student("replay"):
            numbers = tensor_replay.replay(tensor_class._ref, marshal.loads(graph.packed()), backward)
            return decoded(numbers, len(graph) * (1 + backward))

    def calls(self, value_class: Subject, graph: Graph, most: int) -> int:
        with self._student("calls"):
            return worker.calls(value_class._ref, graph, most)

    def _subject(self, found: object) -> Subject:
        """One object, one handle: `is` on handles is `is` on the student's objects."""
        subject = self._subjects.get(id(found))
        if subject is None:
            subject = self._subjects[id(found)] = Subject(self, found)
        return subject

    @contextmanager
    def _student(self, request: str, argument: str = "") -> Iterator[None]:
        """Run a student's code within the time limit; whatever it raises becomes a SubmissionError.

        The new exception carries the student's frames last, so that `--pdb` opens in the student's code.
        """
        try:
            with self._clock:
                yield
        except (KeyboardInterrupt, SubmissionError):
            raise
        except BaseException as error:
            self._clock.stop()
            verdict = Verdict.TIMEOUT if isinstance(error, TimeIsUp) else Verdict(worker.verdict_of(error))
            message = self._message(error, worker.doing(request, argument))
            account = failure(verdict, message, worker.frames_of(error, str(self.folder)), self.folder)
            raise account.with_traceback(self._own_frames(error.__traceback__) or error.__traceback__) from None

    def _message(self, error: BaseException, doing: str) -> str:
        """What an exception says of itself: that may be the student's code again, and as slow."""
        try:
            with self._clock:
                return worker.message_of(error, doing)
        except TimeIsUp:
            self._clock.stop()
            return worker.UNREADABLE

    def _own_frames(self, found: TracebackType | None) -> TracebackType | None:
        """The part of a traceback that begins at the student's first frame."""
        while found and Path(found.tb_frame.f_code.co_filename).parent != self.folder:
            found = found.tb_next
        return found


def _home(module: str) -> Path:
    """The folder that an imported module comes from. The file itself may be a link."""
    return Path(getattr(sys.modules[module], "__file__", None) or "").parent.resolve()
