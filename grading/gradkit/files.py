"""Write files that exist either whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

PARTIAL = ".partial"
"""The end of the name of a temporary file, which a process that is killed can leave behind."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that exists either whole or not at all, even if this process is killed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    partial.write_bytes(content)
    partial.replace(path)
