"""Run items: load what graded tests take, limit their time, and record their results."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED, Corpus
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.submissions.transport.protocol import Transport
from gradkit.submissions.transport.subject import Subject
from gradkit.suite import screen
from gradkit.suite.diagnosis.find_hint import HintSource
from gradkit.suite.diagnosis.student import Student
from gradkit.suite.earlier import EarlierItems, find_earlier_tests
from gradkit.suite.evidence import Evidence
from gradkit.suite.failures import Explained, NotPassed
from gradkit.suite.loading import Loader, no_time_left
from gradkit.suite.outcomes import STUDENT_ERRORS, Block, reason_to_skip, record_outcome
from gradkit.suite.reproduction import Programs
from gradkit.suite.results import Item, ItemResult, Results

from .arguments import resolve_arguments, suite_paths
from .budget import Budget
from .collection import ITEM, SETTINGS, Collection, assignment_of, sort_items, submission_folder
from .screen import Screen
from .terminal import Terminal
from .workers import Workers, attach_result

RESULT = pytest.StashKey[ItemResult | None]()
"""The result of an item whose test has ended; None if it ended by an error that is not the student's."""


def register(config: pytest.Config, folder: Path) -> None:
    """Make a run of pytest a self-check.

    Without a path on the command line, it runs the suites of the assignments that the student has begun.

    Args:
        config: The run's settings.
        folder: The student's folder.

    Raises:
        UsageError: If the folder does not exist, or an option cannot be followed.
    """
    if not os.path.isdir(folder):
        raise pytest.UsageError(f"There is no folder {folder} to check.")
    folder = submission_folder(folder)
    library = _choose_library(config)
    _choose_arguments(config, folder)
    if config.get_verbosity() <= 0 and library.seed == PUBLIC_SEED and _are_suites(config.args):
        config.option.no_header = True  # the screen is for the student's code

    results = Results()
    config.pluginmanager.register(SelfCheck(config, folder, library, results), "gradkit-self-check")
    config.pluginmanager.register(Collection(config, results), "gradkit-collection")
    deselected: list[str] = []
    config.pluginmanager.register(Screen(config, folder, library, results, deselected), "gradkit-screen")
    config.pluginmanager.register(Workers(config, results, deselected), "gradkit-workers")
    if config.option.gradkit_items:
        config.option.verbose = -2  # of pytest's own lines, none


