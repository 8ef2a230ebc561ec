"""What the grading commands show in a terminal: progress, the class as a table, a report's evidence, a diagnosis."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from gradkit.catalogue.assignments import assignments
from gradkit.grader.doctor import Capability
from gradkit.grader.report import Report
from gradkit.grader.whole_class.classroom import ClassProgress
from gradkit.grader.whole_class.results import StudentResult
from gradkit.grades.class_grades import ClassGrades, Grade
from gradkit.submissions.exception_text import MAX_MESSAGE_LENGTH, tidy
from gradkit.submissions.intake.not_taken_in import NotTakenIn
from gradkit.suite import screen
from gradkit.suite.results import ItemResult

from .gradebook_process import GradebookProcess
from .statistics import describe_lateness, find_intake_failure, find_most_failed_items, summarize_verdicts

_STYLES = {"plain": "", "good": "green", "title": "bold", "code": "cyan", "bad": "red", "dim": "dim"}
"""Rich's words for the styles of suite/screen.py."""

MIN_LOGGED_CLASS = 50
"""Students of a class whose progress is logged if there is no terminal."""


@contextmanager
def show_progress(console: Console, n_students: int) -> Iterator[Callable[[ClassProgress], None]]:
    """Show a progress bar while a class is graded; yield the function that updates it.

    In a log file, a line is printed for each tenth of the class instead.

    Args:
        console: Where to show the bar.
        n_students: How many students the class has.
    """
    columns = (TextColumn("{task.fields[phase]}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    # Without auto_refresh=False it starts a thread, and a process with threads must not be forked.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        yield _Bar(console, progress, n_students).show


class _Bar:
    """The progress bar, and what has been shown of the running phase."""

    def __init__(self, console: Console, progress: Progress, n_students: int) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("grading", total=n_students, phase="grading", left="")
        self._phase = ""
        self._phase_started = 0.0
        self._tenths_logged = 0

    def show(self, now: ClassProgress) -> None:
        """Show how far the run is."""
        if now.phase != self._phase:
            self._phase, self._phase_started, self._tenths_logged = now.phase, time.monotonic(), 0
        phase = f"grading ({now.phase}, {now.number} of {now.n_phases})" if now.n_phases > 1 else "grading"

        elapsed = time.monotonic() - self._phase_started
        left = describe_time_left(elapsed, now.n_done, now.n_submissions, now.max_seconds_left)
        self._progress.update(
            self._task,
            completed=now.n_done,
            total=now.n_submissions,
            phase=phase,
            left=left,
            refresh=self._console.is_terminal,
        )

        tenths = now.n_done * 10 // max(now.n_submissions, 1)
        if not self._console.is_terminal and now.n_submissions >= MIN_LOGGED_CLASS and tenths > self._tenths_logged:
            self._tenths_logged = tenths
            self._console.print(f"{phase}: {now.n_done} of {now.n_submissions}", highlight=False)


def describe_time_left(elapsed_seconds: float, n_done: int, n_submissions: int, max_seconds: float) -> str:
    """Return a phrase for how long a run still takes: an estimate for this phase, and the maximum for all phases.

    Args:
        elapsed_seconds: How long this phase has been running.
        n_done: How many submissions have ended this phase.
        n_submissions: How many submissions are in this phase.
        max_seconds: How long the run still takes at most, by the time limits.
    """
    bound = f"at most {timedelta(seconds=math.ceil(max_seconds))} left"
    if not n_done:
        return bound
    estimate = min(max_seconds, elapsed_seconds / n_done * (n_submissions - n_done))
    return f"about {timedelta(seconds=math.ceil(estimate))}, {bound}"


def show_class(console: Console, results: Sequence[StudentResult], grades: ClassGrades, points: float) -> None:
    """Print a row for every student, then what the instructor should know, and the class's average.

    Args:
        console: Where to print.
        results: The class's results.
        grades: The class's grades.
        points: The maximum number of points.
    """
    table = Table(
        Column("student", overflow="fold"),
        Column(f"of {points:g}", justify="right"),
        *([Column("final", justify="right"), Column("late")] if grades.has_due_dates else []),
        "items",
        Column("seconds", justify="right"),
        box=None,
        pad_edge=False,
    )
    by_student = {grade.student: grade for grade in reversed(grades.grades) if grade.report}
    for result in results:
        table.add_row(*_cells(result, by_student.get(result.student.name), grades.has_due_dates))
    console.print(table)

    for result in results:
        for warning in _warnings(result):
            console.print(Text(warning), style="yellow")
    for note in grades.notes:
        console.print(Text(note), style="yellow")
    _show_average(console, [result.report for result in results if result.report], points)


def show_not_taken_in(console: Console, results: Sequence[StudentResult], others: Sequence[NotTakenIn]) -> None:
    """Print what was handed in and could not be used: for each file, whose it is, the reason, and what to do.

    Args:
        console: Where to print.
        results: The class's results.
        others: What belongs to no student.
    """
    lines = [
        f"{result.report.student}: {each}" for result in results if result.report for each in result.report.not_taken_in
    ]
    lines += map(str, others)
    if lines:
        console.print("\nNot taken in:", style="bold")
        for line in lines:
            console.print(Text(f"- {line}"), style="yellow", soft_wrap=True)


def _cells(result: StudentResult, grade: Grade | None, has_due_dates: bool) -> list[Text | str]:
    """Return the cells of a student's row."""
    name, report = Text(result.student.name), result.report
    if report is None:
        return [name, "-", *(["", ""] if has_due_dates else []), Text("no report", "red"), ""]
    late: list[Text | str] = []
    if has_due_dates:
        late = [f"{grade.final_points:g}", describe_lateness(grade)] if grade else ["", ""]
    seconds = "as before" if result.seconds is None else f"{result.seconds:.2f}"
    reason = find_intake_failure(report)
    return [
        name,
        f"{report.earned:g}",
        *late,
        Text(reason, "yellow") if reason else summarize_verdicts(report),
        seconds,
    ]


def _warnings(result: StudentResult) -> list[str]:
    """Return what the instructor should know about a student's submission."""
    name, report = result.student.name, result.report
    if report is None:
        return [f"{result.reason} {name} has no report; the other reports are complete."]
    return [f"{name}: {warning}" for warning in report.warnings]


def _show_average(console: Console, reports: Sequence[Report], points: float) -> None:
    """Print the average number of points and the items that most students failed, if there are several reports."""
    if len(reports) < 2:
        return
    mean = sum(report.earned for report in reports) / len(reports)
    console.print(f"\n{mean:.1f} of {points:g} points on average", highlight=False)
    failed = "; ".join(f"{title} ({count})" for title, count in find_most_failed_items(reports))
    if failed:
        console.print(Text(f"Most often wrong: {failed}"))


def await_gradebook(console: Console, gradebook: GradebookProcess) -> None:
    """Wait until all reports are in nbgrader's gradebook, and say so. Raises GradebookError."""
    with console.status("entering into the gradebook"):
        n_students, late, lost, missing = gradebook.finish()
    console.print(f"{n_students} submissions are in the gradebook.", highlight=False)
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
    console: Console, report: Report, item: ItemResult | None = None, max_length: int = MAX_MESSAGE_LENGTH
) -> None:
    """Print the evidence of one item, or of everything that a report holds, as self-check shows it.

    Args:
        console: Where to print.
        report: The report.
        item: The item; None for all of them.
        max_length: Characters after which a line is cut.
    """
    if item is None:
        lines = screen.summary(report.items, report.items, assignments(), report.warnings)
    elif item.evidence or item.blocked_by:
        lines = screen.explanation(item)
    else:
        lines = [("good", f"{item.title}: {item.verdict.value}")]
    for style, text in lines:
        # Anyone can write a report, so control characters are replaced and markup is not interpreted.
        indent = len(text) - len(text.lstrip(" "))
        console.print(Text(" " * indent + tidy(text.lstrip(" "), max_length), _STYLES[style]), soft_wrap=True)
    for each in report.not_taken_in if item is None else ():
        console.print(Text(tidy(str(each), 3 * max_length)), style="yellow", soft_wrap=True)


def show_capabilities(console: Console, capabilities: Sequence[Capability]) -> None:
    """Print a line for each capability that `gradkit doctor` has examined."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for each in capabilities:
        status = Text("ok", "green") if each.is_fine else Text("MISSING" if each.is_required else "note", "red")
        table.add_row(status, Text(each.name), Text(each.message))
    console.print(table)
