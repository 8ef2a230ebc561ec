"""Read when something was handed in, from the timestamp.txt that nbgrader leaves beside a submission."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gradkit.submissions.intake.entries import read_start

TIMESTAMP = "timestamp.txt"
MAX_TIMESTAMP_BYTES = 64

_PATTERN = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d[^/~]*(\w/[^/~]*)*")
"""How nbgrader's times begin. nbgrader fills up a shorter date with today's, and reads /... as the path of a file."""


class Timestamp(NamedTuple):
    """The timestamp of a submission.

    Attributes:
        content: The bytes of the file.
        time: The time in the file; None if it does not contain one.
    """

    content: bytes
    time: datetime | None


def read_timestamp(folder: Path, assignment: str) -> Timestamp | None:
    """Read the timestamp of a submission. A student may have written the file.

    Args:
        folder: The submission.
        assignment: The name of a folder within it that is looked into first.

    Returns:
        None if there is no such file, or it is a link.

    Raises:
        ImportError: If there is one, and nbgrader is not installed.
    """
    for path in (folder / assignment / TIMESTAMP, folder / TIMESTAMP):
        # The folder can be a link, too. Unlike Path.resolve, realpath does not raise for a link to itself.
        if os.path.realpath(path) != os.path.join(os.path.realpath(folder), path.relative_to(folder)):
            continue
        try:
            content = read_start(path, MAX_TIMESTAMP_BYTES)
        except OSError:  # missing, or not a regular file
            continue
        return Timestamp(content, _parse(content))
    return None


def _parse(content: bytes) -> datetime | None:
    from nbgrader.utils import parse_utc

    try:
        text = content.decode().strip()
        time: datetime | None = parse_utc(text) if _PATTERN.fullmatch(text) else None
    except Exception:  # dateutil raises more than it documents
        return None
    return time
