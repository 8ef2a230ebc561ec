"""Says where time goes, from outside: functions are wrapped, and each second counts for the innermost of them."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any


class Stopwatch:
    """Seconds by label."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._since = 0.0
        self._labels: list[str] = []

    def around(self, owner: Any, name: str, label: str | Callable[..., str]) -> None:
        """Wrap a function of a class or module. label: what its own time counts as, or what says so of a call."""
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
