"""Measure how long functions run, by wrapping them: each second counts for the innermost wrapped function."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any


class Stopwatch:
    """Adds up seconds by label."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._since = 0.0
        self._labels: list[str] = []

    def around(self, owner: Any, name: str, label: str | Callable[..., str]) -> None:
        """Wrap a function.

        Args:
            owner: The class or module that holds it.
            name: Its name there.
            label: The label of its time, or a function that returns the label for the arguments of a call.
        """
        function = getattr(owner, name)

        @functools.wraps(function)
        def wrapped(*operands: Any, **keywords: Any) -> Any:
            self._enter(label if isinstance(label, str) else label(*operands, **keywords))
            try:
                return function(*operands, **keywords)
            finally:
                self._leave()

        setattr(owner, name, wrapped)

    def _enter(self, label: str) -> None:
        self._count()
        self._labels.append(label)

    def _leave(self) -> None:
        self._count()
        self._labels.pop()

    def _count(self) -> None:
        now = time.perf_counter()
        if self._labels:
            self.seconds[self._labels[-1]] += now - self._since
        self._since = now
