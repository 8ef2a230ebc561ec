"""Find each student's files in a class's download: a learning platform's, or a folder or zip for each student.

Files are listed where they are and nothing is unpacked. `_PLATFORM_NAMES` describes how each platform names what a
student uploaded; a further platform is a further row.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from gradkit.errors import UserError

from .entries import Entry, UnfitError, list_folder_entries, list_zip_entries, open_regular, read_start
from .students import is_left_out, safe_name
from .take_in import describe_error

MAX_CLASS_BYTES = 4 << 30
"""Size of a whole class's zip. Only what is needed is read of it."""

MAX_CLASS_ENTRIES = 50_000
"""Files in a whole class's zip. Listing this many takes up to 160 MB."""


class DownloadsError(UserError):
    """The folder or zip is not a class's download."""


class Listing(NamedTuple):
    """The files that a student handed in.

    Attributes:
        entries: The files.
        warnings: Sentences for the instructor.
    """

    entries: list[Entry]
    warnings: list[str]


@dataclass(frozen=True)
class Submission:
    """What a student handed in.

    Attributes:
        student: A name that no other student has.
        list_files: Lists the files. To be called in a bounded process; it raises what reading a submission raises (see
            `take_in.describe_error`).
        folder: The student's folder on disk, or None if the files are in a zip or in a platform's download.
    """

    student: str
    list_files: Callable[[], Listing]
    folder: Path | None


class Downloads(NamedTuple):
    """A class's download.

    Attributes:
        submissions: One for each student, sorted by name.
        others: Names of files that belong to no student, sorted and safe to print.
    """

    submissions: list[Submission]
    others: list[str]


@contextmanager
def open_downloads(
    downloads: Path, leave_out: Path, make_name: Callable[[str], str] = safe_name
) -> Iterator[Downloads]:
    """Open a download, and list the students in it.

    Args:
        downloads: A folder or a zip. The zip stays open in this block.
        leave_out: Folder of the collected submissions. It may be inside `downloads`; the entry that contains it is not
            a student.
        make_name: Makes a name that is safe in a path from the name that a platform has for a student.

    Raises:
        DownloadsError: If there is no student in it.
        OSError: If it cannot be read.
    """
    with ExitStack() as stack:
        tops = _unwrap(_list_top(downloads, leave_out, stack), leave_out, stack)
        groups, others = _group_by_student(tops)
        if not groups:
            raise DownloadsError(_describe_missing_students(downloads, others))
        submissions = _name_students(groups, make_name)
        yield Downloads(sorted(submissions, key=lambda each: each.student), sorted(map(safe_name, others)))


def _describe_missing_students(downloads: Path, others: list[str]) -> str:
    """Say what a download without students contains instead, and what to do."""
    name = safe_name(downloads.name)
    if any(other.endswith((".py", ".ipynb")) for other in others):
        return (
            f"{name} contains files without a student's name. Is it one student's submission? Then name the folder "
            "that contains it."
        )
    return (
        f"{name} holds no submissions. It should contain a folder or a zip for each student, or be a learning "
        "platform's download."
    )


# --- how platforms name what a student uploaded ----------------------------------------------------------------------


@dataclass(frozen=True)
class _PlatformName:
    """How a platform names what a student uploaded.

    Attributes:
        pattern: Matches the name. Groups: `name`; `number`, which differs for students of the same name; `file`, as the
            student called it; `late`.
        has_file: Whether it is an uploaded file, and not the platform's page of text that the student typed in.
        is_numbered: Whether a file that is uploaded again is called name-1, name-2.
        can_be_folder: Whether a folder can have such a name.
    """

    pattern: re.Pattern[str]
    has_file: bool = True
    is_numbered: bool = False
    can_be_folder: bool = False


_MOODLE = r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_"
_CANVAS = r"(?P<name>.+?)(?P<late>_LATE|_late)?_(?P<number>\d+)_"

_PLATFORM_NAMES = (
    # Moodle, mod/assign/classes/downloader.php: in folders (without the last underscore since Moodle 4), or all in one.
    _PlatformName(re.compile(_MOODLE + r"file(?:_(?P<file>.*))?", re.S), can_be_folder=True),
    _PlatformName(re.compile(_MOODLE + r"[a-z]+(?:_.*)?", re.S), can_be_folder=True, has_file=False),
    # Canvas, lib/content_zipper.rb: graded anonymously; with names; typed into a text box.
    _PlatformName(re.compile(r"(?P<late>LATE_)?(?P<name>anon_[A-Za-z0-9]+)_\d+_(?P<file>.+)", re.S), is_numbered=True),
    _PlatformName(re.compile(_CANVAS + r"\d+_(?P<file>.+)", re.S), is_numbered=True),
    _PlatformName(re.compile(_CANVAS + r"(?:text|link)\.html", re.S), has_file=False),
)
_NUMBERED_FILE = re.compile(r"(?P<stem>.+?)(?:-(?P<number>\d{1,4}))?(?P<ending>\.(?:py|ipynb|zip))", re.I | re.S)


