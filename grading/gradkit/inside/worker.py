"""Where a student's code runs: it does what a test asks of the student's objects, and answers with plain numbers.

In self-check the functions here are called directly. In grading this file runs in the sandbox, in an interpreter that
has no tests, no reference and no PyTorch, and takes its questions from a socket. It is hostile ground: a submission can
change everything in it, so nothing that it says is believed (see pipe.py, which checks it).

Enters the sandbox, so it imports the standard library alone, the built-in part of it where it can, and starts fast.
"""

from __future__ import annotations

import _operator
import sys

from . import tensor_replay
from .graph import STUDENT_FUNCTIONS, Graph, NotANumber, number_of, plain_number, replay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import FrameType, TracebackType
    from typing import Any

    Frame = tuple[str, int, str, int]
    """(file name, line, function, column). Where Python could not read the file the function is "" and the column is
    where it gave up; else the column is 0."""

MOST_ITEMS = 100_000
"""No list of a student's is longer than that; one without an end would fill the memory."""

MOST_UNCOLLECTED = 500_000
"""Objects that may pile up before Python's collector looks for cycles among them: some 50 megabytes. Each node of an
engine with closures is one, and looking as often as Python would takes a third as long as the arithmetic."""

MOST_TEXT = 2_000
"""Characters of an exception's message that are passed on."""

UNREADABLE = "(its message cannot be read)"

FRAMES_SHOWN = 4


class MissingNameError(Exception):
    """A module has no such name yet."""


_VERDICTS: tuple[tuple[type[BaseException], str], ...] = (
    (NotImplementedError, "not_implemented"),
    (MissingNameError, "not_implemented"),
    (MemoryError, "out_of_memory"),
    (NotANumber, "failed"),
    (Exception, "error"),
)
"""The first that fits decides. What is no Exception (SystemExit, a test framework's skip) means leaving: crashed."""


# --- what can be asked of a student's objects ------------------------------------------------------------------------


def load(module: str, name: str) -> object:
    """A name of the student's module, which is imported if it was not. Raises MissingNameError, or what the import
    raises."""
    depth = sys.getrecursionlimit()
    __import__(module)
    found = getattr(sys.modules[module], name, None)
    sys.setrecursionlimit(max(depth, sys.getrecursionlimit()))  # less than ours would stop what asks the questions
    if found is None:
        raise MissingNameError(f"{module}.py has no {name} yet.")
    return found


def _call(function: Callable[..., object], *operands: object, **keywords: object) -> object:
    return function(*operands, **keywords)


def apply(operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> object:
    """A function of the operator module, or "call" or "getattr", applied to plain numbers, texts and objects."""
    special: dict[str, Callable[..., object]] = {"call": _call, "getattr": getattr}
    function = special.get(operation) or getattr(_operator, operation)
    found: object = function(*operands, **keywords)
    return found


def items(target: Iterable[object]) -> list[object]:
    """What iterating over an object gives, up to a length that no honest list has."""
    found: list[object] = []
    for item in target:
        found.append(item)
        if len(found) >= MOST_ITEMS:
            break
    return found


def assign(targets: Sequence[object], name: str, values: Sequence[object]) -> None:
    """target.name = value, for each."""
    for target, value in zip(targets, values):
        setattr(target, name, value)


def numbers(targets: Sequence[object], name: str) -> list[float]:
    """target.name of each as a plain number; with no name, the target itself. Raises NotANumber."""
    return [number_of(each, name, "this") if name else plain_number(each, "this") for each in targets]


class _TooManyCalls(BaseException):
    """Stops a backward() that has run more functions than anyone would wait for."""


def calls(value_class: Callable[[float], Any], graph: Graph, most: int) -> int:
    """How many Python functions run during backward() from a graph's output, counted up to `most` + 1."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event == "call":
            count += 1
            if count > most:
                raise _TooManyCalls

    nodes = graph.build(value_class, STUDENT_FUNCTIONS)
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        nodes[graph.output].backward()
    except _TooManyCalls:
        pass
    finally:
        sys.setprofile(before)
    return count


# --- how it ended, where it did not end with an answer ---------------------------------------------------------------


def doing(request: str, argument: object = "") -> str:
    """What the student's code was asked for, in a word or two."""
    return {"load": f"importing {argument}.py", "apply": str(argument)}.get(request, request)


def verdict_of(error: BaseException) -> str:
    """What an exception of the student's code makes of the item: the name of a verdict."""
    return next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), "crashed")


