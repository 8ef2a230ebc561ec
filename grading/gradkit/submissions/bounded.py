"""Run one function in a forked process whose limits are set before it opens anything of a student's.

Whatever reads a zip, a notebook or a folder that a student made runs in such a process: what is hostile about it can
use up the limits of that process and nothing else. The cost is a fork: 1 to 2 ms from the grader, 13 ms from nbgrader.

    def job() -> list[str]: ...
    names = run_bounded(job, list[str], READING)
"""

from __future__ import annotations

import ctypes
import gc
import math
import os
import pickle
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

import msgspec

from .exception_text import tidy
from .outcome import Verdict

T = TypeVar("T")
Request = TypeVar("Request")

MAX_REPLY_BYTES = 32 << 20
_HAS_READ = b"\x01"
"""What a process that lasts sends when it has read a request, and before it opens anything of the student's."""
_HEAD = struct.Struct(">IB")
"""After that it sends a length, a status (0 or _FAILED), and so many bytes: the encoded result or a traceback."""
_MAX_GROWTH_BYTES = 64 << 20
"""A process that lasts ends when it has grown by so much: what one request has left must not limit the next."""
_POLL_SECONDS = 0.5
_NO_MEMORY, _FAILED = 3, 4
"""Exit statuses of the forked process."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Limits:
    """What a bounded process may use.

    memory_bytes: address space beyond that of the process that forks it. What that has freed, and the system has not
                  got back, can be used too. Enforced on Linux alone.
    cpu_seconds:  processor time.
    wall_seconds: time until it has replied, not counting any in which both processes were stopped.
    file_bytes:   size of a file that it writes.
    """

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    file_bytes: int


READING = Limits(memory_bytes=192 << 20, cpu_seconds=10, wall_seconds=40.0, file_bytes=64 << 20)
"""For a student's submission: the largest that is accepted (a zip of 64 MB that holds a notebook of 20 MB) takes 150 MB
and 2 s. With what the process shares with the one that forked it, it stays below 300 MB."""


class LimitReachedError(Exception):
    """A bounded process reached a limit or was killed.

    verdict: out_of_memory, timeout, or error.
    message: what happened, to be put after a subject, as in `takes more memory than is allowed (192 MB)`.
    """

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


def run_bounded(job: Callable[[], T], kind: object, limits: Limits) -> T:
    """Return what `job` returns, run in a forked process with these limits.

    Where a process cannot be forked (Windows), `job` runs in this one.

    Args:
        job: handles its own errors: any exception but MemoryError is an error in gradkit.
        kind: type of the result, or a union; it travels as MessagePack and is checked against this type.

    Raises:
        LimitReachedError: the process reached a limit or was killed.
        RuntimeError: `job` raised an exception. The message holds its traceback.
    """
    if not hasattr(os, "fork"):
        return job()
    import resource  # noqa: F401  (here, and not anew in every process that is forked: 1 ms)

    _c_library()
    parent = os.getpid()
    reading, writing = os.pipe()
    with children_killed_first():
        pid = os.fork()
        if not pid:
            os.close(reading)
            _run(job, limits, writing, parent)
    os.close(writing)
    is_late = True
    try:
        raw = _received(reading, limits.wall_seconds)
        is_late = False
    except TimeoutError:
        raw = b""
    finally:
        os.close(reading)
        if is_late:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    if is_late:
        raise _too_slow(limits)
    _check_end(os.waitstatus_to_exitcode(status), raw, limits)
    decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
    return decoder.decode(raw)


class Unwritable(msgspec.Struct, tag=True):
    """An OSError of writing what was read, as it leaves a bounded process: no fault of the student's."""

    number: int
    said: str
    path: str

    @staticmethod
    def of(error: OSError, path: Path) -> Unwritable:
        """Return the record of an error. path: what was to be written, where the error does not say so."""
        return Unwritable(error.errno or 0, error.strerror or str(error), str(error.filename or path))

    def error(self) -> OSError:
        """Return the error once more."""
        return OSError(self.number, self.said, self.path)


