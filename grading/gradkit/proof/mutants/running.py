"""Run the graded items on mutants, in bounded processes, until enough of them fail.

A mutant is caught if two items fail, or one that is about the changed function. Only items that enter the changed code
on the solution are run: first those about its function, then the others in the order of the course.

Whether a mutant is caught must not depend on the machine. So items are first run together in one process, with a limit
that keeps that fast, and there only a failed test counts. An item that did not end by itself is undecided. If no other
item catches the mutant, it is run again, alone in a process, within the limit that it has in grading. A timeout counts
only if the mutant has used that much processor time. If the machine is the cause, then the mutant has no result.
"""

from __future__ import annotations

import math
import mmap
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.submissions.bounded import LimitReachedError, Limits, run_bounded
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox.policy import MAX_MEMORY_BYTES
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import GradedTest, run_test
from gradkit.suite.failures import NotPassed
from gradkit.suite.outcomes import STUDENT_ERRORS

from ..errors import ProofError
from .generation import Mutant
from .jobs import run_jobs, write_mutant
from .suite import MutantSuite

Ending = Literal["failed", "timeout", "out of memory", "crashed"]
"""How an item fails: its test fails, or the mutant reaches a limit of grading or ends its process."""

QUICK_SECONDS = 0.5
"""Processor time for the mutant's code in an item that is run with others. The solution takes at most 0.3 s."""

HURRIED_SECONDS = 0.1
"""The same, after an undecided item. A mutant that hangs does so in most items, but fails those that count calls."""

MAX_UNDECIDED = 12
"""After so many undecided items, they are decided before others are run."""

TOGETHER = Limits(memory_bytes=MAX_MEMORY_BYTES, cpu_seconds=30, wall_seconds=120.0, file_bytes=1 << 20)
"""For the items that are run together. The solution takes 1.7 s for all items of the course."""

SPARE_SECONDS = 0.5
"""Processor time for the test itself, in addition to the item's limit, if an item is run alone."""

TICKS_FACTOR = 2
"""The kernel's limit is this many times higher, because the kernel counts in ticks: a third too many on a busy machine.
It is needed for loops inside C only."""

ALONE_WALL_SECONDS = 600.0
"""Wall-clock time for an item that is run alone. On any machine that is not overloaded, processor time ends first."""


class ItemsRun(msgspec.Struct, frozen=True):
    """What the items showed of a mutant.

    Attributes:
        failed: How items failed, by id. Undecided items come after others. Running stops as soon as
            the mutant is caught, so later items are missing.
        is_named: Whether one of them is about the changed function.
        n_run: How many items were run.
    """

    failed: dict[str, Ending]
    is_named: bool
    n_run: int

    @property
    def is_caught(self) -> bool:
        """Whether two items fail, or one that is about the changed function."""
        return self.is_named or len(self.failed) >= 2

    @property
    def is_caught_by_limits(self) -> bool:
        """Whether it is caught, and all items that failed ran out of time or memory."""
        return self.is_caught and set(self.failed.values()) <= {"timeout", "out of memory"}


def run_items(mutants: Sequence[Mutant], suite: MutantSuite, n_workers: int) -> Iterator[tuple[Mutant, ItemsRun]]:
    """Run the items on each mutant; yield the mutants as they are done.

    Args:
        mutants: The mutants.
        suite: What `load_mutant_suite` returns.
        n_workers: How many to run at a time.

    Raises:
        ProofError: If some mutants have no result. It is raised after the others have been yielded.
    """
    yield from run_jobs(mutants, lambda mutant: _run_mutant(mutant, suite), n_workers)


def _run_mutant(mutant: Mutant, suite: MutantSuite) -> ItemsRun:
    with tempfile.TemporaryDirectory() as scratch:
        return _MutantRun(write_mutant(mutant, Path(scratch) / "mutant"), mutant, suite).run()


_NOT_RUN, _STARTED, _PASSED, _FAILED, _UNDECIDED = range(5)
"""States of an item that is run together with others."""


