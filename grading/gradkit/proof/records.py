"""The records of the proof: what each part has measured, one JSON file a part, from which docs/proof.md is made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from gradkit.catalogue.home import course_home
from gradkit.files import write_whole

PARTS = ("mutants", "misconceptions", "designs", "seeds", "hints", "counterexamples", "attacks")
"""The parts of the proof, in the order of the page."""

COMMIT_BEFORE = "ffe6a45"
"""The commit at which the values in `before` were measured."""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured figure.

    Attributes:
        name: What it counts, in a few words.
        goal: What it should be.
        before: The value on COMMIT_BEFORE, or "not measured". An empty text keeps the value of the existing record.
        now: The value of this run.
    """

    name: str
    goal: str
    now: str
    before: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the page."""

    title: str
    columns: list[str]
    rows: list[list[str]]


class MeasuredSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured.

    Attributes:
        size: How many things.
        what: What they are, in the plural.
        author: Who wrote them, or what made them.
        written: The date of that.
        digest: A digest of all of them. Another set has another digest.
    """

    size: int
    what: str
    author: str
    written: str
    digest: str


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part of the proof has measured.

    Attributes:
        part: One of PARTS.
        title: The heading on the page.
        question: The question that the figures answer.
        command: The command that makes the figures.
        date: The date of the run.
        set: What was measured.
        figures: The figures.
        tables: Tables with more about them.
        misses: Everything that did not go as it should, by name.
    """

    part: str
    title: str
    question: str
    command: str
    date: str
    set: MeasuredSet
    figures: list[Figure]
    tables: list[Table] = []
    misses: list[str] = []

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise ValueError(f"{self.part!r} is not a part of the proof: {', '.join(PARTS)}")


def records_folder() -> Path:
    """Return the folder of the records."""
    return course_home() / "docs" / "proof"


def read_records() -> list[Record]:
    """Return the records of all parts that have one, in the order of PARTS."""
    paths = [records_folder() / f"{part}.json" for part in PARTS]
    return [msgspec.json.decode(path.read_bytes(), type=Record) for path in paths if path.is_file()]


def write_record(record: Record) -> None:
    """Write the record of a part. A figure without `before` keeps the one that the existing record has."""
    before = {figure.name: figure.before for old in read_records() if old.part == record.part for figure in old.figures}
    figures = [
        msgspec.structs.replace(figure, before=figure.before or before.get(figure.name, "not measured"))
        for figure in record.figures
    ]
    text = msgspec.json.encode(msgspec.structs.replace(record, figures=figures))
    records_folder().mkdir(exist_ok=True)
    write_whole(records_folder() / f"{record.part}.json", msgspec.json.format(text, indent=2) + b"\n")


def today() -> str:
    """Return today's date (UTC), as records have it."""
    return datetime.now(timezone.utc).date().isoformat()


def digest_texts(texts: Iterable[str]) -> str:
    """Return one digest of texts, whatever their order."""
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:16]
