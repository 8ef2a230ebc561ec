"""List the students of a folder of submissions, under names that are safe in file names, tables and pages."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gradkit.errors import UserError

MAX_NAME_BYTES = 200
"""Bytes of a student's name. A file name may have 255: the rest is for endings."""


ID_KINDS = {
    "id": "the student's id in the roster",
    "email": "the student's e-mail address",
    "canvas_user": "Canvas' number of the student",
    "canvas_submission": "Canvas' number of the submission",
    "moodle_participant": "Moodle's number of the participant in this assignment",
    "gradescope_submission": "Gradescope's number of the submission",
    "gradescope_sid": "the student's id in Gradescope",
    "github_login": "the student's login at GitHub",
}
"""Kinds of ids that a roster or a download has, and what each of them is."""


class StudentsError(UserError):
    """The folder is not a folder of submissions, or a student is not in it."""


@dataclass(frozen=True)
class Student:
    """A student of the class.

    Attributes:
        name: The student's name in reports, and the name of the student's files.
        source: The submission, a folder or a zip.
        ids: What identifies the student or the submission elsewhere, by kind: one of ID_KINDS.
        submitted: When it was handed in, in ISO 8601 with an offset from UTC; empty if that is not known.
        is_marked_late: Whether the download marks it as late.
    """

    name: str
    source: Path
    ids: Mapping[str, str] = field(default_factory=dict)
    submitted: str = ""
    is_marked_late: bool = False


def list_students(folder: Path, leave_out: Path) -> tuple[list[Student], list[str]]:
    """List the students of a folder that contains a folder or a zip for each of them.

    Args:
        folder: The folder of submissions.
        leave_out: The folder of reports. It may be inside `folder`; the entry that contains it is not a student.

    Returns:
        The students, sorted by name, and the names of the other files, sorted.

    Raises:
        StudentsError: If `folder` is not a folder, or contains no submission.
    """
    if folder.is_file():
        raise StudentsError(f"{safe_name(folder.name)} is a file: unpack it, and name the folder of submissions.")
    if not folder.is_dir():
        raise StudentsError(f"There is no folder {safe_name(str(folder), 300)}.")

    students: dict[str, Student] = {}
    others: list[str] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: (not entry.is_dir(follow_symlinks=False), entry.name)):
        path = Path(entry.path)
        if is_left_out(path, leave_out):
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        is_zip = entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(".zip")
        if not (is_folder or is_zip):
            others.append(safe_name(entry.name))
            continue

        name = safe_name(entry.name if is_folder else entry.name[:-4])
        if name in students:  # a folder and a zip of the same name
            name = safe_name(entry.name)
        while name in students:
            name += "~"
        students[name] = Student(name, path)

    if not students:
        raise StudentsError(_describe_missing_submissions(folder, others))
    return sorted(students.values(), key=lambda student: student.name), sorted(others)


def is_left_out(path: Path, leave_out: Path) -> bool:
    """Return whether an entry of a folder of submissions is not a submission.

    Args:
        path: The entry.
        leave_out: A folder that gradkit writes to.

    Returns:
        True for hidden entries, for what macOS adds, and if `leave_out` is the entry or inside it.
    """
    is_noise = path.name.startswith(".") or path.name == "__MACOSX"
    return is_noise or leave_out.resolve().is_relative_to(path.resolve())


def find_student(name: str, folder: Path) -> Student:
    """Return the student of this name in a folder of submissions. Raises StudentsError if it has none."""
    students, _ = list_students(folder, folder / ".reports")
    for student in students:
        if student.name == name:
            return student
    raise StudentsError(f"{name} has no submission in {folder}: name the student's folder or zip with --submission.")


def _describe_missing_submissions(folder: Path, others: list[str]) -> str:
    """Say what a folder without submissions contains instead, and what to do."""
    if any(name.endswith(".py") for name in others):
        return (
            "There are Python files in this folder itself, and no folder or zip for a student. Is it one student's? "
            "Then name the folder above it."
        )
    return f"{safe_name(folder.name)} holds no submissions. It should contain a folder or a zip for each student."


def safe_name(name: str, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Percent-encode unprintable characters and `%`, so that different names stay different and safe to print.

    A name that is too long is cut off and ends in a part of its hash.

    Args:
        name: Any name.
        max_bytes: Maximum length of the result in UTF-8.
    """
    encoded = "".join(letter if _is_plain(letter) else _percent_encode(letter) for letter in name)
    if encoded.strip() != encoded or encoded.startswith(("-", ".")) or not encoded:
        encoded = f"%{encoded}%"
    if len(encoded.encode()) <= max_bytes:
        return encoded
    digest = hashlib.sha256(encoded.encode()).hexdigest()[:12]
    return encoded.encode()[: max_bytes - 13].decode("utf-8", "ignore") + f"~{digest}"


def _is_plain(letter: str) -> bool:
    return letter.isprintable() and letter not in "%/\\" and not "\ud800" <= letter <= "\udfff"


def _percent_encode(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
