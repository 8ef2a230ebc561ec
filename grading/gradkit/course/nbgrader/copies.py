"""Autograde copies of the submissions: nbgrader opens only what intake has read and written again.

nbgrader itself follows links, copies every file beside a notebook, walks every folder and trusts timestamp.txt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from gradkit.course.collect import collect_student
from gradkit.submissions.exception_text import tidy
from gradkit.submissions.intake.students import Student

from .lookup import CourseMismatchError, assignment_of


class _Copies(NamedTuple):
    """The copies of submissions.

    Attributes:
        notebooks: Paths of the notebooks by the folder of the copy, as a converter's `assignments` has them.
        refused: A sentence for every submission that was not copied.
    """

    notebooks: dict[str, list[str]]
    refused: list[str]


def autograde_copies(converter: Autograde) -> None:
    """Make a converter of nbgrader, which has listed its submissions, autograde copies of them.

    A submission that cannot be read is refused in a line of the log, and nbgrader's exit status is 1. The others are
    graded.
    """
    # nbgrader names its converter's class in its commands, so this method can only be replaced in an instance.
    converter.convert_notebooks = partial(_convert_copies, converter, converter.convert_notebooks)


def _convert_copies(converter: Autograde, convert: Callable[[], None]) -> None:
    """Copy the submissions, and convert the copies.

    Args:
        converter: The converter.
        convert: The converter's method `convert_notebooks`.

    Raises:
        NbGraderException: If a submission is refused, or `convert` raises it.
    """
    folders, submissions = converter.coursedir, converter.assignments
    with TemporaryDirectory(prefix="gradkit-") as scratch:
        converter.coursedir = _with_submissions_in(folders, scratch)
        refused: list[str] = []
        try:
            converter.assignments, refused = _copy_all(converter, folders, sorted(submissions))
            convert()
        finally:
            converter.coursedir, converter.assignments = folders, submissions
            for line in refused:
                converter.log.error(line)
    if refused:
        raise NbGraderException(f"{len(refused)} submissions were not graded.")


def _with_submissions_in(folders: CourseDirectory, scratch: str) -> CourseDirectory:
    """Return the same course folder with another folder of submissions."""
    # nbgrader 0.9.5 does not match paths below an absolute folder.
    relative = os.path.relpath(scratch, os.path.realpath(folders.root))
    settings = {**folders.trait_values(config=True), "submitted_directory": relative}
    return CourseDirectory(parent=folders.parent, **settings)


def _copy_all(converter: Autograde, folders: CourseDirectory, paths: Iterable[str]) -> _Copies:
    """Copy every submission that can be read.

    Args:
        converter: The converter, whose course folder has the folder of copies as its folder of submissions.
        folders: The course folder.
        paths: Folder of each submission.
    """
    format_submitted = partial(folders.format_path, folders.submitted_directory)
    pattern = re.compile(format_submitted("(?P<student>.*)", "(?P<assignment>.*)", escape=True))
    n_levels = len(PurePath(folders.directory_structure).parts) - 1  # of folders that belong to one student

    notebooks: dict[str, list[str]] = {}
    refused: list[str] = []
    for path in paths:
        match = pattern.fullmatch(path)
        student = match["student"] if match else tidy(os.path.relpath(path, folders.root))
        if match is None or not student.isprintable():
            refused.append(f"{tidy(student)} is not graded. Its folder has a name that cannot be printed: rename it.")
            continue
        if any(folder.is_symlink() for folder in [Path(path), *Path(path).parents][:n_levels]):
            refused.append(f"{student} is not graded. Its folder is a link, and links are not followed.")
            continue

        assignment = match["assignment"]
        target = Path(converter._format_source(assignment, student))
        reason = _copy(converter, student, assignment, Path(path), target)
        if reason:
            refused.append(f"{student} is not graded. {reason}")
        else:
            notebooks[str(target)] = [str(target / f"{assignment}.ipynb")]
    return _Copies(notebooks, refused)


def _copy(converter: Autograde, student: str, assignment: str, path: Path, target: Path) -> str:
    """Copy a submission, and log the warnings of its intake.

    Args:
        converter: The converter, for its log.
        student: Name of the student.
        assignment: Name of the assignment.
        path: Folder of the submission.
        target: Folder of the copy.

    Returns:
        The reason why it cannot be copied; empty if it was copied.
    """
    try:
        collected = collect_student(assignment_of(assignment), Student(student, path), target)
    except CourseMismatchError as error:
        return str(error)
    for warning in (*collected.warnings, *collected.not_taken_in):
        converter.log.warning("%s: %s", student, warning)
    return collected.reason
