"""Autograding of copies: nbgrader opens nothing that a student made, only what intake has read and written anew.

nbgrader itself follows links, copies every file beside a notebook, walks every folder and trusts timestamp.txt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from gradkit.course.collect import collect_student
from gradkit.course.downloads import HandedIn
from gradkit.submissions.exception_text import tidy
from gradkit.submissions.intake.entries import entries_of_folder

from .here import NotOursError, assignment_of


def autograde_copies(converter: Autograde) -> None:
    """Have a converter that has found its submissions autograde copies of them.

    A submission that cannot be read is refused in a line of the log, and nbgrader's exit status says so; the others are
    graded.
    """
    # nbgrader names its converter's class in its commands, so this method can only be replaced in an instance.
    converter.convert_notebooks = partial(_convert_copies, converter, converter.convert_notebooks)


def _convert_copies(converter: Autograde, convert: Callable[[], None]) -> None:
    """Copy the submissions, and convert the copies. Raises NbGraderException if any is refused, as `convert` does."""
    submitted, found = converter.coursedir, converter.assignments
    refused: list[str] = []
    with TemporaryDirectory(prefix="gradkit-") as folder:
        converter.coursedir = _with_submissions_in(submitted, folder)
        try:
            converter.assignments = dict(_copies(converter, submitted, sorted(found), refused))
            convert()
        finally:
            converter.coursedir, converter.assignments = submitted, found
            for line in refused:
                converter.log.error(line)
    if refused:
        raise NbGraderException(f"{len(refused)} submissions were not graded.")


def _with_submissions_in(coursedir: CourseDirectory, folder: str) -> CourseDirectory:
    """The same course folder, with another folder of submissions."""
    # nbgrader 0.9.5 does not match paths below an absolute folder.
    there = os.path.relpath(folder, os.path.realpath(coursedir.root))
    settings = {**coursedir.trait_values(config=True), "submitted_directory": there}
    return CourseDirectory(parent=coursedir.parent, **settings)


def _copies(
    converter: Autograde, submitted: CourseDirectory, paths: list[str], refused: list[str]
) -> Iterator[tuple[str, list[str]]]:
    """Copy each submission, and return its folder and notebook. refused: gets a line for each that is not copied."""
    name = partial(submitted.format_path, submitted.submitted_directory)
    named = re.compile(name("(?P<student>.*)", "(?P<assignment>.*)", escape=True))
    own_levels = len(PurePath(submitted.directory_structure).parts) - 1
    for path in paths:
        match = named.fullmatch(path)
        who = match["student"] if match else tidy(os.path.relpath(path, submitted.root))
        if match is None or not who.isprintable():
            refused.append(f"{tidy(who)} is not graded. Its folder has a name that cannot be printed: rename it.")
        elif any(level.is_symlink() for level in [Path(path), *Path(path).parents][:own_levels]):
            refused.append(f"{who} is not graded. Its folder is a link, and links are not followed.")
        else:
            target = Path(converter._format_source(match["assignment"], who))
            problem = _copy(converter, who, match["assignment"], Path(path), target)
            if problem:
                refused.append(f"{who} is not graded. {problem}")
            else:
                yield str(target), [str(target / f"{match['assignment']}.ipynb")]


def _copy(converter: Autograde, who: str, assignment: str, path: Path, target: Path) -> str:
    """Copy a submission, and return why it cannot be copied, if it cannot. The log gets what was done on the way."""
    try:
        student = HandedIn(who, lambda _: list(entries_of_folder(path)), path)
        found = collect_student(assignment_of(assignment), student, target)
    except NotOursError as error:
        return str(error)
    for note in found.notes:
        converter.log.warning("%s: %s", who, note)
    return found.problem
