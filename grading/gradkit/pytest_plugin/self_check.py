"""Self-check: runs the graded suites on a student's folder, in this process, and tells the student how it went."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import PUBLIC_SEED, Corpus
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.submissions.transport.subject import Subject, Transport
from gradkit.suite import screen
from gradkit.suite import static_warnings as offers
from gradkit.suite.collection import SuiteError, check_files, check_module, item_of
from gradkit.suite.diagnosis import fingerprint
from gradkit.suite.evidence import Evidence, NotPassed
from gradkit.suite.graded import ATTRIBUTE, Mark
from gradkit.suite.judging import STUDENTS, judge, must_not_run
from gradkit.suite.loading import Loader, no_time_left
from gradkit.suite.results import Item, ItemResult, Results

# How pytest's progress shows each verdict: category of its last line, letter, word.
_STATUS = {
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

_ITEM = pytest.StashKey[Item]()
_MARK = pytest.StashKey[Mark]()


class SelfCheck:
    """The hooks and fixtures of one run. folder: the student's."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        if not folder.is_dir():
            raise pytest.UsageError(f"There is no folder {folder} to check.")
        self._config = config
        self._folder = folder
        self._clock = Clock(os.dup(2))
        self._transport: Transport = LocalTransport(folder, self._clock)
        self._loader = Loader(self._transport)
        self._in_a_hurry = False
        """Whether the item that is on has less time than an item has."""
        self._spent: defaultdict[str, float] = defaultdict(float)
        """Seconds that the student's code has run, by assignment, but for the item that is on."""
        self._began = ("", 0.0)
        """Which assignment's item is on, and what had been spent in all before it."""
        self._library = self._choose_library()
        target = config.getoption("--gradkit-results")
        self._record_to = config.invocation_params.dir / target if target else None
        self._exitstatus = 0
        self.results = Results()
        if config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR:
            config.args[:] = [str(assignment.suite) for assignment in self._taken_up()]
            if config.get_verbosity() <= 0 and self._library.seed == PUBLIC_SEED:
                config.option.no_header = True  # the screen is for the student's code

    def _taken_up(self) -> list[Assignment]:
        """The assignments whose files are there; with no file at all, those of the first file."""
        there = [a for a in assignments() if all((self._folder / f"{name}.py").exists() for name in a.files)]
        return there or [a for a in assignments() if a.modules == assignments()[0].modules]

    def _choose_library(self) -> Library:
        count: int | None = self._config.getoption("--fresh")
        if count is None:
            return Library(corpora_folder(), PUBLIC_SEED)
        if count < 1:
            raise pytest.UsageError("--fresh takes how many graphs to draw for each item, for example --fresh 200.")
        if importlib.util.find_spec("torch") is None:
            raise pytest.UsageError("--fresh asks live PyTorch, which is not installed here: pip install torch")
        seed = self._config.getoption("--fresh-seed") or secrets.token_hex(4)
        return Library(corpora_folder(), seed, count=count)

    # --- fixtures of graded tests ------------------------------------------------------------------------------------

    def subject(self, name: str) -> Subject:
        """One of SUBJECTS; each has a fixture. A failing import is tried once, and settles all items."""
        return self._loader.subject(name, self._in_a_hurry)

    @pytest.fixture
    def corpus(self, request: pytest.FixtureRequest) -> Corpus[Any, Any]:
        """The corpus that the item's mark asks for."""
        wish = request.node.stash[_MARK].corpus
        if wish is None:
            raise LookupError(f"{request.node.name} takes `corpus`, but @graded(corpus=...) does not say which")
        return self._library.corpus(wish)

    # --- collection and run ------------------------------------------------------------------------------------------

    def pytest_report_header(self) -> str | None:
        if self._library.seed == PUBLIC_SEED:
            return None
        return f"gradkit: new graphs, drawn from seed {self._library.seed} (again: --fresh-seed {self._library.seed})"

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Show a suite under its assignment's name: its path leads through folders that no student looks into."""
        suite = next((a for a in assignments() if a.suite == module_path.parent), None)
        if suite is None or self._config.rootpath == course_home():
            return None
        module: pytest.Module = pytest.Module.from_parent(
            parent.session, path=module_path, name=suite.short, nodeid=suite.name
        )
        return module

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Refuse what grading refuses (see collection.py), and a file that skips itself."""
        report = yield
        if isinstance(collector, pytest.Module) and any(a.suite == collector.path.parent for a in assignments()):
            try:
                check_files(collector.path.parent)
                if report.skipped:
                    raise SuiteError(f"{collector.path} skips its items. They are graded all the same: remove that.")
                if report.passed:
                    check_module(collector.obj, collector.path)
            except SuiteError as error:
                report.outcome, report.longrepr, report.result = "failed", str(error), []
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        files: dict[str, Path] = {}
        for test in items:
            mark: Mark | None = getattr(getattr(test, "obj", None), ATTRIBUTE, None)
            if mark:
                assignment = self._assignment_of(test)
                item = item_of(assignment, test.name, mark)
                if files.setdefault(item.id, test.path) != test.path:
                    raise pytest.UsageError(f"{item.id} is in two files. Give each item a name of its own.")
                test.stash[_ITEM], test.stash[_MARK] = item, mark
                _leave_to_us(test)
                if test.nodeid.startswith(f"{assignment.name}::"):
                    test.location = (assignment.name, test.location[1], test.name)
                self.results.collected.append(item)

    def _assignment_of(self, test: pytest.Item) -> Assignment:
        folder = test.path.parent.name
        found = next((a for a in assignments() if a.name == folder), None)
        if found is None:
            raise pytest.UsageError(f"{test.path} holds graded items, but {folder} has no assignment.toml.")
        return found

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        graded = item.stash.get(_ITEM, None)
        if graded:
            assignment = self._assignment_of(item)
            left = self._seconds_left(assignment)
            self._in_a_hurry = left < assignment.item_seconds
            self._transport.start_item(max(0.0, min(assignment.item_seconds, left)))
            blocked = self._without_packages(assignment) or must_not_run(self.results, graded)
            if blocked:
                raise blocked
            if left <= 0:
                raise no_time_left(assignment)

    def _without_packages(self, assignment: Assignment) -> NotPassed | None:
        """How an item ends that needs a package which is not installed: students get to it when they get to it."""
        missing = [name for name in assignment.packages if importlib.util.find_spec(name) is None]
        if not missing:
            return None
        message = f"{assignment.short} stands on {missing[0]}: pip install {missing[0]}"
        return NotPassed(Verdict.NOT_IMPLEMENTED, partial(Evidence, Verdict.NOT_IMPLEMENTED, message))

    def _seconds_left(self, assignment: Assignment) -> float:
        """How long the student's code may still run in the items of an assignment, one of which begins now."""
        name, before = self._began
        self._spent[name] += self._transport.spent_seconds - before
        self._began = (assignment.name, self._transport.spent_seconds)
        return assignment.submission_seconds - self._spent[assignment.name]

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # so that this sees what pytest makes of a skip
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        graded = item.stash.get(_ITEM, None)
        if graded is None or (call.when != "call" and call.excinfo is None):
            return report
        # Evidence is made by running the student's code again, whose prints have been seen once.
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            error = call.excinfo.value if call.excinfo else None
            result = judge(self.results, graded, error, item.path)
        if result is None and report.skipped:
            report.longrepr = f"{graded.id} was skipped while it ran. A graded item cannot be skipped."
            report.outcome = "failed"
            report.__dict__.pop("wasxfail", None)
        if result and result.verdict is not Verdict.PASSED:
            report.longrepr = "\n".join(text for _, text in screen.explanation(result))
            report.outcome = "failed"
        report.gradkit = result  # type: ignore[attr-defined]
        return report

    def pytest_enter_pdb(self) -> None:
        self._clock.allow(float("inf"))

    # --- what the student sees ---------------------------------------------------------------------------------------

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        result: ItemResult | None = getattr(report, "gradkit", None)
        return _STATUS[result.verdict] if result else None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.results.by_id:
            return
        writer = terminalreporter._tw
        writer.line()
        for style, text in screen.summary(self.results, assignments(), self._warnings()):
            writer.line(screen.drawable(text, writer._file), **screen.STYLES[style])

    def _warnings(self) -> list[str]:
        """What grading does not offer and the files of these assignments ask for."""
        asked = {item.assignment for item in self.results.collected}
        found = [
            warning
            for assignment in assignments()
            if assignment.name in asked
            for module in assignment.modules
            for warning in offers.warnings(self._folder, module, assignment.packages)
        ]
        return list(dict.fromkeys(found))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self._exitstatus = int(exitstatus)
        if self._record_to:
            record = {r.item.id: _record(r) for r in self.results.all()}
            self._record_to.write_text(json.dumps(record, indent=1), encoding="utf-8")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """A thread that the student's code has left running would keep the terminal for as long as it likes."""
        if any(t is not threading.main_thread() and not t.daemon for t in threading.enumerate()):
            print("engine.py has started a thread that is still running; it is ended here.", flush=True)
            os._exit(self._exitstatus)


def _fixture(name: str) -> Callable[[SelfCheck], Subject]:
    @pytest.fixture(name=name)
    def fixture(self: SelfCheck) -> Subject:
        return self.subject(name)

    return fixture


for _name in SUBJECTS:
    setattr(SelfCheck, f"subject_{_name}", _fixture(_name))


def _leave_to_us(test: pytest.Item) -> None:
    """Spare pytest its own account of a student's failure, which takes longer than the item; ours is shown instead."""
    account = test.repr_failure

    def brief(excinfo: pytest.ExceptionInfo[BaseException], **options: Any) -> Any:
        return "" if isinstance(excinfo.value, STUDENTS) else account(excinfo, **options)

    test.repr_failure = brief  # type: ignore[method-assign, assignment]


def _record(result: ItemResult) -> dict[str, object]:
    evidence = result.evidence
    return {
        "title": result.item.title,
        "points": result.item.points,
        "verdict": result.verdict.value,
        "message": evidence.message if evidence else "",
        "code": list(evidence.code) if evidence else [],
        "hint": evidence.hint if evidence else "",
        "blocked_by": list(result.blocked_by),
        "fingerprint": fingerprint(result.item.id, evidence) if evidence else "",
    }
