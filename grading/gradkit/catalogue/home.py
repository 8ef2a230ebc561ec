"""The folder of the course."""

from __future__ import annotations

from pathlib import Path


def course_home() -> Path:
    """Return the folder that holds assignments/ and tests/: inside the installed package, or the repository's root."""
    packaged = Path(__file__).parents[1] / "_course"
    return packaged if packaged.exists() else Path(__file__).parents[3]
