"""Reading timestamp.txt in nbgrader's place: a student may have made it, and a bad one must not stop a class."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from gradkit.outputs.timestamps import read_timestamp


def read_timestamps_with_care() -> None:
    """Have nbgrader take a timestamp.txt that is a link, not a file, or does not hold a time for none.

    nbgrader 0.9.5 fails on each of these, or waits for ever, on formgrader's page of all submissions and in
    `nbgrader collect`. It has no setting for how a timestamp is read, so two of its methods are replaced.
    """
    CourseDirectory.get_existing_timestamp = _existing
    NbGraderAPI.get_submitted_timestamp = _submitted


def _existing(coursedir: CourseDirectory, folder: str) -> datetime | None:
    stamp = read_timestamp(Path(folder), "")
    return stamp.time if stamp else None


def _submitted(api: Any, assignment: str, student: str) -> datetime | None:
    folders = api.coursedir
    return _existing(folders, folders.format_path(folders.submitted_directory, student, assignment))
