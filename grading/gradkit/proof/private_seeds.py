"""Run specimens under many private seeds, and keep each result in a file, so that a run can be stopped and continued.

Only the private phase of grading depends on the seed. So a specimen is graded once under the public seed, as a class
is, and then the items that have a private corpus are run under each seed, by the function that grading uses. A result
is kept with a digest of everything that it depends on: the specimen's files, the suite, gradkit, and Python.

    FOLDER/public/tape.json       the items that a specimen does not pass under the public seed
    FOLDER/seed 7/tape.json       the items that it does not pass in the private phase under `seed 7`
    FOLDER/drawn/seed 7/          the corpora of a seed, while it is run
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.files import write_whole
from gradkit.grader.conditions import make_conditions
from gradkit.grader.one_submission.later_phases import run_later_phase
from gradkit.grader.one_submission.run_phases import open_transport
from gradkit.grader.phases import PRIVATE
from gradkit.grader.suite import Suite
from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.submissions.bounded import defer_interrupt, die_with_parent
from gradkit.submissions.intake.roster import Student
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.suite.collection import GradedTest

from .runs import Batch, batches, run_batch
from .selection import Selection

MAX_SEED_SECONDS = 7_200.0
"""Limit on one seed: drawing its corpora, and running all specimens on them."""

OBSERVE_SECONDS = 2.0
"""How often the results of running seeds are counted."""

DRAWN = "drawn"
"""The folder in which a seed's corpora are, while it is run."""


class SeedResult(msgspec.Struct, frozen=True):
    """What a specimen does not pass under one seed.

    Attributes:
        digest: The digest of what the result depends on.
        failed: The ids of the items.
    """

    digest: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class SpecimenSeeds:
    """The results of a specimen under all seeds.

    Attributes:
        name: The specimen's name.
        suite: The items that it is graded with.
        failed: The ids of the items without points under each seed.
    """

    name: str
    suite: Suite
    failed: Mapping[str, frozenset[str]]

    @cached_property
    def points(self) -> dict[str, float]:
        """The points that it earns under each seed."""
        return {seed: sum_points(self.suite, failed) for seed, failed in self.failed.items()}

    @property
    def moves(self) -> float:
        """The difference between its most and its least points."""
        return max(self.points.values()) - min(self.points.values())

    @property
    def chance_items(self) -> dict[str, int]:
        """The items that it fails under some seeds only, with the number of those seeds."""
        counts = {item.id: sum(item.id in failed for failed in self.failed.values()) for item in self.suite.items}
        return {name: count for name, count in counts.items() if 0 < count < len(self.failed)}


def sum_points(suite: Suite, failed: Collection[str]) -> float:
    """Return the points of a suite without those of the items that failed."""
    return sum(item.points for item in suite.items if item.id not in failed)


def name_seeds(prefix: str, count: int) -> list[str]:
    """Return the names of `count` private seeds, which are the same in every run."""
    return [f"{prefix} {number}" for number in range(1, count + 1)]


