"""The transport of self-check: a student's module is imported beside the tests.

So tracebacks lead into the student's code, and a debugger works there.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from gradkit.graphs.tensor.graph import Array, TensorGraph, decode_arrays
from gradkit.inside import tensor_replay, worker
from gradkit.inside.graph import Graph
from gradkit.inside.graph import replay as replay_graph
from gradkit.submissions.exception_text import TIME_IS_UP, WALL_CLOCK_IS_UP, failure
from gradkit.submissions.outcome import SubmissionError, Verdict

from .clock import Clock, TimeIsUp, WallClockIsUp
from .protocol import STANDARD_MODULES
from .replies import Reply
from .subject import Subject, as_plain


class LocalTransport:
    """A folder whose modules are imported into this process. See `Transport` for its methods.

    Args:
        folder: The student's files.
        clock: Interrupts the student's code at the time limit.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder.resolve()
        self._clock = clock
        self._subjects: dict[int, Subject] = {}
        """By the id of the object, which lives as long as its subject."""

    @property
    def spent_seconds(self) -> float:
        return self._clock.spent_seconds

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        """Start a new item. `packages` is ignored: everything installed can be imported here (static_warnings.py)."""
        self._subjects.clear()
        self._clock.allow(seconds)

    def finish_item(self) -> None:
        """Do nothing: code in this process cannot send anything unrequested."""

    def load(self, module: str, name: str) -> Subject:
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        if module in STANDARD_MODULES:
            with self._student_code("load", module):  # numpy may not be installed, or be a file of the student's
                return self._subject(worker.load(module, name))
        if not (self.folder / f"{module}.py").exists():
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"There is no {module}.py in this folder yet.")
        with self._student_code("load", module):
            try:
                loaded = worker.load(module, name)
            finally:
                if module in sys.modules and _folder_of(module) != self.folder:
                    raise SubmissionError(Verdict.ERROR, f"Python already has another module called {module}.")
        return self._subject(loaded)

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        plain = as_plain(operands)
        plain_keywords = {name: as_plain(value) for name, value in keywords.items()}
        with self._student_code("apply", operation):
            result = worker.apply(operation, plain, plain_keywords)
        return self._subject(result)

    def assign(self, targets: Sequence[Subject], name: str, values: Sequence[float | Subject]) -> None:
        with self._student_code("assign"):
            worker.assign(as_plain(targets), name, as_plain(values))

    def numbers(self, targets: Sequence[Subject], name: str) -> list[float]:
        with self._student_code("numbers"):
            return worker.numbers(as_plain(targets), name)

    def decisions(self, targets: Sequence[Subject]) -> list[float]:
        with self._student_code("decisions"):
            return worker.decisions(as_plain(targets))

    def items(self, target: Subject) -> list[Subject]:
        with self._student_code("items"):
            items = worker.items(target._operand)
        return [self._subject(item) for item in items]

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        numbers: list[float] = []
        try:
            with self._student_code("replay"):
                for graph in graphs:
                    answers = replay_graph(value_class._operand, graph, backward)
                    numbers += [*answers.data, *answers.grad]
        except SubmissionError as error:
            return Reply(graphs, backward, numbers, error)
        return Reply(graphs, backward, numbers)

    def run_program(self, lines: Sequence[str]) -> list[float]:
        with self._student_code("program"):
            return worker.run_program("\n".join(lines), str(self.folder))

    def arrays(self, targets: Sequence[Subject], name: str) -> list[Array]:
        with self._student_code("arrays"):
            return decode_arrays(tensor_replay.encoded(as_plain(targets), name), len(targets))

    def replay_tensors(self, tensor_class: Subject, graph: TensorGraph, backward: bool) -> list[Array]:
        with self._student_code("replay"):
            numbers = tensor_replay.replay(tensor_class._operand, marshal.loads(graph.pack()), backward)
            return decode_arrays(numbers, len(graph) * (1 + backward))

    def calls(self, value_class: Subject, graph: Graph, max_calls: int) -> int:
        with self._student_code("calls"):
            return worker.calls(value_class._operand, graph, max_calls)

    def _subject(self, thing: object) -> Subject:
        """Return the subject of a student's object: `is` on subjects is `is` on the student's objects."""
        subject = self._subjects.get(id(thing))
        if subject is None:
            subject = self._subjects[id(thing)] = Subject(self, thing)
        return subject

    @contextmanager
    def _student_code(self, request: str, argument: str = "") -> Iterator[None]:
        """Run student code within the time limit. Raises SubmissionError for whatever it raises.

        The new exception carries the student's frames last, so that `--pdb` opens in the student's code.
        """
        try:
            with self._clock:
                yield
        except (KeyboardInterrupt, SubmissionError):
            raise
        except BaseException as error:
            self._clock.stop()
            frames = worker.frames_of(error, str(self.folder))
            if isinstance(error, TimeIsUp):
                message = WALL_CLOCK_IS_UP if isinstance(error, WallClockIsUp) else TIME_IS_UP
                ending = failure(Verdict.TIMEOUT, message, frames, self.folder)
            else:
                message = self._message(error, worker.doing(request, argument))
                ending = failure(Verdict(worker.verdict_of(error)), message, frames, self.folder)
            raise ending.with_traceback(self._student_frames(error.__traceback__) or error.__traceback__) from None

    def _message(self, error: BaseException, doing: str) -> str:
        """Return an exception's message. Its `__str__` can be student code, so the time limit holds for it too."""
        try:
            with self._clock:
                return worker.message_of(error, doing)
        except TimeIsUp:
            self._clock.stop()
            return worker.UNREADABLE

    def _student_frames(self, traceback: TracebackType | None) -> TracebackType | None:
        """Return the part of a traceback that begins at the student's first frame, if there is one."""
        while traceback and Path(traceback.tb_frame.f_code.co_filename).parent != self.folder:
            traceback = traceback.tb_next
        return traceback


def _folder_of(module: str) -> Path:
    """Return the folder that an imported module was loaded from. The file itself may be a link."""
    return Path(getattr(sys.modules[module], "__file__", None) or "").parent.resolve()
