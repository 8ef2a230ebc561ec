"""Enters reports into a gradebook while others are graded, in a process of its own.

What nbgrader needs is large and slow to import: here it is imported beside the grading, and not in the process that is
forked for every submission.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from gradkit.grader import report
from gradkit.grader.suite import Suite
from gradkit.submissions.bounded import live_no_longer_than
from gradkit.submissions.intake.roster import Student

from .gradebook import GradebookError, not_handed_in, opened


class Entered(NamedTuple):
    """What was entered into the gradebook, and what was not.

    students: how many have something entered.
    late:     students whose submissions are late.
    lost:     students whose reports could not be read any more.
    missing:  by assignment, students who handed in nothing for it and were not entered there.
    """

    students: int
    late: list[str]
    lost: list[str]
    missing: dict[str, list[str]]


class Entering:
    """The process. To be started before anything is graded: from then on it takes what it is given, in order."""

    def __init__(self, url: str, suite: Suite) -> None:
        fork = multiprocessing.get_context("fork")
        self._pipe, theirs = fork.Pipe()
        process = fork.Process(target=_enter, args=(theirs, self._pipe, os.getpid(), url, suite), daemon=True)
        process.start()
        theirs.close()

    def give(self, student: Student, path: Path) -> None:
        """Have a report entered. Trouble with the gradebook is told in the end: it is no reason not to grade."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._pipe.send((student, path))

    def entered(self) -> Entered:
        """Wait until everything is entered, and return what was. Raises GradebookError."""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._pipe.send(None)
            outcome: Entered | GradebookError = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise GradebookError("The gradebook cannot be written: the process for it was lost.") from None
        if isinstance(outcome, GradebookError):
            raise outcome
        return outcome


def _enter(pipe: Connection, parents: Connection, parent: int, url: str, suite: Suite) -> None:
    parents.close()  # or the end of the parent would not be noticed
    live_no_longer_than(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    count, late, lost, missing = 0, list[str](), list[str](), dict[str, list[str]]()
    try:
        with opened(url, suite) as book:
            while given := pipe.recv():
                student, path = given
                try:
                    found = report.read(path)
                except report.UnreadableError:
                    lost.append(student.name)
                    continue
                if book.write(student, found):
                    late.append(student.name)
                nothing_for = not_handed_in(found)
                count += len(nothing_for) < len(suite.assignments)
                for name in nothing_for:
                    missing.setdefault(name, []).append(student.name)
    except GradebookError as error:
        pipe.send(error)
    else:
        pipe.send(Entered(count, late, lost, missing))
