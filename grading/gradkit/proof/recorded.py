"""The digest of the misconceptions whose wrong answers are recorded in tests/corpora/diagnoses.json.

`gradkit prove --record` writes it beside the record, so that `gradkit check` sees whether the record is up to date
without running every specimen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from .specimens import Misconception, reference_folder


def misconceptions_digest(mistakes: Mapping[str, Misconception]) -> str:
    """Return a digest of what the recorded answers depend on: names, edits, hints, and the items that catch them."""
    relevant = [(name, each.module, each.edits, each.hint, each.caught_by) for name, each in sorted(mistakes.items())]
    return hashlib.sha256(msgspec.json.encode(relevant)).hexdigest()[:16]


def recorded_digest() -> str:
    """Return the digest of the misconceptions of the last record; an empty text if there is none."""
    path = digest_file()
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def write_digest(mistakes: Mapping[str, Misconception]) -> None:
    """Write down that the recorded answers are those of these misconceptions."""
    digest_file().write_text(f"{misconceptions_digest(mistakes)}\n", encoding="utf-8")


def digest_file() -> Path:
    """Return the file of the digest."""
    return reference_folder() / "misconceptions" / "recorded.digest"
