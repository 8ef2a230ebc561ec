"""Run requests on a student's objects and return plain numbers.

In self-check the functions of the first two sections are called directly. In grading this file is the worker: it runs
in the sandbox, in an interpreter that has no tests, no reference and no PyTorch, and reads its requests from a socket.
A submission can change everything in that process, so pipe.py checks whatever it sends.

Enters the sandbox, so it imports only the standard library, built-in modules where possible, and starts fast.
"""

from __future__ import annotations

import _operator
import sys

from . import tensor_replay
from .absent import find_absent_method
from .graph import STUDENT_FUNCTIONS, Graph, NotANumber, number_of, plain_number, replay
from .imports import Stop, StudentModules, name_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import FrameType, TracebackType
    from typing import Any

    Frame = tuple[str, int, str, int]
    """(file name, line, function, column). For a syntax error the function is "" and the column is where Python stopped
    reading; otherwise the column is 0."""

MAX_ITEMS = 100_000
"""Items that are read from an iterable. No list of a right submission is longer; an endless one would fill the memory.
"""

GC_THRESHOLD = 500_000
"""Objects that may be made before Python's collector looks for cycles among them: some 50 megabytes. Each node of an
engine with closures is in a cycle. With Python's default threshold, collecting takes a third as long as the arithmetic.
"""

SPARE_BYTES = 1 << 20
"""Memory that is freed when memory runs out, so that the worker can still report it."""

MAX_MESSAGE_LENGTH = 2_000
"""Characters of an exception's message that are passed on."""

UNREADABLE = "(its message cannot be read)"
"""Sent in place of a message that raises an exception when it is read."""

SHOULD_HAVE = ", and should have "
"""The words between the wrong and the right name in the message about a name with wrong capitals."""

MAX_FRAME_TEXT_LENGTH = 200
"""Characters of each text in a frame that are passed on."""

MAX_FRAMES = 4
"""Frames of a traceback that are passed on."""

MAX_STOPS = 8
"""Files whose import ended with an exception, of one submission, that are passed on."""


class MissingNameError(Exception):
    """A student's module does not define a name yet."""


_VERDICTS: tuple[tuple[type[BaseException], str], ...] = (
    (NotImplementedError, "not_implemented"),
    (MissingNameError, "not_implemented"),
    (MemoryError, "out_of_memory"),
    (NotANumber, "failed"),
    (Exception, "error"),
)
"""First match wins. BaseExceptions that are not Exceptions (SystemExit, pytest.skip) count as `crashed`."""


# --- operations on a student's objects -------------------------------------------------------------------------------


def load(modules: StudentModules, module: str, name: str) -> object:
    """Import a module and return the object that has this name in it.

    Args:
        modules: The student's modules.
        module: One of them, or a module of Python or of a package that the assignment offers.
        name: The name.

    Raises:
        MissingNameError: If the module does not define the name.
        Exception: Whatever the import raises, and what stopped it before it defined the name.
    """
    recursion_limit = sys.getrecursionlimit()
    if modules.has(module):
        imported = modules.load(module)
    else:
        __import__(module)
        imported = sys.modules[module]
    loaded = getattr(imported, name, None)
    # A module may raise the limit. A lower one than before could stop the code that calls this function.
    sys.setrecursionlimit(max(recursion_limit, sys.getrecursionlimit()))
    if loaded is None:
        stop = modules.stops.get(module)
        if stop and verdict_of(stop.error) == "not_implemented":
            raise MissingNameError(
                f"{stop.file} stopped at line {stop.line}, before it defined {name}: {_text_of(stop.error)}"
            )
        if stop:
            raise stop.error
        other = _other_capitals(imported, name)
        has = f"has {other}{SHOULD_HAVE}{name}." if other else f"has no {name} yet."
        raise MissingNameError(f"{module}.py {has}")
    return loaded


