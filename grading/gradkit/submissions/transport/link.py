"""One worker process and the socket to it: whole messages, a deadline for each, and no more bytes than are due."""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gradkit.inside.worker import HEADER, NONCE

MOST_BYTES = 8 << 20
"""No honest reply is longer: 20,000 nodes with data and gradient take a third of a megabyte."""

_LOOK = 0.5
"""Seconds after which a waiting grader looks at the clock: a look that takes much longer was not spent waiting."""

_Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class Answer(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a worker replies: see worker.reply. A verdict says how the student's code ended, where that was badly."""

    nonce: bytes
    refs: list[int]
    numbers: bytes
    verdict: _Text
    message: _Text
    frames: Annotated[list[tuple[_Text, int, _Text, int]], msgspec.Meta(max_length=8)]


_ANSWER = msgspec.msgpack.Decoder(Answer)


class LinkError(Exception):
    """The worker did not answer in the way that was due."""


class GarbledError(LinkError):
    """What came is no reply to what was asked."""


class EndedError(LinkError):
    """The worker has ended, or closed its side."""


class Link:
    """A running worker. After any error of `ask` it is of no further use: close it."""

    def __init__(self, process: subprocess.Popen[bytes], end: socket.socket) -> None:
        self._process = process
        self._end = end
        self._deadline = 0.0
        self.asleep = 0.0
        """Seconds of the last request in which this very process was stopped: no fault of the student's."""

    def ask(self, request: tuple[Any, ...], seconds: float) -> Answer:
        """Send one request and wait for its reply.

        Raises TimeoutError where it takes longer than `seconds`, EndedError and GarbledError as they say.
        """
        if self.unasked():
            raise GarbledError("bytes that nobody asked for")
        nonce = os.urandom(NONCE)
        body = marshal.dumps((nonce, *request))
        self._deadline = time.monotonic() + seconds
        self.asleep = 0.0
        try:
            self._end.settimeout(max(seconds, 1e-3))
            self._end.sendall(len(body).to_bytes(HEADER, "big") + body)
            size = int.from_bytes(self._read(HEADER), "big")
            if size > MOST_BYTES:
                raise GarbledError(f"a reply of {size:,} bytes")
            answer = _ANSWER.decode(self._read(size))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise GarbledError(str(error)) from None
        except TimeoutError:
            raise
        except OSError as error:
            raise EndedError(str(error)) from None
        if answer.nonce != nonce:
            raise GarbledError("a reply to another question")
        return answer

    def unasked(self) -> bool:
        """Whether bytes have come without having been asked for."""
        self._end.setblocking(False)
        try:
            return bool(self._end.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        except OSError:
            return False  # the next request will find out

    def _read(self, size: int) -> bytearray:
        found = bytearray()
        while len(found) < size:
            began = time.monotonic()
            if began >= self._deadline:
                raise TimeoutError
            self._end.settimeout(min(_LOOK, self._deadline - began))
            with suppress(TimeoutError):
                chunk = self._end.recv(min(size - len(found), 1 << 16))
                if not chunk:
                    raise EndedError("the worker has closed its side")
                found += chunk
            asleep = time.monotonic() - began - _LOOK
            if asleep > _LOOK:  # Ctrl-Z, or a laptop that was closed
                self._deadline += asleep
                self.asleep += asleep
        return found

    def close(self) -> None:
        """End the worker, whatever it is doing, and whatever it has started."""
        self._end.close()
        below = children_of(self._process.pid)
        for pid in below:  # bubblewrap ends with the sandbox within, and takes it along; killed first, it could not
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            _wait(self._process, 0.5 if below else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()

    def ending(self, seconds: float = 0.5) -> str:
        """How a worker that has closed its side came to its end."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return "it closed its side of the connection"
        number = -status if status < 0 else status - 128
        return f"it was ended by signal {number}" if 0 < number < 65 else f"it ended itself with status {status}"


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process to end, to the moment where the system can: Popen.wait looks now and then.

    Raises subprocess.TimeoutExpired where it does not end in time.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            handle = os.pidfd_open(process.pid)
            try:
                select.select([handle], [], [], seconds)
            finally:
                os.close(handle)
            seconds = 0
    process.wait(seconds)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started; none where there is no /proc."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # the process has ended, or the kernel was built without this file
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == pid]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0
