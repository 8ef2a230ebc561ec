"""The record of a run of all attacks, for docs/proof.md."""

from __future__ import annotations

from collections import Counter

from ..records import Authorship, Figure, Record, Table, describe_set, today
from .corpus import read_attack_files
from .run import Run

ATTACKS = Authorship("the authors of the course", "2026-11-30")
"""Who wrote the attacks, and when they were last changed."""


def make_attacks_record(run: Run) -> Record:
    """Return the record of a run of all attacks."""
    by_group = Counter[str](result.attack.group for result in run.results).most_common()
    n_as_they_must = sum(not result.reason for result in run.results)
    return Record(
        part="attacks",
        title="Attacks and accidents",
        question="Does any submission earn or lose points that it should not, or leak a secret?",
        command="gradkit attacks --record",
        date=today(),
        set=describe_set(
            size=len(run.results),
            what="attacks and accidents",
            made=ATTACKS,
            contents=read_attack_files({result.name for result in run.results}),
        ),
        figures=[
            Figure("attacks that get what their honest part earns", "all", f"{n_as_they_must} of {len(run.results)}"),
            Figure("faults that belong to no single attack, such as a file that changed", "0", str(len(run.host))),
        ],
        tables=[Table("Attacks by group", ["group", "attacks"], [[name, str(count)] for name, count in by_group])],
        misses=[*(f"{each.name}: {each.reason}" for each in run.results if each.reason), *run.host],
    )
