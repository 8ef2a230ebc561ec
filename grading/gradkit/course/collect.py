"""Submissions into nbgrader's folder: a notebook for every student, made of .py files where those were handed in.

Nothing of a student's is run or parsed: a notebook is copied as it is, and a file becomes the text of a cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.files import write_whole
from gradkit.outputs.timestamps import TIMESTAMP, read_timestamp
from gradkit.submissions.bounded import READING, LimitReachedError, Unwritable, run_bounded
from gradkit.submissions.exception_text import presentable
from gradkit.submissions.intake.entries import UnfitError
from gradkit.submissions.intake.notebook import MAX_CELL_BYTES
from gradkit.submissions.intake.take_in import looked_into, problem_of, submitted_files

from .downloads import HandedIn, handed_in
from .notebooks import KERNEL, nbgrader_marks

NEW, AS_BEFORE, SKIPPED, NOTHING = "new", "as before", "skipped", "without a notebook"
"""What can become of a submission."""


class Collected(msgspec.Struct, frozen=True, tag=True):
    """What became of a student.

    state:   one of the four above.
    taken:   the files that were handed in, as nbgrader wants them.
    notes:   what the instructor should know, each fit to be printed.
    problem: why there are none.
    """

    student: str
    state: str
    taken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def collect(assignment: Assignment, downloads: Path, into: Path, force: bool = False) -> Iterator[Collected | str]:
    """Bring everyone's submission into <into>/<student>/<assignment>/; each as it comes, then what is no student's.

    downloads: a folder or zip with a folder or zip for each student, or a learning platform's download.
    force:     write over what is there and differs.
    Raises DownloadsError where there is no student, OSError where nothing can be written, and ImportError where
    nbgrader is due to read a time, and is not installed.
    """
    in_place = downloads.resolve() == into.resolve()
    with handed_in(downloads, into) as (students, others):
        for student in students:
            home = student.folder if in_place and student.folder else into / student.student
            yield collect_student(assignment, student, home / assignment.name, in_place, force)
        yield from others


def collect_student(
    assignment: Assignment, student: HandedIn, target: Path, in_place: bool = False, force: bool = False
) -> Collected:
    """Bring one student's submission into a folder, in a bounded process.

    A submission that reaches a limit is one without a notebook. Raises OSError and ImportError as `collect` does.
    """
    stamp = None if in_place or student.folder is None else _timestamp(assignment, student.folder)
    try:
        found = run_bounded(lambda: _written(assignment, student, target, in_place, force, stamp), _Reply, READING)
    except LimitReachedError as error:
        return Collected(student.student, NOTHING, problem=problem_of(error).message)
    if isinstance(found, Unwritable):
        raise found.error()
    return found


_Reply = Collected | Unwritable


def _written(
    assignment: Assignment, student: HandedIn, target: Path, in_place: bool, force: bool, stamp: bytes | None
) -> _Reply:
    """Read a submission and write it to nbgrader's folder. stamp: timestamp.txt, empty if that is not a time."""
    notes: list[str] = []
    try:
        files = _files(assignment, student, in_place, notes)
    except MemoryError:
        raise
    except Exception as error:
        return Collected(student.student, NOTHING, (), tuple(presentable(notes)), problem_of(error).message)
    if stamp:
        files[TIMESTAMP] = stamp
    elif stamp is not None:
        notes.append(f"{TIMESTAMP} was left out: it does not hold a time")
    try:
        left_over = [] if in_place else _left_over(assignment, target, files)
        state = _state(target, files, left_over)
        if state == SKIPPED and not force:
            notes.append("what is there already differs, and was left as it is: --force writes over it")
        elif state != AS_BEFORE:
            state = NEW
            _put(target, files, left_over)
    except OSError as error:
        return Unwritable.of(error, target)
    return Collected(student.student, state, tuple(sorted(files)), tuple(presentable(notes)))


def _files(assignment: Assignment, student: HandedIn, in_place: bool, notes: list[str]) -> dict[str, bytes]:
    """A notebook, handed in or made, and the files beside it. Raises what reading a submission raises."""
    page, modules = f"{assignment.name}.ipynb", assignment.modules
    entries = student.entries(notes)
    if in_place:  # where a folder for each assignment stands, that of another is not meant
        others = {other.name for other in assignments()} - {assignment.name}
        entries = [entry for entry in entries if entry.parts[0] not in others]
    entries = looked_into(entries, modules, assignment.notebook)
    files = submitted_files(entries, modules, assignment.notebook, notes, assignment.builds_on)
    if page not in files:
        texts = {module: files.pop(f"{module}.py") for module in modules if f"{module}.py" in files}
        for module, content in texts.items():
            if len(content) > MAX_CELL_BYTES:
                raise UnfitError(f"{module}.py is larger than {MAX_CELL_BYTES >> 10} kilobytes: too long for a cell.")
        files[page] = _notebook_of(assignment, texts, notes)
        notes.append(f"{page} was made of {', '.join(f'{module}.py' for module in texts)}")
    return files


def _state(target: Path, files: Mapping[str, bytes], left_over: list[Path]) -> str:
    """What is in nbgrader's folder already: nothing that differs, the same, or another submission."""
    there = {name: (target / name).read_bytes() for name in files if (target / name).exists()}
    if left_over or any(content != files[name] for name, content in there.items()):
        return SKIPPED
    return AS_BEFORE if there.keys() == files.keys() else NEW


def _left_over(assignment: Assignment, target: Path, files: Mapping[str, bytes]) -> list[Path]:
    """The .py files of an earlier submission: beside another notebook they would come along with it."""
    if not (target / f"{assignment.name}.ipynb").exists():
        return []
    return [path for path in sorted(target.glob("*.py")) if path.name not in files]


def _put(target: Path, files: Mapping[str, bytes], left_over: list[Path]) -> None:
    """Write a submission, the notebook last: as long as that is not there, it is not taken for whole."""
    target.mkdir(parents=True, exist_ok=True)
    for path in left_over:
        path.unlink()
    for name in sorted(files, key=lambda name: name.endswith(".ipynb")):
        write_whole(target / name, files[name])


def _timestamp(assignment: Assignment, folder: Path) -> bytes | None:
    """Read when it was handed in, if nbgrader has noted that beside it; empty if that is not a time.

    nbgrader would fail on the latter. Raises ImportError where nbgrader is not installed.
    """
    stamp = read_timestamp(folder, assignment.name)
    if stamp is None:
        return None
    return b"" if stamp.time is None else stamp.content


def _notebook_of(assignment: Assignment, texts: Mapping[str, bytes], notes: list[str]) -> bytes:
    """A notebook of a solution cell for each file. Autograding takes all else from source/."""
    told = f"# {assignment.title}\n\nHanded in as {', '.join(f'`{module}.py`' for module in texts)}."
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "id": "told", "metadata": {}, "source": told}]
    for module, content in texts.items():
        text = content.decode("utf-8-sig", "replace")
        if "\ufffd" in text:
            notes.append(f"{module}.py is not UTF-8: letters that cannot be read stand as \ufffd")
        cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "id": module,
                "metadata": {"nbgrader": nbgrader_marks(module, solution=True)},
                "outputs": [],
                "source": text,
            }
        )
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()
