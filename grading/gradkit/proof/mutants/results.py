"""The results of mutants so far, in a file, so that a run can be stopped and resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.grader.digests import KIT, is_digested

Result = TypeVar("Result", bound=msgspec.Struct)


class ResultsFile(Generic[Result]):
    """Results by the digest of their mutant, one JSON line each.

    A file that was written for another suite is begun anew.

    Args:
        name: The name of the file, without its ending.
        basis: A digest of what the results depend on in addition to the mutant.
        kind: The type of the results.
    """

    def __init__(self, name: str, basis: str, kind: type[Result]) -> None:
        self._path = results_folder() / f"{name}.jsonl"
        self.by_digest: dict[str, Result] = {}
        lines = self._path.read_bytes().splitlines() if self._path.is_file() else []
        if lines[:1] == [msgspec.json.encode(basis)]:
            decoder = msgspec.json.Decoder(tuple[str, kind])  # type: ignore[valid-type]
            for line in lines[1:]:
                try:
                    digest, result = decoder.decode(line)
                except msgspec.DecodeError:  # the last line, if the run was killed while it wrote
                    continue
                self.by_digest[digest] = result
        else:
            self._path.parent.mkdir(exist_ok=True)
            self._path.write_bytes(msgspec.json.encode(basis) + b"\n")

    def add(self, digest: str, result: Result) -> None:
        """Add the result of a mutant."""
        self.by_digest[digest] = result
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode((digest, result)) + b"\n")


def results_folder() -> Path:
    """Return the folder of the results, which is not committed."""
    return course_home() / ".mutants"


def digest_items() -> str:
    """Return the digest of what decides whether an item passes: the tests, the corpora, and the kit."""
    suites = sorted((course_home() / "tests").glob("a[0-9]*_*/*.py"))
    kit = sorted(path for path in KIT.rglob("*.py") if is_digested(path))
    return digest_files([*suites, *sorted(corpora_folder().glob("*.json")), *kit, Path(__file__).parent / "running.py"])


def digest_programs() -> str:
    """Return the digest of what decides whether a mutant computes the same: the programs, and how they are compared."""
    folder = Path(__file__).parent
    return digest_files([*sorted((folder / "programs").glob("*.py")), folder / "differences.py"])


def digest_files(paths: Sequence[Path]) -> str:
    """Return one digest of the names and contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
