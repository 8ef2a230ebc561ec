"""List the files of a submission, a folder or a zip, and read them on demand.

Nothing is unpacked to disk. A file of a zip is decompressed in chunks and no further than the requested number of
bytes, so memory stays bounded whatever the compression method is and whatever sizes the zip claims.
"""

from __future__ import annotations

import bz2
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol

from gradkit.submissions.outcome import Verdict

from .not_taken_in import ASK_AGAIN, NotTakenIn

MAX_ZIP_BYTES = 64 << 20
MAX_ENTRIES = 10_000
"""Files in a submission. In a folder, its subfolders count as well."""

MAX_FOLDER_DEPTH = 12
MAX_NAME_LENGTH = 4096
"""Characters of a path in an archive. Linux does not allow longer paths."""

_MAX_DIRECTORY_BYTES = 32 << 20
_CHUNK_BYTES = 1 << 16

_DIRECTORY_SIGNATURE = b"PK\x01\x02"
"""First bytes of every entry in a zip's directory (APPNOTE.TXT, section 4.3.12)."""

_FILE_SIGNATURE = b"PK\x03\x04"
_FILE_HEADER = struct.Struct("<4s22xHH")
"""Header before every file: signature, ..., length of the name, length of the extra field (section 4.3.7). Name and
extra field follow, then the content."""

_LZMA_HEADER = struct.Struct("<2xHBI")
"""Header of LZMA content: version, size of the properties, one byte for lc, lp and pb, size of the dictionary
(section 5.8.8)."""

_IGNORED_NAME = re.compile(r"\..*|__MACOSX|__pycache__|site-packages|node_modules", re.I)


class UnfitError(Exception):
    """The submission cannot be used.

    Args:
        message: The reason, as a sentence that the student reads.
        verdict: Verdict of all items.
        advice: What the instructor can do, as a sentence.
        not_taken_in: Files that were not used, with the reason for each.
    """

    def __init__(
        self,
        message: str,
        verdict: Verdict = Verdict.ERROR,
        advice: str = ASK_AGAIN,
        not_taken_in: Sequence[NotTakenIn] = (),
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.advice = advice
        self.not_taken_in = tuple(not_taken_in)


@dataclass(frozen=True)
class Entry:
    """A regular file of a submission.

    Attributes:
        parts: Its path: the names of folders, then the name of the file.
        read: Returns its first bytes, at most the number that is passed.
    """

    parts: tuple[str, ...]
    read: Callable[[int], bytes]


def is_ignored(name: str) -> bool:
    """Return whether a file or folder of this name is never part of a submission: hidden, or made by a tool."""
    return _IGNORED_NAME.fullmatch(name) is not None


def split_path(name: str) -> tuple[str, ...]:
    """Return the parts of a path in an archive. Old programs on Windows separate them by backslashes."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


# --- folders ---------------------------------------------------------------------------------------------------------


def list_folder_entries(source: Path) -> Iterator[Entry]:
    """List the regular files below a folder. Links are not followed, and only regular files are opened.

    Raises:
        UnfitError: If there are more than MAX_ENTRIES files and folders.
        OSError: If the folder cannot be read.
    """

    def stop(error: OSError) -> NoReturn:
        raise error

    n_entries = 0
    for folder, subfolders, names in os.walk(source, onerror=stop, followlinks=False):
        parts = Path(folder).relative_to(source).parts
        n_entries += len(subfolders) + len(names)
        if n_entries > MAX_ENTRIES:
            raise UnfitError(f"The submission holds more than {MAX_ENTRIES:,} files.")

        # os.walk visits what this list holds afterwards, in this order.
        is_deep = len(parts) >= MAX_FOLDER_DEPTH
        subfolders[:] = [] if is_deep else sorted(name for name in subfolders if not is_ignored(name))

        for name in sorted(names):
            path = Path(folder) / name
            if not is_ignored(name) and stat.S_ISREG(path.lstat().st_mode):
                yield Entry((*parts, name), partial(read_start, path))


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file that is not a link.

    The file is unbuffered, because a bounded process shares the position in it with the process that forked it.

    Raises:
        OSError: If the file cannot be opened, or is a link, a folder, a pipe or a device.
    """
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)  # Windows has O_BINARY only, and other systems have the other two only
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


def read_start(path: Path, max_bytes: int) -> bytes:
    """Read the first `max_bytes` bytes of a regular file that is not a link. Raises OSError as `open_regular` does."""
    with open_regular(path) as opened:
        return opened.read(max_bytes)


# --- zips ------------------------------------------------------------------------------------------------------------


class _BoundedDirectory:
    """A zip's file object for `zipfile`: bounds the directory before `zipfile` makes an object of every entry."""

    def __init__(self, opened: BinaryIO, max_entries: int) -> None:
        self._opened = opened
        self._max_entries = max_entries
        self.seek, self.tell, self.close = opened.seek, opened.tell, opened.close

    def read(self, size: int = -1) -> bytes:
        raw = self._opened.read(min(size, _MAX_DIRECTORY_BYTES + 1)) if size >= 0 else self._opened.read()
        if len(raw) > _MAX_DIRECTORY_BYTES or raw.count(_DIRECTORY_SIGNATURE) > self._max_entries:
            raise UnfitError(f"The zip holds more than {self._max_entries:,} files.")
        return raw


