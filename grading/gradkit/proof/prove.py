"""Prove that misconceptions fail exactly the items in their `caught_by`, and variants at most what they give up."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import graded_tests
from gradkit.suite.diagnosis.fingerprints import DIAGNOSES, fingerprint

from .held_proofs import ProofRecord, compute_digests, read_proofs, write_proofs
from .runs import ItemResults, batches, find_primary_failures, run_batch
from .selection import Selection
from .shown_programs import ShownProgram, check_programs
from .specimens import (
    GIVEN_UP,
    Misconception,
    Variant,
    read_misconceptions,
    read_variants,
    write_misconception,
    write_variant,
)


@dataclass(frozen=True)
class Proof:
    """What running a specimen showed.

    Attributes:
        name: The name of the specimen.
        title: Its title.
        kind: Its kind; "variant" for a right design.
        results: The result of every item.
        wrong_results: Why the results are not those that they must be; empty if they are.
        programs: The programs that its report shows, after they were run.
    """

    name: str
    title: str
    kind: str
    results: ItemResults
    wrong_results: str
    programs: tuple[ShownProgram, ...] = ()

    @property
    def wrong_programs(self) -> list[ShownProgram]:
        """The programs that do not show what the report says."""
        return [program for program in self.programs if program.fault]

    @property
    def reason(self) -> str:
        """Why the proof fails; empty if it holds."""
        programs = [f"{program.item} shows a program that {program.fault}" for program in self.wrong_programs]
        return "; ".join(filter(None, [self.wrong_results, *programs]))

    @property
    def caught_by(self) -> list[str]:
        return sorted(find_primary_failures(self.results))

    @property
    def blocked(self) -> int:
        return sum(item.verdict is Verdict.BLOCKED for item in self.results.values())


def check_misconception(name: str, misconception: Misconception, results: ItemResults) -> Proof:
    """Check that a misconception fails exactly the items listed in its `caught_by`, and items that depend on them.

    Args:
        name: The name of the misconception.
        misconception: The misconception.
        results: The result of every item.
    """
    failed, expected = find_primary_failures(results), set(misconception.caught_by)
    reasons = [
        *(f"does not fail {item}: remove it from caught_by, or make the item stricter" for item in expected - failed),
        *(f"also fails {item}: add it to caught_by, or give the item a `needs`" for item in failed - expected),
    ]
    if not expected:
        reasons.append("caught_by names no item")
    return Proof(name, misconception.title, misconception.kind, results, "; ".join(sorted(reasons)))


def check_variant(name: str, variant: Variant, results: ItemResults) -> Proof:
    """Check that a variant fails only the items listed in its `gives_up`.

    Args:
        name: The name of the variant.
        variant: The variant.
        results: The result of every item.
    """
    lost = {item for item, result in results.items() if result.verdict is not Verdict.PASSED}
    unfair = lost.difference(*(GIVEN_UP[each] for each in variant.gives_up))
    reason = f"fails {sorted(unfair)}, which gives_up does not allow" if unfair else ""
    return Proof(name, variant.title, "variant", results, reason)


def check_specimens(results_of: Mapping[str, ItemResults]) -> list[Proof]:
    """Check the results of each specimen; return the proofs in the order of their names."""
    misconceptions, variants = read_misconceptions(), read_variants()
    return [
        check_variant(name, variants[name], results)
        if name in variants
        else check_misconception(name, misconceptions[name], results)
        for name, results in sorted(results_of.items())
    ]


def choose_specimens(names: Collection[str] = ()) -> list[str]:
    """Return the specimens of these names; without names all of them. Raises UserError if one does not exist."""
    existing = [*read_variants(), *read_misconceptions()]
    for name in names:
        if name not in existing:
            similar = difflib.get_close_matches(name, existing)
            hint = f"Similar names: {', '.join(similar)}." if similar else "Their files are in reference/."
            raise UserError(f"There is no misconception or variant {name!r}. {hint}")
    return [name for name in existing if name in names or not names]


@contextmanager
def specimen_folders(names: Collection[str] = ()) -> Iterator[dict[str, Path]]:
    """Make a folder for each of these specimens, by name, or for all; delete them when the context ends."""
    variants, misconceptions = read_variants(), read_misconceptions()
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in choose_specimens(names)}
        for name, folder in folders.items():
            if name in variants:
                write_variant(name, folder)
            else:
                write_misconception(misconceptions[name], folder)
        yield folders


def prove(progress: Callable[[str], None] = lambda name: None, names: Collection[str] = ()) -> list[Proof]:
    """Run specimens on all items of the assignments that use one of their files, and check the results.

    Misconceptions are also run on their selected items alone, as the tests of the kit do. A proof fails if the results
    differ, or if a program that is shown does not print the numbers that are shown with it.

    Args:
        progress: Called with the name of each specimen that has been run on all items.
        names: The specimens; without names all of them.

    Raises:
        UserError: If a name is not that of a specimen, or an edit does not fit the solution.
    """
    chosen = choose_specimens(names)
    misconceptions = [name for name in read_misconceptions() if name in chosen]
    results_of: dict[str, ItemResults] = {}
    selected: dict[str, ItemResults] = {}
    with specimen_folders(chosen) as folders:
        for batch in batches(chosen):
            for run in run_batch(batch, folders):
                results_of[run.name] = run.results
                progress(run.name)
        for batch in batches(misconceptions, Selection()):
            selected.update((run.name, run.results) for run in run_batch(batch, folders))
        programs = check_programs(folders, {name: results.values() for name, results in results_of.items()})
    proofs = [check_selection(proof, selected.get(proof.name)) for proof in check_specimens(results_of)]
    return [replace(proof, programs=tuple(programs.get(proof.name, ()))) for proof in proofs]


def check_selection(proof: Proof, selected: ItemResults | None) -> Proof:
    """Check that a run on selected items, if there was one, has the results of the run on all items."""
    if selected is None or selected == proof.results or proof.wrong_results:
        return proof
    wrong = [item for item in proof.results if selected.get(item) != proof.results[item]]
    return replace(proof, wrong_results=f"a run of the selected items alone differs in {wrong}")


def list_fingerprints(proof: Proof) -> list[str]:
    """Return the fingerprints of a specimen's wrong numbers in the items that catch it."""
    fingerprints = []
    for item in proof.caught_by:
        result = proof.results[item]
        if result.evidence and not result.hidden:  # all failures of a hidden item have the same evidence
            fingerprints.append(fingerprint(item, result.evidence))
    return sorted(fingerprints)


