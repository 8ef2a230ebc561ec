"""Keep what is known of a submission between two phases in a file, so that a stopped run can continue."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from gradkit.files import write_whole
from gradkit.suite.results import ItemResult

from .report import Report
from .report_check import check, check_unblocked

FOLDER = ".unfinished"
"""The folder among the reports. A submission's file is deleted when its report is written."""


class Unfinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a submission whose last phase is still to come.

    Attributes:
        public: The report of the public phase.
        seconds: How long that phase took.
        passed: The ids of the items that passed, by the name of each later phase that is done.
        unblocked: What the public phase found out about blocked items: see `PublicResult`.
    """

    public: Report
    seconds: float
    passed: dict[str, tuple[str, ...]] = {}
    unblocked: dict[str, ItemResult] = {}


def path_of(out: Path, student: str) -> Path:
    """Return the path of a student's file, in a folder of reports."""
    return out / FOLDER / f"{student}.json"


def write(submission: Unfinished, path: Path) -> None:
    """Write the file of a submission, which exists either whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    write_whole(path, msgspec.json.encode(submission))


def read(path: Path) -> Unfinished | None:
    """Read the file of a stopped run. Return None if it does not exist or cannot be read."""
    try:
        submission = msgspec.json.decode(path.read_bytes(), type=Unfinished)
        check(submission.public)
        check_unblocked(submission.public, submission.unblocked)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return submission


def clear(out: Path, students: Collection[str]) -> None:
    """Delete the files of students who have left the class, and the folder if it is empty then.

    Args:
        out: The folder of reports.
        students: The names of the class.
    """
    folder = out / FOLDER
    for path in folder.glob("*.json"):
        if path.stem not in students:
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