def list_zip_entries(opened: BinaryIO, max_bytes: int, max_entries: int) -> Iterator[Entry]:
    """List the regular files in a zip, which must stay open while they are read.

    Args:
        opened: The zip.
        max_bytes: Maximum size of the zip.
        max_entries: Maximum number of its entries.

    Raises:
        UnfitError: If the zip is too large, or has too many entries.
        Exception: If the zip is damaged. `take_in.describe_error` knows the exceptions.
    """
    for info in _list_zip_directory(opened, max_bytes, max_entries):
        parts = split_path(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or not parts or ".." in parts or kind not in (0, stat.S_IFREG):
            continue
        if len(info.filename) > MAX_NAME_LENGTH or len(parts) > MAX_FOLDER_DEPTH:
            continue
        if not any(map(is_ignored, parts)):
            yield Entry(parts, partial(_decompress, opened, info))


def list_zip_folders(opened: BinaryIO, max_bytes: int, max_entries: int) -> set[tuple[str, ...]]:
    """List the folders in a zip, also those that are empty or hold only files that never count.

    The arguments and exceptions are those of `list_zip_entries`.
    """
    folders: set[tuple[str, ...]] = set()
    for info in _list_zip_directory(opened, max_bytes, max_entries):
        parts = split_path(info.filename)
        folder = parts if info.is_dir() else parts[:-1]
        if len(info.filename) <= MAX_NAME_LENGTH and len(parts) <= MAX_FOLDER_DEPTH and ".." not in parts:
            while folder and any(map(is_ignored, folder)):
                folder = folder[:-1]
            if folder:
                folders.add(folder)
    return folders


def _list_zip_directory(opened: BinaryIO, max_bytes: int, max_entries: int) -> list[zipfile.ZipInfo]:
    """List the directory of a zip. Raises as `list_zip_entries` does."""
    if opened.seek(0, os.SEEK_END) > max_bytes:
        raise UnfitError(f"The zip is larger than {max_bytes >> 20} megabytes.")
    return zipfile.ZipFile(_BoundedDirectory(opened, max_entries)).infolist()


class _Decompressor(Protocol):
    """What the decompressors of zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _NoCompression:
    """Decompressor of the method `stored`."""

    eof = False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return data[:max_length]


def _decompress(opened: BinaryIO, info: zipfile.ZipInfo, max_bytes: int) -> bytes:
    """Decompress the first `max_bytes` bytes of a zip's file, whatever size it claims.

    `zipfile` lists the entries but does not read them: it does not bound the output of bzip2 and LZMA, with which 646
    bytes can become 1.4 GB.

    Raises:
        UnfitError: If the file is encrypted, or its method is unknown.
        Exception: If the zip is damaged.
    """
    if info.flag_bits & 1:
        raise UnfitError("The zip is locked by a password.")

    opened.seek(info.header_offset)
    signature, *lengths = _FILE_HEADER.unpack(_read_exactly(opened, _FILE_HEADER.size))
    if signature != _FILE_SIGNATURE:
        raise zipfile.BadZipFile("no header before a file")
    opened.seek(sum(lengths), os.SEEK_CUR)

    n_packed = info.compress_size
    if info.compress_type == zipfile.ZIP_LZMA:
        n_packed -= _LZMA_HEADER.size
    decompressor = _make_decompressor(opened, info.compress_type, max_bytes)

    n_wanted = min(max_bytes, info.file_size)
    content = bytearray()
    while len(content) < n_wanted and n_packed > 0 and not decompressor.eof:
        packed = _read_exactly(opened, min(n_packed, _CHUNK_BYTES))
        n_packed -= len(packed)
        content += decompressor.decompress(packed, n_wanted - len(content))

    is_whole = len(content) < n_wanted or n_wanted == info.file_size
    if is_whole and zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile("a file's checksum is wrong")
    return bytes(content)


def _read_exactly(opened: BinaryIO, size: int) -> bytes:
    """Read `size` bytes. Raises EOFError if there are fewer."""
    raw = opened.read(size)
    if len(raw) < size:
        raise EOFError("the zip ends in the middle of a file")
    return raw


def _make_decompressor(opened: BinaryIO, method: int, max_bytes: int) -> _Decompressor:
    """Make the decompressor of a zip's method. For LZMA, its header is read from the zip.

    Args:
        opened: The zip, at the start of a file's content.
        method: Compression method.
        max_bytes: How many bytes will be requested from the decompressor.

    Raises:
        UnfitError: If the method is not one of the four that Python knows.
    """
    if method == zipfile.ZIP_STORED:
        return _NoCompression()
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15)
    if method == zipfile.ZIP_BZIP2:
        return bz2.BZ2Decompressor()
    if method == zipfile.ZIP_LZMA:
        size, properties, dictionary_bytes = _LZMA_HEADER.unpack(_read_exactly(opened, _LZMA_HEADER.size))
        if size != 5 or properties >= 9 * 5 * 5:
            raise zipfile.BadZipFile("LZMA properties")
        lzma_filter = {
            "id": lzma.FILTER_LZMA1,
            # A zip can request a dictionary of 4 GB. At most as much of it is used as there is output.
            "dict_size": max(min(dictionary_bytes, max_bytes), 4096),
            "lc": properties % 9,
            "lp": properties // 9 % 5,
            "pb": properties // 45,
        }
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma_filter])
    raise UnfitError(f"The zip is packed by a method that is not known here ({method}): pack it as a usual zip.")
