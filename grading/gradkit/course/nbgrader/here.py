"""Where nbgrader is at work: which assignment of ours, and which course folder."""

from __future__ import annotations

from typing import Any

from gradkit.catalogue.assignments import Assignment, assignments

RAW = "gradkit_raw"
"""Among nbconvert's resources: the submitted notebook's bytes, no more of them than may be looked at."""


class NotOursError(Exception):
    """nbgrader works on something that gradkit does not know; nothing is graded rather than graded wrongly."""


def assignment_of(name: str) -> Assignment:
    """The assignment that nbgrader calls by this name. Raises NotOursError."""
    found = next((assignment for assignment in assignments() if assignment.name == name), None)
    if found is None:
        raise NotOursError(
            f"{name} is no assignment of gradkit's. It needs an nbgrader_config.py of its own: this one runs no code."
        )
    return found


def course_folder_of(step: Any) -> Any:
    """nbgrader's CourseDirectory for a preprocessor: a converter has it, and the exporter stands between the two."""
    while not hasattr(step, "coursedir"):
        step = step.parent
    return step.coursedir
