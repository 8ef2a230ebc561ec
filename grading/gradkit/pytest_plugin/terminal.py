"""What a student's code does to the terminal while an item runs: it prints a few lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

MAX_PRINTED_LINES = 10
"""Lines that an item may print with `pytest -s`. An item runs a student's code hundreds of times."""


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
    """A text stream that passes on the first lines and counts the others.

    Args:
        stream: The stream that takes the lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_limited = True
        self._n_lines = 0

    def write(self, text: str) -> int:
        n_left = MAX_PRINTED_LINES - self._n_lines
        self._n_lines += text.count("\n")
        if not self.is_limited:
            self.stream.write(text)
        elif n_left > 0:
            self.stream.write("".join(text.splitlines(keepends=True)[:n_left]))
        return len(text)

    def end(self) -> None:
        """Say how many lines were left out."""
        n_more = self._n_lines - MAX_PRINTED_LINES
        if self.is_limited and n_more > 0:
            self.stream.write(f"... and {n_more} more {'line' if n_more == 1 else 'lines'} of this item\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
