"""The results of mutants so far, in a file, so that a run can be stopped and resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.grader.digests import KIT, is_digested

from ..results_file import ResultsFile

Result = TypeVar("Result", bound=msgspec.Struct)


def open_results(name: str, basis: str, kind: type[Result]) -> ResultsFile[Result]:
    """Open the file of results with this name: see ResultsFile."""
    return ResultsFile(results_folder() / f"{name}.jsonl", basis, kind)


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
