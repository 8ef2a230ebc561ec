"""Who handed something in: the students of a folder, under names that are safe in a file name, a table and a page."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from gradkit.errors import UserError

_LONGEST = 200
"""Bytes that a file name of ours may take; the rest is for endings."""


class RosterError(UserError):
    """The folder holds no class; the message says what it should hold."""


@dataclass(frozen=True)
class Student:
    """One submission. name: what reports and their files call the student.   source: the folder or zip."""

    name: str
    source: Path


def roster(folder: Path, leave_out: Path) -> tuple[list[Student], list[str]]:
    """The students of a folder that holds a folder or a zip for each, in order; and the names of what else it holds.

    leave_out: where reports go, which may be inside; what it lies in is no student.
    Raises RosterError where there is none.
    """
    if folder.is_file():
        raise RosterError(f"{safe_name(folder.name)} is a file: unpack it, and name the folder of submissions.")
    if not folder.is_dir():
        raise RosterError(f"There is no folder {safe_name(str(folder), 300)}.")
    found: dict[str, Student] = {}
    others: list[str] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: (not entry.is_dir(follow_symlinks=False), entry.name)):
        path = Path(entry.path)
        is_folder = entry.is_dir(follow_symlinks=False)
        is_zip = entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(".zip")
        if entry.name.startswith(".") or entry.name == "__MACOSX" or leave_out.resolve().is_relative_to(path.resolve()):
            continue
        if not (is_folder or is_zip):
            others.append(safe_name(entry.name))
            continue
        name = safe_name(entry.name if is_folder else entry.name[:-4])
        if name in found:  # a folder and a zip of the same name
            name = safe_name(entry.name)
        while name in found:
            name += "~"
        found[name] = Student(name, path)
    if not found:
        raise RosterError(_nothing(folder, others))
    return sorted(found.values(), key=lambda student: student.name), sorted(others)


def student_called(name: str, folder: Path) -> Student:
    """Return the student of this name in a folder of submissions. Raises RosterError if there is none."""
    students, _ = roster(folder, folder / ".reports")
    found = next((student for student in students if student.name == name), None)
    if found is None:
        raise RosterError(f"{name} has no submission in {folder}: name the student's folder or zip with --submission.")
    return found


def _nothing(folder: Path, others: list[str]) -> str:
    if any(name.endswith(".py") for name in others):
        return (
            "There are Python files in this folder itself, and no folder or zip for a student. Is it one student's? "
            "Then name the folder above it."
        )
    return f"{safe_name(folder.name)} holds no submissions: a folder or a zip for each student is due."


def safe_name(name: str, longest: int = _LONGEST) -> str:
    """A name that hides nothing and breaks nothing: what is not printable, and % itself, is written as %XX.

    Different names stay different.
    """
    raw = "".join(letter if _is_plain(letter) else _escaped(letter) for letter in name)
    if raw.strip() != raw or raw.startswith(("-", ".")) or not raw:
        raw = f"%{raw}%"
    if len(raw.encode()) <= longest:
        return raw
    mark = hashlib.sha256(raw.encode()).hexdigest()[:12]
    return raw.encode()[: longest - 13].decode("utf-8", "ignore") + f"~{mark}"


def _is_plain(letter: str) -> bool:
    return letter.isprintable() and letter not in "%/\\" and not "\ud800" <= letter <= "\udfff"


def _escaped(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