def _other_capitals(imported: object, name: str) -> str:
    """Return the name in a module that differs from a class's or function's only in capitals; empty if there is none.

    Args:
        imported: The module. It can have put anything in its own place, and anything among its names.
        name: The name of a class if it begins with a capital, else of a function.
    """
    names = getattr(imported, "__dict__", None)
    for each, value in list(names.items()) if type(names) is dict else []:
        if type(each) is str and each != name and each.lower() == name.lower():
            is_meant = issubclass(type(value), type) if name[:1].isupper() else callable(value)
            if is_meant:
                return each
    return ""


def _call(function: Callable[..., object], *operands: object, **keywords: object) -> object:
    return function(*operands, **keywords)


def apply(operation: str, operands: Sequence[Any], keywords: dict[str, Any]) -> object:
    """Apply an operation to operands and return its result.

    Args:
        operation: The name of a function of the operator module, "call" or "getattr".
        operands: Numbers, texts, objects, and lists of them.
        keywords: Keyword arguments, for "call".
    """
    special: dict[str, Callable[..., object]] = {"call": _call, "getattr": getattr}
    function = special.get(operation) or getattr(_operator, operation)
    result: object = function(*operands, **keywords)
    return result


def items(target: Iterable[object]) -> list[object]:
    """Return the first MAX_ITEMS items of an iterable."""
    first_items: list[object] = []
    for item in target:
        first_items.append(item)
        if len(first_items) >= MAX_ITEMS:
            break
    return first_items


def assign(targets: Sequence[object], name: str, values: Sequence[object]) -> None:
    """Set attribute `name` of every target to the value at the same index.

    Args:
        targets: A student's objects.
        name: The attribute.
        values: One value for each target.
    """
    for target, value in zip(targets, values):
        setattr(target, name, value)


def numbers(targets: Sequence[object], name: str) -> list[float]:
    """Read attribute `name` of every target as a float. With an empty name, convert the targets themselves.

    Raises:
        NotANumber: If one of them is not a plain number.
    """
    return [number_of(each, name, "this") if name else plain_number(each, "this") for each in targets]


def decisions(targets: Sequence[object]) -> list[float]:
    """Convert decisions or classes to floats. Only here is a bool accepted: True is 1, and False is 0.

    Raises:
        NotANumber: If one of them is neither a bool nor a plain number.
    """
    return [float(each) if type(each) is bool else plain_number(each, "this") for each in targets]


class _TooManyCalls(BaseException):
    """Stops a backward() that has called more functions than allowed."""


def calls(value_class: Callable[[float], Any], graph: Graph, max_calls: int) -> int:
    """Count the Python functions that backward() calls from a graph's output; stop it at `max_calls` + 1.

    Args:
        value_class: The student's Value.
        graph: The graph.
        max_calls: The number of calls after which backward() is stopped.
    """
    n_calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal n_calls
        if event == "call":
            n_calls += 1
            if n_calls > max_calls:
                raise _TooManyCalls

    nodes = graph.build(value_class, STUDENT_FUNCTIONS)
    profile_before = sys.getprofile()
    sys.setprofile(count)
    try:
        nodes[graph.output].backward()
    except _TooManyCalls:
        pass
    finally:
        sys.setprofile(profile_before)
    return n_calls


def run_program(source: str, modules: StudentModules) -> list[float]:
    """Run a program that imports the student's files anew, and return the numbers that it prints.

    So it sees none of what earlier requests have left in a class or a module. The modules that were imported before
    are in place again afterwards, and so is the recursion limit if the program has lowered it.

    Args:
        source: The program, which is the course's.
        modules: The student's modules.

    Raises:
        Exception: Whatever the student's code raises.
    """
    printed: list[float] = []

    def collect(value: object) -> None:
        number = _printed_number(value)
        if number is not None:
            printed.append(number)

    before = modules.unload()
    anew = StudentModules(modules.folder, modules.packages)
    recursion_limit = sys.getrecursionlimit()
    variables = {"__name__": "__main__", "__builtins__": anew.builtins, "print": collect}
    try:
        exec(compile(source, "<program>", "exec"), variables)
    finally:
        anew.unload()
        sys.modules.update(before)
        sys.setrecursionlimit(max(recursion_limit, sys.getrecursionlimit()))  # as `load` does
    return printed


