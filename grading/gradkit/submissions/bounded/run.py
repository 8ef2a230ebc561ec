"""Run one function in a bounded process that is forked for it."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from typing import NoReturn, TypeVar

import msgspec

from .forking import defer_interrupt, prefer_children_for_oom_kill, prepare_forked_process, prepare_to_fork
from .limits import Limits
from .messages import (
    EXIT_FAILED,
    EXIT_NO_MEMORY,
    MAX_REPLY_BYTES,
    check_exit_code,
    read_until,
    run_job,
    timeout_error,
    write_all,
)

T = TypeVar("T")


def run_bounded(job: Callable[[], T], result_type: object, limits: Limits) -> T:
    """Run `job` in a forked process with these limits, and return its result.

    On systems without fork (Windows), `job` runs in this process and without limits.

    Args:
        job: Handles its own errors: any exception but MemoryError is an error in gradkit.
        result_type: Type of the result, or a union. The result travels as MessagePack and is checked against this type.
        limits: Limits of the process.

    Raises:
        LimitReachedError: If the process reached a limit or was killed.
        RuntimeError: If `job` raised an exception. The message holds its traceback.
    """
    if not hasattr(os, "fork"):
        return job()

    prepare_to_fork()
    parent = os.getpid()
    reading, writing = os.pipe()
    with defer_interrupt(), prefer_children_for_oom_kill():
        pid = os.fork()
        if not pid:
            os.close(reading)
            _run_in_child(job, limits, writing, parent)
    os.close(writing)

    reply, code = _await_reply(pid, reading, limits)
    check_exit_code(code, reply, limits)
    decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(result_type)
    return decoder.decode(reply)


def _await_reply(pid: int, pipe: int, limits: Limits) -> tuple[bytes, int]:
    """Wait until a bounded process has ended, and return its reply and its exit code.

    A process that is late, and one that runs on while this process is interrupted, is killed.

    Raises:
        LimitReachedError: If the process has not replied in time.
    """
    has_ended = False
    try:
        reply = read_until(pipe, limits.wall_seconds, MAX_REPLY_BYTES, lambda raw: False)
        has_ended = True
    except TimeoutError:
        raise timeout_error(limits) from None
    finally:
        os.close(pipe)
        if not has_ended:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return reply, os.waitstatus_to_exitcode(status)


def _run_in_child(job: Callable[[], T], limits: Limits, pipe: int, parent: int) -> NoReturn:
    """Run the job in the forked process, send the reply, and exit without any exit handler of the parent's."""
    exit_status = EXIT_FAILED
    gc.disable()  # or it would visit, and so copy, every page of the parent's

    def run_within_limits() -> T:
        prepare_forked_process(limits, parent)
        return job()

    try:
        job_status, reply = run_job(run_within_limits)
        write_all(pipe, reply)
        exit_status = job_status
    except MemoryError:
        exit_status = EXIT_NO_MEMORY
    finally:
        os._exit(exit_status)
