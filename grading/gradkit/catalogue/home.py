"""The folder of the course."""

from __future__ import annotations

from pathlib import Path


def course_home() -> Path:
    """Return the folder that contains assignments/ and tests/.

    It is inside the installed package if gradkit was released, and the root of the repository otherwise.
    """
    packaged = Path(__file__).parents[1] / "_course"
    return packaged if packaged.exists() else Path(__file__).parents[3]
