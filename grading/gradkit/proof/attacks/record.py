"""The record of a run of all attacks, for docs/proof.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from ..records import Authorship, Figure, Record, Table, describe_set, today
from .corpus import attacks_folder
from .run import Run

ATTACKS = Authorship("the authors of the course", "2026-11-30")
"""Who wrote the attacks, and when they were last changed."""


def make_attacks_record(run: Run) -> Record:
    """Return the record of a run of all attacks."""
    by_group = Counter[str](result.attack.group for result in run.results).most_common()
    n_as_they_must = sum(not result.reason for result in run.results)
    return Record(
        part="attacks",
        title="Attacks on the sandbox",
        question="Does any hostile submission earn points that it does not deserve, or carry out a secret?",
        command="gradkit attacks --record",
        date=today(),
        set=describe_set(
            size=len(run.results),
            what="hostile submissions",
            made=ATTACKS,
            contents=_contents({result.name for result in run.results}),
        ),
        figures=[
            Figure("attacks that get what their honest part earns", "all", f"{n_as_they_must} of {len(run.results)}"),
            Figure("faults that belong to no single attack, such as a file that changed", "0", str(len(run.host))),
        ],
        tables=[Table("Attacks by group", ["group", "attacks"], [[name, str(count)] for name, count in by_group])],
        misses=[*(f"{each.name}: {each.reason}" for each in run.results if each.reason), *run.host],
    )


def _contents(names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every file that these attacks are made from."""
    folder = attacks_folder()
    for name in names:
        for path in (folder / name).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(folder).as_posix(), path.read_bytes()
