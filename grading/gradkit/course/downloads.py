"""Who handed in what: a class as it is downloaded, from a learning platform or in a folder or zip for each student.

Everything is looked at in place: nothing is unpacked here, and names are taken apart by the table below.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

from gradkit.errors import UserError
from gradkit.outputs.gradebook import MAX_ID_BYTES
from gradkit.submissions.intake.entries import (
    Entry,
    UnfitError,
    entries_of_folder,
    entries_of_zip,
    open_regular,
    start_of,
)
from gradkit.submissions.intake.roster import safe_name
from gradkit.submissions.intake.take_in import problem_of

MAX_CLASS_BYTES = 4 << 30
"""Bytes of a whole class's zip, of which no more is read than is needed."""
MAX_CLASS_ENTRIES = 50_000
"""Files in a whole class's zip: listing so many takes up to 160 MB."""

_NO_GLOB = str.maketrans("[]*?%", "()--=")
"""nbgrader looks for folders by patterns, and a percent sign would be escaped once more when `submitted` is graded."""


class DownloadsError(UserError):
    """What was named holds no class; the message says what it should hold."""


@dataclass(frozen=True)
class HandedIn:
    """What a student handed in.

    student: a name that is the student's alone, and safe in a path.
    entries: lists the files, and notes what the instructor should know; it raises what reading a submission raises
             (see intake.problem_of). To be called in a bounded process.
    folder:  the student's own folder on disk, where no platform stands between.
    """

    student: str
    entries: Callable[[list[str]], list[Entry]]
    folder: Path | None


@dataclass(frozen=True)
class _Shape:
    """How a platform names what a student uploaded.

    pattern:  name, perhaps number (tells students of one name apart), file (as the student called it) and late.
    has_file: whether it is a file, or the platform's page of what was typed in.
    numbered: whether a file that was uploaded again is called name-1, name-2.
    folders:  whether a folder can be called so.
    """

    pattern: re.Pattern[str]
    has_file: bool = True
    numbered: bool = False
    folders: bool = False


def _shape(pattern: str, **more: bool) -> _Shape:
    return _Shape(re.compile(pattern, re.S), **more)


_MOODLE = r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_"
_CANVAS = r"(?P<name>.+?)(?P<late>_LATE|_late)?_(?P<number>\d+)_"

_SHAPES = (
    # Moodle, mod/assign/classes/downloader.php: in folders (the last underscore went with Moodle 4), or all in one
    _shape(_MOODLE + r"file(?:_(?P<file>.*))?", folders=True),
    _shape(_MOODLE + r"[a-z]+(?:_.*)?", folders=True, has_file=False),
    # Canvas, lib/content_zipper.rb: graded anonymously; with names; typed into a box
    _shape(r"(?P<late>LATE_)?(?P<name>anon_[A-Za-z0-9]+)_\d+_(?P<file>.+)", numbered=True),
    _shape(_CANVAS + r"\d+_(?P<file>.+)", numbered=True),
    _shape(_CANVAS + r"(?:text|link)\.html", has_file=False),
)
_NUMBERED = re.compile(r"(?P<stem>.+?)(?:-(?P<number>\d{1,4}))?(?P<ending>\.(?:py|ipynb|zip))", re.I | re.S)


@dataclass(frozen=True)
class _Top:
    """A file or folder at the top of a download. path: where it is on disk, if it is not in a zip."""

    name: str
    is_folder: bool
    entries: Callable[[], list[Entry]]
    path: Path | None = None

    @property
    def is_zip(self) -> bool:
        is_link = self.path is not None and self.path.is_symlink()
        return not (self.is_folder or is_link) and self.name.lower().endswith(".zip")

    def shape(self) -> tuple[_Shape, dict[str, str]] | None:
        """How a platform has named it, and the parts of its name."""
        for shape in _SHAPES:
            found = (shape.folders or not self.is_folder) and shape.pattern.fullmatch(self.name)
            if found:
                return shape, {part: text for part, text in found.groupdict().items() if text}
        return None


