"""The results of mutants so far, in a file, so that a run can be stopped and resumed."""

from __future__ import annotations

import inspect
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import msgspec

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.files import digest_contents
from gradkit.grader.digests import KIT, digest_kit, encode_graded_fields

from ..results_file import ResultsFile
from ..solution_functions import find_function
from ..specimens import reference_folder, write_solution
from ..tracing import trace_solution

Result = TypeVar("Result", bound=msgspec.Struct)


def open_results(name: str, basis: str, kind: type[Result]) -> ResultsFile[Result]:
    """Open the file of results with this name: see ResultsFile."""
    return ResultsFile(results_folder() / f"{name}.jsonl", basis, kind)


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
