"""Classes of equal submissions, processes on chosen cores and medians, for all measurements."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.spec import Corpus
from gradkit.grader.conditions import make_conditions
from gradkit.grader.suite import Suite, load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.intake.students import Student

HERE = Path(__file__).parent
MEASURED = ("a1", "a2", "a3")
"""The assignments that are measured together, unless others are given."""

median = statistics.median


def suite(names: Sequence[str] = MEASURED) -> Suite:
    """Return the suite of some assignments, with the recorded corpora of the public seed."""
    course = tuple(assignment for assignment in assignments() if assignment.short in names)
    return load_suite(course, Library(corpora_folder()))


def corpora() -> list[Corpus]:
    """Return every corpus of the measured assignments, once."""
    chosen = suite()
    specs = dict.fromkeys(test.settings.corpus for test in chosen.tests if test.settings.corpus)
    return [chosen.library.corpus(spec) for spec in specs]


def right_submission() -> Path:
    """Return the folder of the solution."""
    return reference_folder() / "solution"


def copies(folder: Path, count: int, files: Mapping[str, str]) -> list[Student]:
    """Make a class in which everyone hands in the same files.

    Args:
        folder: The folder of submissions.
        count: How many students.
        files: The text of each file, by its name without `.py`.
    """
    students = []
    for number in range(count):
        home = folder / f"student{number:03}"
        home.mkdir(parents=True)
        for name, text in files.items():
            (home / f"{name}.py").write_text(text, encoding="utf-8")
        students.append(Student(home.name, home))
    return students


def right_files(suite: Suite) -> dict[str, str]:
    """Return the solution's text of every file that a suite needs, by its name without `.py`."""
    names = (*suite.builds_on, *suite.modules)
    return {name: (right_submission() / f"{name}.py").read_text(encoding="utf-8") for name in names}


@contextmanager
def classroom(count: int, suite: Suite, files: Mapping[str, str] | None = None, isolated: bool = True) -> Iterator[Any]:
    """Make a class of equal submissions, and a classroom for it. Both are deleted when the context ends.

    Args:
        count: How many students.
        suite: The items.
        files: The text of each file, by its name without `.py`; the solution's, unless given.
        isolated: Whether submissions run in a sandbox.
    """
    with tempfile.TemporaryDirectory() as scratch:
        room = Classroom(suite, make_conditions(suite, isolated), Path(scratch) / "reports", isolated)
        yield room, copies(Path(scratch) / "class", count, files or right_files(suite))


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def timed(command: Sequence[str], on: Iterable[int], **environment: str) -> tuple[float, str]:
    """Run a command on some cores. Return its wall-clock time in seconds and its output.

    Raises: RuntimeError if its exit status is not 0.
    """
    allowed = set(on)
    started = time.perf_counter()
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, **environment},
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout[-4000:]}")
    return seconds, done.stdout


def measured(script: str, *words: object, on: Iterable[int], flags: Sequence[str] = ()) -> Any:
    """Run a script of this folder in a new process, and return the JSON value that it prints in its last line."""
    command = [sys.executable, *flags, str(HERE / script), *map(str, words)]
    return json.loads(timed(command, on, PYTHONHASHSEED="0")[1].splitlines()[-1])


def in_turn(times: int, *measurements: Callable[[], Any]) -> list[list[Any]]:
    """Repeat measurements in turn (A B A B), so that a change of the machine's speed affects all of them.

    Args:
        times: How often each is repeated.
        measurements: Functions that measure and return a result.

    Returns: The results of each measurement.
    """
    results: list[list[Any]] = [[] for _ in measurements]
    for _ in range(times):
        for results_of_one, measurement in zip(results, measurements):
            results_of_one.append(measurement())
    return results