# --- what is at the top ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Top:
    """A file or folder at the top of a download.

    Attributes:
        name: Its name.
        is_folder: Whether it is a folder.
        list_entries: Lists its files: those in the folder, or the file itself.
        path: Its path on disk, or None if it is in a zip.
    """

    name: str
    is_folder: bool
    list_entries: Callable[[], list[Entry]]
    path: Path | None = None

    @property
    def is_zip(self) -> bool:
        """Whether it is a zip, and not a link to one."""
        is_link = self.path is not None and self.path.is_symlink()
        return not self.is_folder and not is_link and self.name.lower().endswith(".zip")

    def match_platform(self) -> tuple[_PlatformName, dict[str, str]] | None:
        """Return the row of _PLATFORM_NAMES that describes its name, and the groups that are not empty, if one does."""
        for platform in _PLATFORM_NAMES:
            if self.is_folder and not platform.can_be_folder:
                continue
            match = platform.pattern.fullmatch(self.name)
            if match:
                return platform, {group: text for group, text in match.groupdict().items() if text}
        return None


def _list_top(downloads: Path, leave_out: Path, stack: ExitStack) -> list[_Top]:
    """List the top of a folder or a zip. The zip stays open until `stack` is closed."""
    if downloads.is_dir():
        return list(_top_of_folder(downloads, leave_out))
    if not downloads.is_file():
        raise DownloadsError(f"There is no folder or zip {safe_name(str(downloads), 300)}.")
    try:
        opened = stack.enter_context(open_regular(downloads.resolve()))
        return list(_top_of_zip(list(list_zip_entries(opened, MAX_CLASS_BYTES, MAX_CLASS_ENTRIES))))
    except UnfitError as error:
        raise DownloadsError(f"{safe_name(downloads.name)}: {error} Unpack it, and name the folder.") from None
    except Exception as error:
        reason = describe_error(error).message
        raise DownloadsError(f"{safe_name(downloads.name)} cannot be read as a zip: {reason}") from None


def _top_of_folder(folder: Path, leave_out: Path) -> Iterator[_Top]:
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        path = Path(item.path)
        if is_left_out(path, leave_out):
            continue
        if item.is_dir(follow_symlinks=False):
            yield _Top(item.name, True, partial(_list_folder, path), path)
        else:  # links too: reading one fails
            entry = Entry((item.name,), partial(read_start, path))
            yield _Top(item.name, False, partial(list, [entry]), path)


def _list_folder(path: Path) -> list[Entry]:
    return list(list_folder_entries(path))


def _top_of_zip(entries: list[Entry]) -> Iterator[_Top]:
    in_order = sorted(entries, key=lambda entry: entry.parts)
    for name, group in groupby(in_order, lambda entry: entry.parts[0]):
        with_name = list(group)
        files_below = [Entry(entry.parts[1:], entry.read) for entry in with_name if len(entry.parts) > 1]
        if files_below:
            yield _Top(name, True, partial(list, files_below))
        for entry in with_name:
            if len(entry.parts) == 1:
                yield _Top(name, False, partial(list, [entry]))


def _unwrap(tops: list[_Top], leave_out: Path, stack: ExitStack) -> list[_Top]:
    """Return the top of a platform's download that is the only folder or zip in this one, or else `tops`."""
    containers = [top for top in tops if top.is_folder or top.is_zip]
    if len(containers) != 1 or any(top.match_platform() for top in tops):
        return tops

    container = containers[0]
    try:
        if container.path:
            inner = _list_top(container.path, leave_out, stack)
        else:
            inner = list(_top_of_zip(container.list_entries()))
    except Exception:  # it is one student's submission, and that student's result says what is wrong
        return tops
    return inner if any(top.match_platform() for top in inner) else tops


