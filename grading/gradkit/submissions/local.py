"""The in-process transport: a student's module imported beside the tests, so that tracebacks and a debugger work."""

from __future__ import annotations

import importlib
import operator
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeGuard

from ..graphs.graph import STUDENT_FUNCTIONS, Graph, NotANumber, number_of
from ..graphs.graph import replay as replay_graph
from .clock import Clock, TimeIsUp
from .outcome import SubmissionError, Verdict
from .subject import Reply, Subject

FRAMES_SHOWN = 4
MESSAGE_LENGTH = 300
MOST_ITEMS = 100_000
"""No list of a student's is longer than that; one without an end would fill the memory."""

_VERDICTS: tuple[tuple[type[BaseException], Verdict], ...] = (
    (NotImplementedError, Verdict.NOT_IMPLEMENTED),
    (TimeIsUp, Verdict.TIMEOUT),
    (MemoryError, Verdict.OUT_OF_MEMORY),
    (NotANumber, Verdict.FAILED),
    (Exception, Verdict.ERROR),
)
"""The first that fits decides. What is no Exception (SystemExit, a test framework's skip) means leaving: crashed."""


class _TooManyCalls(BaseException):
    """Stops a backward() that has run more functions than anyone would wait for."""


class LocalTransport:
    """A submission folder whose modules are imported into this process.

    folder: where the student's files are.   clock: how long each item may take.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder.resolve()
        self._clock = clock
        self._subjects: dict[int, Subject] = {}

    def load(self, module: str, name: str) -> Subject:
        """A name of the student's module. Raises SubmissionError where the import fails or the name is missing."""
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        if not (self.folder / f"{module}.py").exists():
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"There is no {module}.py in this folder yet.")
        depth = sys.getrecursionlimit()
        with self._student(f"importing {module}.py"):
            loaded = importlib.import_module(module)
            home = Path(loaded.__file__ or "").parent.resolve()  # the file itself may be a link
            found = getattr(loaded, name, None)
        sys.setrecursionlimit(max(depth, sys.getrecursionlimit()))  # less than ours would stop pytest
        if home != self.folder:
            raise SubmissionError(Verdict.ERROR, f"Python already has another module called {module}.")
        if found is None:
            raise SubmissionError(Verdict.NOT_IMPLEMENTED, f"{module}.py has no {name} yet.")
        return self._subject(found)

    def forget(self) -> None:
        """Let go of every handle: a new item begins."""
        self._subjects.clear()

    def apply(self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Subject:
        plain = [_object(operand) for operand in operands]
        named = {name: _object(value) for name, value in keywords.items()}
        function = _APPLY.get(operation) or getattr(operator, operation)
        with self._student(operation):
            result = function(*plain, **named)
        return self._subject(result)

    def assign(self, target: Subject, name: str, value: float | Subject) -> None:
        with self._student(name):
            setattr(target._ref, name, _object(value))

    def number(self, target: Subject, name: str) -> float:
        with self._student(name):
            return number_of(target._ref, name, "this")

    def items(self, target: Subject) -> list[Subject]:
        with self._student("iterating"):
            found = list(islice(target._ref, MOST_ITEMS))
        return [self._subject(item) for item in found]

    def replay(self, value_class: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
        answers = []
        try:
            with self._student("replay"):
                for graph in graphs:
                    answers.append(replay_graph(value_class._ref, graph, backward))
        except SubmissionError as failure:
            return Reply(tuple(answers), failure)
        return Reply(tuple(answers))

    def calls(self, value_class: Subject, graph: Graph, most: int) -> int:
        count = 0

        def counted(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal count
            count += event == "call"
            if count > most:
                raise _TooManyCalls

        with self._student("backward"):
            nodes = graph.build(value_class._ref, STUDENT_FUNCTIONS)
            before = sys.getprofile()
            sys.setprofile(counted)
            try:
                nodes[graph.output].backward()
            except _TooManyCalls:
                pass
            finally:
                sys.setprofile(before)
        return count

    def _subject(self, found: object) -> Subject:
        """One object, one handle: `is` on handles is `is` on the student's objects."""
        subject = self._subjects.get(id(found))
        if subject is None:
            subject = self._subjects[id(found)] = Subject(self, found)
        return subject

    @contextmanager
    def _student(self, doing: str) -> Iterator[None]:
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
            verdict = next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), Verdict.CRASHED)
            frames = self._own_frames(error.__traceback__)
            said = self._said(partial(str, error), "(its message cannot be read)")
            message = _message(error, said, doing, verdict)
            text = "" if verdict in (Verdict.NOT_IMPLEMENTED, Verdict.FAILED) else self._traceback(error)
            raise SubmissionError(verdict, message, text).with_traceback(frames or error.__traceback__) from None

    def _said(self, say: Callable[[], str], otherwise: str) -> str:
        """What an exception says of itself: that may be the student's code again, and as slow or as odd."""
        try:
            with self._clock:
                return str.__str__(say())  # an exact str: a subclass would run code wherever it is used
        except KeyboardInterrupt:
            raise
        except BaseException:
            self._clock.stop()
            return otherwise

    def _own_frames(self, found: TracebackType | None) -> TracebackType | None:
        """The part of a traceback that begins at the student's first frame."""
        while found and not self._is_own(found.tb_frame.f_code.co_filename):
            found = found.tb_next
        return found

    def _is_own(self, filename: str) -> bool:
        path = Path(filename)
        return path.is_absolute() and path.parent == self.folder

    def _traceback(self, error: BaseException) -> str:
        """The student's own frames, innermost last, with file names and no folders."""
        if isinstance(error, SyntaxError):
            text = self._said(lambda: "".join(traceback.format_exception_only(error)), "")
            text = text.replace(f"{self.folder}{os.sep}", "").strip()
            return "\n".join(map(_tidy, text.splitlines()[:-1]))  # the last line is the message
        summary = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in summary if self._is_own(frame.filename)][-FRAMES_SHOWN:]
        if isinstance(error, RecursionError):
            own = own[-1:]
        return "\n".join(f"{Path(f.filename).name}:{f.lineno}, in {f.name}\n    {_tidy(f.line or '')}" for f in own)


