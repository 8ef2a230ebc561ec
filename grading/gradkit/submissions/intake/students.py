"""The students of a class, under names that are safe in file names, tables and pages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gradkit.errors import UserError

from .sources import Source

MAX_NAME_BYTES = 200
"""Bytes of a student's name. A file name may have 255: the rest is for endings."""


ID_KINDS = {
    "id": "the student's id in the roster",
    "email": "the student's e-mail address",
    "canvas_user": "Canvas' number of the student",
    "canvas_submission": "Canvas' number of the upload; of several files, the newest one's",
    "moodle_participant": "Moodle's number of the participant in this assignment",
    "gradescope_submission": "Gradescope's number of the submission",
    "gradescope_sid": "the student's id in Gradescope",
    "github_login": "the student's login at GitHub",
}
"""Kinds of ids that a roster or a download has, and what each of them is."""


class StudentsError(UserError):
    """A folder or zip is not a class's download, or a student is not in it."""


@dataclass(frozen=True)
class Student:
    """A student of the class.

    Attributes:
        name: The student's name in reports, and the name of the student's files.
        source: What the student handed in.
        ids: What identifies the student or the submission elsewhere, by kind: one of ID_KINDS.
        submitted: When it was handed in, in ISO 8601 with an offset from UTC; empty if that is not known.
        is_marked_late: Whether the download marks it as late.
        warnings: Sentences for the instructor about the download, each safe to print.
    """

    name: str
    source: Source
    ids: Mapping[str, str] = field(default_factory=dict)
    submitted: str = ""
    is_marked_late: bool = False
    warnings: tuple[str, ...] = ()


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
