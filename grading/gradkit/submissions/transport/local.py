"""The transport of self-check: a student's module is imported beside the tests.

So tracebacks lead into the student's code, and a debugger works there.
"""

from __future__ import annotations

import marshal
import os
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
from gradkit.inside.imports import StudentModules, name_in
from gradkit.submissions.exception_text import TIME_IS_UP, WALL_CLOCK_IS_UP, failure
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.stopped_import import StoppedImport, add_stops

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
        self.stopped: list[StoppedImport] = []
        self._clock = clock
        self._modules = StudentModules(str(self.folder))
        self._n_noted_stops = 0
        """How many of the `reported_stops` of `_modules` are in `stopped`."""
        self._subjects: dict[int, Subject] = {}
        """By the id of the object, which lives as long as its subject."""

    @property
    def spent_seconds(self) -> float:
        return self._clock.spent_seconds

    def start_item(self, seconds: float, packages: tuple[str, ...] = ()) -> None:
        """Start a new item. If it has other packages, the student's files are imported anew: a worker would be new."""
        self._subjects.clear()
        if packages != self._modules.packages:
            self._modules.unload()
            self._modules = StudentModules(str(self.folder), packages)
            self._n_noted_stops = 0
        self._clock.allow(seconds)

    def finish_item(self) -> None:
        """Do nothing: code in this process cannot send anything unrequested."""

    def load(self, module: str, name: str) -> Subject:
        if str(self.folder) not in sys.path:
            sys.path.append(str(self.folder))  # for importlib.import_module; `import` does not need it
        if module in STANDARD_MODULES:
            with self._student_code("load", module):  # numpy may not be installed
                return self._subject(worker.load(self._modules, module, name))
        if not (self.folder / f"{module}.py").exists():
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"There is no {module}.py in this folder yet.")
        with self._student_code("load", module):
            loaded = worker.load(self._modules, module, name)
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
            return worker.run_program("\n".join(lines), self._modules)

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
            with _working_folder(self.folder), self._clock:
                yield
            self._note_stops()
        except (KeyboardInterrupt, SubmissionError):
            raise
        except BaseException as error:
            self._clock.stop()
            self._note_stops()
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
        while traceback and not name_in(str(self.folder), traceback.tb_frame.f_code.co_filename):
            traceback = traceback.tb_next
        return traceback

    def _note_stops(self) -> None:
        """Add new stops of imports to `stopped`. Their messages can be student code, so the time limit holds for it."""
        for stop in self._modules.reported_stops[self._n_noted_stops :]:
            self._n_noted_stops += 1
            try:
                with self._clock:
                    frame = worker.describe_stop(stop)
            except TimeIsUp:
                self._clock.stop()
                frame = (stop.file, stop.line, worker.UNREADABLE, int(stop.is_compiled))
            add_stops(self.stopped, [frame])


@contextmanager
def _working_folder(folder: Path) -> Iterator[None]:
    """Make a folder the current one, as it is in a worker: code opens files beside it by their names."""
    before = os.getcwd()
    if before == str(folder):
        yield
        return
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
