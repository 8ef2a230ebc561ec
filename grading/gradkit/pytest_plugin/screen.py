"""The screen: pytest's progress and summary in gradkit's words, and the file of `--gradkit-results`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.hidden_items import hidden_items
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.submissions.outcome import Verdict
from gradkit.suite import screen
from gradkit.suite.diagnosis.fingerprints import fingerprint
from gradkit.suite.results import ItemResult, Results
from gradkit.suite.static_warnings import static_warnings

from .arguments import count_tests, suggest, unknown_word
from .collection import ITEM
from .misnamed import list_misnamed
from .workers import attached_result, is_worker

Status = tuple[str, str, tuple[str, dict[str, bool]]]
"""How pytest's progress shows a result: category of its last line, letter, and word with its markup."""

_GREEN, _YELLOW, _RED = {"green": True}, {"yellow": True}, {"red": True}

PROGRESS: dict[Verdict, Status] = {
    Verdict.PASSED: ("passed", ".", ("PASSED", _GREEN)),
    Verdict.FAILED: ("wrong", "F", ("WRONG", _RED)),
    Verdict.ERROR: ("wrong", "E", ("ERROR", _RED)),
    Verdict.NOT_IMPLEMENTED: ("not written yet", "-", ("NOT WRITTEN YET", _YELLOW)),
    Verdict.BLOCKED: ("blocked", "b", ("BLOCKED", _YELLOW)),
    Verdict.TIMEOUT: ("wrong", "T", ("TIMEOUT", _RED)),
    Verdict.OUT_OF_MEMORY: ("wrong", "M", ("OUT OF MEMORY", _RED)),
    Verdict.CRASHED: ("wrong", "X", ("CRASHED", _RED)),
    Verdict.PROTOCOL: ("wrong", "P", ("PROTOCOL", _RED)),
}
"""Category, letter and word of each verdict in pytest's progress, with the color. Only wrong items are red."""


class Screen:
    """The hooks that show results.

    Args:
        config: The run's settings.
        folder: The student's folder.
        library: The corpora of the run.
        results: The results.
        deselected: The names of the items that were left out, in all processes.
    """

    def __init__(
        self, config: pytest.Config, folder: Path, library: Library, results: Results, deselected: list[str]
    ) -> None:
        self._folder = folder
        self._library = library
        self._results = results
        self._config = config
        self._listed = config.option.gradkit_items
        self._deselected = deselected
        file = config.getoption("--gradkit-results")
        self._results_file = config.invocation_params.dir / file if file else None

    def pytest_report_header(self) -> str | None:
        """Name the seed of a `--fresh` run."""
        seed = self._library.seed
        if seed == PUBLIC_SEED:
            return None
        return f"gradkit: new graphs, drawn from seed {seed} (again: --fresh-seed {seed})"

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Status | None:
        """Show an item's verdict in pytest's progress."""
        result = attached_result(report)
        return PROGRESS[result.verdict] if result else None

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember the items that `-k` leaves out."""
        self._deselected += [item.name for item in items if ITEM in item.stash]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """List the collected items instead of running them, with `--items`."""
        if not self._listed:
            return None
        items = [test.stash[ITEM] for test in session.items if ITEM in test.stash]
        self._print(screen.list_items(items, assignments(), hidden_items()))
        return True

    def pytest_terminal_summary(self) -> None:
        """Show points, failures, and what to write next."""
        if self._results.by_id:
            results = list(self._results.all())
            n_items = count_tests({item.assignment for item in self._results.collected})
            lines = screen.summary(results, n_items, assignments(), self._warnings(), hidden_items())
            self._print([("plain", ""), *self._whose(), *lines])
        elif (
            self._deselected
            and not self._listed
            and (unknown := unknown_word(self._config.getoption("keyword"), self._deselected))
        ):
            question = suggest(unknown, self._deselected)
            self._print([("plain", f"No item is called {unknown}.{question} (pytest --items lists them)")])

    def _whose(self) -> list[screen.Line]:
        """Name the folder that was checked, if pytest was started in another."""
        start = self._config.invocation_params.dir.resolve()
        folder = self._folder.resolve()
        return [] if folder == start else [("plain", f"The code in {relative_path(folder, start)}:")]

    def _print(self, lines: Sequence[screen.Line]) -> None:
        writer = self._config.get_terminal_writer()
        for style, text in lines:
            writer.line(screen.make_printable(text, writer._file), **screen.STYLES[style])

    def _warnings(self) -> list[str]:
        """Return where files stopped, and what grading does not offer and files of the collected assignments need."""
        names = {item.assignment for item in self._results.collected}
        warnings = [stop.describe() for stop in self._results.stopped]
        warnings += list_misnamed(self._folder, [each for each in assignments() if each.name in names])
        for assignment in assignments():
            if assignment.name in names:
                for module in assignment.modules:
                    warnings += static_warnings(self._folder, module, assignment.packages)
        return list(dict.fromkeys(warnings))

    def pytest_sessionfinish(self) -> None:
        """Write the file of `--gradkit-results`."""
        if self._results_file and not is_worker(self._config):
            records = {result.id: _record(result) for result in self._results.all()}
            self._results_file.write_text(json.dumps(records, indent=1), encoding="utf-8")


def relative_path(folder: Path, start: Path) -> str:
    """Return a folder's path from `start`; its full path if it is on another drive, as it can be on Windows."""
    try:
        return os.path.relpath(folder, start)
    except ValueError:
        return str(folder)


def _record(result: ItemResult) -> dict[str, object]:
    """Return what `--gradkit-results` holds of an item."""
    evidence = result.evidence
    return {
        "title": result.title,
        "points": result.points,
        "verdict": result.verdict.value,
        "message": evidence.message if evidence else "",
        "code": list(evidence.code) if evidence else [],
        "hint": evidence.hint if evidence else "",
        "blocked_by": list(result.blocked_by),
        "fingerprint": fingerprint(result.id, evidence) if evidence else "",
    }
