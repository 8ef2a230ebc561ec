"""The files of a submission, listed and read on demand: of a folder or a zip, within bounds that hostile ones meet.

Nothing is unpacked to disk. A zip's file is unpacked piece by piece, no further than the number of bytes asked for, so
that memory stays bounded whatever its method and whatever sizes it claims.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from gradkit.submissions.outcome import Verdict

MAX_ZIP_BYTES = 64 << 20
MAX_ENTRIES = 10_000
"""Files in a submission, and folders too where it is a folder."""
MAX_FOLDER_DEPTH = 12
_MAX_NAME_LENGTH = 4096
"""Letters of a path in a zip; Linux has no longer ones."""
_MAX_DIRECTORY_BYTES = 32 << 20
_CHUNK_BYTES = 1 << 16

_ENTRY = b"PK\x01\x02"
"""How each entry in a zip's directory begins."""
_LOCAL = struct.Struct("<4s22xHH")
"""The header before each file: its mark, and how long name and extra field are, after which the content begins."""
_LZMA = struct.Struct("<2xHBI")
"""How LZMA content begins: size of the properties, of which the first byte is lc, lp and pb, and the dictionary."""

_NOISE = re.compile(r"\..*|__MACOSX|__pycache__|site-packages|node_modules", re.I)


class UnfitError(Exception):
    """The submission cannot be used; the message says why."""

    def __init__(self, message: str, verdict: Verdict = Verdict.ERROR) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True)
class Entry:
    """A regular file of a submission. parts: its path.   read: its first bytes, up to the number asked for."""

    parts: tuple[str, ...]
    read: Callable[[int], bytes]


# --- folders ---------------------------------------------------------------------------------------------------------


def entries_of_folder(source: Path) -> Iterator[Entry]:
    """List the regular files below a folder. Links are not followed, and what is not a file is not opened.

    Raises UnfitError if there are too many, and OSError.
    """
    seen = 0
    for folder, below, names in os.walk(source, followlinks=False):
        parts = Path(folder).relative_to(source).parts
        seen += len(below) + len(names)
        if seen > MAX_ENTRIES:
            raise UnfitError(f"The submission holds more than {MAX_ENTRIES:,} files.")
        below[:] = sorted(name for name in below if not _NOISE.fullmatch(name) and len(parts) < MAX_FOLDER_DEPTH)
        for name in sorted(names):
            path = Path(folder) / name
            if not _NOISE.fullmatch(name) and stat.S_ISREG(path.lstat().st_mode):
                yield Entry((*parts, name), lambda most, path=path: start_of(path, most))  # type: ignore[misc]


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file that is not a link, to be read unbuffered: a bounded process shares its position with others.

    Raises OSError.
    """
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))  # the last is Windows'
    descriptor = os.open(path, os.O_RDONLY | sum(flags))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


def start_of(path: Path, most: int) -> bytes:
    """Read the first `most` bytes of a regular file that is not a link. Raises OSError."""
    with open_regular(path) as opened:
        return opened.read(most)


# --- zips ------------------------------------------------------------------------------------------------------------


class _Directory:
    """A zip as `zipfile` sees it while it lists the entries: bounds what it reads before it makes an object of each."""

    def __init__(self, opened: BinaryIO, max_entries: int) -> None:
        self._opened = opened
        self._max_entries = max_entries
        self.seek, self.tell, self.close = opened.seek, opened.tell, opened.close

    def read(self, size: int = -1) -> bytes:
        raw = self._opened.read(min(size, _MAX_DIRECTORY_BYTES + 1)) if size >= 0 else self._opened.read()
        if len(raw) > _MAX_DIRECTORY_BYTES or raw.count(_ENTRY) > self._max_entries:
            raise UnfitError(f"The zip holds more than {self._max_entries:,} files.")
        return raw


def entries_of_zip(opened: BinaryIO, max_bytes: int, max_entries: int) -> Iterator[Entry]:
    """List the regular files in a zip, which must stay open while they are read.

    Raises UnfitError if it is too large or holds too many, and whatever a broken zip raises.
    """
    if opened.seek(0, os.SEEK_END) > max_bytes:
        raise UnfitError(f"The zip is larger than {max_bytes >> 20} megabytes.")
    for info in zipfile.ZipFile(_Directory(opened, max_entries)).infolist():
        parts = tuple(part for part in info.filename.replace("\\", "/").split("/") if part not in ("", "."))
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or not parts or ".." in parts or kind not in (0, stat.S_IFREG):
            continue
        if len(info.filename) > _MAX_NAME_LENGTH or len(parts) > MAX_FOLDER_DEPTH:
            continue
        if not any(_NOISE.fullmatch(part) for part in parts):
            yield Entry(parts, lambda most, info=info: _unpacked(opened, info, most))  # type: ignore[misc]


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Stored:
    eof = False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return data[:max_length]


def _unpacked(opened: BinaryIO, info: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack the first `most` bytes of a zip's file, whatever size it claims.

    `zipfile` hands bzip2 and LZMA content to the decompressor without a bound on what comes out: 646 bytes may become
    1.4 GB. So its directory is used here, and not its reading.
    """
    if info.flag_bits & 1:
        raise UnfitError("The zip is locked by a password.")
    opened.seek(info.header_offset)
    mark, *lengths = _LOCAL.unpack(_exactly(opened, _LOCAL.size))
    if mark != b"PK\x03\x04":
        raise zipfile.BadZipFile("no header before a file")
    opened.seek(sum(lengths), os.SEEK_CUR)
    left = info.compress_size
    if info.compress_type == zipfile.ZIP_LZMA:
        left -= _LZMA.size
    decompressor = _decompressor(opened, info.compress_type, most)
    wanted = min(most, info.file_size)
    content = bytearray()
    while len(content) < wanted and left > 0 and not decompressor.eof:
        packed = _exactly(opened, min(left, _CHUNK_BYTES))
        left -= len(packed)
        content += decompressor.decompress(packed, wanted - len(content))
    if (len(content) < wanted or wanted == info.file_size) and zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile("a file's checksum is wrong")
    return bytes(content)


def _exactly(opened: BinaryIO, size: int) -> bytes:
    raw = opened.read(size)
    if len(raw) < size:
        raise EOFError("the zip ends in the middle of a file")
    return raw


def _decompressor(opened: BinaryIO, method: int, most: int) -> _Decompressor:
    """The decompressor for a method. Raises UnfitError for a method other than the four that Python knows."""
    if method == zipfile.ZIP_STORED:
        return _Stored()
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15)
    if method == zipfile.ZIP_BZIP2:
        return bz2.BZ2Decompressor()
    if method == zipfile.ZIP_LZMA:
        size, properties, dictionary = _LZMA.unpack(_exactly(opened, _LZMA.size))
        if size != 5 or properties >= 9 * 5 * 5:
            raise zipfile.BadZipFile("LZMA properties")
        # A zip may ask for a dictionary of 4 GB. No more of it is ever used than there is output.
        known = {"dict_size": max(min(dictionary, most), 4096), "lc": properties % 9}
        known |= {"lp": properties // 9 % 5, "pb": properties // 45}
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **known}])
    raise UnfitError(f"The zip is packed by a method that is not known here ({method}): pack it as a usual zip.")