@dataclass
class _Group:
    """What belongs to one student. fuller: a name for where another has the same."""

    name: str
    fuller: str
    numbered: bool = False
    folder: Path | None = None
    entries: list[Callable[[], list[Entry]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def handed_in(downloads: Path, leave_out: Path) -> Iterator[tuple[list[HandedIn], list[str]]]:
    """The students of a download, in order, and the names of what belongs to none.

    downloads: a folder or a zip, which is open as long as this is.
    leave_out: where collected submissions go: what that lies in is no student.
    Raises DownloadsError where there is no student, and OSError.
    """
    with ExitStack() as stack:
        tops = _unwrapped(_tops(downloads, leave_out, stack), leave_out, stack)
        groups, others = _grouped(tops)
        if not groups:
            raise DownloadsError(_nothing(downloads, others))
        yield sorted(_named(groups), key=lambda each: each.student), sorted(map(safe_name, others))


def _nothing(downloads: Path, others: list[str]) -> str:
    name = safe_name(downloads.name)
    if any(other.endswith((".py", ".ipynb")) for other in others):
        return f"{name} holds files of no student's name. Is it one student's? Then name the folder that it lies in."
    return f"{name} holds no submissions: a folder or a zip for each student is due, or a learning platform's download."


# --- what is at the top ----------------------------------------------------------------------------------------------


def _tops(downloads: Path, leave_out: Path, stack: ExitStack) -> list[_Top]:
    if downloads.is_dir():
        return list(_in_folder(downloads, leave_out))
    if not downloads.is_file():
        raise DownloadsError(f"There is no folder or zip {safe_name(str(downloads), 300)}.")
    try:
        opened = stack.enter_context(open_regular(downloads.resolve()))
        return _in_zip(list(entries_of_zip(opened, MAX_CLASS_BYTES, MAX_CLASS_ENTRIES)))
    except UnfitError as error:
        raise DownloadsError(f"{safe_name(downloads.name)}: {error} Unpack it, and name the folder.") from None
    except Exception as error:
        raise DownloadsError(f"{safe_name(downloads.name)} is no zip to be read: {problem_of(error).message}") from None


def _in_folder(folder: Path, leave_out: Path) -> Iterator[_Top]:
    for found in sorted(os.scandir(folder), key=lambda found: found.name):
        path = Path(found.path)
        if found.name.startswith(".") or found.name == "__MACOSX" or leave_out.resolve().is_relative_to(path.resolve()):
            continue
        if found.is_dir(follow_symlinks=False):
            yield _Top(found.name, True, lambda path=path: list(entries_of_folder(path)), path)  # type: ignore[misc]
        else:  # a link is none either, and is noticed when it is read
            entry = Entry((found.name,), partial(start_of, path))
            yield _Top(found.name, False, lambda entry=entry: [entry], path)  # type: ignore[misc]


def _in_zip(entries: list[Entry]) -> list[_Top]:
    tops = []
    for name, group in groupby(sorted(entries, key=lambda entry: entry.parts), lambda entry: entry.parts[0]):
        mine = list(group)
        below = [Entry(entry.parts[1:], entry.read) for entry in mine if len(entry.parts) > 1]
        files = [entry for entry in mine if len(entry.parts) == 1]
        if below:
            tops.append(_Top(name, True, lambda below=below: below))  # type: ignore[misc]
        tops += [_Top(name, False, lambda entry=entry: [entry]) for entry in files]  # type: ignore[misc]
    return tops


def _unwrapped(tops: list[_Top], leave_out: Path, stack: ExitStack) -> list[_Top]:
    """What is at the top or, where a platform's download lies in the only folder or zip there, what is in that."""
    outer = [top for top in tops if top.is_folder or top.is_zip]
    if len(outer) != 1 or any(top.shape() for top in tops):
        return tops
    try:
        inner = _tops(outer[0].path, leave_out, stack) if outer[0].path else _in_zip(outer[0].entries())
    except Exception:  # then it is one student's, and that student is told of it
        return tops
    return inner if any(top.shape() for top in inner) else tops


# --- whose it is -----------------------------------------------------------------------------------------------------


def _grouped(tops: list[_Top]) -> tuple[list[_Group], list[str]]:
    groups: dict[tuple[str, ...], _Group] = {}
    others = []
    for top in tops:
        known = top.shape()
        if known:
            _add(groups, top, *known)
        elif top.is_folder or top.is_zip:
            name = top.name if top.is_folder else top.name[:-4]
            folder = top.path if top.is_folder else None
            groups[top.name, str(top.is_folder)] = _Group(name, top.name, folder=folder, entries=[top.entries])
        else:
            others.append(top.name)
    return list(groups.values()), others


def _add(groups: dict[tuple[str, ...], _Group], top: _Top, shape: _Shape, parts: dict[str, str]) -> None:
    """Put what a platform has named with the rest of what its student handed in."""
    name, number = parts["name"].strip(), parts.get("number", "")
    fuller = f"{name}_{number}" if number else name
    group = groups.setdefault(("", name, number), _Group(name, fuller, shape.numbered))
    if shape.has_file and top.is_folder:
        group.entries.append(top.entries)
    elif shape.has_file and "file" in parts:
        group.entries.append(lambda: [Entry((parts["file"],), entry.read) for entry in top.entries()])
    if "late" in parts and not group.notes:
        group.notes.append("late, by the platform's name for it")


def _named(groups: list[_Group]) -> Iterator[HandedIn]:
    """Each student under a name of their own: with the platform's number where several are called the same."""
    called = Counter(_plain(group.name) for group in groups)
    taken: set[str] = set()
    for group in groups:
        alone = called[_plain(group.name)] == 1
        name = _plain(group.name if alone else group.fuller)
        while name in taken:
            name += "~"
        taken.add(name)
        if not alone:
            group.notes.append(f"{called[_plain(group.name)]} are called {_plain(group.name)}")
        yield HandedIn(name, partial(_listed, group), group.folder)


def _plain(name: str) -> str:
    return safe_name(name.translate(_NO_GLOB), MAX_ID_BYTES).translate(_NO_GLOB)


def _listed(group: _Group, notes: list[str]) -> list[Entry]:
    notes += group.notes
    entries = [entry for listed in group.entries for entry in listed()]
    return _newest(entries, notes) if group.numbered else entries


def _newest(entries: list[Entry], notes: list[str]) -> list[Entry]:
    """Of files that were uploaded again the last, each under its first name. Two of one number both stay: no guess."""
    uploads: dict[str, list[tuple[int, Entry]]] = {}
    for entry in entries:
        name, number = entry.parts[-1], 0
        if found := _NUMBERED.fullmatch(name):
            name, number = found["stem"] + found["ending"], int(found["number"] or 0)
        uploads.setdefault(name, []).append((number, entry))
    newest = []
    for name, mine in uploads.items():
        last = max(number for number, _ in mine)
        notes += [f"{entry.parts[-1]} was left alone: there is a newer one" for number, entry in mine if number < last]
        if last:
            notes.append(f"{name} was uploaded as number {last}")
        newest += [Entry((name,), entry.read) for number, entry in mine if number == last]
    return newest
