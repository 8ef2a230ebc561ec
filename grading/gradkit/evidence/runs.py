"""Run the graded suites on a folder, in a process of its own, and read what became of each item."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from ..suite.assignments import assignments


class ItemRecord(msgspec.Struct, frozen=True):
    """What `pytest --gradkit-results` writes of an item."""

    title: str
    points: float
    verdict: str
    message: str
    code: list[str]
    hint: str
    blocked_by: list[str]
    fingerprint: str

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"


Record = dict[str, ItemRecord]


def run(folder: Path) -> Record:
    """Every item's record. Raises RuntimeError, with what pytest said, where the run itself broke."""
    suites = [str(assignment.suite) for assignment in assignments()]
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suites]
        options = ["--submission", str(folder.resolve()), "--gradkit-results", str(results)]
        ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        if ended.returncode not in (0, 1):
            raise RuntimeError(f"pytest broke on {folder}:\n{ended.stdout}{ended.stderr}")
        return msgspec.json.decode(results.read_bytes(), type=Record)


def run_all(folders: Mapping[str, Path], workers: int = 2) -> Iterator[tuple[str, Record]]:
    """The records of many folders, in their order, as they come; each runs in a process of its own."""
    with ThreadPoolExecutor(workers) as pool:
        yield from zip(folders, pool.map(run, folders.values()), strict=True)


def primaries(record: Record) -> set[str]:
    """The items that fail in their own right: everything they need passes."""
    return {name for name, item in record.items() if not item.passed and item.verdict != "blocked"}
