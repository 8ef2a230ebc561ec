"""Where the import of a student's file ended with an exception."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gradkit.inside.worker import MAX_STOPS

from .exception_text import tidy

if TYPE_CHECKING:
    from gradkit.inside.worker import Frame

MAX_LINE = 10_000_000
"""A file to grade has at most 1 MB."""


class StoppedImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line of a file at which its import ended with an exception. What it had defined by then was graded.

    Attributes:
        file: The file's name.
        line: The number of the line, from 1.
        message: The exception, in one line.
        is_compiled: Whether Python could compile the file. If not, nothing of it was executed.
    """

    file: str
    line: int
    message: str
    is_compiled: bool

    def describe(self) -> str:
        """Say where the file has stopped, and what was done with it."""
        rest = " What stands above that line was checked." if self.line > 1 else ""
        if not self.is_compiled:
            rest = " Nothing of the file can be checked until that is mended."
        return f"{self.file} stopped at line {self.line}: {self.message.rstrip('.')}.{rest}"


def add_stops(stopped: list[StoppedImport], frames: Iterable[Frame]) -> None:
    """Add stopped imports to a list that has none of the same file, up to MAX_STOPS of them.

    Args:
        stopped: The list.
        frames: (file, line, message, is_compiled) of each. A worker can forge them, so they are made safe to show.
    """
    for file, line, text, is_compiled in frames:
        stop = StoppedImport(tidy(file), min(max(1, line), MAX_LINE), tidy(text), bool(is_compiled))
        if len(stopped) < MAX_STOPS and stop.file not in {each.file for each in stopped}:
            stopped.append(stop)
