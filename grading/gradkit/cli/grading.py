"""`gradkit grade`, `gradkit explain`, `gradkit doctor`: for those who grade."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.corpora.spec import PUBLIC_SEED

from .console import console, n_cores, stop

if TYPE_CHECKING:
    from gradkit.catalogue.assignments import Assignment
    from gradkit.grader.report import Report
    from gradkit.grader.suite import Suite
    from gradkit.grader.whole_class.classroom import Classroom, GradedStudent
    from gradkit.grader.whole_class.results import StudentResult
    from gradkit.outputs.gradebook_process import GradebookProcess
    from gradkit.submissions.intake.students import Student
    from gradkit.suite.results import ItemResult

MAX_PRIVATE_LINE_LENGTH = 100_000
"""Characters of a line that `explain --private` prints: a drawn case is shown whole."""


def grade(
    assignment: Annotated[str, typer.Argument(help="a2_backprop, a2, ... or all")],
    submissions: Annotated[
        Path,
        typer.Argument(
            help="a folder or zip with a folder or archive for each student, or a learning platform's download"
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="the folder for reports: a folder in it has a JSON file for each student, and grades.csv"),
    ],
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="how many submissions to grade at a time (default: the number of cores, fewer if memory is short)",
        ),
    ] = None,
    seed: Annotated[
        str, typer.Option(envvar="GRADKIT_SEED", help="a private seed: other graphs than the students have")
    ] = PUBLIC_SEED,
    gradebook: Annotated[
        str,
        typer.Option(envvar="GRADKIT_GRADEBOOK", help="also write to nbgrader's gradebook: a file, or a database URL"),
    ] = "",
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="run submissions with all the rights that you have here")
    ] = False,
) -> None:
    """Grade a class. Each submission runs in a sandbox. A run that was stopped continues with the same command.

    Examples: gradkit grade a2_backprop submissions/ --out reports/
    gradkit grade a2_backprop submitted/ --out reports/ --gradebook gradebook.db
    """
    from gradkit.grader.conditions import make_conditions
    from gradkit.grader.whole_class.classroom import Classroom
    from gradkit.grader.whole_class.processor_limit import watch_processor_limit
    from gradkit.grader.whole_class.reports_folder import remember_submissions
    from gradkit.outputs.grades_csv import GRADES, write_grades
    from gradkit.outputs.terminal import show_class, show_not_taken_in
    from gradkit.submissions.intake.downloads import list_students

    watch_processor_limit()
    try:
        course = choose_assignments(assignment)
        students, others = list_students(submissions, out, course[0].name if len(course) == 1 else "")
        suite = _load_suite(course, seed)
        # Each assignment has a folder of its own: a run for another one must not replace these reports.
        folder = out / (course[0].name if len(course) == 1 else "all")
        classroom = Classroom(suite, make_conditions(suite, not no_sandbox), folder.absolute(), isolated=not no_sandbox)
        writer = _start_gradebook(gradebook, suite) if gradebook else None

        results = _grade(classroom, students, workers, writer)
        show_class(console, results, suite.points)
        show_not_taken_in(console, results, others)
        reports = [result.report for result in results if result.report]
        write_grades(reports, classroom.out / GRADES)
        remember_submissions(classroom.out, submissions)
        if writer:
            _await_gradebook(writer)
    except KeyboardInterrupt:
        console.print("\nStopped. Run the same command again to continue.")
        raise typer.Exit(130) from None

    _show_warnings(seed, no_sandbox)
    if len(reports) < len(students):
        stop(
            f"{len(students) - len(reports)} of {len(students)} submissions have no report; the reasons are above. "
            f"{GRADES} in {folder} is not complete. Run the same command again to continue."
        )
    console.print(
        f"Reports and {GRADES} are in {folder}; `gradkit explain` shows what is in a report.", highlight=False
    )


def _show_warnings(seed: str, no_sandbox: bool) -> None:
    """Print what the instructor should know about the run as a whole."""
    if seed == PUBLIC_SEED:
        console.print("Graded on the graphs that students have. Use a private --seed for other graphs.", style="yellow")
    if no_sandbox:
        console.print("Graded without a sandbox: submissions ran with all of your rights.", style="yellow")


def _load_suite(course: Sequence[Assignment], seed: str) -> Suite:
    """Return the suite of these assignments under a seed, whose corpora are drawn if they are not in the cache."""
    from gradkit.corpora.library import Library
    from gradkit.course.corpora import default_cache
    from gradkit.grader.suite import load_suite

    _draw_if_private(course, seed)
    private = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
    return load_suite(course, Library(corpora_folder()), private)


def _start_gradebook(url: str, suite: Suite) -> GradebookProcess:
    """Start the process that writes reports to a gradebook. Raises GradebookError if the gradebook cannot be opened."""
    from gradkit.outputs.gradebook import database_url
    from gradkit.outputs.gradebook_process import GradebookProcess

    database_url(url)  # an error is shown now, and not after an hour of grading
    return GradebookProcess(url, suite)


def _await_gradebook(gradebook: GradebookProcess) -> None:
    """Wait until the gradebook has all reports."""
    from gradkit.outputs.gradebook import GradebookError
    from gradkit.outputs.terminal import await_gradebook

    try:
        await_gradebook(console, gradebook)
    except GradebookError as error:
        stop(f"{error} (The reports are written. Run the same command again to continue.)")


def _grade(
    classroom: Classroom, students: Sequence[Student], workers: int | None, gradebook: GradebookProcess | None
) -> list[StudentResult]:
    """Grade a class while a bar shows the progress and the gradebook's process takes the reports."""
    from gradkit.grader.whole_class.capacity import count_workers_that_fit
    from gradkit.grader.whole_class.results import grade_class
    from gradkit.outputs.terminal import show_progress

    n_workers, warning = count_workers_that_fit(workers or n_cores())
    if warning:
        console.print(warning, style="yellow", highlight=False, soft_wrap=True)

    def observe_student(graded: GradedStudent) -> None:
        if gradebook and not graded.reason:
            gradebook.give(graded.student, classroom.report_path(graded.student))

    with show_progress(console, len(students)) as observe_progress:
        return grade_class(classroom, students, n_workers, observe_progress, observe_student)


