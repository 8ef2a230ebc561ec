"""Where the course lies."""

from __future__ import annotations

from pathlib import Path


def course_home() -> Path:
    """The folder that holds assignments/ and tests/: the installed package's own, or the repository's root."""
    packaged = Path(__file__).parents[1] / "_course"
    return packaged if packaged.exists() else Path(__file__).parents[3]
