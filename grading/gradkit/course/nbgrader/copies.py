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

from ...submissions.accounts import tidy
from ...submissions.intake import UnfitError, entries_of_folder, problem_of
from ..collect import files_for_nbgrader
from ..downloads import HandedIn
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
        notes: list[str] = []
        who = tidy(os.path.relpath(path, submitted.root))
        try:
            match = named.fullmatch(path)
            if match is None or not path.isprintable():
                raise UnfitError("Its folder has a name that cannot be printed. Rename it.")
            who = match["student"]
            assignment = assignment_of(match["assignment"])
            if any(level.is_symlink() for level in [Path(path), *Path(path).parents][:own_levels]):
                raise UnfitError("Its folder is a link, and links are not followed.")
            student = HandedIn(who, lambda _, path=path: list(entries_of_folder(Path(path))), Path(path))  # type: ignore[misc]
            files = files_for_nbgrader(assignment, student, False, notes)
        except NotOursError as error:
            refused.append(f"{who} is not graded. {error}")
        except Exception as error:
            refused.append(f"{who} is not graded. {problem_of(error).message}")
        else:
            target = Path(converter._format_source(match["assignment"], who))
            target.mkdir(parents=True)
            for file, content in files.items():
                (target / file).write_bytes(content)
            yield str(target), [str(target / f"{assignment.name}.ipynb")]
        for note in notes:
            converter.log.warning("%s: %s", who, tidy(note))
