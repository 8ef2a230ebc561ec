"""What a student's exception tells, made fit to be shown: one line, bounded, printable, without addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import SubmissionError, Verdict

if TYPE_CHECKING:
    from gradkit.inside.worker import Frame

MESSAGE_LENGTH = 300
MAX_NOTES = 20

TIME_IS_UP = "Stopped at the time limit. Is there a loop that never ends, or a search through a list at every step?"


def failure(verdict: Verdict, message: str, frames: Sequence[Frame], folder: Path) -> SubmissionError:
    """The error that stands for an exception of the student's code.

    message, frames: as the place where the code ran tells them; nothing of it is believed, but for being text.
    folder:          where the student's files are: their lines are read from there.
    """
    if verdict is Verdict.TIMEOUT:
        message = TIME_IS_UP
    lines = [line for frame in frames for line in _lines(frame, folder)]
    return SubmissionError(verdict, tidy(message), "\n".join(lines))


def _lines(frame: Frame, folder: Path) -> list[str]:
    """A frame as two lines of text, or three where a column is to be pointed at."""
    file, number, function, column = frame
    source = _line(folder / file, number) if Path(file).name == file else ""
    shown = source.strip()
    lines = [tidy(f"{file}:{number}" + (f", in {function}" if function else "")), "    " + tidy(shown)]
    place = column - 1 - (len(source) - len(source.lstrip()))
    return [*lines, " " * (4 + place) + "^"] if 0 <= place < min(len(shown) + 1, MESSAGE_LENGTH) else lines


def _line(path: Path, number: int) -> str:
    """A line of a student's file; empty where there is none. Always read as UTF-8: a file's own wish for another
    encoding may be a trap."""
    try:
        lines = re.split(r"\r\n|\r|\n", path.read_bytes().decode("utf-8-sig", "replace"))
    except (OSError, ValueError):  # ValueError for a name with a NUL in it
        return ""
    return lines[number - 1] if 0 < number <= len(lines) else ""


def tidy(text: str, max_length: int = MESSAGE_LENGTH) -> str:
    """Return a text as one line, printable, without 0x... addresses, and cut off at `max_length` characters."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x...", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= max_length else text[: max_length - 3] + "..."


def presentable(notes: Sequence[str]) -> list[str]:
    """Tidy what was noted of a submission, and keep the first `MAX_NOTES`: a submission can cause any number."""
    shown = [tidy(note[: 2 * MESSAGE_LENGTH]) for note in notes[:MAX_NOTES]]
    return [*shown, f"and {len(notes) - MAX_NOTES:,} more"] if len(notes) > MAX_NOTES else shown