def message_of(error: BaseException, doing: str) -> str:
    """One line about an exception, as raw as the student's code made it; whoever shows it must tidy it first."""
    verdict, kind = verdict_of(error), _kind(error)
    if verdict == "crashed":
        return f"{kind}: this ends the whole program, where an answer is due ({doing})."
    if isinstance(error, RecursionError):
        return "RecursionError: maximum recursion depth exceeded"  # Python's own text varies with where it strikes
    text = error.msg if isinstance(error, SyntaxError) and _is_pythons_own(error) else _said(error)
    if verdict in ("not_implemented", "failed"):
        return text or "not written yet"
    return f"{kind}: {text}" if text else kind


def _said(error: BaseException) -> str:
    """What an exception says of itself: that may be the student's code again, and as odd."""
    try:
        return str.__str__(str(error))[:MOST_TEXT]  # an exact str: a subclass would run code wherever it is used
    except KeyboardInterrupt:
        raise
    except BaseException:
        return UNREADABLE


def _is_pythons_own(error: SyntaxError) -> bool:
    """Whether this is a syntax error that Python found, and not one that a student's code made up."""
    return type(error.msg) is str and type(error.filename) is str and type(error.lineno) is int


def _kind(error: BaseException) -> str:
    """The name of an exception's class, which a metaclass of the student's may want to answer itself."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def frames_of(error: BaseException, folder: str) -> list[Frame]:
    """The student's own frames of a traceback, innermost last; those of files in other folders are left out."""
    if verdict_of(error) in ("not_implemented", "failed"):
        return []
    if isinstance(error, SyntaxError) and _is_pythons_own(error):
        name = _own_file(str(error.filename), folder)
        return [(name, error.lineno or 0, "", error.offset or 0)] if name else []
    found: list[Frame] = []
    trace: TracebackType | None = error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        name = _own_file(code.co_filename, folder)
        if name:
            found = [*found[1 - FRAMES_SHOWN :], (name, trace.tb_lineno, code.co_name, 0)]
        trace = trace.tb_next
    return found[-1:] if isinstance(error, RecursionError) else found


def _own_file(path: str, folder: str) -> str:
    """The name of a file that lies in the folder itself; else nothing."""
    start, _, name = path.replace("\\", "/").rpartition("/")
    return name if start == folder.replace("\\", "/") else ""


# --- the sandboxed half of the pipe ----------------------------------------------------------------------------------

HEADER = 4
"""Bytes before each message that say how long it is."""

NONCE = 8
"""Bytes that a reply must repeat from its request, so that none can be sent before it was asked for."""


class Failure(Exception):
    """The student's code gave no answer; `found` are the numbers that it gave before."""

    def __init__(self, error: BaseException, found: Sequence[float] = ()) -> None:
        super().__init__()
        self.error = error
        self.found = found


class Worker:
    """Keeps the student's objects by number and does what requests say, in which (number,) stands for an object."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._objects: list[object] = []
        self._numbers: dict[int, int] = {}
        self._lasting = 0

    def answer(self, fresh: bool, name: str, *arguments: Any) -> tuple[list[int], Sequence[float]]:
        """(refs, numbers) for one request. `fresh` begins a new item: only what was loaded lasts. Raises Failure."""
        if fresh:
            del self._objects[self._lasting :]
            self._numbers = {id(found): number for number, found in enumerate(self._objects)}
        done: tuple[list[int], Sequence[float]] = getattr(self, f"do_{name}")(*arguments)
        return done

    def do_finish(self) -> tuple[list[int], Sequence[float]]:
        return [], ()

    def do_load(self, module: str, name: str) -> tuple[list[int], Sequence[float]]:
        ref = self._ref(load(module, name))
        self._lasting = len(self._objects)
        return [ref], ()

    def do_apply(
        self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]
    ) -> tuple[list[int], Sequence[float]]:
        plain = self._object(operands)
        named = {name: self._object(value) for name, value in keywords.items()}
        return [self._ref(apply(operation, plain, named))], ()

    def do_assign(self, targets: object, name: str, values: object) -> tuple[list[int], Sequence[float]]:
        assign(self._object(targets), name, self._object(values))
        return [], ()

    def do_numbers(self, targets: object, name: str) -> tuple[list[int], Sequence[float]]:
        return [], numbers(self._object(targets), name)

    def do_items(self, target: object) -> tuple[list[int], Sequence[float]]:
        return [self._ref(item) for item in items(self._object(target))], ()

    def do_replay(self, target: object, graphs: Sequence[bytes], backward: bool) -> tuple[list[int], Sequence[float]]:
        value_class = self._object(target)
        numbers: list[float] = []
        try:
            for graph in map(Graph.unpacked, graphs):
                answers = replay(value_class, graph, backward)
                numbers += answers.data
                numbers += answers.grad
        except BaseException as error:
            raise Failure(error, numbers) from None
        return [], numbers

    def do_arrays(self, targets: object, name: str) -> tuple[list[int], Sequence[float]]:
        return [], tensor_replay.encoded(self._object(targets), name)

    def do_replay_tensors(self, target: object, graph: bytes, backward: bool) -> tuple[list[int], Sequence[float]]:
        from marshal import loads

        return [], tensor_replay.replay(self._object(target), loads(graph), backward)

    def do_calls(self, target: object, graph: bytes, most: int) -> tuple[list[int], Sequence[float]]:
        value_class = self._object(target)
        return [], (float(calls(value_class, Graph.unpacked(graph), most)),)

    def _object(self, operand: Any) -> Any:
        if type(operand) is list:
            return [self._object(each) for each in operand]
        return self._objects[operand[0]] if type(operand) is tuple else operand

    def _ref(self, found: object) -> int:
        """One object, one number: `is` on handles is `is` on the student's objects."""
        number = self._numbers.get(id(found))
        if number is None:
            number = self._numbers[id(found)] = len(self._objects)
            self._objects.append(found)
        return number


