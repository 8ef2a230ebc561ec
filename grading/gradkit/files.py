"""Write files that exist either whole or not at all, and compute digests of contents."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PARTIAL = ".partial"
"""The end of the name of a temporary file, which a process that is killed can leave behind."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that exists either whole or not at all, even if this process is killed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    partial.write_bytes(content)
    partial.replace(path)


def digest_contents(contents: Iterable[tuple[str, bytes]]) -> str:
    """Return one digest of many contents, in order, each with its name."""
    digest = hashlib.sha256()
    for name, content in contents:
        for each in (name.encode(), content):
            digest.update(len(each).to_bytes(8, "big") + each)
    return digest.hexdigest()[:16]


def read_contents(folder: Path, pattern: str = "**/*") -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder whose paths match a pattern, by path within the folder, with their contents."""
    for path in sorted(folder.glob(pattern)):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()