class LastingProcess(Generic[Request, T]):
    """A bounded process that does one kind of job again and again: a fork for each would take longer than the job.

    It is forked when it is first used, and anew after a request that reached a limit. It ends with this process. Each
    request has the limit on processor time for itself.

    Args:
        job: handles its own errors, as that of `run_bounded` does.
        kind: type of the result.
    """

    def __init__(self, job: Callable[[Request], T], kind: object, limits: Limits) -> None:
        self._job = job
        self._limits = limits
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
        self._pid = 0
        self._requests = self._replies = -1

    def run(self, request: Request) -> T:
        """Return the job's result for one request. Raises as `run_bounded` does."""
        message = pickle.dumps(request)
        raw = self._exchange(message)
        if not raw:
            # The process ended before it read this request, so the request is not the cause: an earlier one had made
            # the process grow too much, or the kernel killed it when memory ran out.
            self._end(is_late=False)
            raw = self._exchange(message)
        if not _is_whole(raw):
            _check_end(self._end(is_late=False), b"", self._limits)
            raise RuntimeError("a bounded process ended without a reply")
        _, status = _HEAD.unpack_from(raw, len(_HAS_READ))
        reply = raw[len(_HAS_READ) + _HEAD.size :]
        if status == _FAILED:
            raise _our_fault(reply)
        return self._decoder.decode(reply)

    def _exchange(self, message: bytes) -> bytes:
        """Send a request; return what the process sends until its reply is whole or it has ended."""
        if not self._pid:
            self._fork()
        with suppress(BrokenPipeError):  # it has ended
            _write(self._requests, message)
        try:
            return _received(self._replies, self._limits.wall_seconds, _is_whole)
        except TimeoutError:
            self._end(is_late=True)
            raise _too_slow(self._limits) from None

    def _fork(self) -> None:
        import resource  # noqa: F401  (as in run_bounded)

        _c_library()
        parent = os.getpid()
        reading, self._requests = os.pipe()
        self._replies, writing = os.pipe()
        with children_killed_first():
            self._pid = os.fork()
            if not self._pid:
                os.close(self._requests)
                os.close(self._replies)
                self._serve(reading, writing, parent)
        os.close(reading)
        os.close(writing)

    def _serve(self, reading: int, writing: int, parent: int) -> NoReturn:
        status = _FAILED
        gc.disable()
        gc.freeze()  # or `collect` would visit, and so copy, every page of the parent's
        try:
            _begin(self._limits, parent)
            began = _address_space()
            with open(reading, "rb") as requests:
                while _address_space() - began < _MAX_GROWTH_BYTES:
                    request = pickle.load(requests)
                    _write(writing, _HAS_READ)
                    _allow_processor_time(self._limits.cpu_seconds)
                    job_status, reply = _outcome(partial(self._job, request))
                    _write(writing, _HEAD.pack(len(reply), job_status) + reply)
                    gc.collect()
            status = 0
        except MemoryError:
            status = _NO_MEMORY
        except EOFError:
            status = 0
        finally:
            os._exit(status)

    def _end(self, is_late: bool) -> int:
        """End the process and return its exit code."""
        if is_late:
            os.kill(self._pid, signal.SIGKILL)
        os.close(self._requests)
        os.close(self._replies)
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


@contextmanager
def children_killed_first() -> Iterator[None]:
    """Have the kernel kill a process that is started in this block, not this one, when a control group's memory is
    used up. Linux only.

    A child inherits the score with which the kernel chooses; a process may always go back to the score that it had.
    """
    score = Path("/proc/self/oom_score_adj")
    before = b""
    with suppress(OSError):  # not Linux, or a container in which /proc cannot be written to
        before = score.read_bytes()
        score.write_bytes(b"1000")
    try:
        yield
    finally:
        if before:
            with suppress(OSError):
                score.write_bytes(before)


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def live_no_longer_than(parent: int) -> None:
    """Have the kernel kill this process when its parent has ended, for whatever reason. Linux only."""
    if sys.platform == "linux":
        _c_library().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _run(job: Callable[[], T], limits: Limits, pipe: int, parent: int) -> NoReturn:
    """The forked process: reply, and leave without running any exit handler of the parent's."""
    status = _FAILED
    gc.disable()  # or it would visit, and so copy, every page of the parent's

    def within_limits() -> T:
        _begin(limits, parent)
        return job()

    try:
        job_status, reply = _outcome(within_limits)
        _write(pipe, reply)
        status = job_status
    except MemoryError:
        status = _NO_MEMORY
    finally:
        os._exit(status)


