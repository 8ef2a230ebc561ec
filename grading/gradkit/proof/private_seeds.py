"""Run specimens under many private seeds, and keep each result, so that a run can be stopped and resumed.

Only the private phase of grading depends on the seed. So a specimen is graded once under the public seed, as a class
is, and then the items that have a private corpus are run under each seed, by the function that grading uses. A result
is kept with a digest of everything that it depends on: the specimen's files, the suite, gradkit, Python, and the
packages that draw corpora.

    FOLDER/public.jsonl           the items that each specimen does not pass under the public seed
    FOLDER/seed 7.jsonl           the items that it does not pass in the private phase under `seed 7`
    FOLDER/drawn/seed 7 DIGEST/   the corpora of a seed, while it is run
"""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.errors import UserError
from gradkit.files import digest_contents, read_contents
from gradkit.grader.conditions import make_conditions
from gradkit.grader.digests import KIT
from gradkit.grader.one_submission.later_phases import run_later_phase
from gradkit.grader.one_submission.run_phases import open_transport
from gradkit.grader.phases import PRIVATE
from gradkit.grader.suite import Suite
from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.submissions.bounded import defer_interrupt, die_with_parent
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.suite.collection import GradedTest

from .errors import ProofError
from .results_file import ResultsFile
from .runs import Batch, batches, run_batch
from .selection import Selection

MAX_SEED_SECONDS = 7_200.0
"""Limit on one seed: drawing its corpora, and running all specimens on them."""

DRAWN = "drawn"
"""The folder in which a seed's corpora are, while it is run."""

DRAWING_PACKAGES = ("hypothesis", "torch")
"""The packages whose versions decide what a private corpus contains."""


class SeedResult(msgspec.Struct, frozen=True):
    """What a specimen does not pass under one seed.

    Attributes:
        failed: The ids of the items.
    """

    failed: tuple[str, ...]


