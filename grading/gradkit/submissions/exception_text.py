"""The text of a student's exception, made safe to show: one line, bounded, printable, without addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import SubmissionError, Verdict

if TYPE_CHECKING:
    from gradkit.inside.worker import Frame

MAX_MESSAGE_LENGTH = 300
"""Characters of a message that are shown."""

MAX_WARNINGS = 20

TIME_IS_UP = "Stopped at the time limit. Is there a loop that never ends, or a search through a list at every step?"
"""For code that has used up its processor time, or slept for as long."""

WALL_CLOCK_IS_UP = (
    "Stopped at the wall-clock limit, which is three times the time limit. "
    "Either this code sleeps now and then, or the machine was too busy to run it."
)
"""For code that has not used up its processor time by then: see transport/time_limit.py."""


def failure(verdict: Verdict, message: str, frames: Sequence[Frame], folder: Path) -> SubmissionError:
    """Return the error for an exception of the student's code.

    Args:
        verdict: The verdict of the item.
        message: The exception's message. It may come from a worker, so it can be any text.
        frames: The student's frames of the traceback, outermost first. They may come from a worker, too.
        folder: The student's files, from which the lines of code are read.
    """
    lines = [line for frame in frames for line in _frame_lines(frame, folder)]
    return SubmissionError(verdict, tidy(message), "\n".join(lines))


def _frame_lines(frame: Frame, folder: Path) -> list[str]:
    """Return a frame as two lines of text, or three if its column is inside the line of code."""
    file, number, function, column = frame
    is_inside = bool(file) and not Path(file).is_absolute() and ".." not in Path(file).parts
    source = _source_line(folder / file, number) if is_inside else ""
    shown = source.strip()
    heading = f"{file}:{number}" + (f", in {function}" if function else "")
    lines = [tidy(heading), "    " + tidy(shown)]

    n_indent = len(source) - len(source.lstrip())
    offset = column - 1 - n_indent
    if 0 <= offset < min(len(shown) + 1, MAX_MESSAGE_LENGTH):
        lines.append(" " * (4 + offset) + "^")
    return lines


def _source_line(path: Path, number: int) -> str:
    """Return a line of a student's file, counted from 1; empty if it does not exist.

    The file is always read as UTF-8, because another encoding that it declares can be a trap.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError):  # ValueError for a name that contains a NUL
        return ""
    lines = re.split(r"\r\n|\r|\n", text)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def tidy(text: str, max_length: int = MAX_MESSAGE_LENGTH) -> str:
    """Return a text as one line, printable, without 0x... addresses, and cut off at `max_length` characters."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x...", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= max_length else text[: max_length - 3] + "..."


def tidy_warnings(warnings: Sequence[str]) -> list[str]:
    """Tidy the warnings about a submission and keep the first MAX_WARNINGS: a submission can cause any number."""
    shown = [tidy(warning[: 2 * MAX_MESSAGE_LENGTH]) for warning in warnings[:MAX_WARNINGS]]
    n_left_out = len(warnings) - len(shown)
    return [*shown, f"and {n_left_out:,} more"] if n_left_out else shown