def _outcome(job: Callable[[], object]) -> tuple[int, bytes]:
    """Run a job. Return 0 and its encoded result, or _FAILED and the traceback if it raised an exception.

    Raises MemoryError if memory runs out, and if the result is longer than MAX_REPLY_BYTES.
    """
    try:
        status, reply = 0, msgspec.msgpack.encode(job())
    except MemoryError:
        raise
    except BaseException:  # also SystemExit: whatever leaves the job is an error in gradkit
        status, reply = _FAILED, traceback.format_exc()[-4000:].encode("utf-8", "backslashreplace")
    if len(reply) > MAX_REPLY_BYTES:
        raise MemoryError
    return status, reply


def _begin(limits: Limits, parent: int) -> None:
    """Prepare a process that was just forked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which kills this process
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)  # the parent may have a handler for a limit of its own
    live_no_longer_than(parent)
    _limit(limits)


def _allow_processor_time(seconds: int) -> None:
    """Limit this process to so much processor time from now on."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = math.ceil(time.process_time()) + seconds + 1  # the kernel counts in ticks, and on a busy machine too many
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _limit(limits: Limits) -> None:
    import resource

    def lower(kind: int, most: int) -> None:
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_CPU, limits.cpu_seconds)
    lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    if sys.platform == "linux":
        lower(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)


def _address_space() -> int:
    """Return how many bytes of address space this process has; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_bytes().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _write(pipe: int, message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[os.write(pipe, view) :]


def _is_whole(raw: bytes | bytearray) -> bool:
    """Return whether this is all that a process that lasts sends for a request."""
    start = len(_HAS_READ) + _HEAD.size
    return len(raw) >= start and len(raw) - start == _HEAD.unpack_from(raw, len(_HAS_READ))[0]


def _received(pipe: int, seconds: float, is_whole: Callable[[bytearray], bool] = lambda raw: False) -> bytes:
    """Read until the other side is closed, has sent too much, or what it sent is whole. Raises TimeoutError."""
    raw = bytearray()
    deadline = time.monotonic() + seconds
    while len(raw) <= MAX_REPLY_BYTES + len(_HAS_READ) + _HEAD.size:
        began = time.monotonic()
        if began >= deadline:
            raise TimeoutError
        ready, _, _ = select.select([pipe], [], [], min(_POLL_SECONDS, deadline - began))
        asleep = time.monotonic() - began - _POLL_SECONDS
        if asleep > _POLL_SECONDS:  # both processes were stopped: Ctrl-Z, or a laptop that was closed
            deadline += asleep
        if ready:
            chunk = os.read(pipe, 1 << 16)
            if not chunk:
                return bytes(raw)
            raw += chunk
            if is_whole(raw):
                break
    return bytes(raw)


def _our_fault(said: bytes) -> RuntimeError:
    """Return the error for an exception of the job's. Its text may be a student's, so it is tidied line by line."""
    lines = said.decode("utf-8", "replace").splitlines()
    return RuntimeError("\n".join(["in a bounded process:", *("  " + tidy(line) for line in lines)]))


def _too_slow(limits: Limits) -> LimitReachedError:
    return LimitReachedError(Verdict.TIMEOUT, f"takes longer than is allowed ({limits.cpu_seconds} s)")


def _check_end(code: int, raw: bytes, limits: Limits) -> None:
    """Raise the error that the exit code of a bounded process means. Return if the code is 0.

    Args:
        code: The exit code; negative for the number of a signal.
        raw: What the process wrote: the traceback, if the job raised an exception.
        limits: The limits of the process.
    """
    if code == 0:
        return
    if code == _FAILED:
        raise _our_fault(raw)
    if code == -signal.SIGXCPU:
        raise _too_slow(limits)
    if code in (_NO_MEMORY, -signal.SIGKILL):  # SIGKILL is the kernel's, when a control group runs out of memory
        said = f"takes more memory than is allowed ({limits.memory_bytes >> 20} MB)"
        raise LimitReachedError(Verdict.OUT_OF_MEMORY, said)
    raise LimitReachedError(Verdict.ERROR, f"ends the process that does it (signal {-code})")
