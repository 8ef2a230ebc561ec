"""What a student handed in, where a download has it: described in the main process, listed in a bounded one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .archives import Listing, is_archive, list_archive
from .entries import Entry, list_folder_entries, list_zip_entries, list_zip_folders, open_regular, read_start
from .file_names import join_paths
from .not_taken_in import NotTakenIn

MAX_CLASS_BYTES = 4 << 30
"""Size of a whole class's zip. Only what is needed is read of it."""

MAX_CLASS_ENTRIES = 50_000
"""Files in a whole class's zip. Listing this many takes up to 160 MB."""

_NUMBERED_FILE = re.compile(
    r"(?P<stem>.+?)(?:-(?P<number>\d{1,4})|-(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?"
    r"(?P<ending>\.(?:py|ipynb|zip|tar|tar\.gz|tgz))",
    re.I | re.S,
)
_AFTER_NUMBERS = 10_000
"""Number of an upload that Canvas has marked by a random id: it does so if there are more than seven."""


@dataclass(frozen=True)
class Part:
    """A file or folder that a student handed in, on disk or in the zip of a class.

    Attributes:
        path: The file or folder; or the zip of a class that contains it.
        inside: Its path in that zip; empty if it is on disk.
        name: The name that the student gave the file; empty for a folder.
    """

    path: Path
    inside: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Upload:
    """What a student handed in, if it is not simply a folder or an archive on disk.

    Attributes:
        parts: The files and folders.
        is_numbered: Whether a file that was uploaded again is called name-1, name-2.
        not_taken_in: What was handed in with them, and is not a file that can be used.
    """

    parts: tuple[Part, ...]
    is_numbered: bool = False
    not_taken_in: tuple[NotTakenIn, ...] = ()


Source = Path | Upload
"""A folder, archive or single file on disk, or an upload."""


def list_source(source: Source, stack: ExitStack) -> Listing:
    """List the files that a student handed in. Call it in a bounded process.

    Args:
        source: What the student handed in.
        stack: Keeps archives open until the files are read.

    Raises:
        UnfitError: If it is too large.
        OSError: If it cannot be read.
        Exception: If an archive is damaged. `take_in.describe_error` knows the exceptions.
    """
    if isinstance(source, Path):
        if source.is_dir():
            return Listing(list(list_folder_entries(source)), [], [])
        if not is_archive(source.name):
            return Listing([Entry((source.name,), partial(read_start, source))], [], [])
        return Listing(list_archive(source.name, stack.enter_context(open_regular(source))), [], [])

    archives: dict[Path, list[Entry]] = {}
    entries: list[Entry] = []
    for part in source.parts:
        if part.inside and part.path not in archives:
            opened = stack.enter_context(open_regular(part.path))
            archives[part.path] = list(list_zip_entries(opened, MAX_CLASS_BYTES, MAX_CLASS_ENTRIES))
        entries += _list_part(part, archives.get(part.path, []))
    listing = _keep_newest(entries) if source.is_numbered else Listing(entries, [], [])
    return listing._replace(not_taken_in=[*source.not_taken_in, *listing.not_taken_in])


def list_class_zip(path: Path) -> list[tuple[str, ...]]:
    """List the paths of the files in the zip of a class. Raises as `list_source` does.

    A folder without files that count, such as an empty clone, is in the list as a path that ends in an empty part.
    """
    with open_regular(path) as opened:
        files = [entry.parts for entry in list_zip_entries(opened, MAX_CLASS_BYTES, MAX_CLASS_ENTRIES)]
        folders = list_zip_folders(opened, MAX_CLASS_BYTES, MAX_CLASS_ENTRIES)
    above = {parts[:length] for parts in files for length in range(1, len(parts))}
    return files + [(*folder, "") for folder in folders - above]


def read_part(part: Part, max_bytes: int) -> bytes:
    """Read the start of a file of a download. Call it in a bounded process. Raises as `list_source` does."""
    with ExitStack() as stack:
        (entry,) = list_source(Upload((part,)), stack).entries
        return entry.read(max_bytes)


def _list_part(part: Part, archive: Sequence[Entry]) -> list[Entry]:
    """List the files of a part.

    Args:
        part: The part.
        archive: The files in the zip of the class, if it is in one.
    """
    if not part.inside:
        if part.name:
            return [Entry((part.name,), partial(read_start, part.path))]
        return list(list_folder_entries(part.path))

    n_parts = len(part.inside)
    if part.name:
        return [Entry((part.name,), entry.read) for entry in archive if entry.parts == part.inside]
    below = [entry for entry in archive if entry.parts[:n_parts] == part.inside and len(entry.parts) > n_parts]
    return [Entry(entry.parts[n_parts:], entry.read) for entry in below]


def _keep_newest(entries: list[Entry]) -> Listing:
    """Keep the last upload of every file, under its first name. If two have the same number, both are kept."""
    uploads: dict[str, list[tuple[int, Entry]]] = {}
    for entry in entries:
        name, number = entry.parts[-1], 0
        match = _NUMBERED_FILE.fullmatch(name)
        if match:
            name = match["stem"] + match["ending"]
            number = _AFTER_NUMBERS if match["id"] else int(match["number"] or 0)
        uploads.setdefault(name, []).append((number, entry))

    newest = []
    not_taken_in = []
    warnings = []
    for name, numbered in uploads.items():
        last = max(number for number, _ in numbered)
        for number, entry in numbered:
            if number < last:
                reason = "There is a newer upload of this file."
                not_taken_in.append(
                    NotTakenIn(join_paths([entry.parts]), reason, "If it is meant, remove the newer one.")
                )
            else:
                newest.append(Entry((name,), entry.read))
        if last == _AFTER_NUMBERS:
            warnings.append(f"{name}: the upload with a random number was used.")
        elif last:
            warnings.append(f"{name}: upload number {last} was used.")
    return Listing(newest, not_taken_in, warnings)
