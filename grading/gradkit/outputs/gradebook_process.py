"""Enter reports into a gradebook while others are graded, in a separate process.

nbgrader's modules are large and slow to import. They are imported in this process while others grade, and not in the
process that is forked for every submission.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from gradkit.grader import report
from gradkit.grader.suite import Suite
from gradkit.grades.roster import RosterEntry
from gradkit.submissions.bounded import defer_interrupt, die_with_parent
from gradkit.submissions.intake.students import Student

from .gradebook import GradebookError, not_handed_in, open_gradebook


class EnteredReports(NamedTuple):
    """What was entered into the gradebook, and what was not.

    Attributes:
        n_students: The number of students of whom something was entered.
        late: The students whose submissions are late.
        lost: The students whose reports could not be read any more.
        missing: By assignment, the students who handed in nothing for it and were not entered there.
    """

    n_students: int
    late: list[str]
    lost: list[str]
    missing: dict[str, list[str]]


class GradebookProcess:
    """The process that enters reports, in the order in which it receives them. Start it before anything is graded.

    Args:
        url: The gradebook's file or URL.
        suite: The items.
        entries: The roster's entry of each student who is in it, by the student's name in reports.
    """

    def __init__(self, url: str, suite: Suite, entries: Mapping[str, RosterEntry]) -> None:
        fork = multiprocessing.get_context("fork")
        self._pipe, child_pipe = fork.Pipe()
        arguments = (child_pipe, self._pipe, os.getpid(), url, suite, entries)
        process = fork.Process(target=_enter_reports, args=arguments, daemon=True)
        with defer_interrupt():
            process.start()
        child_pipe.close()

    def give(self, student: Student, path: Path) -> None:
        """Send a report to the process that enters it.

        An error of the gradebook is raised by `finish`, at the end, because grading can go on without it.

        Args:
            student: The student.
            path: The report's file.
        """
        with suppress(BrokenPipeError, ConnectionResetError):
            self._pipe.send((student, path))

    def finish(self) -> EnteredReports:
        """Wait until everything is entered, and return what was.

        Raises:
            GradebookError: If the gradebook cannot be written.
        """
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._pipe.send(None)
            reply: EnteredReports | GradebookError = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise GradebookError("The gradebook cannot be written: the process for it was lost.") from None
        if isinstance(reply, GradebookError):
            raise reply
        return reply


def _enter_reports(
    pipe: Connection, parent_pipe: Connection, parent: int, url: str, suite: Suite, entries: Mapping[str, RosterEntry]
) -> None:
    """Enter reports until None is received, then send what was entered, or the error.

    Args:
        pipe: This process's end of the pipe.
        parent_pipe: The parent's end, which fork copied.
        parent: The parent's process id.
        url: The gradebook's file or URL.
        suite: The items.
        entries: The roster's entry of each student who is in it, by the student's name in reports.
    """
    parent_pipe.close()  # while it is open here, the end of the parent would not be noticed
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C

    n_students = 0
    late: list[str] = []
    lost: list[str] = []
    missing: dict[str, list[str]] = {}
    try:
        with open_gradebook(url, suite) as gradebook:
            while received := pipe.recv():
                student, path = received
                try:
                    student_report = report.read(path)
                except report.UnreadableError:
                    lost.append(student.name)
                    continue
                if gradebook.write(student, student_report, entries.get(student.name)):
                    late.append(student.name)
                not_entered = not_handed_in(student_report)
                if len(not_entered) < len(suite.assignments):
                    n_students += 1
                for name in not_entered:
                    missing.setdefault(name, []).append(student.name)
    except GradebookError as error:
        pipe.send(error)
    else:
        pipe.send(EnteredReports(n_students, late, lost, missing))
