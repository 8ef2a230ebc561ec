"""Submissions into nbgrader's folder: a notebook for every student, made of .py files where those were handed in.

Nothing of a student's is run or parsed: a notebook is copied as it is, and a file becomes the text of a cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..graphs.corpus import write_whole
from ..submissions.intake import looked_into, problem_of, start_of, submitted_files
from ..suite.assignments import Assignment
from .downloads import HandedIn, handed_in
from .notebooks import KERNEL, nbgrader_marks

TIMESTAMP = "timestamp.txt"
_LONGEST_STAMP = 64


@dataclass(frozen=True)
class Collected:
    """What became of a student. taken: the files that are in nbgrader's folder now.   problem: why there are none."""

    student: str
    taken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def collect(assignment: Assignment, downloads: Path, into: Path, force: bool = False) -> Iterator[Collected | str]:
    """Bring everyone's submission into <into>/<student>/<assignment>/; each as it comes, then what is no student's.

    downloads: a folder or zip with a folder or zip for each student, or a learning platform's download.
    force:     write over what is there and differs.
    Raises DownloadsError where there is no student, and OSError where nothing can be written.
    """
    with handed_in(downloads, into) as (students, others):
        for student in students:
            yield _collected(assignment, student, into / student.student / assignment.name, force)
        yield from others


def _collected(assignment: Assignment, student: HandedIn, target: Path, force: bool) -> Collected:
    notes = list(student.notes)
    page = f"{assignment.name}.ipynb"
    try:
        entries = looked_into(student.entries(), assignment.modules, assignment.notebook)
        files = submitted_files(entries, assignment.modules, assignment.notebook, notes)
    except Exception as error:
        return Collected(student.student, (), tuple(notes), problem_of(error).message)
    if page not in files:
        texts = {module: files.pop(f"{module}.py", b"") for module in assignment.modules}
        files[page] = _notebook_of(assignment, texts, notes)
        notes.append(f"{page} was made of {', '.join(f'{module}.py' for module in texts)}")
    files |= _timestamp(student)
    if not force and _differs(target, files):
        notes.append("what is there already differs, and was left as it is: --force writes over it")
        return Collected(student.student, tuple(sorted(files)), tuple(notes))
    target.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_whole(target / name, content)
    return Collected(student.student, tuple(sorted(files)), tuple(notes))


def _differs(target: Path, files: Mapping[str, bytes]) -> bool:
    there = {name: target / name for name in files if (target / name).exists()}
    return any(path.read_bytes() != files[name] for name, path in there.items())


def _timestamp(student: HandedIn) -> dict[str, bytes]:
    """When it was handed in, if nbgrader has noted that beside it."""
    path = student.folder / TIMESTAMP if student.folder else None
    if path is None or path.is_symlink() or not path.is_file():
        return {}
    return {TIMESTAMP: start_of(path, _LONGEST_STAMP)}


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
