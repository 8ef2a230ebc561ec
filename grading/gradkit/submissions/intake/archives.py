"""Open the archives in a submission: a zip or a tar, also one in another, within bounds. Nothing is unpacked to disk.

Learning platforms put an uploaded zip into a folder for each student, and students zip a folder that holds a zip.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import BinaryIO, NamedTuple

from .entries import (
    MAX_ENTRIES,
    MAX_FOLDER_DEPTH,
    MAX_NAME_LENGTH,
    MAX_ZIP_BYTES,
    Entry,
    UnfitError,
    is_ignored,
    list_zip_entries,
    split_path,
)
from .file_names import has_any, join_paths
from .not_taken_in import ASK_AGAIN, NotTakenIn

MAX_ARCHIVE_DEPTH = 2
"""How many archives can be inside each other, without the zip that a platform makes of a class."""

MAX_ARCHIVES = 4
"""Archives side by side that are opened to find the one that can be graded."""

MAX_PACKED_TAR_BYTES = 32 << 20
"""Together with MAX_TAR_BYTES, this stays within the memory of a bounded process."""

MAX_TAR_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 16

_ARCHIVE = re.compile(r".*\.(zip|tar|tar\.gz|tgz)", re.I | re.S)
_OTHER_ARCHIVE = re.compile(r".*\.(rar|7z|gz|bz2|xz|tbz2?|txz|zst|dmg|iso)", re.I | re.S)

USE_ZIP = "Unpack it, or ask the student for a zip."


class Listing(NamedTuple):
    """The files of a submission.

    Attributes:
        entries: The files.
        not_taken_in: Files that are not among them.
        warnings: Sentences for the instructor.
    """

    entries: list[Entry]
    not_taken_in: list[NotTakenIn]
    warnings: list[str]


def is_archive(name: str) -> bool:
    """Return whether a file is called like an archive that can be opened here."""
    return _ARCHIVE.fullmatch(name) is not None


def archive_stem(name: str) -> str:
    """Return the name of an archive without its ending."""
    return re.sub(r"\.(zip|tar|tar\.gz|tgz)\Z", "", name, flags=re.I)


def list_archive(name: str, opened: BinaryIO) -> list[Entry]:
    """List the regular files in an archive, which must stay open while they are read.

    Args:
        name: Name of the archive, whose ending says of which kind it is.
        opened: The archive.

    Raises:
        UnfitError: If the archive is too large, has too many entries, or is damaged. Reading an entry raises it, too.
    """
    with _name_damage(name):
        if name.lower().endswith(".zip"):
            entries = list(list_zip_entries(opened, MAX_ZIP_BYTES, MAX_ENTRIES))
        else:
            entries = list(_list_tar_entries(opened, is_packed=not name.lower().endswith(".tar")))
    return [Entry(entry.parts, partial(_read_entry, name, entry)) for entry in entries]


def _read_entry(name: str, entry: Entry, max_bytes: int) -> bytes:
    with _name_damage(name):
        return entry.read(max_bytes)


@contextmanager
def _name_damage(name: str) -> Iterator[None]:
    """Name the archive in the error if it is damaged. That can raise anything, depending on where the damage is."""
    try:
        yield
    except (UnfitError, MemoryError):
        raise
    except Exception as error:
        kind = "a zip" if name.lower().endswith(".zip") else "a tar"
        raise UnfitError(f"{name} is damaged, or is not {kind} ({type(error).__name__}).") from None


def open_archives(entries: list[Entry], graded: Collection[str], depth: int = 0) -> Listing:
    """Return the entries of a submission or, if none of them can be graded, those of the archive among them.

    A notebook under another name can be graded, too, but a file to grade in an archive takes precedence over it.

    Args:
        entries: Files of the submission.
        graded: Names of the files to grade, and of the notebook that can replace them.
        depth: In how many archives the entries are.

    Raises:
        UnfitError: If several archives could be meant, or the only one cannot be opened.
    """
    archives = [entry for entry in entries if is_archive(entry.parts[-1])]
    not_taken_in = [
        NotTakenIn(join_paths([entry.parts]), "It is an archive of a kind that is not opened here.", USE_ZIP)
        for entry in entries
        if _OTHER_ARCHIVE.fullmatch(entry.parts[-1]) and entry not in archives
    ]
    if has_any(entries, graded):
        not_taken_in += _decline(
            archives, "The submission has files to grade beside it.", "If it is meant, remove them."
        )
        return Listing(entries, not_taken_in, [])
    if depth == MAX_ARCHIVE_DEPTH:
        not_taken_in += _decline(archives, f"It is inside {MAX_ARCHIVE_DEPTH} other archives.", USE_ZIP)
        return Listing(entries, not_taken_in, [])

    has_notebook = _has_notebook(entries)
    if len(archives) == 1 and not has_notebook:
        opened = open_archives(_open(archives[0]), graded, depth + 1)
        return opened._replace(not_taken_in=not_taken_in + opened.not_taken_in)

    found: list[tuple[Entry, Listing]] = []
    for archive in archives[:MAX_ARCHIVES]:
        reason = "It holds no file to grade."
        try:
            listing = open_archives(_open(archive), graded, depth + 1)
            if has_any(listing.entries, graded) or (not has_notebook and _has_notebook(listing.entries)):
                found.append((archive, listing))
                continue
        except UnfitError as error:
            reason = str(error)
        not_taken_in += _decline([archive], reason, ASK_AGAIN)
    not_taken_in += _decline(archives[MAX_ARCHIVES:], f"Only {MAX_ARCHIVES} archives are opened.", USE_ZIP)

    if len(found) > 1 or (archives and not found and not has_notebook):
        meant = [archive.parts for archive, _ in found] or [archive.parts for archive in archives[:MAX_ARCHIVES]]
        raise UnfitError(f"Which archive is meant? {join_paths(meant)}", not_taken_in=not_taken_in)
    if not found:
        return Listing(entries, not_taken_in, [])
    archive, listing = found[0]
    warning = f"{join_paths([archive.parts])} was used: it is the only archive with files to grade."
    return Listing(listing.entries, not_taken_in + listing.not_taken_in, [warning, *listing.warnings])


def _decline(archives: Sequence[Entry], reason: str, advice: str) -> list[NotTakenIn]:
    """Say of archives that they were not used."""
    return [NotTakenIn(join_paths([archive.parts]), reason, advice) for archive in archives]


def _has_notebook(entries: list[Entry]) -> bool:
    return any(entry.parts[-1].lower().endswith(".ipynb") for entry in entries)


def _open(archive: Entry) -> list[Entry]:
    """List an archive that is a file of a submission. It is read into memory."""
    name = archive.parts[-1]
    max_bytes = MAX_ZIP_BYTES if name.lower().endswith((".zip", ".tar")) else MAX_PACKED_TAR_BYTES
    return list_archive(name, BytesIO(archive.read(max_bytes + 1)))


# --- tar -------------------------------------------------------------------------------------------------------------


def _list_tar_entries(opened: BinaryIO, is_packed: bool) -> Iterator[Entry]:
    """List the regular files in a tar, whose content is unpacked into memory. Links, devices and sparse files are not.

    Raises:
        UnfitError: If the tar is too large, or has too many entries.
        tarfile.TarError, zlib.error, EOFError: If it is damaged.
    """
    content = _unpack(opened) if is_packed else opened.read(MAX_TAR_BYTES + 1)
    if len(content) > MAX_TAR_BYTES:
        raise UnfitError(f"The archive is larger than {MAX_TAR_BYTES >> 20} megabytes.")
    with tarfile.open(fileobj=BytesIO(content), mode="r:") as archive:
        for number, member in enumerate(archive):
            if number >= MAX_ENTRIES:
                raise UnfitError(f"The archive holds more than {MAX_ENTRIES:,} files.")
            parts = split_path(member.name)
            is_regular = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and member.sparse is None
            if not is_regular or not parts or ".." in parts or any(map(is_ignored, parts)):
                continue
            if len(member.name) <= MAX_NAME_LENGTH and len(parts) <= MAX_FOLDER_DEPTH:
                start, size = member.offset_data, max(member.size, 0)
                yield Entry(parts, partial(_read_slice, content, start, size))


def _read_slice(content: bytes, start: int, size: int, max_bytes: int) -> bytes:
    """Read the start of a file in a tar. Raises EOFError if the tar ends in the middle of it."""
    if start + size > len(content):
        raise EOFError("the tar ends in the middle of a file")
    return content[start : start + min(size, max_bytes)]


def _unpack(opened: BinaryIO) -> bytes:
    """Decompress a gzip file up to MAX_TAR_BYTES + 1 bytes."""
    decompressor = zlib.decompressobj(wbits=31)  # with gzip's header
    content = BytesIO()
    n_packed = 0
    while not decompressor.eof and content.tell() <= MAX_TAR_BYTES:
        packed = decompressor.unconsumed_tail
        if not packed:
            packed = opened.read(_CHUNK_BYTES)
            n_packed += len(packed)
        if not packed:
            raise EOFError("the archive ends in the middle")
        if n_packed > MAX_PACKED_TAR_BYTES:
            raise UnfitError(f"The archive is larger than {MAX_PACKED_TAR_BYTES >> 20} megabytes.")
        content.write(decompressor.decompress(packed, _CHUNK_BYTES))
    return content.getvalue()
