"""Submissions between two phases: what was found so far, in a file each, so that a stopped run goes on from there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from gradkit.files import write_whole

from .report import Report
from .report_check import check

FOLDER = ".unfinished"
"""The folder among the reports. A submission's file is deleted when its report is written."""


class Unfinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a submission whose last phase is still to come.

    public:  the report of the public phase.
    seconds: how long that took.
    passed:  the ids of the items that passed, by the name of each later phase that is done.
    """

    public: Report
    seconds: float
    passed: dict[str, tuple[str, ...]] = {}


def path_of(out: Path, student: str) -> Path:
    """Return where a student's file is, in a folder of reports."""
    return out / FOLDER / f"{student}.json"


def write(found: Unfinished, path: Path) -> None:
    """Write the file, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    write_whole(path, msgspec.json.encode(found))


def read(path: Path) -> Unfinished | None:
    """Read the file of a stopped run; None if there is none, or none that can be read."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Unfinished)
        check(found.public)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found


def clear(out: Path, students: Collection[str]) -> None:
    """Delete the files of those who are not in the class any more, and the folder if nothing in it is needed."""
    folder = out / FOLDER
    for path in folder.glob("*.json"):
        if path.stem not in students:
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
