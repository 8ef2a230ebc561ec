"""A bounded process that serves many requests, one after another, so that not every request costs a fork.

A request is a pickled object. The reply to it is `_HAS_READ`, as soon as the process has read the request and before it
opens anything of the student's; then a header (`_HEADER`: the length of the body and a status); then the body, as
`messages.run_job` makes it.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, NoReturn, TypeVar

import msgspec

from .forking import defer_interrupt, prefer_children_for_oom_kill, prepare_forked_process, prepare_to_fork
from .limits import Limits, address_space_bytes, restart_cpu_limit
from .messages import (
    EXIT_FAILED,
    EXIT_NO_MEMORY,
    EXIT_OK,
    MAX_REPLY_BYTES,
    check_exit_code,
    internal_error,
    read_until,
    run_job,
    timeout_error,
    write_all,
)

T = TypeVar("T")
Request = TypeVar("Request")

MAX_GROWTH_BYTES = 64 << 20
"""A process that has grown by this much ends after its reply. What one request has left in memory must not reduce the
memory of the next."""

_HAS_READ = b"\x01"
_HEADER = struct.Struct(">IB")
_BODY_START = len(_HAS_READ) + _HEADER.size


class LastingProcess(Generic[Request, T]):
    """A bounded process for many jobs of one kind, each of which takes less time than a fork.

    The process is forked at the first request, and again after a request that reached a limit. It ends when this
    process ends. Every request has the limit on processor time for itself.
    """

    def __init__(self, job: Callable[[Request], T], result_type: object, limits: Limits) -> None:
        """Make the object. Nothing is forked yet.

        Args:
            job: Handles its own errors, as the job of `run_bounded` does.
            result_type: Type of the result.
            limits: Limits of the process.
        """
        self._job = job
        self._limits = limits
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(result_type)
        self._pid = 0
        self._requests = self._replies = -1

    def run(self, request: Request) -> T:
        """Run the job on one request, and return its result. Raises as `run_bounded` does."""
        message = pickle.dumps(request)
        raw = self._exchange(message)
        if not raw:
            # The process ended before it read this request, so the request is not the cause: an earlier one had made
            # the process grow too much, or the kernel killed it when memory ran out.
            self.close()
            raw = self._exchange(message)
        if not _is_complete(raw):
            check_exit_code(self.close(), b"", self._limits)
            raise RuntimeError("a bounded process ended without a reply")

        _, status = _HEADER.unpack_from(raw, len(_HAS_READ))
        body = raw[_BODY_START:]
        if status == EXIT_FAILED:
            raise internal_error(body)
        return self._decoder.decode(body)

    def close(self) -> int:
        """Close the pipes, wait until the process has ended, and return its exit code."""
        os.close(self._requests)
        os.close(self._replies)
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def _kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self.close()

    def _exchange(self, message: bytes) -> bytes:
        """Send a request. Return what the process sends until its reply is complete or the process has ended."""
        if not self._pid:
            self._fork()
        with suppress(BrokenPipeError):  # the process has ended
            write_all(self._requests, message)
        try:
            return read_until(self._replies, self._limits.wall_seconds, MAX_REPLY_BYTES + _BODY_START, _is_complete)
        except TimeoutError:
            self._kill()
            raise timeout_error(self._limits) from None

    def _fork(self) -> None:
        prepare_to_fork()
        parent = os.getpid()
        reading, self._requests = os.pipe()
        self._replies, writing = os.pipe()
        with defer_interrupt(), prefer_children_for_oom_kill():
            self._pid = os.fork()
            if not self._pid:
                os.close(self._requests)
                os.close(self._replies)
                self._serve(reading, writing, parent)
        os.close(reading)
        os.close(writing)

    def _serve(self, reading: int, writing: int, parent: int) -> NoReturn:
        """Serve requests in the forked process, until it has grown too much or the pipe is closed."""
        exit_status = EXIT_FAILED
        gc.disable()
        gc.freeze()  # or `collect` would visit, and so copy, every page of the parent's
        try:
            prepare_forked_process(self._limits, parent)
            start_bytes = address_space_bytes()
            with open(reading, "rb") as requests:
                while address_space_bytes() - start_bytes < MAX_GROWTH_BYTES:
                    request = pickle.load(requests)
                    write_all(writing, _HAS_READ)
                    restart_cpu_limit(self._limits.cpu_seconds)
                    job_status, body = run_job(partial(self._job, request))
                    write_all(writing, _HEADER.pack(len(body), job_status) + body)
                    gc.collect()
            exit_status = EXIT_OK
        except MemoryError:
            exit_status = EXIT_NO_MEMORY
        except EOFError:
            exit_status = EXIT_OK
        finally:
            os._exit(exit_status)


def _is_complete(raw: bytes | bytearray) -> bool:
    """Return whether this is the whole reply to a request."""
    if len(raw) < _BODY_START:
        return False
    body_length, _ = _HEADER.unpack_from(raw, len(_HAS_READ))
    return len(raw) - _BODY_START == int(body_length)
