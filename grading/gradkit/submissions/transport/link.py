"""One worker process and the socket to it: whole messages, each within a limit of time and size."""

from __future__ import annotations

import marshal
import os
import signal
import socket
import subprocess
from contextlib import suppress
from typing import Annotated, Any

import msgspec

from gradkit.inside.worker import HEADER_BYTES, NONCE_BYTES

from .process_tree import children_of, innermost_child, wait_for_end
from .time_limit import ProcessorClock, TimeLimit

MAX_REPLY_BYTES = 8 << 20
"""No honest reply is longer: 20,000 nodes with data and gradient take a third of a megabyte."""

CLOSE_SECONDS = 0.5
"""How long bubblewrap may take to end after the process inside it was killed."""

_CHUNK_BYTES = 1 << 16

_Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class WorkerReply(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A worker's reply, as `reply` in inside/worker.py encodes it. Only its type is checked: the content can be forged.

    Attributes:
        nonce: The nonce of the request.
        handles: Handles of objects.
        numbers: Floats, as bytes.
        verdict: How the student's code failed; empty if it did not.
        message: The error's message.
        frames: The student's frames of its traceback. Without an error: files whose import was stopped.
    """

    nonce: bytes
    handles: list[int]
    numbers: bytes
    verdict: _Text
    message: _Text
    frames: Annotated[list[tuple[_Text, int, _Text, int]], msgspec.Meta(max_length=8)]


_DECODER = msgspec.msgpack.Decoder(WorkerReply)


class LinkError(Exception):
    """The worker did not reply to a request."""


class GarbledError(LinkError):
    """The worker sent something that is not a reply to the request."""


class EndedError(LinkError):
    """The worker has ended, or closed its side."""


class Link:
    """A running worker. After any error of `request` it is of no further use: close it.

    Args:
        process: The process that was started: bubblewrap, or the worker itself if it is not isolated.
        end: Our end of the socket.
    """

    def __init__(self, process: subprocess.Popen[bytes], end: socket.socket) -> None:
        self._process = process
        self._end = end
        self._worker: ProcessorClock | None = None

    def set_up(self, message: object, seconds: float) -> None:
        """Send a worker that was just started its first message, and wait until it is ready.

        Args:
            message: The worker's resource limits.
            seconds: Wall-clock time that this may take.

        Raises:
            TimeoutError, EndedError, GarbledError: As `request` does.
        """
        self.request((message,), TimeLimit(seconds))
        # Before a line of the submission has run: one that is not isolated could start other processes.
        self._worker = ProcessorClock.of_process(innermost_child(self._process.pid))

    def request(self, request: tuple[Any, ...], limit: TimeLimit) -> WorkerReply:
        """Send a request and wait for its reply.

        Args:
            request: (whether it is an item's first, name, arguments...), as `Worker.execute` takes it.
            limit: The time limit, which counts the worker's time meanwhile.

        Raises:
            TimeoutError: If the limit was reached.
            EndedError: If the worker has ended, or closed its side.
            GarbledError: If it sent something that is not a reply to the request.
        """
        if self.has_unrequested_bytes():
            raise GarbledError("bytes that nobody requested")
        nonce = os.urandom(NONCE_BYTES)
        message = marshal.dumps((nonce, *request))
        limit.start(self._worker)
        try:
            self._send(len(message).to_bytes(HEADER_BYTES, "big") + message, limit)
            n_bytes = int.from_bytes(self._receive(HEADER_BYTES, limit), "big")
            if n_bytes > MAX_REPLY_BYTES:
                raise GarbledError(f"a reply of {n_bytes:,} bytes")
            body = self._receive(n_bytes, limit)
        except TimeoutError:
            raise
        except OSError as error:
            raise EndedError(str(error)) from None
        finally:
            limit.stop()
        return _decode(body, nonce)

    def has_unrequested_bytes(self) -> bool:
        """Return whether unrequested bytes are waiting in the socket."""
        self._end.setblocking(False)
        try:
            return bool(self._end.recv(1, socket.MSG_PEEK))
        except OSError:  # nothing is waiting, or the worker has ended: then the next request fails
            return False

    def _send(self, message: bytes, limit: TimeLimit) -> None:
        unsent = memoryview(message)
        while unsent:
            self._poll(limit)
            with suppress(TimeoutError):
                unsent = unsent[self._end.send(unsent) :]

    def _receive(self, n_bytes: int, limit: TimeLimit) -> bytearray:
        received = bytearray()
        while len(received) < n_bytes:
            self._poll(limit)
            with suppress(TimeoutError):
                chunk = self._end.recv(min(n_bytes - len(received), _CHUNK_BYTES))
                if not chunk:
                    raise EndedError("the worker has closed its side")
                received += chunk
        return received

    def _poll(self, limit: TimeLimit) -> None:
        """Check the limit, and set the timeout of the next operation on the socket to the time of the next check."""
        seconds = limit.check()
        if limit.is_reached:
            raise TimeoutError
        self._end.settimeout(seconds)

    def close(self) -> None:
        """End the worker and all processes that it has started, whatever they are doing."""
        self._end.close()
        # If bubblewrap were killed first, it could not end the processes inside it. It ends when they have ended.
        children = children_of(self._process.pid)
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            wait_for_end(self._process, CLOSE_SECONDS if children else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()

    def describe_end(self, seconds: float = 0.5) -> str:
        """Return a clause that says how a worker ended that has closed its side, such as "it was ended by signal 9".

        Args:
            seconds: How long to wait for its end.
        """
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return "it closed its side of the connection"
        number = -status if status < 0 else status - 128
        return f"it was ended by signal {number}" if 0 < number < 65 else f"it ended itself with status {status}"


def _decode(body: bytes | bytearray, nonce: bytes) -> WorkerReply:
    """Decode a reply. Raises GarbledError if it is malformed or belongs to another request."""
    try:
        reply = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise GarbledError(str(error)) from None
    if reply.nonce != nonce:
        raise GarbledError("a reply to another request")
    return reply
