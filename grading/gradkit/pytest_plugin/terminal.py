"""Limit what a student's code prints to the terminal while an item runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

MAX_PRINTED_LINES = 10
"""Lines that an item may print with `pytest -s`. An item runs a student's code hundreds of times."""

MAX_PRINTED_CHARACTERS = MAX_PRINTED_LINES * 120
"""Characters that an item may print with `pytest -s`: a line can have any length, and never end."""


class Terminal:
    """The terminal as a student's code has it.

    Args:
        is_seen: Whether prints go to the terminal, as with `-s`.
    """

    def __init__(self, is_seen: bool) -> None:
        self._is_seen = is_seen
        self._output: _FewLines | None = None

    @contextmanager
    def of_item(self) -> Iterator[None]:
        """Limit what is printed within the block."""
        if not self._is_seen:
            yield
            return
        output = self._output = _FewLines(sys.stdout)
        sys.stdout = output
        try:
            yield
        finally:
            if sys.stdout is output:
                sys.stdout = output.stream
            output.end()

    def release(self) -> None:
        """Lift the limit until the end of the item, for the debugger."""
        if self._output:
            self._output.is_limited = False


class _FewLines:
    """A text stream that passes on the first lines and characters, and counts the others.

    Args:
        stream: The stream that takes the lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_limited = True
        self._n_lines = self._n_characters = 0
        self._n_lines_shown = self._n_characters_shown = 0

    def write(self, text: str) -> int:
        if not self.is_limited or not isinstance(text, str):
            return self.stream.write(text)
        lines = text.split("\n")
        n_left = MAX_PRINTED_LINES - self._n_lines
        shown = text if len(lines) <= n_left else "".join(f"{line}\n" for line in lines[: max(0, n_left)])
        shown = shown[: MAX_PRINTED_CHARACTERS - self._n_characters_shown]
        if shown:
            self.stream.write(shown)
        self._n_lines += len(lines) - 1
        self._n_lines_shown += shown.count("\n")
        self._n_characters += len(text)
        self._n_characters_shown += len(shown)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def end(self) -> None:
        """Say how many lines were left out, or how many characters of a line."""
        if not self.is_limited or self._n_characters == self._n_characters_shown:
            return
        n_lines = self._n_lines - self._n_lines_shown
        more = (
            _count(n_lines, "line") if n_lines else _count(self._n_characters - self._n_characters_shown, "character")
        )
        start = "\n" if self._n_characters_shown == MAX_PRINTED_CHARACTERS else ""
        self.stream.write(f"{start}... and {more} of this item\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _count(number: int, what: str) -> str:
    return f"{number} more {what}" if number == 1 else f"{number} more {what}s"
