"""What the measurements share: a class of copies, processes of their own on chosen cores, medians."""

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
from gradkit.corpora.scalar import Corpus
from gradkit.grader.conditions import conditions_of
from gradkit.grader.suite import Suite, suite_of
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.intake.roster import Student

HERE = Path(__file__).parent
MEASURED = ("a1", "a2", "a3")
"""The assignments whose suites are measured as one, unless said otherwise."""

median = statistics.median


def suite(names: Sequence[str] = MEASURED) -> Suite:
    """The suites of these assignments, with the recorded corpora of the public seed."""
    course = tuple(assignment for assignment in assignments() if assignment.short in names)
    return suite_of(course, Library(corpora_folder()))


def corpora() -> list[Corpus]:
    """Every corpus of the measured suites, once."""
    chosen = suite()
    wishes = dict.fromkeys(test.mark.corpus for test in chosen.tests if test.mark.corpus)
    return [chosen.library.corpus(wish) for wish in wishes]


def right_submission() -> Path:
    """The folder with the right files."""
    return reference_folder() / "solution"


def copies(folder: Path, count: int, files: Mapping[str, str]) -> list[Student]:
    """A class in which everyone hands in the same files: the text of each, by its name without `.py`."""
    students = []
    for number in range(count):
        home = folder / f"student{number:03}"
        home.mkdir(parents=True)
        for name, text in files.items():
            (home / f"{name}.py").write_text(text, encoding="utf-8")
        students.append(Student(home.name, home))
    return students


def right_files(suite: Suite) -> dict[str, str]:
    """The right text of every file that a suite needs, by its name without `.py`."""
    names = (*suite.builds_on, *suite.modules)
    return {name: (right_submission() / f"{name}.py").read_text(encoding="utf-8") for name in names}


@contextmanager
def classroom(count: int, suite: Suite, files: Mapping[str, str] | None = None) -> Iterator[Any]:
    """A classroom for copies of a submission, the right one unless said, and the class; all is gone afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        room = Classroom(suite, conditions_of(suite, True), Path(scratch) / "reports")
        yield room, copies(Path(scratch) / "class", count, files or right_files(suite))


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def timed(command: Sequence[str], on: Iterable[int], **environment: str) -> tuple[float, str]:
    """Run a command on these cores alone: seconds of wall time, and what it printed. Raises where it fails."""
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
    """Run one of the scripts beside this one in a process of its own, and return what it found."""
    command = [sys.executable, *flags, str(HERE / script), *map(str, words)]
    return json.loads(timed(command, on, PYTHONHASHSEED="0")[1].splitlines()[-1])


def in_turn(times: int, *measurements: Callable[[], Any]) -> list[list[Any]]:
    """Take each measurement so many times, in turn (A B A B), so that a change of the machine's mood meets them all."""
    found: list[list[Any]] = [[] for _ in measurements]
    for _ in range(times):
        for results, measurement in zip(found, measurements):
            results.append(measurement())
    return found