def hints_by_fingerprint(fingerprints: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Map each fingerprint to the hint of its misconception, if no other misconception has it with another hint.

    Args:
        fingerprints: The fingerprints of each specimen, by name.
    """
    hints: dict[str, set[str]] = {}
    for name, misconception in read_misconceptions().items():
        for each in fingerprints.get(name, ()):
            hints.setdefault(each, set()).add(misconception.hint)
    return {each: texts.pop() for each, texts in sorted(hints.items()) if len(texts) == 1}


def record_proofs(proofs: list[Proof]) -> int:
    """Record the proofs that hold, and write the hints by fingerprint for the release, which has no misconceptions.

    Delete the records of proofs that do not hold. The records of other specimens stay as they are.

    Returns:
        The number of fingerprints with a hint.
    """
    digests = compute_digests(test for assignment in assignments() for test in graded_tests(assignment))
    records = {name: record for name, record in read_proofs().items() if name in digests}
    for proof in proofs:
        records.pop(proof.name, None)
        if not proof.reason:
            records[proof.name] = ProofRecord(digests[proof.name], list_fingerprints(proof))
    write_proofs(records)

    hints = hints_by_fingerprint({name: record.fingerprints for name, record in records.items()})
    text = msgspec.json.format(msgspec.json.encode(hints), indent=1)
    write_whole(corpora_folder() / DIAGNOSES, text + b"\n")
    return len(hints)
