"""Collect submissions into nbgrader's folder: a notebook for every student, made from .py files if necessary.

Nothing of a student's is run or parsed: a notebook is copied unchanged, and a file becomes the text of a cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from enum import Enum
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.files import write_whole
from gradkit.outputs.gradebook import MAX_ID_BYTES
from gradkit.outputs.timestamps import TIMESTAMP, read_timestamp
from gradkit.submissions.bounded import READING, LimitReachedError, WriteFailure, run_bounded
from gradkit.submissions.exception_text import tidy_warnings
from gradkit.submissions.intake.archives import open_archives
from gradkit.submissions.intake.choose import ChosenFiles, choose_files
from gradkit.submissions.intake.downloads import list_students
from gradkit.submissions.intake.entries import Entry, UnfitError
from gradkit.submissions.intake.file_names import files_to_grade
from gradkit.submissions.intake.not_taken_in import NotTakenIn, tidy_not_taken_in
from gradkit.submissions.intake.notebook import MAX_CELL_BYTES
from gradkit.submissions.intake.sources import list_source
from gradkit.submissions.intake.students import Student, safe_name
from gradkit.submissions.intake.take_in import describe_error, describe_not_taken_in

from .notebooks import KERNEL, make_cell_metadata

_WITHOUT_GLOB = str.maketrans("[]*?%", "()--=")
"""nbgrader looks for folders by glob patterns, and grading `submitted` would percent-encode a percent sign again."""


class State(str, Enum):
    """What collecting did with a submission. The values are shown to the instructor."""

    NEW = "new"
    UNCHANGED = "as before"
    SKIPPED = "skipped"
    NO_NOTEBOOK = "without a notebook"


class CollectedSubmission(msgspec.Struct, frozen=True, tag=True):
    """Result of collecting a student's submission.

    Attributes:
        student: The student's name.
        state: What was done.
        files: Names of the files in nbgrader's folder.
        warnings: Sentences for the instructor, each safe to print.
        reason: Why there is no notebook; empty if there is one.
        not_taken_in: Files that were handed in and could not be used.
    """

    student: str
    state: State
    files: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    not_taken_in: tuple[NotTakenIn, ...] = ()


def collect(
    assignment: Assignment, downloads: Path, into: Path, force: bool = False
) -> Iterator[CollectedSubmission | NotTakenIn]:
    """Bring everyone's submission into <into>/<student>/<assignment>/.

    Args:
        assignment: The assignment.
        downloads: A folder or zip with a folder or zip for each student, or a learning platform's download.
        into: nbgrader's folder of submissions.
        force: Whether to replace a submission that is there and differs.

    Yields:
        The result of each student, and then what belongs to no student.

    Raises:
        StudentsError: If the download contains no student's submission.
        OSError: If a file cannot be written.
        ImportError: If a time has to be read, and nbgrader is not installed.
    """
    in_place = downloads.resolve() == into.resolve()
    # In nbgrader's own folder, notebooks are written to the folders of students.
    students, not_taken_in = list_students(downloads, into, "" if in_place else assignment.name, _make_student_id)
    for student in students:
        folder = _folder_of(student) if in_place else None
        yield collect_student(assignment, student, (folder or into / student.name) / assignment.name, in_place, force)
    yield from not_taken_in


def _folder_of(student: Student) -> Path | None:
    """Return the student's folder on disk; None if the files are in an archive or in a platform's download."""
    return student.source if isinstance(student.source, Path) and student.source.is_dir() else None


def _make_student_id(name: str) -> str:
    """Make a student's id for nbgrader from any name."""
    return safe_name(name.translate(_WITHOUT_GLOB), MAX_ID_BYTES).translate(_WITHOUT_GLOB)


def collect_student(
    assignment: Assignment, student: Student, target: Path, in_place: bool = False, force: bool = False
) -> CollectedSubmission:
    """Bring one student's submission into a folder, in a bounded process.

    A submission that reaches a limit has no notebook.

    Args:
        assignment: The assignment.
        student: The student.
        target: The folder to write to.
        in_place: Whether the submission is in nbgrader's folder already.
        force: Whether to replace a submission that is there and differs.

    Raises:
        OSError: If a file cannot be written.
        ImportError: If a time has to be read, and nbgrader is not installed.
    """
    folder = _folder_of(student)
    stamp = None if in_place or folder is None else _read_timestamp(assignment, folder)
    if stamp is None and student.submitted and not in_place:
        stamp = student.submitted.encode()
    try:
        reply = run_bounded(
            lambda: _collect_in_child(assignment, student, target, in_place, force, stamp), _Reply, READING
        )
    except LimitReachedError as error:
        return CollectedSubmission(student.name, State.NO_NOTEBOOK, reason=describe_error(error).message)
    if isinstance(reply, WriteFailure):
        raise reply.to_error()
    return reply


def _read_timestamp(assignment: Assignment, folder: Path) -> bytes | None:
    """Read the timestamp that nbgrader has left beside a submission.

    Returns:
        The content of the file; empty if it does not contain a time, which makes nbgrader fail; None if there is none.

    Raises:
        ImportError: If nbgrader is not installed.
    """
    stamp = read_timestamp(folder, assignment.name)
    if stamp is None:
        return None
    return b"" if stamp.time is None else stamp.content


# --- in the bounded process ------------------------------------------------------------------------------------------

_Reply = CollectedSubmission | WriteFailure