def _printed_number(value: object) -> float | None:
    """Return what a program prints as a float; None if it is not one number."""
    is_number = type(value) in (int, float, bool) or type(value).__module__ == "numpy"
    try:
        return float(value) if is_number else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):  # an array of several numbers, or a huge int
        return None


# --- descriptions of an exception ------------------------------------------------------------------------------------


def doing(request: str, argument: object = "") -> str:
    """Describe in a word or two what the student's code was doing when a request failed."""
    return {"load": f"importing {argument}.py", "apply": str(argument)}.get(request, request)


def absent_method(error: BaseException) -> str:
    """Return the method whose absence caused an exception of the student's code: see absent.py."""
    if type(error) not in (AttributeError, TypeError):
        return ""
    return find_absent_method(error, {function.__code__ for function in (apply, _call, calls, replay)})


def verdict_of(error: BaseException) -> str:
    """Return the name of the verdict for an exception of the student's code."""
    if absent_method(error):
        return "not_implemented"
    return next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), "crashed")


def message_of(error: BaseException, doing: str) -> str:
    """Describe an exception in one line. It contains the student's text unchanged: tidy it before you show it.

    Args:
        error: The exception.
        doing: What the student's code was doing, in a word or two.
    """
    absent = absent_method(error)
    if absent:
        return f"{absent} yet."
    verdict, kind = verdict_of(error), _class_name(error)
    if verdict == "crashed":
        return f"{kind}: this ends the whole program, where an answer is due ({doing})."
    if isinstance(error, RecursionError):
        return "RecursionError: maximum recursion depth exceeded"  # Python's text depends on where it was raised
    if verdict in ("not_implemented", "failed"):
        return _text_of(error) or "not written yet"
    return _last_line(error)


def _last_line(error: BaseException) -> str:
    """Return the last line of a traceback."""
    text = error.msg if isinstance(error, SyntaxError) and _is_pythons_own(error) else _text_of(error)
    return f"{_class_name(error)}: {text}" if text else _class_name(error)


def describe_stop(stop: Stop) -> Frame:
    """Return (file, line, message, is_compiled) of an exception at which the import of a file ended."""
    message = _last_line(stop.error)
    return (stop.file[:MAX_FRAME_TEXT_LENGTH], stop.line, message[:MAX_FRAME_TEXT_LENGTH], int(stop.is_compiled))


def _text_of(error: BaseException) -> str:
    """Return an exception's text. Its `__str__` can be student code, and raise anything."""
    try:
        return str.__str__(str(error))[:MAX_MESSAGE_LENGTH]  # an exact str: a subclass could run code on every use
    except KeyboardInterrupt:
        raise
    except BaseException:
        return UNREADABLE


def _is_pythons_own(error: SyntaxError) -> bool:
    """Return whether Python raised this syntax error, and not the student's code."""
    return type(error.msg) is str and type(error.filename) is str and type(error.lineno) is int