class _MutantRun:
    """A run of items on one mutant.

    Args:
        folder: The mutant's files.
        mutant: The mutant.
        suite: The items.
    """

    def __init__(self, folder: Path, mutant: Mutant, suite: MutantSuite) -> None:
        self._folder, self._suite = folder, suite
        self._tests, n_named = suite.tests(mutant)
        self._named = {test.item.id for test in self._tests[:n_named]}
        self._failed: dict[str, Ending] = {}
        self._n_run = 0
        self._states = mmap.mmap(-1, max(1, len(self._tests)))
        """A state for each item. Shared with the bounded process, so that it is known if that process is killed."""

    def run(self) -> ItemsRun:
        """Run items until the mutant is caught, or none is left."""
        while not self._result().is_caught and self._n_run < len(self._tests):
            for test in self._run_together():
                if not self._result().is_caught:
                    self._run_alone(test)
        return self._result()

    def _result(self) -> ItemsRun:
        return ItemsRun(self._failed, not self._named.isdisjoint(self._failed), self._n_run)

    def _run_together(self) -> list[GradedTest]:
        """Run some of the items that have not been run, and return those that are undecided."""
        with suppress(LimitReachedError):  # the item that has been started is undecided
            run_bounded(self._run_tests, None, TOGETHER)
        undecided = []
        n_before = self._n_run
        for test, state in zip(self._tests[n_before:], self._states[n_before:]):
            if state == _NOT_RUN:
                break
            self._n_run += 1
            if state == _FAILED:
                self._failed[test.item.id] = "failed"
            elif state != _PASSED:
                undecided.append(test)
        if self._n_run == n_before:
            raise ProofError("A process ended before it ran an item.")
        return undecided

    def _run_tests(self) -> None:
        """Run items in this process until the mutant is caught, or MAX_UNDECIDED items are undecided."""
        transport = self._open()
        n_undecided = 0
        for index in range(self._n_run, len(self._tests)):
            self._states[index] = _STARTED
            seconds = HURRIED_SECONDS if n_undecided else QUICK_SECONDS
            ending = self._run_item(transport, self._tests[index], seconds)
            if ending == "failed":
                self._failed[self._tests[index].item.id] = ending
            elif ending:
                n_undecided += 1
            self._states[index] = _PASSED if not ending else _FAILED if ending == "failed" else _UNDECIDED
            if self._result().is_caught or n_undecided == MAX_UNDECIDED:
                return

    def _run_alone(self, test: GradedTest) -> None:
        """Decide an item: run it in a process of its own, within the limits of grading.

        Raises:
            ProofError: If the machine ended the item, and not the mutant.
        """
        seconds = self._suite.seconds[test.item.id] + SPARE_SECONDS
        kernel_seconds = math.ceil(TICKS_FACTOR * seconds)
        limits = Limits(MAX_MEMORY_BYTES, kernel_seconds, ALONE_WALL_SECONDS, TOGETHER.file_bytes)

        def run() -> Ending | None:
            threading.Thread(target=_end_process_after, args=(seconds,), daemon=True).start()
            return self._run_item(self._open(), test, math.inf)

        before = _processor_seconds_of_children()
        ending: Ending | None
        try:
            ending = run_bounded(run, Ending | None, limits)
        except LimitReachedError as error:
            if error.verdict is Verdict.ERROR:
                ending = "crashed"
            elif error.verdict is Verdict.TIMEOUT and _processor_seconds_of_children() - before >= seconds:
                ending = "timeout"
            elif error.verdict is Verdict.TIMEOUT:
                raise ProofError(f"The machine is too busy: {test.item.id} hardly ran.") from error
            else:  # not a MemoryError, which ends the item and not the process
                raise ProofError(f"A process was killed in {test.item.id}, perhaps because memory ran out.") from error
        if ending:
            self._failed[test.item.id] = ending

    def _open(self) -> LocalTransport:
        """Open the mutant in this process. If its code cannot be interrupted, nothing is printed about that."""
        sys.dont_write_bytecode = True
        return LocalTransport(self._folder, Clock(os.open(os.devnull, os.O_WRONLY)))

    def _run_item(self, transport: LocalTransport, test: GradedTest, seconds: float) -> Ending | None:
        """Run an item in this process, and return how it failed, or None if it passed."""
        transport.start_item(seconds, self._suite.suite.assignment(test.item.assignment).packages)
        try:
            subjects = {name: transport.load(*SUBJECTS[name]) for name in test.subjects}
            run_test(test, subjects, self._suite.suite.library)
        except MemoryError:
            return "out of memory"
        except STUDENT_ERRORS as error:
            verdict = error.verdict if isinstance(error, NotPassed | SubmissionError) else Verdict.TIMEOUT
            return _ENDINGS.get(verdict, "failed")
        return None


_ENDINGS: dict[Verdict, Ending] = {Verdict.TIMEOUT: "timeout", Verdict.OUT_OF_MEMORY: "out of memory"}
"""How an item failed by its verdict. Any other verdict, such as that of an exception, does not depend on limits."""


def _end_process_after(seconds: float) -> None:
    """End this process as the kernel does, when it has used this much processor time."""
    while time.process_time() < seconds:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGXCPU)


def _processor_seconds_of_children() -> float:
    """Return the processor time of all processes that this one has forked and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
