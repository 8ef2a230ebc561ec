"""The settings of the whole course, in assignments/course.toml."""

from __future__ import annotations

from typing import Literal

import msgspec

from .home import course_home
from .toml_files import read_toml


class CourseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of course.toml.

    Attributes:
        engine_so_far: Whose code of earlier assignments the notebooks of a2 and later begin with: the reference's
            ("given") or the student's ("own").
    """

    engine_so_far: Literal["given", "own"]


def course_settings() -> CourseSettings:
    """Read course.toml.

    Raises:
        SettingsError: If course.toml is missing, or has an unknown key or a wrong value.
    """
    return read_toml(course_home() / "assignments" / "course.toml", CourseSettings)
