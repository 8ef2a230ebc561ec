"""The results of mutants so far, in a file, so that a run can be stopped and resumed."""

from __future__ import annotations

import inspect
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.files import digest_contents
from gradkit.grader.digests import KIT, digest_kit, encode_graded_fields

from ..solution_functions import find_function
from ..specimens import reference_folder, write_solution
from ..tracing import trace_solution

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
    """Return the digest of what decides whether an item passes on a mutant, in addition to the mutant's own code.

    These are the rest of the solution, the tests, the corpora, the assignments, the kit, and how mutants are run.
    """
    suites = sorted((course_home() / "tests").glob("a[0-9]*_*/*.py"))
    used = [Path(inspect.getfile(function)) for function in (trace_solution, find_function, write_solution)]
    kit = [KIT / "submissions/transport/local.py", *used, *_deciding_modules()]
    paths = [*_solution_files(), *suites, *sorted(corpora_folder().glob("*.json")), *kit]
    fields = [(f"fields of {assignment.name}", encode_graded_fields(assignment)) for assignment in assignments()]
    return digest_contents([*_read(paths), *fields, ("kit", digest_kit().encode()), *_versions()])


def digest_programs() -> str:
    """Return the digest of what decides whether a mutant computes the same, in addition to the mutant's own code.

    These are the rest of the solution, the programs, and how they are run and compared.
    """
    programs = sorted((Path(__file__).parent / "programs").glob("*.py"))
    return digest_contents([*_read([*_solution_files(), *programs, *_deciding_modules()]), *_versions()])


def _solution_files() -> list[Path]:
    return sorted((reference_folder() / "solution").glob("*.py"))


def _deciding_modules() -> list[Path]:
    """Return the modules of this package that decide about results, which is all but those that count results."""
    counting = ("equivalents", "prove", "summary")
    return [path for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in counting]


def _read(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the path of each file, from the kit's folder on, and its content."""
    for path in paths:
        yield os.path.relpath(path, KIT), path.read_bytes()


def _versions() -> list[tuple[str, bytes]]:
    return [("Python", platform.python_version().encode()), ("numpy", version("numpy").encode())]