def _choose_arguments(config: pytest.Config, folder: Path) -> None:
    """Have pytest collect the suites that its arguments mean; without arguments, those that the student has begun."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        config.args[:] = resolve_arguments(
            config.args, folder, config.invocation_params.dir, config.inipath is not None
        )
    elif config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR:
        config.args[:] = suite_paths(folder)


def _are_suites(arguments: Sequence[str]) -> bool:
    """Return whether pytest collects nothing but suites."""
    suites = [str(assignment.suite) for assignment in assignments()]
    return all(argument.startswith(tuple(suites)) for argument in arguments)


def _choose_library(config: pytest.Config) -> Library:
    """Return the recorded corpora or, with `--fresh`, new ones that are drawn as they are needed."""
    count: int | None = config.option.gradkit_fresh
    if count is None:
        return Library(corpora_folder(), PUBLIC_SEED)
    if count < 1:
        raise pytest.UsageError("--fresh takes how many graphs to draw for each item, for example --fresh 200.")
    if importlib.util.find_spec("torch") is None:
        raise pytest.UsageError("--fresh asks live PyTorch, which is not installed here: pip install torch")
    from secrets import token_hex  # most runs do not need it

    seed = config.option.gradkit_fresh_seed or token_hex(4)
    return Library(corpora_folder(), seed, count=count)


class SelfCheck:
    """The hooks and fixtures that run items.

    Args:
        config: The run's settings.
        folder: The student's folder.
        library: The corpora.
        results: Where results are recorded.
    """

    def __init__(self, config: pytest.Config, folder: Path, library: Library, results: Results) -> None:
        self._terminal = Terminal(is_seen=config.getoption("capture") == "no")
        self._clock = Clock(os.dup(2))
        self._transport: Transport = LocalTransport(folder, self._clock)
        self._loader = Loader(self._transport)
        self._programs = Programs(self._transport)
        self._student = Student(self._transport)
        self._budget = Budget(self._transport)
        self._is_short_of_time = False
        """Whether the current item has less time than an item usually has."""
        self._library = library
        self._results = results
        self._results.stopped = self._transport.stopped
        self._earlier: EarlierItems | None = None
        """Items of assignments that were not collected. Most runs do not need them."""
        self._exitstatus = 0

    # --- fixtures of graded tests ------------------------------------------------------------------------------------

    def subject(self, name: str) -> Subject:
        """Load one of SUBJECTS, each of which has a fixture. Raises NotLoadedError."""
        return self._loader.subject(name, self._is_short_of_time)

    @pytest.fixture
    def corpus(self, request: pytest.FixtureRequest) -> Corpus[Any, Any]:
        """Load the corpus that the item's settings name."""
        spec = request.node.stash[SETTINGS].corpus
        if spec is None:
            raise LookupError(f"{request.node.name} takes `corpus`, but @graded(corpus=...) does not say which")
        return self._library.corpus(spec)

    @pytest.hookimpl(trylast=True)  # after plugins that shuffle
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the order of the course, in which the screen says what to look at first."""
        sort_items(items)

    # --- running an item ---------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Start an item, unless there is a reason not to run it. Loading its subjects belongs to the setup, too."""
        if ITEM not in item.stash:
            return (yield)
        try:
            self._start(item)
            with self._terminal.of_item():
                return (yield)
        except STUDENT_ERRORS as error:
            self._record(item, error)
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record the result of an item as soon as its test has ended."""
        if ITEM not in item.stash:
            return (yield)
        try:
            with self._terminal.of_item():
                outcome = yield
        except STUDENT_ERRORS as error:
            self._record(item, error)
            raise
        self._record(item, None)
        return outcome

    def _start(self, test: pytest.Item) -> None:
        """Start an item. Raises NotPassed if it is not run."""
        assignment = assignment_of(test)
        seconds_left = self._budget.start_item(assignment)
        self._is_short_of_time = seconds_left < assignment.item_seconds
        self._transport.start_item(max(0.0, min(assignment.item_seconds, seconds_left)), assignment.packages)
        reason = _missing_package(assignment) or reason_to_skip(self._results, test.stash[ITEM])
        if reason is None and seconds_left <= 0:
            reason = no_time_left(assignment)
        if reason:
            raise reason

    def _record(self, test: pytest.Item, error: BaseException | None) -> None:
        # Explaining a failure runs the student's code again, whose prints have been seen once.
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            packages = assignment_of(test).packages
            hint_source = HintSource(self._student, test.stash[SETTINGS].about, packages)
            test.stash[RESULT] = record_outcome(
                self._results,
                test.stash[ITEM],
                error,
                test.path,
                self._find_block_outside,
                self._programs.run,
                hint_source=hint_source,
            )

    def _find_block_outside(self, results: Results, item: Item) -> Block | None:
        """Find what blocks an item from outside the collected assignments: see EarlierItems."""
        if self._earlier is None:
            names = {each.assignment for each in results.collected}
            tests = find_earlier_tests(results.collected, [each for each in assignments() if each.name in names])
            self._earlier = EarlierItems(tests, self._transport, self._library)
        spent_before = self._earlier.spent_seconds
        block = self._earlier.find_block(results, item)
        self._budget.exclude(self._earlier.spent_seconds - spent_before)
        return block

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # so that this sees what pytest makes of a skip
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the item's result into pytest's report."""
        report = yield
        has_ended = call.when == "call" or (call.when == "setup" and call.excinfo is not None)
        if ITEM not in item.stash or not has_ended:
            return report

        result = item.stash.get(RESULT, None)
        if result is None and report.skipped:
            report.longrepr = f"{item.stash[ITEM].id} was skipped while it ran. A graded item cannot be skipped."
            report.outcome = "failed"
            report.__dict__.pop("wasxfail", None)
        if result and result.verdict is not Verdict.PASSED:
            report.longrepr = "\n".join(text for _, text in screen.explanation(result))
            report.outcome = "failed"
        attach_result(report, result)
        return report

    def pytest_enter_pdb(self) -> None:
        """Lift the time limit in the debugger, which prints and reads lines."""
        self._clock.allow(float("inf"))
        self._terminal.release()

    # --- the end of the run ------------------------------------------------------------------------------------------

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Remember how the run ended."""
        self._exitstatus = int(exitstatus)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """End the process if the student's code has left a thread running, which would keep the terminal."""
        if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
            print("engine.py has started a thread that is still running; it is ended here.", flush=True)
            os._exit(self._exitstatus)


def _missing_package(assignment: Assignment) -> NotPassed | None:
    """Return how an item ends whose assignment needs a package that is not installed; None if all are installed.

    It counts as not written yet, because students install the package when they come to the assignment.
    """
    for name in assignment.packages:
        if importlib.util.find_spec(name) is None:
            message = f"{assignment.short} stands on {name}: pip install {name}"
            return NotPassed(Explained(Verdict.NOT_IMPLEMENTED, Evidence(message)))
    return None


def _subject_fixture(name: str) -> Callable[[SelfCheck], Subject]:
    @pytest.fixture(name=name)
    def fixture(self: SelfCheck) -> Subject:
        return self.subject(name)

    return fixture


for _name in SUBJECTS:
    setattr(SelfCheck, f"subject_{_name}", _subject_fixture(_name))
