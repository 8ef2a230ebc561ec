"""Read times as learning platforms, reports and instructors write them."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

EXAMPLE = "2026-10-01 23:58"

YEARS = range(1970, 3000)
"""Years that a time can have. Python cannot convert one at the end of the year 9999 to another zone."""

_FORMATS = (
    "%d %B %Y %I:%M %p",  # Moodle: Thursday, 1 October 2026, 11:58 PM
    "%d %B %Y %H:%M",
    "%d %b %Y %I:%M %p",
    "%B %d %Y %I:%M %p",  # Moodle in the United States: Thursday, October 1, 2026, 11:58 PM
    "%Y-%m-%d %I:%M %p",
)
"""Formats without day of the week and commas, in English. ISO 8601 is read without these."""

_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d?:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d+))?\s*"
    r"(?P<offset>Z|UTC|[+-]\d\d:?\d\d)?",
    re.I,
)
"""2026-10-01T23:58:03Z, and as Gradescope (-0700), GitHub (UTC) and nbgrader (.123456 UTC) write it."""


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """Read a time, with an offset from UTC. Return None if it cannot be read.

    Args:
        text: The time.
        zone: The time zone if the text names none.
    """
    text = " ".join(text.split())  # Moodle separates PM by a narrow space
    time = _read_iso(text) or _read_words(text)
    if time is None or time.year not in YEARS:
        return None
    return time if time.tzinfo else time.replace(tzinfo=zone)


def _read_iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    clock = match["time"] if match["time"].count(":") == 2 else f"{match['time']}:00"
    offset = (match["offset"] or "").upper().replace(":", "")
    offset = "+0000" if offset in ("Z", "UTC") else offset
    try:
        return datetime.strptime(
            f"{match['date']} {clock} {offset}".strip(), f"%Y-%m-%d %H:%M:%S{' %z' * bool(offset)}"
        )
    except ValueError:
        return None


def _read_words(text: str) -> datetime | None:
    without_day = re.sub(r"^[^\W\d]+,\s*(?=.*,)", "", text)
    plain = " ".join(without_day.replace(",", " ").split())
    for pattern in _FORMATS:
        try:
            return datetime.strptime(plain, pattern)
        except ValueError:
            continue
    return None
