"""Read timestamp.txt in place of nbgrader, because a student can have written it, and it must not stop a class."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from gradkit.outputs.timestamps import read_timestamp


def read_timestamps_with_care() -> None:
    """Make nbgrader ignore a timestamp.txt that is a link, is not a file, or does not contain a time.

    nbgrader 0.9.5 fails on each of these, or waits forever, on formgrader's page of all submissions and in
    `nbgrader collect`. It has no setting for how a timestamp is read, so two of its methods are replaced.
    """
    CourseDirectory.get_existing_timestamp = _read_existing_timestamp
    NbGraderAPI.get_submitted_timestamp = _read_submitted_timestamp


def _read_existing_timestamp(folders: CourseDirectory, folder: str) -> datetime | None:
    """Read the timestamp in a folder. Replaces `CourseDirectory.get_existing_timestamp`."""
    stamp = read_timestamp(Path(folder), "")
    return stamp.time if stamp else None


def _read_submitted_timestamp(api: Any, assignment: str, student: str) -> datetime | None:
    """Read the timestamp of a submission. Replaces `NbGraderAPI.get_submitted_timestamp`."""
    folders = api.coursedir
    return _read_existing_timestamp(folders, folders.format_path(folders.submitted_directory, student, assignment))
