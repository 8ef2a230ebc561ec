"""The messages and exit statuses with which a bounded process reports the result of its job.

A reply is the job's result as MessagePack, or the traceback if the job raised an exception. The exit status, or a
status byte in the reply of a `LastingProcess`, says which of the two it is.
"""

from __future__ import annotations

import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from gradkit.submissions.exception_text import tidy
from gradkit.submissions.outcome import Verdict

from .limits import LimitReachedError, Limits

MAX_REPLY_BYTES = 32 << 20
EXIT_OK, EXIT_NO_MEMORY, EXIT_FAILED = 0, 3, 4
"""Exit statuses of a bounded process: the job has returned; memory ran out; the job raised an exception."""

_MAX_TRACEBACK_LENGTH = 4_000
_POLL_SECONDS = 0.5
_CHUNK_BYTES = 1 << 16


class WriteFailure(msgspec.Struct, tag=True, frozen=True):
    """An OSError of writing what was read, as a bounded process sends it. The student's code is not the cause.

    Attributes:
        number: The errno, or 0.
        message: The system's message.
        path: The file that could not be written.
    """

    number: int
    message: str
    path: str

    @staticmethod
    def from_error(error: OSError, path: Path) -> WriteFailure:
        """Make a record of an error.

        Args:
            error: The error.
            path: File or folder that was being written, for an error that does not name one.
        """
        return WriteFailure(error.errno or 0, error.strerror or str(error), str(error.filename or path))

    def to_error(self) -> OSError:
        """Make the error again."""
        return OSError(self.number, self.message, self.path)


# --- in the bounded process ------------------------------------------------------------------------------------------


def run_job(job: Callable[[], object]) -> tuple[int, bytes]:
    """Run a job and encode its result.

    Returns:
        EXIT_OK and the result as MessagePack, or EXIT_FAILED and the traceback if the job raised an exception.

    Raises:
        MemoryError: If memory ran out, or the reply is longer than MAX_REPLY_BYTES.
    """
    try:
        status, reply = EXIT_OK, msgspec.msgpack.encode(job())
    except MemoryError:
        raise
    except BaseException:  # SystemExit too: any exception of a job is an error in gradkit
        text = traceback.format_exc()[-_MAX_TRACEBACK_LENGTH:]
        status, reply = EXIT_FAILED, text.encode("utf-8", "backslashreplace")

    if len(reply) > MAX_REPLY_BYTES:
        raise MemoryError
    return status, reply


def write_all(pipe: int, message: bytes) -> None:
    """Write a message to a pipe, however many calls that takes."""
    view = memoryview(message)
    while view:
        n_written = os.write(pipe, view)
        view = view[n_written:]


# --- in the process that forked it -----------------------------------------------------------------------------------


def read_until(pipe: int, seconds: float, max_bytes: int, is_complete: Callable[[bytearray], bool]) -> bytes:
    """Read from a pipe until the other side has closed it, or what was read is complete or too long.

    Args:
        pipe: Descriptor to read from.
        seconds: Time limit. Time in which this process was stopped does not count.
        max_bytes: Reading ends when more than this has come.
        is_complete: Decides from what was read whether anything is still expected.

    Raises:
        TimeoutError: If the time limit was reached.
    """
    raw = bytearray()
    deadline = time.monotonic() + seconds
    while len(raw) <= max_bytes and not is_complete(raw):
        poll_start = time.monotonic()
        if poll_start >= deadline:
            raise TimeoutError
        ready, _, _ = select.select([pipe], [], [], min(_POLL_SECONDS, deadline - poll_start))

        stopped_seconds = time.monotonic() - poll_start - _POLL_SECONDS
        if stopped_seconds > _POLL_SECONDS:  # both processes were stopped: Ctrl-Z, or a laptop that was closed
            deadline += stopped_seconds

        if ready:
            chunk = os.read(pipe, _CHUNK_BYTES)
            if not chunk:
                break
            raw += chunk
    return bytes(raw)


def internal_error(text: bytes) -> RuntimeError:
    """Make the error for an exception of a job from its traceback.

    Parts of the traceback may come from a student's file, so every line of it is made printable.
    """
    lines = text.decode("utf-8", "replace").splitlines()
    return RuntimeError("\n".join(["in a bounded process:", *("  " + tidy(line) for line in lines)]))


def timeout_error(limits: Limits) -> LimitReachedError:
    """Make the error for a process that used up its time."""
    return LimitReachedError(Verdict.TIMEOUT, f"takes longer than is allowed ({limits.cpu_seconds} s)")


def check_exit_code(code: int, reply: bytes, limits: Limits) -> None:
    """Raise the error that the exit code of a bounded process means, if it means one.

    Args:
        code: Exit code, or the negative number of the signal that ended the process.
        reply: What the process wrote: the traceback, if the code is EXIT_FAILED.
        limits: Limits of the process.

    Raises:
        LimitReachedError: If the process reached a limit or was killed.
        RuntimeError: If the job raised an exception.
    """
    if code == EXIT_OK:
        return
    if code == EXIT_FAILED:
        raise internal_error(reply)
    if code == -signal.SIGXCPU:
        raise timeout_error(limits)
    if code in (EXIT_NO_MEMORY, -signal.SIGKILL):  # the kernel sends SIGKILL when a control group runs out of memory
        message = f"takes more memory than is allowed ({limits.memory_bytes >> 20} MB)"
        raise LimitReachedError(Verdict.OUT_OF_MEMORY, message)
    raise LimitReachedError(Verdict.ERROR, f"ends the process that does it (signal {-code})")
