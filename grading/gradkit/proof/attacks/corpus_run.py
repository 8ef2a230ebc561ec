"""Grade the whole corpus of attacks, one small class after another, so that a run can be stopped and resumed.

What a class showed is kept with a digest of everything that it depends on, if all of it was as it must be. Faults of
the host are found class by class, so that a fault is about the attacks of one class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.files import digest_contents, read_contents
from gradkit.grader.conditions import make_conditions
from gradkit.grader.digests import KIT
from gradkit.grader.suite import load_suite
from gradkit.proof.results_file import ResultsFile
from gradkit.proof.specimens import reference_folder

from .corpus import Attack, read_attack_files
from .run import Run, group_by_suite, run_attacks

CLASS_SIZE = 16
"""How many attacks are graded as one class."""


def run_corpus(
    chosen: Mapping[str, Attack], folder: Path, progress: Callable[[str], None] = lambda name: None, workers: int = 2
) -> Run:
    """Grade attacks in all assignments of their file, class by class; do not grade again what was as it must be.

    Args:
        chosen: The attacks, by name.
        folder: The folder of results. Results of an earlier run are kept if nothing that they depend on has changed.
        progress: Called with the name of each attack that has a result.
        workers: How many to grade at a time.

    Raises:
        SandboxError: If workers cannot be isolated on this machine.
    """
    kept = ResultsFile(folder / "attacks.jsonl", _digest_code(), Run)
    runs = []
    for suite, attacks in group_by_suite(chosen, assignments()):
        conditions = _encode_conditions(suite)
        for some in _divide(attacks):
            digest = _digest_class(conditions, some)
            if digest in kept.by_digest:
                for name in some:
                    progress(name)
            else:
                run = run_attacks(some, progress, workers, suite)
                if run.reasons:
                    runs.append(run)
                    continue
                kept.add(digest, run)
            runs.append(kept.by_digest[digest])
    results = sorted((result for run in runs for result in run.results), key=lambda result: result.name)
    return Run(tuple(results), tuple(reason for run in runs for reason in run.host))


def _divide(attacks: Mapping[str, Attack]) -> Iterator[dict[str, Attack]]:
    names = list(attacks)
    for start in range(0, len(names), CLASS_SIZE):
        yield {name: attacks[name] for name in names[start : start + CLASS_SIZE]}


def _encode_conditions(suite: Sequence[Assignment]) -> bytes:
    """Return what reports of these assignments depend on, except for the submission."""
    loaded = load_suite(suite, Library(corpora_folder()), retries=False)
    return msgspec.json.encode(make_conditions(loaded, sandboxed=True))


def _digest_class(conditions: bytes, attacks: Mapping[str, Attack]) -> str:
    return digest_contents([("conditions", conditions), *read_attack_files(attacks)])


def _digest_code() -> str:
    """Return the digest of what decides about attacks in addition to the conditions of reports.

    These are this package, the outputs that it reads, and the solution and the code that attacks are made of.
    """
    folders = [Path(__file__).parent, KIT / "outputs", reference_folder() / "solution"]
    files = [KIT / "grader/whole_class/results.py", KIT / "proof/specimens.py"]
    contents = [(f"{folder.name}/{name}", content) for folder in folders for name, content in read_contents(folder)]
    return digest_contents([*contents, *((path.name, path.read_bytes()) for path in files)])
