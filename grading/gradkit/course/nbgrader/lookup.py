"""Find the assignment and the course folder that nbgrader is working on."""

from __future__ import annotations

from typing import Any

from gradkit.catalogue.assignments import Assignment, assignments

RAW = "gradkit_raw"
"""Key, among nbconvert's resources, of the submitted notebook's bytes: at most MAX_NOTEBOOK_BYTES + 1 of them."""


class CourseMismatchError(Exception):
    """nbgrader's course folder does not match gradkit's course. Nothing is graded, rather than graded wrongly."""


def assignment_of(name: str) -> Assignment:
    """Return the assignment that nbgrader knows by this name. Raises CourseMismatchError if there is none."""
    for assignment in assignments():
        if assignment.name == name:
            return assignment
    raise CourseMismatchError(
        f"{name} is not an assignment of gradkit. It needs another nbgrader_config.py: this one runs no code."
    )


def course_folder_of(step: Any) -> Any:
    """Return nbgrader's CourseDirectory for a preprocessor.

    It belongs to a converter, which is the preprocessor's parent, or the parent of an exporter between the two.
    """
    while not hasattr(step, "coursedir"):
        step = step.parent
    return step.coursedir
