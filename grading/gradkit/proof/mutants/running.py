"""Run the graded items on mutants, each in a bounded process of its own, until enough of them fail.

A mutant is caught if two items fail, or one that is about the changed function. Only items that enter the changed code
on the solution are run: first those about its function, then the others in the order of the course.
"""

from __future__ import annotations

import mmap
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.grader.suite import Suite, load_suite
from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.submissions.bounded import LimitReachedError, Limits, run_bounded
from gradkit.submissions.intake.roster import Student
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import GradedTest, run_test
from gradkit.suite.outcomes import STUDENT_ERRORS

from ..solution_functions import find_function, solution_functions
from ..specimens import reference_folder
from ..tracing import Trace, trace_solution
from .generation import Mutant

Result = TypeVar("Result")

ITEM_SECONDS = 1.0
"""Processor time for the mutant's code in one item. The solution takes at most 0.3 s."""

LIMITS = Limits(memory_bytes=512 << 20, cpu_seconds=30, wall_seconds=120.0, file_bytes=1 << 20)
"""For all items of a mutant. The solution takes 1.7 s for all items of the course."""

JOB_SECONDS = 200.0
"""Seconds after which a grader process is killed: longer than LIMITS, which hold for what it starts."""


class ItemsRun(msgspec.Struct, frozen=True):
    """What the items showed of a mutant.

    Attributes:
        failed: The items that failed, in the order in which they ran. It ends as soon as the mutant is caught.
        is_named: Whether one of them is about the changed function.
        n_run: How many items were run.
    """

    failed: list[str]
    is_named: bool
    n_run: int

    @property
    def is_caught(self) -> bool:
        """Whether two items fail, or one that is about the changed function."""
        return self.is_named or len(self.failed) >= 2


@dataclass(frozen=True)
class MutantSuite:
    """The items of the course, and which of them may see a change of which code.

    Attributes:
        suite: All items.
        trace: The functions that each item enters on the solution.
        about: The functions that each item is about, with their files, by the item's id.
    """

    suite: Suite
    trace: Trace
    about: Mapping[str, frozenset[str]]

    def tests(self, mutant: Mutant) -> tuple[list[GradedTest], int]:
        """Return the tests to run on a mutant, in order, and how many of them are about its function."""
        code = f"{mutant.module}.{mutant.code}"
        runs_at_import = code in self.trace.at_import
        entering = [
            test for test in self.suite.tests if runs_at_import or _enters(self.trace.by_item[test.item.id], code)
        ]
        function = f"{mutant.module}.{mutant.function}"
        named = [test for test in entering if function in self.about[test.item.id]]
        return [*named, *(test for test in entering if test not in named)], len(named)


def _enters(entered: frozenset[str], code: str) -> bool:
    """Return whether an item enters a function, or a comprehension or lambda in it."""
    return any(name == code or name.startswith(f"{code}.<locals>") for name in entered)


def load_mutant_suite() -> MutantSuite:
    """Load all items, and trace the solution."""
    import numpy  # noqa: F401  (so that forked processes need not)

    course = assignments()
    suite = load_suite(course, Library(corpora_folder()), retries=False)
    functions = solution_functions()
    by_name: dict[str, Assignment] = {assignment.name: assignment for assignment in course}
    about = {
        test.item.id: frozenset(
            find_function(name, by_name[test.item.assignment], functions) for name in test.settings.about
        )
        for test in suite.tests
    }
    return MutantSuite(suite, trace_solution(), about)


def run_items(mutants: Sequence[Mutant], suite: MutantSuite, n_workers: int) -> Iterator[tuple[Mutant, ItemsRun]]:
    """Run the items on each mutant; yield the mutants as they are done.

    Args:
        mutants: The mutants.
        suite: What `load_mutant_suite` returns.
        n_workers: How many to run at a time.

    Raises:
        RuntimeError: If a mutant cannot be run.
    """
    yield from run_jobs(mutants, lambda mutant: _run_mutant(mutant, suite), n_workers)


def run_jobs(
    mutants: Sequence[Mutant], job: Callable[[Mutant], Result], n_workers: int
) -> Iterator[tuple[Mutant, Result]]:
    """Do a job for each mutant in other processes; yield the results as they come."""
    by_digest = {mutant.digest: mutant for mutant in mutants}
    names = [Student(mutant.digest, Path()) for mutant in mutants]
    for done in run_in_processes(names, lambda name: job(by_digest[name.name]), n_workers, JOB_SECONDS):
        if done and done.value is None:
            mutant = by_digest[done.student.name]
            raise RuntimeError(f"{mutant.module}.{mutant.function}, line {mutant.line}: {done.reason}")
        if done and done.value is not None:
            yield by_digest[done.student.name], done.value


def _run_mutant(mutant: Mutant, suite: MutantSuite) -> ItemsRun:
    tests, n_named = suite.tests(mutant)
    current = mmap.mmap(-1, 8)  # shared with the bounded process: the place of the item that it runs
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_mutant(mutant, Path(scratch) / "mutant")
        try:
            return run_bounded(lambda: _run_tests(folder, suite, tests, n_named, current), ItemsRun, LIMITS)
        except LimitReachedError:
            stopped_at = int.from_bytes(current[:8], "little")
        # It could not be interrupted in this item, so the item fails, and those before it are run once more.
        before = tests[:stopped_at]
        run = run_bounded(lambda: _run_tests(folder, suite, before, n_named, current), ItemsRun, LIMITS)
    failed = [*run.failed, tests[stopped_at].item.id]
    return ItemsRun(failed, run.is_named or stopped_at < n_named, run.n_run + 1)


def write_mutant(mutant: Mutant, folder: Path) -> Path:
    """Write a mutant's files to a new folder, and return it."""
    folder.mkdir()
    for path in (reference_folder() / "solution").glob("*.py"):
        if path.stem == mutant.module:
            (folder / path.name).write_text(mutant.source, encoding="utf-8")
        else:
            shutil.copyfile(path, folder / path.name)
    return folder


def _run_tests(
    folder: Path, suite: MutantSuite, tests: Sequence[GradedTest], n_named: int, current: mmap.mmap
) -> ItemsRun:
    """Run items in this process until the mutant is caught."""
    sys.dont_write_bytecode = True
    transport = LocalTransport(folder, Clock())
    failed: list[str] = []
    for place, test in enumerate(tests):
        current[:8] = place.to_bytes(8, "little")
        transport.start_item(ITEM_SECONDS)
        try:
            run_test(test, {name: transport.load(*SUBJECTS[name]) for name in test.subjects}, suite.suite.library)
        except STUDENT_ERRORS:
            failed.append(test.item.id)
        is_named = bool(failed) and any(each.item.id == failed[-1] for each in tests[:n_named])
        if is_named or len(failed) >= 2:
            return ItemsRun(failed, is_named, place + 1)
    return ItemsRun(failed, False, len(tests))