_APPLY: dict[str, Callable[..., object]] = {
    "getattr": getattr,
    "call": lambda function, *operands, **keywords: function(*operands, **keywords),
}


def _object(operand: object) -> object:
    return operand._ref if isinstance(operand, Subject) else operand


def _is_pythons_own(error: BaseException) -> TypeGuard[SyntaxError]:
    """Whether this is a syntax error that Python found, and not one that a student's code made up."""
    return isinstance(error, SyntaxError) and type(error.msg) is str and type(error.text) in (str, type(None))


def _kind(error: BaseException) -> str:
    """The name of an exception's class, which a metaclass of the student's may want to answer itself."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def _message(error: BaseException, text: str, doing: str, verdict: Verdict) -> str:
    """One line about an exception, without addresses, which differ from run to run, and of bounded length."""
    if verdict is Verdict.TIMEOUT:
        return "Stopped at the time limit. Is there a loop that never ends, or a search through a list at every step?"
    if verdict is Verdict.CRASHED:
        return f"{_kind(error)}: this ends the whole program, where an answer is due ({doing})."
    if verdict in (Verdict.NOT_IMPLEMENTED, Verdict.FAILED):
        return _tidy(text) or "not written yet"
    if isinstance(error, RecursionError):
        return "RecursionError: maximum recursion depth exceeded"  # Python's own text varies with where it strikes
    if _is_pythons_own(error):
        text = error.msg
    return _tidy(f"{_kind(error)}: {text}" if text else _kind(error))


def _tidy(text: str) -> str:
    """One line, printable, without 0x... addresses."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x...", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 3] + "..."