def _collect_in_child(
    assignment: Assignment, student: Student, target: Path, in_place: bool, force: bool, stamp: bytes | None
) -> _Reply:
    """Read a submission and write it to nbgrader's folder.

    Args:
        assignment: The assignment.
        student: The student.
        target: The folder to write to.
        in_place: Whether the submission is in nbgrader's folder already.
        force: Whether to replace a submission that is there and differs.
        stamp: Content of timestamp.txt; empty if it does not contain a time.
    """
    warnings = list(student.warnings)
    if student.is_marked_late:
        warnings.append("The platform marks this submission as late.")
    not_taken_in: list[NotTakenIn] = []
    try:
        with ExitStack() as open_until_read:
            listing = list_source(student.source, open_until_read)
            not_taken_in += listing.not_taken_in
            entries = _without_other_assignments(listing.entries, assignment, in_place)
            opened = open_archives(entries, files_to_grade(assignment.modules, assignment.notebook))
            not_taken_in += opened.not_taken_in
            warnings += listing.warnings + opened.warnings
            chosen = choose_files(opened.entries, assignment.modules, assignment.notebook, assignment.builds_on)
        not_taken_in += chosen.not_taken_in
        warnings += chosen.warnings
        completed = _add_notebook(assignment, chosen.files)
        warnings += completed.warnings
    except MemoryError:
        raise
    except Exception as error:
        reason = describe_error(error).message
        # The first one is the reason itself.
        listed = tidy_not_taken_in([*describe_not_taken_in(error)[1:], *not_taken_in])
        shown = tuple(tidy_warnings(warnings))
        return CollectedSubmission(student.name, State.NO_NOTEBOOK, (), shown, reason, listed)

    files = completed.files
    if stamp:
        files = files | {TIMESTAMP: stamp}
    elif stamp is not None:
        warnings.append(f"{TIMESTAMP} was left out because it does not contain a time.")

    try:
        left_over = [] if in_place else _find_left_over(assignment, target, files)
        state = _compare_with_collected(target, files, left_over)
        if state is State.SKIPPED and force:
            state = State.NEW
        if state is State.NEW:
            _write_submission(target, files, left_over)
    except OSError as error:
        return WriteFailure.from_error(error, target)

    if state is State.SKIPPED:
        warnings.append("A different submission was collected earlier and has been kept. Use --force to replace it.")
    listed = tidy_not_taken_in(not_taken_in)
    return CollectedSubmission(student.name, state, tuple(sorted(files)), tuple(tidy_warnings(warnings)), "", listed)


def _without_other_assignments(entries: list[Entry], assignment: Assignment, in_place: bool) -> list[Entry]:
    """Leave out the folders of other assignments, which nbgrader's folder has for every student."""
    if not in_place:
        return entries
    others = {other.name for other in assignments()} - {assignment.name}
    return [entry for entry in entries if entry.parts[0] not in others]


def _add_notebook(assignment: Assignment, files: Mapping[str, bytes]) -> ChosenFiles:
    """Replace the files to grade by a notebook that contains them, if there is no notebook.

    Raises:
        UnfitError: If a file is too long for a cell.
    """
    page = f"{assignment.name}.ipynb"
    if page in files:
        return ChosenFiles(dict(files), [], [])

    sources = {module: files[f"{module}.py"] for module in assignment.modules if f"{module}.py" in files}
    warnings = []
    for module, content in sources.items():
        if len(content) > MAX_CELL_BYTES:
            raise UnfitError(f"{module}.py is larger than {MAX_CELL_BYTES >> 10} kilobytes: too long for a cell.")
        if "\ufffd" in _decode(content):
            warnings.append(f"{module}.py is not UTF-8. Characters that cannot be decoded were replaced by \ufffd.")

    names = [f"{module}.py" for module in sources]
    warnings.append(f"{page} was made from {', '.join(names)}.")
    others = {name: content for name, content in files.items() if name not in names}
    return ChosenFiles(others | {page: _make_notebook(assignment, sources)}, warnings, [])


def _make_notebook(assignment: Assignment, sources: Mapping[str, bytes]) -> bytes:
    """Make a notebook with a solution cell for each file. Autograding takes all other cells from source/.

    Args:
        assignment: The assignment.
        sources: Content of each file to grade, by its name without `.py`.
    """
    names = ", ".join(f"`{module}.py`" for module in sources)
    introduction = f"# {assignment.title}\n\nHanded in as {names}."
    # This id stays as it is: a notebook that an earlier version has collected must compare equal.
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "id": "told", "metadata": {}, "source": introduction}]
    for module, content in sources.items():
        cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "id": module,
                "metadata": {"nbgrader": make_cell_metadata(module, solution=True)},
                "outputs": [],
                "source": _decode(content),
            }
        )
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _decode(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace")


# --- nbgrader's folder -----------------------------------------------------------------------------------------------


def _find_left_over(assignment: Assignment, target: Path, files: Mapping[str, bytes]) -> list[Path]:
    """List the .py files of a submission that was collected earlier, which would be graded with the new notebook."""
    if not (target / f"{assignment.name}.ipynb").exists():
        return []
    return [path for path in sorted(target.rglob("*.py")) if path.relative_to(target).as_posix() not in files]


def _compare_with_collected(target: Path, files: Mapping[str, bytes], left_over: list[Path]) -> State:
    """Compare a submission with what nbgrader's folder has already.

    Returns:
        SKIPPED if a different submission is there, UNCHANGED if the same one is, NEW if it has to be written.
    """
    collected = {name: (target / name).read_bytes() for name in files if (target / name).exists()}
    if left_over or any(content != files[name] for name, content in collected.items()):
        return State.SKIPPED
    return State.UNCHANGED if collected.keys() == files.keys() else State.NEW


def _write_submission(target: Path, files: Mapping[str, bytes], left_over: list[Path]) -> None:
    """Write a submission, with the notebook last: without it, an interrupted submission does not count as collected."""
    target.mkdir(parents=True, exist_ok=True)
    for path in left_over:
        path.unlink()
    for name in sorted(files, key=lambda name: name.endswith(".ipynb")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(target / name, files[name])