@dataclass(frozen=True)
class SpecimenSeeds:
    """The results of a specimen under all seeds.

    Attributes:
        name: The specimen's name.
        suite: The items that it is graded with.
        public: The ids of the items without points under the public seed.
        failed: The ids of the items without points under each private seed. Those under the public one are among them.
    """

    name: str
    suite: Suite
    public: frozenset[str]
    failed: Mapping[str, frozenset[str]]

    @cached_property
    def points(self) -> dict[str, float]:
        """The points that it earns under each private seed."""
        return {seed: sum_points(self.suite, failed) for seed, failed in self.failed.items()}

    @property
    def spread_points(self) -> float:
        """The difference between its most and its least points under private seeds."""
        return max(self.points.values()) - min(self.points.values())

    @property
    def max_loss_points(self) -> float:
        """The most points that a private seed takes from those that it earns under the public one."""
        return sum_points(self.suite, self.public) - min(self.points.values())

    @property
    def chance_items(self) -> dict[str, int]:
        """The items that it fails under some private seeds only, with the number of those seeds."""
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

    A misconception is run on the items that it can change: those that enter an edited function under the public seed.
    The corpora of a private seed are drawn until they have all that their specs require, as those of the public seed
    are: each operation on leaves and on results, each constant. So an item calls the same operations under every seed.

    Args:
        names: The specimens.
        folders: The folder of each specimen, by name.
        seeds: The private seeds.
        out: The folder of results. Results of an earlier run are kept if nothing that they depend on has changed.

    Attributes:
        undrawn: The seeds whose corpora could not be drawn in this run, with the reasons.
    """

    def __init__(self, names: Iterable[str], folders: Mapping[str, Path], seeds: Sequence[str], out: Path) -> None:
        self.undrawn: dict[str, str] = {}
        self._folders, self._seeds, self._out = folders, seeds, out.resolve()
        self._batches = batches(names, Selection(), graded_only=True)
        self._selected = {name: suite for batch in self._batches for name, suite in batch.selected.items()}
        self._suites = {name: batch.suite for batch in self._batches for name in batch.selected}
        conditions = {
            id(batch.suite): msgspec.json.encode(make_conditions(batch.suite, sandboxed=False))
            for batch in self._batches
        }
        self._basis = _digest_basis()
        self._drawing = digest_contents([("", self._basis.encode()), *(("", each) for each in conditions.values())])
        self._digests = {
            name: digest_contents([("", conditions[id(suite)]), *read_contents(folders[name], "*.py")])
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
        return digest_contents([("", self._basis.encode()), *((fact, b"") for fact in facts)])

    def run(self, n_workers: int, observe: Callable[[int], None]) -> list[SpecimenSeeds]:
        """Make the results that are missing, and return all of them by specimen.

        A seed whose corpora cannot be drawn is left out: see `undrawn`.

        Args:
            n_workers: How many seeds to run at a time.
            observe: A function to call with the number of results so far, after each batch and each seed.

        Raises:
            ProofError: If a specimen cannot be graded, or no seed can be drawn.
        """
        missing = {seed: self._missing(seed) for seed in self._seeds}
        n_done = self.n_results - len(self._missing(PUBLIC_SEED)) - sum(map(len, missing.values()))
        observe(n_done)
        for batch in self._batches:
            n_done += self._run_public(batch)
            observe(n_done)

        unfinished = [Student(seed, self._out) for seed in self._seeds if missing[seed]]
        for done in run_in_processes(unfinished, partial(_run_seed, self), n_workers, MAX_SEED_SECONDS):
            if not done:
                continue
            seed = done.student.name
            if done.reason:
                raise ProofError(f"{seed} was not run to its end, so run the same command again: {done.reason}")
            if done.value:
                self.undrawn[seed] = done.value
            else:
                n_done += len(missing[seed])
            observe(n_done)
        if len(self.undrawn) == len(self._seeds):
            raise ProofError(f"No seed can be drawn. {self._seeds[0]}: {self.undrawn[self._seeds[0]]}")
        return self._collect()

    def run_seed(self, seed: str) -> str:
        """Run the specimens that have no result under a seed. Call it in a process that has not imported PyTorch.

        Returns:
            Why the corpora of the seed cannot be drawn; empty if they were.
        """
        drawn = self._drawn_folder(seed)
        missing = self._missing(seed)
        lost = self._results(PUBLIC_SEED).by_digest
        tests = {name: self._tests_of(name, lost[self._digests[name]].failed) for name in missing}
        reason = _draw([test for each in tests.values() for test in each], seed, drawn)
        if not reason:
            results = self._results(seed)
            library = Library(corpora_folder(), seed, drawn)
            with Sandbox(drawn / "workers", isolated=False) as sandbox:
                for name in missing:
                    suite, folder = self._selected[name], self._folders[name]
                    failed = run_private_tests(suite, tests[name], library, sandbox, folder)
                    results.add(self._digests[name], SeedResult(tuple(failed)))
        shutil.rmtree(drawn, ignore_errors=True)
        return reason

    def _drawn_folder(self, seed: str) -> Path:
        """Return the folder for the corpora of a seed. Delete what runs with other corpora have left of it."""
        drawn = self._out / DRAWN / f"{seed} {self._drawing}"
        for folder in drawn.parent.glob("*"):
            if folder != drawn and seed in (folder.name, folder.name.rpartition(" ")[0]):
                shutil.rmtree(folder)
        return drawn

    def _tests_of(self, name: str, lost: Collection[str]) -> list[GradedTest]:
        """Return the tests of a specimen that depend on the seed, without those that it fails under the public one."""
        return [test for test in self._selected[name].tests if _depends_on_seed(test) and test.item.id not in lost]

    def _run_public(self, batch: Batch) -> int:
        """Grade the specimens of a batch that have no result under the public seed; return how many there were."""
        missing = set(self._missing(PUBLIC_SEED))
        selected = {name: suite for name, suite in batch.selected.items() if name in missing}
        if selected:
            results = self._results(PUBLIC_SEED)
            for run in run_batch(replace(batch, selected=selected), self._folders):
                failed = [item.id for item in run.report.items if item.verdict is not Verdict.PASSED]
                results.add(self._digests[run.name], SeedResult(tuple(failed)))
        return len(selected)

    def _collect(self) -> list[SpecimenSeeds]:
        """Return the results of each specimen: an item has its points if it passes under both seeds."""
        public = self._results(PUBLIC_SEED).by_digest
        private = {seed: self._results(seed).by_digest for seed in self._seeds if seed not in self.undrawn}
        results = []
        for name, suite in self._suites.items():
            digest = self._digests[name]
            lost = frozenset(public[digest].failed)
            failed = {seed: lost | frozenset(each[digest].failed) for seed, each in private.items()}
            results.append(SpecimenSeeds(name, suite, lost, failed))
        return results

    def _missing(self, seed: str) -> list[str]:
        """Return the specimens that have no result under a seed."""
        done = self._results(seed).by_digest
        return [name for name in self._suites if self._digests[name] not in done]

    def _results(self, seed: str) -> ResultsFile[SeedResult]:
        return ResultsFile(self._out / f"{seed}.jsonl", self._basis, SeedResult)


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


def _run_seed(run: SeedRun, student: Student) -> str:
    """Run a seed in a grader process. The name of the "student" is the seed."""
    return run.run_seed(student.name)


def _depends_on_seed(test: GradedTest) -> bool:
    return test.settings.corpus is not None and test.settings.corpus.depends_on_seed


def _draw(tests: Iterable[GradedTest], seed: str, drawn: Path) -> str:
    """Draw the corpora of tests into a folder, in another process: one with PyTorch forks slowly.

    Returns:
        Why they cannot be drawn; empty if they were.

    Raises:
        ProofError: If the process ends by an error of ours.
    """
    specs = dict.fromkeys(test.settings.corpus for test in tests if test.settings.corpus)
    library = Library(corpora_folder(), seed, drawn)

    parent = os.getpid()
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def draw() -> None:
        die_with_parent(parent)
        reason = ""
        try:
            for spec in specs:
                library.corpus(spec)
        except UserError as error:
            reason = str(error)
        sender.send(reason)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=draw)
    with defer_interrupt():
        process.start()
    sender.close()
    try:
        return str(receiver.recv())
    except EOFError:
        raise ProofError(
            "The process that draws its corpora was lost. If there is an error above, report it."
        ) from None
    finally:
        receiver.close()
        process.join()


def _digest_basis() -> str:
    """Return the digest of what all results depend on, and reports do not: this code, and what draws corpora."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in DRAWING_PACKAGES]
    # Items are traced with the local transport.
    files = [*_find_imported(Path(__file__)), KIT / "submissions" / "transport" / "local.py"]
    return digest_contents(
        [*((version, b"") for version in versions), *((path.name, path.read_bytes()) for path in files)]
    )


def _find_imported(path: Path) -> list[Path]:
    """Return a module of this package, and all modules of it that it imports, directly or not."""
    found = {path: path.read_text(encoding="utf-8")}
    waiting = [path]
    while waiting:
        for name in re.findall(r"^from \.(\w+) import", found[waiting.pop()], re.MULTILINE):
            imported = path.with_name(f"{name}.py")
            if imported not in found:
                found[imported] = imported.read_text(encoding="utf-8")
                waiting.append(imported)
    return sorted(found)
