"""List the files that a student means to be checked and that Python does not import, with what to do."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable
from pathlib import Path

from gradkit.catalogue.assignments import Assignment
from gradkit.submissions.exception_text import tidy

MAX_NOTEBOOKS = 3
"""Notebooks that a line names."""


def list_misnamed(folder: Path, assignments: Iterable[Assignment]) -> list[str]:
    """Return a line for each file of these assignments that is there under another name, or in an encoding of its own.

    Args:
        folder: The student's folder.
        assignments: The assignments that are checked.
    """
    try:
        names = os.listdir(folder)  # a name's capitals as they are, also where the file system ignores them
    except OSError:
        return []
    modules = dict.fromkeys(name for assignment in assignments for name in assignment.files)
    lines = [_line_of(folder, module, names) for module in modules]
    return [line for line in lines if line]


def _line_of(folder: Path, module: str, names: list[str]) -> str:
    due = f"{module}.py"
    if due in names:
        is_utf_16 = _first_bytes(folder / due) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return f"{due} is saved as UTF-16, which Python cannot read: save it as UTF-8." if is_utf_16 else ""

    copy = re.compile(rf"{module}([ _-]*\(\d+\)|[ _-]*copy.*|-\d+)?(\.py(\.txt)?|\.txt)", re.IGNORECASE)
    for name in sorted(names):
        if copy.fullmatch(name):
            return f"{due} is missing. {name} lies here: rename it to {due}."
    notebooks = [tidy(name) for name in sorted(names) if name.lower().endswith(".ipynb")]
    if notebooks:
        it = "its code" if len(notebooks) == 1 else "the code that counts"
        lie = "lies" if len(notebooks) == 1 else "lie"
        shown = ", ".join(notebooks[:MAX_NOTEBOOKS])
        return f"{due} is missing. {shown} {lie} here, and pytest checks files: copy {it} into {due}."
    return ""


def _first_bytes(path: Path) -> bytes:
    """Return the first two bytes of a file; none if it cannot be read, which the import of the file reports."""
    if not os.path.isfile(path):  # a pipe would never be opened
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(2)
    except OSError:
        return b""
