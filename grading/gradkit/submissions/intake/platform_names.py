"""How learning platforms name what a student uploaded. A further platform is a further row of PLATFORM_NAMES."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class PlatformName:
    """How a platform names what a student uploaded.

    Attributes:
        pattern: Matches the name. Groups: `name`; `number`, which differs for students of the same name; `upload`, the
            number of the upload; `file`, as the student called it; `late`.
        number_kind: What `number` is: one of `students.ID_KINDS`. Empty if it is not an id.
        upload_kind: What `upload` is.
        has_file: Whether it is an uploaded file, and not the platform's page of text that the student typed in.
        is_numbered: Whether a file that is uploaded again is called name-1, name-2.
        can_be_folder: Whether a folder can have such a name.
    """

    pattern: re.Pattern[str]
    number_kind: str = ""
    upload_kind: str = ""
    has_file: bool = True
    is_numbered: bool = False
    can_be_folder: bool = False


_MOODLE = r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_"
_CANVAS = r"(?P<name>.+?)(?P<late>_LATE|_late)?_(?P<number>\d+)_"
_ANONYMOUS = r"(?P<late>LATE_)?(?P<name>anon_[A-Za-z0-9]+)_(?P<upload>\d+)_(?P<file>.+)"

PLATFORM_NAMES = (
    # Moodle, mod/assign/classes/downloader.php: in folders (without the last underscore since Moodle 4), or all in one.
    PlatformName(re.compile(_MOODLE + r"file(?:_(?P<file>.*))?", re.S), "moodle_participant", can_be_folder=True),
    PlatformName(
        re.compile(_MOODLE + r"[a-z]+(?:_.*)?", re.S), "moodle_participant", can_be_folder=True, has_file=False
    ),
    # Canvas, lib/content_zipper.rb: graded anonymously; with names; typed into a text box.
    PlatformName(re.compile(_ANONYMOUS, re.S), upload_kind="canvas_submission", is_numbered=True),
    PlatformName(
        re.compile(_CANVAS + r"(?P<upload>\d+)_(?P<file>.+)", re.S),
        "canvas_user",
        "canvas_submission",
        is_numbered=True,
    ),
    PlatformName(re.compile(_CANVAS + r"(?:text|link)\.html", re.S), "canvas_user", has_file=False),
)


def match_platform(name: str, is_folder: bool) -> tuple[PlatformName, dict[str, str]] | None:
    """Return the row that describes the name of a file or folder, and the groups that are not empty, if one does."""
    for platform in PLATFORM_NAMES:
        if is_folder and not platform.can_be_folder:
            continue
        match = platform.pattern.fullmatch(name)
        if match:
            return platform, {group: text for group, text in match.groupdict().items() if text}
    return None
