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

from ..submissions.accounts import tidy
from ..submissions.roster import Student
from ..suite import screen
from ..suite.assignments import assignments
from ..suite.results import ItemResult
from .classroom import Classroom
from .doctor import Finding
from .entering import Entering
from .processes import Graded
from .report import Report, read
from .summary import most_often, verdict_counts

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
    started = time.monotonic()

    def left() -> str:
        rounds = math.ceil((len(students) - len(found)) / workers)
        return time_left(time.monotonic() - started, len(found), len(students), rounds * classroom.suite.longest)

    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    # It refreshes itself from a thread unless told otherwise, and a process with threads is not to be forked.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("grading", total=len(students), left=left())
        progress.refresh()
        for graded in classroom.grade(students, workers):
            if graded:
                found.append(graded)
                if entering and not graded.trouble:
                    entering.give(graded.student, classroom.report_path(graded.student))
                _say_now_and_then(console, len(found), len(students))
            progress.update(task, completed=len(found), left=left(), refresh=True)
    return found


def time_left(elapsed: float, done: int, total: int, most: float) -> str:
    """How long a run still takes: going by what is done, and at most, by the limits. All in seconds."""
    bound = f"at most {timedelta(seconds=math.ceil(most))} left"
    if not done:
        return bound
    likely = min(most, elapsed / done * (total - done))
    return f"about {timedelta(seconds=math.ceil(likely))}, {bound}"


def _say_now_and_then(console: Console, done: int, total: int) -> None:
    """Where no bar can be drawn (a log file), a line for every tenth of a larger class."""
    if not console.is_terminal and total >= 50 and done * 10 // total > (done - 1) * 10 // total:
        console.print(f"{done} of {total} graded", highlight=False)


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
        report = read(classroom.report_path(each.student))
        reports.append(report)
        seconds = "as before" if each.seconds is None else f"{each.seconds:.2f}"
        table.add_row(Text(name), f"{report.earned:g}", verdict_counts(report), seconds)
        remarks += [(name, note) for note in report.notes]
    console.print(table)
    for name, remark in remarks:
        console.print(Text(f"{name}: {remark}"), style="yellow")
    if len(reports) > 1:
        mean = sum(report.earned for report in reports) / len(reports)
        console.print(f"\n{mean:.1f} of {classroom.suite.points:g} points on average", highlight=False)
        often = "; ".join(f"{title} ({count})" for title, count in most_often(reports))
        if often:
            console.print(Text(f"Most often wrong: {often}"))
    return reports


def await_gradebook(console: Console, entering: Entering) -> None:
    """Wait until all reports are in nbgrader's gradebook, and say so. Raises GradebookError."""
    with console.status("entering into the gradebook"):
        count, late, missing = entering.entered()
    console.print(f"{count} submissions are in the gradebook.", highlight=False)
    if late:
        names = ", ".join(sorted(late))
        console.print(Text(f"Late: {names}. A penalty is nbgrader's to give, or yours."), style="yellow")
    for assignment, students in sorted(missing.items()):
        names = ", ".join(sorted(students))
        console.print(Text(f"Not entered, with nothing handed in for {assignment}: {names}."), style="yellow")


def show_report(console: Console, report: Report, item: ItemResult | None = None) -> None:
    """Print the evidence of one item, or of everything that a report holds, as self-check shows it."""
    if item is None:
        lines = screen.summary(report.results(), assignments(), report.notes)
    elif item.evidence or item.blocked_by:
        lines = screen.explanation(item)
    else:
        lines = [("good", f"{item.item.title}: {item.verdict.value}")]
    for style, text in lines:
        # A report is only a file: what it holds is shown, and never obeyed.
        indent = len(text) - len(text.lstrip(" "))
        console.print(Text(" " * indent + tidy(text.lstrip(" ")), _STYLES[style]), soft_wrap=True)


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print an examination, a line for each finding."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        mark = Text("ok", "green") if finding.fine else Text("MISSING" if finding.needed else "note", "red")
        table.add_row(mark, Text(finding.what), Text(finding.said))
    console.print(table)