class SeedRun:
    """A run of specimens under private seeds.

    A misconception is run on the items that it can change. An item enters the same functions under every seed, because
    its corpora contain the same operations.

    Args:
        names: The specimens.
        folders: The folder of each specimen, by name.
        seeds: The private seeds.
        out: The folder of results. Results of an earlier run are kept if nothing that they depend on has changed.
    """

    def __init__(self, names: Iterable[str], folders: Mapping[str, Path], seeds: Sequence[str], out: Path) -> None:
        self._folders, self._seeds, self._out = folders, seeds, out.resolve()
        self._batches = batches(names, Selection(), graded_only=True)
        self._selected = {name: suite for batch in self._batches for name, suite in batch.selected.items()}
        self._suites = {name: batch.suite for batch in self._batches for name in batch.selected}
        conditions = {id(batch.suite): make_conditions(batch.suite, sandboxed=False) for batch in self._batches}
        self._digests = {
            name: _digest(msgspec.json.encode(conditions[id(suite)]), *_contents(folders[name]))
            for name, suite in self._suites.items()
        }

    @property
    def n_results(self) -> int:
        """How many results there are when the run has ended."""
        return len(self._suites) * (1 + len(self._seeds))

    @property
    def digest(self) -> str:
        """The digest of everything that is run."""
        facts = [*self._seeds, *(f"{name} {digest}" for name, digest in sorted(self._digests.items()))]
        return _digest(*(fact.encode() for fact in facts))

    def run(self, n_workers: int, observe: Callable[[int], None]) -> list[SpecimenSeeds]:
        """Make the results that are missing, and return all of them by specimen.

        Args:
            n_workers: How many seeds to run at a time.
            observe: A function to call with the number of results so far, every few seconds.

        Raises:
            RuntimeError: If a specimen cannot be graded, or a seed cannot be drawn.
        """
        n_done = sum(len(self._suites) - len(self._missing(seed)) for seed in (PUBLIC_SEED, *self._seeds))
        observe(n_done)
        for batch in self._batches:
            n_done += self._run_public(batch)
            observe(n_done)

        missing = {seed: self._missing(seed) for seed in self._seeds}
        unfinished = [Student(seed, self._out) for seed in self._seeds if missing[seed]]
        observed = time.monotonic()
        for done in run_in_processes(unfinished, partial(_run_seed, self), n_workers, MAX_SEED_SECONDS):
            if done and done.reason:
                raise RuntimeError(f"{done.student.name}: {done.reason}")
            if time.monotonic() - observed > OBSERVE_SECONDS:  # the results of a large run are too many to look often
                observed = time.monotonic()
                observe(n_done + sum(self._path(seed, name).exists() for seed in missing for name in missing[seed]))
        return [self._collect(name) for name in self._suites]

    def run_seed(self, seed: str) -> None:
        """Run the specimens that have no result under a seed. Call it in a process that has not imported PyTorch."""
        drawn = self._out / DRAWN / seed
        missing = self._missing(seed)
        tests = {name: self._tests_of(name) for name in missing}
        _draw([test for each in tests.values() for test in each], seed, drawn)

        library = Library(corpora_folder(), seed, drawn)
        with Sandbox(drawn / "workers", isolated=False) as sandbox:
            for name in missing:
                failed = run_private_tests(self._selected[name], tests[name], library, sandbox, self._folders[name])
                self._write(seed, name, failed)
        shutil.rmtree(drawn)

    def _tests_of(self, name: str) -> list[GradedTest]:
        """Return the tests of a specimen that depend on the seed. An item that fails under the public one is lost."""
        lost = self._failed(PUBLIC_SEED, name)
        return [test for test in self._selected[name].tests if _depends_on_seed(test) and test.item.id not in lost]

    def _run_public(self, batch: Batch) -> int:
        """Grade the specimens of a batch that have no result under the public seed; return how many there were."""
        missing = {name: suite for name, suite in batch.selected.items() if self._read(PUBLIC_SEED, name) is None}
        if missing:
            for run in run_batch(replace(batch, selected=missing), self._folders):
                failed = [item.id for item in run.report.items if item.verdict is not Verdict.PASSED]
                self._write(PUBLIC_SEED, run.name, failed)
        return len(missing)

    def _collect(self, name: str) -> SpecimenSeeds:
        """Return the results of a specimen: an item has its points if it passes under both seeds."""
        public = frozenset(self._failed(PUBLIC_SEED, name))
        failed = {seed: public | frozenset(self._failed(seed, name)) for seed in self._seeds}
        return SpecimenSeeds(name, self._suites[name], failed)

    def _missing(self, seed: str) -> list[str]:
        return [name for name in self._suites if self._read(seed, name) is None]

    def _failed(self, seed: str, name: str) -> tuple[str, ...]:
        result = self._read(seed, name)
        if result is None:
            raise RuntimeError(f"{self._path(seed, name)} is missing.")
        return result.failed

    def _read(self, seed: str, name: str) -> SeedResult | None:
        """Return the result of a specimen under a seed; None if there is none that holds."""
        try:
            result = msgspec.json.decode(self._path(seed, name).read_bytes(), type=SeedResult)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return result if result.digest == self._digests[name] else None

    def _write(self, seed: str, name: str, failed: Iterable[str]) -> None:
        path = self._path(seed, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, msgspec.json.encode(SeedResult(self._digests[name], tuple(failed))) + b"\n")

    def _path(self, seed: str, name: str) -> Path:
        return self._out / seed / f"{name}.json"


def run_private_tests(
    suite: Suite, tests: Sequence[GradedTest], private: Library, sandbox: Sandbox, folder: Path
) -> list[str]:
    """Run tests on a submission as the private phase does, and return the ids of the items that do not pass.

    Args:
        suite: The suite that the tests are of.
        tests: Tests whose corpora depend on the seed.
        private: The corpora of a private seed.
        sandbox: Where the workers run.
        folder: The submission's files.
    """
    suite = replace(suite, private=private)
    with closing(open_transport(sandbox, folder, PRIVATE.seconds(suite))) as transport:
        passed = run_later_phase(suite, PRIVATE, tests, transport)
    return [test.item.id for test in tests if test.item.id not in passed]


def _run_seed(run: SeedRun, student: Student) -> None:
    """Run a seed in a grader process. The name of the "student" is the seed."""
    run.run_seed(student.name)


def _depends_on_seed(test: GradedTest) -> bool:
    return test.settings.corpus is not None and test.settings.corpus.depends_on_seed


def _draw(tests: Iterable[GradedTest], seed: str, drawn: Path) -> None:
    """Draw the corpora of tests into a folder, in another process: one with PyTorch forks slowly.

    Raises:
        RuntimeError: If they cannot be drawn.
    """
    specs = dict.fromkeys(test.settings.corpus for test in tests if test.settings.corpus)
    library = Library(corpora_folder(), seed, drawn)

    parent = os.getpid()

    def draw() -> None:
        die_with_parent(parent)
        for spec in specs:
            library.corpus(spec)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=draw)
    with defer_interrupt():
        process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("its corpora cannot be drawn: the error is above.")


def _contents(folder: Path) -> Iterable[bytes]:
    """Yield the name and the content of each file of a specimen."""
    for path in sorted(folder.glob("*.py")):
        yield path.name.encode()
        yield path.read_bytes()


def _digest(*contents: bytes) -> str:
    """Return one digest of many contents."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]
