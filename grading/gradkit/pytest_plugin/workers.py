"""Runs in several processes (`pytest -n 2`): results come to the process that shows the screen, as plain data.

pytest-xdist runs the items in workers. A report may hold only what it can serialize, and the process that shows the
screen has collected nothing itself.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gradkit.submissions.outcome import Verdict
from gradkit.submissions.stopped_import import StoppedImport
from gradkit.suite.results import Item, ItemResult, Results, has_failed, make_result, strip_result

COLLECTED = "gradkit_collected"
"""The key of the collected items in what a worker returns."""

STOPPED = "gradkit_stopped"
"""The key of the files whose import was stopped in a worker."""

DESELECTED = "gradkit_deselected"
"""The key of the names of the items that a worker has left out."""


def attach_result(report: pytest.TestReport, result: ItemResult | None) -> None:
    """Put an item's result into pytest's report, as plain data."""
    report.gradkit = msgspec.to_builtins(result) if result else None  # type: ignore[attr-defined]


def attached_result(report: pytest.TestReport) -> ItemResult | None:
    """Return the result in pytest's report, or None if it has none."""
    plain: dict[str, Any] | None = getattr(report, "gradkit", None)
    return msgspec.convert(plain, ItemResult) if plain else None


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


class Workers:
    """The hooks that bring the results of workers together.

    Args:
        config: The run's settings.
        results: The results.
        deselected: The names of the items that were left out, in all processes.
    """

    def __init__(self, config: pytest.Config, results: Results, deselected: list[str]) -> None:
        self._config = config
        self._results = results
        self._deselected = deselected
        self._has_workers = False
        """Whether some of the results come from workers."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result that a worker has sent."""
        result = attached_result(report)
        if result and result.id not in self._results.by_id:
            self._results.add(result)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Return what this worker has found to the process that shows the screen, or complete its results there."""
        if is_worker(self._config):
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
            output[COLLECTED] = msgspec.to_builtins(self._results.collected)
            output[STOPPED] = msgspec.to_builtins(self._results.stopped)
            output[DESELECTED] = self._deselected
        elif self._has_workers:
            complete(self._results)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker that has ended has collected, as all others have, and where imports stopped in it."""
        output = getattr(node, "workeroutput", {})
        if not self._results.collected:
            self._results.collected += msgspec.convert(output.get(COLLECTED, []), list[Item])
        if not self._deselected:
            self._deselected += output.get(DESELECTED, [])
        for stop in msgspec.convert(output.get(STOPPED, []), list[StoppedImport]):
            if stop not in self._results.stopped:
                self._results.stopped.append(stop)
        self._has_workers = True


def complete(results: Results) -> None:
    """Bring results into the order of collection, and block each failure whose prerequisite failed in another worker.

    Args:
        results: The results, changed in place.
    """
    position = {item.id: number for number, item in enumerate(results.collected)}
    results.by_id = dict(sorted(results.by_id.items(), key=lambda each: position.get(each[0], len(position))))
    for result in list(results.all()):
        failed = results.failed_prerequisites(result)
        if has_failed(result) and failed:
            results.add(make_result(strip_result(result), Verdict.BLOCKED, blocked_by=failed))
