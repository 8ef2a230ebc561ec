"""Write files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

PARTIAL = ".partial"
"""How the name of a file ends that a killed process may leave behind."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whenever this process may be killed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    partial.write_bytes(content)
    partial.replace(path)
