"""The results of a long run so far, in a file, so that the run can be stopped and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Result = TypeVar("Result", bound=msgspec.Struct)


class ResultsFile(Generic[Result]):
    """Results by the digest of what was run, one JSON line each.

    A file with another basis is overwritten.

    Args:
        path: The file.
        basis: A digest of what all results depend on.
        kind: The type of the results.
    """

    def __init__(self, path: Path, basis: str, kind: type[Result]) -> None:
        self._path = path
        self.by_digest: dict[str, Result] = {}
        content = path.read_bytes() if path.is_file() else b""
        lines = content.splitlines()
        if lines[:1] == [msgspec.json.encode(basis)]:
            decoder = msgspec.json.Decoder(tuple[str, kind])  # type: ignore[valid-type]
            for line in lines[1:]:
                try:
                    digest, result = decoder.decode(line)
                except msgspec.DecodeError:  # a line that was the last one when the run was killed
                    continue
                self.by_digest[digest] = result
            if not content.endswith(b"\n"):
                self._append(b"")
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(msgspec.json.encode(basis) + b"\n")

    def add(self, digest: str, result: Result) -> None:
        """Add a result."""
        self.by_digest[digest] = result
        self._append(msgspec.json.encode((digest, result)))

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(line + b"\n")
