"""Read when something was handed in, as platforms and nbgrader write it, and write it in one form."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[ T](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?"
    r" ?(?:(?P<zone>Z|UTC|GMT|[A-Za-z]{2,30}(?:/[A-Za-z_+-]{1,30}){1,2})"
    r"|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?"
)


def parse_time(text: str) -> str:
    """Return a time in ISO 8601 with an offset from UTC and without fractions, or an empty string if it is none.

    Args:
        text: The time, as in `2026-10-01 21:34:00.861687000 Z`. Without a zone, it is taken for UTC.
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        return ""
    try:
        moment = datetime.fromisoformat(f"{match['date']} {match['time']}")
        return moment.replace(tzinfo=_zone(match)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _zone(match: re.Match[str]) -> tzinfo:
    """Return the time zone of a time. Raises ValueError if it is not known."""
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
        return timezone(offset if match["sign"] == "+" else -offset)
    name = match["zone"] or "UTC"
    if "/" not in name:
        return timezone.utc
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"{name} is not a time zone") from None
