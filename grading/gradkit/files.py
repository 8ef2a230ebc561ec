"""Write files that exist either whole or not at all, and digest the contents of files."""

from __future__ import annotations

import hashlib
import json
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
    """Return one digest of named contents, whatever their order.

    Args:
        contents: The name and the content of each, such as a file's.
    """
    facts = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in contents)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def read_contents(folder: Path, pattern: str = "**/*") -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder whose paths match a pattern, by path within the folder, with their contents."""
    for path in sorted(folder.glob(pattern)):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()
