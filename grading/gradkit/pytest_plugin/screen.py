"""The screen: pytest's progress and summary in gradkit's words, and the file of `--gradkit-results`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradkit.catalogue.assignments import assignments
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.submissions.outcome import Verdict
from gradkit.suite import screen
from gradkit.suite.diagnosis.fingerprints import fingerprint
from gradkit.suite.results import ItemResult, Results
from gradkit.suite.static_warnings import static_warnings

PROGRESS = {
    Verdict.PASSED: ("passed", ".", "PASSED"),
    Verdict.FAILED: ("wrong", "F", "WRONG"),
    Verdict.ERROR: ("wrong", "E", "ERROR"),
    Verdict.NOT_IMPLEMENTED: ("not written yet", "-", "NOT WRITTEN YET"),
    Verdict.BLOCKED: ("blocked", "b", "BLOCKED"),
    Verdict.TIMEOUT: ("wrong", "T", "TIMEOUT"),
    Verdict.OUT_OF_MEMORY: ("wrong", "M", "OUT OF MEMORY"),
    Verdict.CRASHED: ("wrong", "X", "CRASHED"),
    Verdict.PROTOCOL: ("wrong", "P", "PROTOCOL"),
}
"""How pytest's progress shows each verdict: category of its last line, letter, word."""


class Screen:
    """The hooks that show results.

    Args:
        config: The run's settings.
        folder: The student's folder.
        library: The corpora of the run.
        results: The results.
    """

    def __init__(self, config: pytest.Config, folder: Path, library: Library, results: Results) -> None:
        self._folder = folder
        self._library = library
        self._results = results
        file = config.getoption("--gradkit-results")
        self._results_file = config.invocation_params.dir / file if file else None

    def pytest_report_header(self) -> str | None:
        """Name the seed of a `--fresh` run."""
        seed = self._library.seed
        if seed == PUBLIC_SEED:
            return None
        return f"gradkit: new graphs, drawn from seed {seed} (again: --fresh-seed {seed})"

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show an item's verdict in pytest's progress."""
        result: ItemResult | None = getattr(report, "gradkit", None)
        return PROGRESS[result.verdict] if result else None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show points, failures, and what to write next."""
        if not self._results.by_id:
            return
        writer = terminalreporter._tw
        writer.line()
        results = list(self._results.all())
        for style, text in screen.summary(results, self._results.collected, assignments(), self._warnings()):
            writer.line(screen.make_printable(text, writer._file), **screen.STYLES[style])

    def _warnings(self) -> list[str]:
        """Return where files stopped, and what grading does not offer and files of the collected assignments need."""
        names = {item.assignment for item in self._results.collected}
        warnings = [stop.describe() for stop in self._results.stopped]
        for assignment in assignments():
            if assignment.name in names:
                for module in assignment.modules:
                    warnings += static_warnings(self._folder, module, assignment.packages)
        return list(dict.fromkeys(warnings))

    def pytest_sessionfinish(self) -> None:
        """Write the file of `--gradkit-results`."""
        if self._results_file:
            records = {result.id: _record(result) for result in self._results.all()}
            self._results_file.write_text(json.dumps(records, indent=1), encoding="utf-8")


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