def reply(
    nonce: bytes,
    refs: Sequence[int] = (),
    numbers: Sequence[float] = (),
    verdict: str = "",
    message: str = "",
    frames: Sequence[Frame] = (),
) -> bytes:
    """One reply, as MessagePack: [nonce, refs, numbers, verdict, message, frames]; numbers as raw doubles.

    Written out here, for the sandbox has no library for it. (https://github.com/msgpack/msgpack/blob/master/spec.md)
    """
    from _struct import pack  # the array module would load half the collections package

    def sized(code: int, length: int) -> bytes:
        return bytes([code]) + length.to_bytes(4, "big")

    def text(words: str) -> bytes:
        raw = words.encode("utf-8", "backslashreplace")
        return sized(0xDB, len(raw)) + raw

    def number(count: int) -> bytes:
        return b"\xd3" + max(-1, min(count, 2**31)).to_bytes(8, "big", signed=True)

    raw = pack(f"{len(numbers)}d", *numbers)
    parts = [b"\x96", sized(0xC6, len(nonce)), nonce, sized(0xDD, len(refs)), *map(number, refs)]
    parts += [sized(0xC6, len(raw)), raw, text(verdict), text(message), sized(0xDD, len(frames))]
    for file, line, function, column in frames:
        parts += [b"\x94", text(file[:200]), number(line), text(function[:200]), number(column)]
    body = b"".join(parts)
    return len(body).to_bytes(HEADER, "big") + body


def _limit(limits: Sequence[tuple[str, int]]) -> None:
    """Bind this process before a line of the submission runs; none of it can be raised again."""
    import resource

    for name, most in limits:
        resource.setrlimit(getattr(resource, name), (most, most))


def main(descriptor: int, folder: str) -> None:
    """Answer requests on a socket until it is closed. The first message holds the limits."""
    import gc
    import marshal
    import posix

    def read(size: int) -> bytes:
        chunks = []
        while size:
            chunk = posix.read(descriptor, size)
            if not chunk:
                posix._exit(0)
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    def write(message: bytes) -> None:
        view = memoryview(message)
        while view:
            view = view[posix.write(descriptor, view) :]

    worker = Worker(folder)
    spare = [bytes(1 << 20)]  # let go when memory runs out, so that there is some left to say so
    sys.path.append(folder)
    gc.set_threshold(MOST_UNCOLLECTED)
    nonce, limits = marshal.loads(read(int.from_bytes(read(HEADER), "big")))
    _limit(limits)
    write(reply(nonce))
    while True:
        nonce, *request = marshal.loads(read(int.from_bytes(read(HEADER), "big")))
        try:
            refs, numbers = worker.answer(*request)
            message = reply(nonce, refs, numbers)
        except BaseException as error:
            spare.clear()
            found, cause = (error.found, error.error) if isinstance(error, Failure) else ((), error)
            said = message_of(cause, doing(*request[1:3]))
            message = reply(nonce, (), found, verdict_of(cause), said, frames_of(cause, folder))
        write(message)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