def _class_name(error: BaseException) -> str:
    """Return the name of an exception's class without running a metaclass of the student's."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def frames_of(error: BaseException, folder: str) -> list[Frame]:
    """Return the last MAX_FRAMES frames of a traceback in files in `folder`, innermost last."""
    if verdict_of(error) in ("not_implemented", "failed"):
        return []
    if isinstance(error, SyntaxError) and _is_pythons_own(error):
        name = name_in(folder, str(error.filename))
        return [(name, error.lineno or 0, "", error.offset or 0)] if name else []
    frames: list[Frame] = []
    trace: TracebackType | None = error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        name = name_in(folder, code.co_filename)
        if name:
            frames = [*frames[1 - MAX_FRAMES :], (name, trace.tb_lineno, code.co_name, 0)]
        trace = trace.tb_next
    return frames[-1:] if isinstance(error, RecursionError) else frames


# --- the worker ------------------------------------------------------------------------------------------------------

HEADER_BYTES = 4
"""Size of the header of each message, which holds the length of its body."""

NONCE_BYTES = 8
"""Size of the nonce. A reply repeats the nonce of its request, so that it cannot be sent before the request."""


class BatchError(Exception):
    """The student's code raised an exception during a batch.

    Args:
        error: The exception.
        numbers: The numbers that were computed before it.
    """

    def __init__(self, error: BaseException, numbers: Sequence[float] = ()) -> None:
        super().__init__()
        self.error = error
        self.numbers = numbers


class Worker:
    """Executes requests. It keeps the student's objects in a list, and the index of an object there is its handle.

    In a request, (handle,) refers to an object. Each `do_...` method executes the request of that name and returns
    (handles, numbers).

    Args:
        modules: The student's modules.
    """

    def __init__(self, modules: StudentModules) -> None:
        self._modules = modules
        self._n_sent_stops = 0
        """How many of the stops of imports were returned by `new_stops`."""
        self._objects: list[object] = []
        self._handle_of: dict[int, int] = {}
        """Handles, by the id of the object."""
        self._n_lasting = 0
        """How many of `_objects` remain when a new item starts: those up to the last that was loaded."""

    def execute(self, is_new_item: bool, name: str, *arguments: Any) -> tuple[list[int], Sequence[float]]:
        """Execute one request and return (handles, numbers).

        Args:
            is_new_item: Whether it is the first of an item, before which all objects but loaded ones are deleted.
            name: The name of the request.
            *arguments: What its `do_...` method takes.

        Raises:
            BatchError: If the student's code raised an exception during a batch.
            BaseException: Whatever the student's code raises otherwise.
        """
        if is_new_item:
            del self._objects[self._n_lasting :]
            self._handle_of = {id(thing): handle for handle, thing in enumerate(self._objects)}
        result: tuple[list[int], Sequence[float]] = getattr(self, f"do_{name}")(*arguments)
        return result

    def new_stops(self) -> list[Frame]:
        """Return the first MAX_STOPS exceptions at which the import of a file ended, each of them once."""
        stops = self._modules.reported_stops[self._n_sent_stops : MAX_STOPS]
        self._n_sent_stops += len(stops)
        return list(map(describe_stop, stops))

    def do_program(self, source: str) -> tuple[list[int], Sequence[float]]:
        return [], run_program(source, self._modules)

    def do_finish(self) -> tuple[list[int], Sequence[float]]:
        return [], ()

    def do_stops(self) -> tuple[list[int], Sequence[float]]:
        return [], ()  # every reply without an error has the new stops

    def do_load(self, module: str, name: str) -> tuple[list[int], Sequence[float]]:
        handle = self._handle(load(self._modules, module, name))
        self._n_lasting = len(self._objects)
        return [handle], ()

    def do_apply(
        self, operation: str, operands: Sequence[Any], keywords: dict[str, Any]
    ) -> tuple[list[int], Sequence[float]]:
        plain = self._object(operands)
        plain_keywords = {name: self._object(value) for name, value in keywords.items()}
        return [self._handle(apply(operation, plain, plain_keywords))], ()

    def do_assign(self, targets: object, name: str, values: object) -> tuple[list[int], Sequence[float]]:
        assign(self._object(targets), name, self._object(values))
        return [], ()

    def do_numbers(self, targets: object, name: str) -> tuple[list[int], Sequence[float]]:
        return [], numbers(self._object(targets), name)

    def do_decisions(self, targets: object) -> tuple[list[int], Sequence[float]]:
        return [], decisions(self._object(targets))

    def do_items(self, target: object) -> tuple[list[int], Sequence[float]]:
        return [self._handle(item) for item in items(self._object(target))], ()

    def do_replay(self, target: object, graphs: Sequence[bytes], backward: bool) -> tuple[list[int], Sequence[float]]:
        value_class = self._object(target)
        numbers: list[float] = []
        try:
            for graph in map(Graph.unpack, graphs):
                answers = replay(value_class, graph, backward)
                numbers += answers.data
                numbers += answers.grad
        except BaseException as error:
            raise BatchError(error, numbers) from None
        return [], numbers

    def do_arrays(self, targets: object, name: str) -> tuple[list[int], Sequence[float]]:
        return [], tensor_replay.encoded(self._object(targets), name)

    def do_replay_tensors(self, target: object, graph: bytes, backward: bool) -> tuple[list[int], Sequence[float]]:
        from marshal import loads

        return [], tensor_replay.replay(self._object(target), loads(graph), backward)

    def do_calls(self, target: object, graph: bytes, max_calls: int) -> tuple[list[int], Sequence[float]]:
        value_class = self._object(target)
        return [], (float(calls(value_class, Graph.unpack(graph), max_calls)),)

    def _object(self, operand: Any) -> Any:
        """Replace handles by the objects, in lists too."""
        if type(operand) is list:
            return [self._object(each) for each in operand]
        return self._objects[operand[0]] if type(operand) is tuple else operand

    def _handle(self, thing: object) -> int:
        """Return the handle of an object: one object has one handle."""
        handle = self._handle_of.get(id(thing))
        if handle is None:
            handle = self._handle_of[id(thing)] = len(self._objects)
            self._objects.append(thing)
        return handle


def reply(
    nonce: bytes,
    handles: Sequence[int] = (),
    numbers: Sequence[float] = (),
    verdict: str = "",
    message: str = "",
    frames: Sequence[Frame] = (),
) -> bytes:
    """Encode a reply with its header. The body is MessagePack: [nonce, handles, numbers, verdict, message, frames].

    Format: https://github.com/msgpack/msgpack/blob/master/spec.md. No library for it exists in the sandbox.

    Args:
        nonce: The nonce of the request.
        handles: Handles of objects.
        numbers: Sent as raw doubles.
        verdict: How the student's code failed; empty if it did not.
        message: Describes the exception.
        frames: The student's frames of the traceback, innermost last; without an error, `Worker.new_stops`.
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
    parts = [b"\x96", sized(0xC6, len(nonce)), nonce, sized(0xDD, len(handles)), *map(number, handles)]
    parts += [sized(0xC6, len(raw)), raw, text(verdict), text(message), sized(0xDD, len(frames))]
    for file, line, function, column in frames:
        parts += [
            b"\x94",
            text(file[:MAX_FRAME_TEXT_LENGTH]),
            number(line),
            text(function[:MAX_FRAME_TEXT_LENGTH]),
            number(column),
        ]
    body = b"".join(parts)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def _set_limits(limits: Sequence[tuple[str, int]]) -> None:
    """Set the resource limits of this process, so that they cannot be raised again.

    Args:
        limits: Names of the resource module, and values.
    """
    import resource

    for name, value in limits:
        resource.setrlimit(getattr(resource, name), (value, value))


def main(descriptor: int, folder: str, packages: Sequence[str] = ()) -> None:
    """Execute the requests that arrive on a socket, and reply to each, until the socket is closed.

    The first message holds the resource limits. They are set before any code of the submission runs.

    Args:
        descriptor: The socket.
        folder: The student's files.
        packages: The packages that the assignment offers.
    """
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

    worker = Worker(StudentModules(folder, packages))
    spare = [bytes(SPARE_BYTES)]
    sys.path.append(folder)
    gc.set_threshold(GC_THRESHOLD)

    nonce, limits = marshal.loads(read(int.from_bytes(read(HEADER_BYTES), "big")))
    _set_limits(limits)
    write(reply(nonce))

    while True:
        nonce, *request = marshal.loads(read(int.from_bytes(read(HEADER_BYTES), "big")))
        try:
            handles, numbers = worker.execute(*request)
            message = reply(nonce, handles, numbers, "", "", worker.new_stops())
        except BaseException as error:
            spare.clear()
            done, cause = (error.numbers, error.error) if isinstance(error, BatchError) else ((), error)
            description = message_of(cause, doing(*request[1:3]))
            message = reply(nonce, (), done, verdict_of(cause), description, frames_of(cause, folder))
        write(message)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