def _draw_if_private(course: Sequence[Assignment], seed: str) -> None:
    """Draw a private seed's corpora of these assignments, unless they are in the cache.

    Another process draws them, because a process that has imported PyTorch forks slowly.
    """
    from gradkit.course.corpora import are_corpora_ready, default_cache

    if seed == PUBLIC_SEED or are_corpora_ready(course, seed, default_cache()):
        return
    console.print("Drawing the seed's graphs, with PyTorch's answers (once, about half a minute) ...")
    name = course[0].name if len(course) == 1 else "all"
    command = [sys.executable, "-c", "from gradkit.cli.main import main; main()", "corpora", name]
    # Python imports modules from the current folder, which can be a student's.
    done = subprocess.run(command, env={**os.environ, "GRADKIT_SEED": seed}, cwd=corpora_folder(), check=False)
    if done.returncode:
        raise typer.Exit(1)


def explain(
    report: Annotated[Path, typer.Argument(help="a student's report, as `gradkit grade` wrote it")],
    item: Annotated[str, typer.Argument(help="one item, as in tanh_collects; all of them if left out")] = "",
    private: Annotated[
        bool, typer.Option("--private", help="run a hidden or private item again, and show you the drawn case")
    ] = False,
    submission: Annotated[
        Path | None, typer.Option(help="with --private: the student's folder or zip, if it was moved after grading")
    ] = None,
    seed: Annotated[str, typer.Option(envvar="GRADKIT_SEED", help="with --private: the private seed")] = PUBLIC_SEED,
) -> None:
    """Show the evidence in a report: smallest failing expressions, the student's numbers beside PyTorch's, hints.

    Examples: gradkit explain reports/a3_activations/ada.json tanh_collects
    GRADKIT_SEED=... gradkit explain --private reports/a3_activations/ada.json tanh_collects
    """
    from gradkit.grader.report import read
    from gradkit.outputs.terminal import show_report

    content = read(report)
    results = content.items_named(item) if item else []
    if private:
        if len(results) != 1:
            stop("--private explains one item: name it, as in `gradkit explain --private REPORT tanh_collects`.")
        _explain_privately(report, content, results[0], submission, seed)
    elif not item:
        show_report(console, content)
    else:
        for result in results:
            show_report(console, content, result)


def _explain_privately(path: Path, report: Report, item: ItemResult, submission: Path | None, seed: str) -> None:
    """Run an item of the private phase again, in the sandbox, and print the case as it was drawn."""
    from gradkit.grader.conditions import are_equivalent, label_seed, make_conditions
    from gradkit.grader.one_submission.appeal import explain_privately, find_private_test
    from gradkit.grader.whole_class.reports_folder import read_submissions_folder
    from gradkit.outputs.terminal import show_report
    from gradkit.submissions.intake.downloads import find_student

    if label_seed(seed) != report.conditions.seed:
        given = "none was given" if seed == PUBLIC_SEED else f"{label_seed(seed)} was given"
        what_to_do = "unset GRADKIT_SEED" if report.conditions.seed == label_seed(PUBLIC_SEED) else "set GRADKIT_SEED"
        stop(f"{path.name} was graded with the seed {report.conditions.seed}, and {given}: {what_to_do}.")

    names = {each.assignment for each in report.items}
    suite = _load_suite([assignment for assignment in assignments() if assignment.name in names], seed)
    test = find_private_test(suite, item.id)
    only = names.pop() if len(names) == 1 else ""
    source = submission or find_student(report.student, read_submissions_folder(path.parent), only).source
    with tempfile.TemporaryDirectory(prefix="gradkit-") as scratch:
        result = explain_privately(suite, report, test, source, Path(scratch))

    if not are_equivalent(make_conditions(suite, report.conditions.sandbox), report.conditions):
        console.print("The course, gradkit or Python has changed since this report was made.", style="yellow")
    console.print("For you alone: what follows is private, and is written to no report.", style="yellow")
    show_report(console, report, result, max_length=MAX_PRIVATE_LINE_LENGTH)


def doctor() -> None:
    """Try what this machine can do for grading, and say what to install.

    Example: gradkit doctor
    """
    from gradkit.grader.doctor import examine
    from gradkit.outputs.terminal import show_capabilities

    capabilities = examine()
    show_capabilities(console, capabilities)
    raise typer.Exit(any(each.is_required and not each.is_fine for each in capabilities))
