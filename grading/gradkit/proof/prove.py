"""Prove that each misconception fails exactly the items in its `caught_by`, and that no variant loses marks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.submissions.outcome import Verdict
from gradkit.suite.diagnosis import DIAGNOSES, fingerprint

from .recorded import write_digest
from .runs import Record, batches, find_primary_failures, run_batch
from .selection import Selection
from .specimens import Misconception, Variant, misconceptions, variants, write_misconception, write_variant

GIVEN_UP = {
    "depth": ["a2_backprop/test_depth"],
    "stability": ["a3_activations/test_stability"],
    "arrays": ["a6_tensors/test_digits_by_adam", "a6_tensors/test_digits_are_read"],
}
"""The items that a variant's design may lose."""


@dataclass(frozen=True)
class Proof:
    """What running a specimen showed. `reason` says why the proof fails; it is empty if the proof holds."""

    name: str
    title: str
    kind: str
    record: Record
    reason: str

    @property
    def caught_by(self) -> list[str]:
        return sorted(find_primary_failures(self.record))

    @property
    def blocked(self) -> int:
        return sum(item.verdict is Verdict.BLOCKED for item in self.record.values())


def check_misconception(name: str, mistake: Misconception, record: Record) -> Proof:
    """Check that a misconception fails exactly the items listed in its `caught_by`, and items that depend on them.

    Args:
        name: The name of the misconception.
        mistake: The misconception.
        record: The result of every item.
    """
    failed, expected = find_primary_failures(record), set(mistake.caught_by)
    reason = ""
    if not expected:
        reason = "caught_by names no item"
    elif failed != expected:
        missed, unexpected = sorted(expected - failed), sorted(failed - expected)
        reason = f"not caught by {missed}, but by {unexpected}"
    return Proof(name, mistake.title, mistake.kind, record, reason)


def check_variant(name: str, variant: Variant, record: Record) -> Proof:
    """Check that a variant fails only the items listed in its `gives_up`.

    Args:
        name: The name of the variant.
        variant: The variant.
        record: The result of every item.
    """
    lost = {item for item, result in record.items() if result.verdict is not Verdict.PASSED}
    unfair = lost.difference(*(GIVEN_UP[design] for design in variant.gives_up))
    reason = f"unfairly lost {sorted(unfair)}" if unfair else ""
    return Proof(name, variant.title, "variant", record, reason)


def check_records(records: Mapping[str, Record]) -> list[Proof]:
    """Check the record of each specimen; return the proofs in the order of their names."""
    mistakes, designs = misconceptions(), variants()
    return [
        check_variant(name, designs[name], record)
        if name in designs
        else check_misconception(name, mistakes[name], record)
        for name, record in sorted(records.items())
    ]


@contextmanager
def specimen_folders() -> Iterator[dict[str, Path]]:
    """Make a folder for every specimen, by name; delete them when the context ends."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in [*variants(), *misconceptions()]}
        for name in variants():
            write_variant(name, folders[name])
        for name, mistake in misconceptions().items():
            write_misconception(mistake, folders[name])
        yield folders


def prove(progress: Callable[[str], None] = lambda name: None) -> list[Proof]:
    """Run every specimen on all items of the assignments that use one of its files, and check the results.

    Misconceptions are also run on their selected items alone, as the tests of the kit do. A proof fails if the results
    differ.

    Args:
        progress: Called with the name of each specimen that has been run on all items.
    """
    names = [*variants(), *misconceptions()]
    records: dict[str, Record] = {}
    selected: dict[str, Record] = {}
    with specimen_folders() as folders:
        for batch in batches(names):
            for run in run_batch(batch, folders):
                records[run.name] = run.record
                progress(run.name)
        for batch in batches(misconceptions(), Selection()):
            selected.update((run.name, run.record) for run in run_batch(batch, folders))
    return [check_selection(proof, selected.get(proof.name)) for proof in check_records(records)]


def check_selection(proof: Proof, selected: Record | None) -> Proof:
    """Check that a run on selected items, if there was one, has the results of the run on all items."""
    if selected is None or selected == proof.record or proof.reason:
        return proof
    wrong = [item for item in proof.record if selected.get(item) != proof.record[item]]
    return replace(proof, reason=f"the selected items alone show something else of {wrong}")


def hints_by_fingerprint(proofs: list[Proof]) -> dict[str, str]:
    """Map the fingerprint of each misconception's wrong answers to its hint, if no other misconception has another."""
    hints: dict[str, set[str]] = {}
    mistakes = misconceptions()
    for proof in proofs:
        if proof.name in mistakes:
            for item in proof.caught_by:
                result = proof.record[item]
                if result.evidence and not result.hidden:  # all failures of a hidden item have the same evidence
                    hints.setdefault(fingerprint(item, result.evidence), set()).add(mistakes[proof.name].hint)
    return {mark: texts.pop() for mark, texts in sorted(hints.items()) if len(texts) == 1}


def record_diagnoses(proofs: list[Proof]) -> int:
    """Write the hints by fingerprint for the release, which has no misconceptions. Return how many there are."""
    hints = hints_by_fingerprint(proofs)
    text = msgspec.json.format(msgspec.json.encode(hints), indent=1)
    (corpora_folder() / DIAGNOSES).write_bytes(text + b"\n")
    write_digest(misconceptions())
    return len(hints)
