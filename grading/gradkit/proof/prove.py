"""The kit proves itself: a misconception is caught by its own items and no other, a variant keeps its marks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.submissions.outcome import Verdict
from gradkit.suite.diagnosis import DIAGNOSES, fingerprint

from .recorded import write_digest
from .runs import Record, primaries, run_all
from .specimens import Misconception, Variant, files_of, misconceptions, variants, write_misconception, write_variant

GIVEN_UP = {
    "depth": ["a2_backprop/test_depth"],
    "stability": ["a3_activations/test_stability"],
    "arrays": ["a6_tensors/test_digits_by_adam", "a6_tensors/test_digits_are_read"],
}
"""The items that a variant's design may lose."""


@dataclass(frozen=True)
class Proof:
    """What a specimen's run showed. `complaint` is empty where it went as it must."""

    name: str
    title: str
    kind: str
    record: Record
    complaint: str

    @property
    def caught_by(self) -> list[str]:
        return sorted(primaries(self.record))

    @property
    def blocked(self) -> int:
        return sum(item.verdict is Verdict.BLOCKED for item in self.record.values())


def judge_misconception(name: str, mistake: Misconception, record: Record) -> Proof:
    """It fails exactly the items that it says, and otherwise only what depends on them."""
    found, due = primaries(record), set(mistake.caught_by)
    complaint = ""
    if not due:
        complaint = "it names no item that catches it"
    elif found != due:
        complaint = f"not caught by {sorted(due - found)}, but by {sorted(found - due)}"
    return Proof(name, mistake.title, mistake.kind, record, complaint)


def judge_variant(name: str, variant: Variant, record: Record) -> Proof:
    """It loses nothing but what its design gives up."""
    lost = {item for item, result in record.items() if result.verdict is not Verdict.PASSED}
    unfair = lost.difference(*(GIVEN_UP[what] for what in variant.gives_up))
    return Proof(name, variant.title, "variant", record, f"unfairly lost {sorted(unfair)}" if unfair else "")


@contextmanager
def specimen_folders() -> Iterator[dict[str, Path]]:
    """A folder for every specimen, by name, for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in [*variants(), *misconceptions()]}
        for name in variants():
            write_variant(name, folders[name])
        for name, mistake in misconceptions().items():
            write_misconception(mistake, folders[name])
        yield folders


def assignments_holding(name: str) -> tuple[Assignment, ...]:
    """The assignments that hold a file of a specimen's own: no other can tell it from the solution."""
    own = files_of(name)
    return tuple(assignment for assignment in assignments() if own & set(assignment.files))


Asked = Callable[[str], tuple[Assignment, ...]]
"""The assignments in which a specimen of this name is graded."""


def grouped(names: Iterable[str], asked: Asked) -> dict[tuple[Assignment, ...], list[str]]:
    """The specimens that are graded in the same assignments, by those."""
    groups: dict[tuple[Assignment, ...], list[str]] = {}
    for name in names:
        groups.setdefault(asked(name), []).append(name)
    return groups


def prove(progress: Callable[[str], None] = lambda name: None) -> list[Proof]:
    """Run every specimen through every suite that holds a file of its own.

    `progress` is told each one's name when it is done.
    """
    records = {}
    with specimen_folders() as folders:
        for asked, names in grouped(folders, assignments_holding).items():
            for name, record in run_all({name: folders[name] for name in names}, asked):
                progress(name)
                records[name] = record
    return judged(records)


def judged(records: Mapping[str, Record]) -> list[Proof]:
    """What each specimen's record shows, in the order of their names."""
    mistakes, others = misconceptions(), variants()
    return [
        judge_variant(name, others[name], record)
        if name in others
        else judge_misconception(name, mistakes[name], record)
        for name, record in sorted(records.items())
    ]


def hints_by_fingerprint(proofs: list[Proof]) -> dict[str, str]:
    """The fingerprint of each misconception's wrong answers, with its hint, where only one misconception has it."""
    hints: dict[str, set[str]] = {}
    mistakes = misconceptions()
    for proof in proofs:
        if proof.name in mistakes:
            for item in proof.caught_by:
                result = proof.record[item]
                if result.evidence and not result.hidden:  # of which every failure looks alike
                    hints.setdefault(fingerprint(item, result.evidence), set()).add(mistakes[proof.name].hint)
    return {mark: found.pop() for mark, found in sorted(hints.items()) if len(found) == 1}


def record_diagnoses(proofs: list[Proof]) -> int:
    """Keep the hints by fingerprint for the release, which has no misconceptions. Returns how many."""
    hints = hints_by_fingerprint(proofs)
    text = msgspec.json.format(msgspec.json.encode(hints), indent=1)
    (corpora_folder() / DIAGNOSES).write_bytes(text + b"\n")
    write_digest(misconceptions())
    return len(hints)