# --- whose it is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A part of what a student handed in: something at the top of the download.

    Attributes:
        student: Equal for all parts of one student, different for different students.
        name: The student's name.
        unique_name: A name to use if another student has the same name.
        list_entries: Lists the files of this part, if it has any.
        folder: The student's folder on disk, if this is one.
        is_numbered: Whether the platform numbers files that are uploaded again.
        is_late: Whether the platform marks it as late.
    """

    student: tuple[str, ...]
    name: str
    unique_name: str
    list_entries: Callable[[], list[Entry]] | None
    folder: Path | None = None
    is_numbered: bool = False
    is_late: bool = False


def _group_by_student(tops: list[_Top]) -> tuple[list[list[_Part]], list[str]]:
    """Group the top of a download by student.

    Returns:
        The parts of each student, and the names of files that belong to no student.
    """
    groups: dict[tuple[str, ...], list[_Part]] = {}
    others = []
    for top in tops:
        match = top.match_platform()
        if match:
            part = _part_of_platform(top, *match)
        elif top.is_folder or top.is_zip:
            part = _part_of_student(top)
        else:
            others.append(top.name)
            continue
        groups.setdefault(part.student, []).append(part)
    return list(groups.values()), others


def _part_of_student(top: _Top) -> _Part:
    """Describe a folder or zip that is called like a student."""
    return _Part(
        student=(top.name, str(top.is_folder)),
        name=top.name if top.is_folder else top.name[:-4],
        unique_name=top.name,
        list_entries=top.list_entries,
        folder=top.path if top.is_folder else None,
    )


def _part_of_platform(top: _Top, platform: _PlatformName, groups: dict[str, str]) -> _Part:
    """Describe a file or folder that a platform has named.

    Args:
        top: The file or folder.
        platform: How the platform names it.
        groups: Parts of its name, as `match_platform` returns them.
    """
    name, number = groups["name"].strip(), groups.get("number", "")
    list_entries = None
    if platform.has_file and top.is_folder:
        list_entries = top.list_entries
    elif platform.has_file and "file" in groups:
        list_entries = partial(_list_under_name, top, groups["file"])
    return _Part(
        student=("", name, number),
        name=name,
        unique_name=f"{name}_{number}" if number else name,
        list_entries=list_entries,
        is_numbered=platform.is_numbered,
        is_late="late" in groups,
    )


def _list_under_name(top: _Top, name: str) -> list[Entry]:
    """List a file under the name that the student gave it."""
    return [Entry((name,), entry.read) for entry in top.list_entries()]


def _name_students(groups: list[list[_Part]], make_name: Callable[[str], str]) -> list[Submission]:
    """Give each student a different name: with the platform's number if several students have the same name."""
    n_called = Counter(make_name(parts[0].name) for parts in groups)
    submissions = []
    used_names: set[str] = set()
    for parts in groups:
        shared_name = make_name(parts[0].name)
        warnings = ["The platform marks this submission as late."] if any(part.is_late for part in parts) else []
        name = shared_name
        if n_called[shared_name] > 1:
            name = make_name(parts[0].unique_name)
            warnings.append(f"{n_called[shared_name]} students are called {shared_name}.")
        while name in used_names:
            name += "~"
        used_names.add(name)
        submissions.append(Submission(name, partial(_list_files, parts, warnings), parts[0].folder))
    return submissions


def _list_files(parts: Sequence[_Part], warnings: list[str]) -> Listing:
    """List the files of all parts of a submission."""
    entries = [entry for part in parts if part.list_entries for entry in part.list_entries()]
    if not parts[0].is_numbered:
        return Listing(entries, list(warnings))
    newest = _keep_newest(entries)
    return Listing(newest.entries, warnings + newest.warnings)


def _keep_newest(entries: list[Entry]) -> Listing:
    """Keep the last upload of every file, under its first name. If two have the same number, both are kept."""
    uploads: dict[str, list[tuple[int, Entry]]] = {}
    for entry in entries:
        name, number = entry.parts[-1], 0
        match = _NUMBERED_FILE.fullmatch(name)
        if match:
            name, number = match["stem"] + match["ending"], int(match["number"] or 0)
        uploads.setdefault(name, []).append((number, entry))

    newest = []
    warnings = []
    for name, numbered in uploads.items():
        last = max(number for number, _ in numbered)
        for number, entry in numbered:
            if number < last:
                warnings.append(f"{entry.parts[-1]} was ignored because there is a newer upload.")
            else:
                newest.append(Entry((name,), entry.read))
        if last:
            warnings.append(f"{name}: upload number {last} was used.")
    return Listing(newest, warnings)
