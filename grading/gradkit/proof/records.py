"""The records of the proof: what each part has measured, one JSON file a part, from which docs/proof.md is made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.files import digest_contents, write_whole

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


class Authorship(msgspec.Struct, frozen=True):
    """Where a set comes from. Each set has one beside the code that reads it: change the date with the set.

    Attributes:
        author: Who wrote the set, or what made it.
        written: The date at which something was last added or changed, such as "2026-11-30".
    """

    author: str
    written: str


class MeasuredSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured.

    Attributes:
        size: How many things.
        what: What they are, in the plural.
        author: Who wrote them, or what made them.
        written: The date at which one was last added or changed; not that of the run.
        digest: A digest of their contents. Another set has another digest, whatever the results are.
    """

    size: int
    what: str
    author: str
    written: str
    digest: str


def describe_set(size: int, what: str, made: Authorship, contents: Iterable[tuple[str, bytes]]) -> MeasuredSet:
    """Describe a set for its record.

    Args:
        size: How many things were measured.
        what: What they are, in the plural.
        made: Where they come from.
        contents: The name and the content of each of them.
    """
    return MeasuredSet(size, what, made.author, made.written, digest_contents(contents))


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
    """Return the records of all parts that have one, in the order of PARTS. Raises UserError as `read_record`."""
    return [record for record in map(read_record, PARTS) if record]


def read_record(part: str) -> Record | None:
    """Return the record of a part; None if it has none.

    Raises:
        UserError: If the file is not a record.
    """
    path = records_folder() / f"{part}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record) if path.is_file() else None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} is not a record of the proof: {error}. Restore it, or delete it and measure this part again."
        ) from None


def check_records(*parts: str) -> None:
    """Raise UserError if the record of one of these parts is damaged: call this before a run that will replace it."""
    for part in parts:
        read_record(part)


def write_record(record: Record) -> None:
    """Write the record of a part. A figure without `before` keeps the one that the existing record has."""
    old = read_record(record.part)
    before = {figure.name: figure.before for figure in old.figures} if old else {}
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
