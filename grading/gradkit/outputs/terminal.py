"""What the grading commands show in a terminal: progress, the class as a table, a report's evidence, a diagnosis."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from gradkit.catalogue.assignments import assignments
from gradkit.grader.classroom import Classroom, Graded
from gradkit.grader.classroom import Progress as Now
from gradkit.grader.doctor import Finding
from gradkit.grader.report import Report, UnreadableError, read
from gradkit.submissions.exception_text import MESSAGE_LENGTH, tidy
from gradkit.submissions.intake.roster import Student
from gradkit.suite import screen
from gradkit.suite.results import ItemResult

from .gradebook_process import Entering
from .statistics import most_failed_items, verdict_summary

_STYLES = {"plain": "", "good": "green", "title": "bold", "code": "cyan", "bad": "red", "dim": "dim"}
"""Rich's words for the styles of suite/screen.py."""


def graded_with_progress(
    console: Console,
    classroom: Classroom,
    students: Sequence[Student],
    workers: int,
    entering: Entering | None = None,
) -> list[Graded]:
    """Grade a class while a bar says how far it is and how long it takes at most. Raises as Classroom.grade does.

    entering: takes each report as it comes.
    """
    found: list[Graded] = []
    columns = (TextColumn("{task.fields[phase]}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    # Without auto_refresh=False it starts a thread, and a process with threads must not be forked.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        for graded in classroom.grade(students, workers, _Bar(console, progress, len(students)).show):
            found.append(graded)
            if entering and not graded.trouble:
                entering.give(graded.student, classroom.report_path(graded.student))
    return found


class _Bar:
    """Shows how far a run is: as a bar or, in a log file, as a line for each tenth of a class."""

    def __init__(self, console: Console, progress: Progress, total: int) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("grading", total=total, phase="grading", left="")
        self._phase, self._began, self._tenth = "", 0.0, 0

    def show(self, now: Now) -> None:
        if now.phase != self._phase:
            self._phase, self._began, self._tenth = now.phase, time.monotonic(), 0
        words = f"grading ({now.phase}, {now.number} of {now.of})" if now.of > 1 else "grading"
        left = time_left(time.monotonic() - self._began, now.done, now.total, now.seconds_left)
        self._progress.update(
            self._task, completed=now.done, total=now.total, phase=words, left=left, refresh=self._console.is_terminal
        )
        tenth = now.done * 10 // max(now.total, 1)
        if not self._console.is_terminal and now.total >= 50 and tenth > self._tenth:
            self._tenth = tenth
            self._console.print(f"{words}: {now.done} of {now.total}", highlight=False)


def time_left(elapsed: float, done: int, total: int, most: float) -> str:
    """Return how long a run still takes: by what is done in this phase, and at most, by the limits. All in seconds."""
    bound = f"at most {timedelta(seconds=math.ceil(most))} left"
    if not done:
        return bound
    likely = min(most, elapsed / done * (total - done))
    return f"about {timedelta(seconds=math.ceil(likely))}, {bound}"


def show_class(console: Console, classroom: Classroom, graded: Sequence[Graded]) -> list[Report]:
    """Print a row for every student, then what the instructor should know. Returns the reports, by student."""
    table = Table(
        Column("student", overflow="fold"),
        f"of {classroom.suite.points:g}",
        "items",
        "seconds",
        box=None,
        pad_edge=False,
    )
    table.columns[1].justify = table.columns[3].justify = "right"
    reports, remarks = [], []
    for each in sorted(graded, key=lambda each: each.student.name):
        name = each.student.name
        if each.trouble:
            table.add_row(Text(name), "-", Text("not graded", "red"), "")
            remarks.append((name, f"not graded, and the fault is not the student's: {each.trouble.strip()}"))
            continue
        try:
            report = read(classroom.report_path(each.student))
        except UnreadableError as error:
            table.add_row(Text(name), "-", Text("no report", "red"), "")
            remarks.append((name, f"has no report: {error} Was it deleted? Run the same command again."))
            continue
        reports.append(report)
        seconds = "as before" if each.seconds is None else f"{each.seconds:.2f}"
        table.add_row(Text(name), f"{report.earned:g}", verdict_summary(report), seconds)
        remarks += [(name, note) for note in report.warnings]
    console.print(table)
    for name, remark in remarks:
        console.print(Text(f"{name}: {remark}"), style="yellow")
    if len(reports) > 1:
        mean = sum(report.earned for report in reports) / len(reports)
        console.print(f"\n{mean:.1f} of {classroom.suite.points:g} points on average", highlight=False)
        often = "; ".join(f"{title} ({count})" for title, count in most_failed_items(reports))
        if often:
            console.print(Text(f"Most often wrong: {often}"))
    return reports


def await_gradebook(console: Console, entering: Entering) -> None:
    """Wait until all reports are in nbgrader's gradebook, and say so. Raises GradebookError."""
    with console.status("entering into the gradebook"):
        count, late, lost, missing = entering.entered()
    console.print(f"{count} submissions are in the gradebook.", highlight=False)
    if late:
        names = ", ".join(sorted(late))
        console.print(Text(f"Late: {names}. A penalty is nbgrader's to give, or yours."), style="yellow")
    if lost:
        names = ", ".join(sorted(lost))
        console.print(Text(f"Not entered, since their reports were deleted: {names}."), style="yellow")
    for assignment, students in sorted(missing.items()):
        names = ", ".join(sorted(students))
        console.print(Text(f"Not entered, with nothing handed in for {assignment}: {names}."), style="yellow")


def show_report(
    console: Console, report: Report, item: ItemResult | None = None, max_length: int = MESSAGE_LENGTH
) -> None:
    """Print the evidence of one item, or of everything that a report holds, as self-check shows it.

    max_length: the most characters of a line.
    """
    if item is None:
        lines = screen.summary(report.items, report.items, assignments(), report.warnings)
    elif item.evidence or item.blocked_by:
        lines = screen.explanation(item)
    else:
        lines = [("good", f"{item.title}: {item.verdict.value}")]
    for style, text in lines:
        # A report is only a file: what it holds is shown, and never obeyed.
        indent = len(text) - len(text.lstrip(" "))
        console.print(Text(" " * indent + tidy(text.lstrip(" "), max_length), _STYLES[style]), soft_wrap=True)


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print an examination, a line for each finding."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        mark = Text("ok", "green") if finding.fine else Text("MISSING" if finding.needed else "note", "red")
        table.add_row(mark, Text(finding.what), Text(finding.said))
    console.print(table)
