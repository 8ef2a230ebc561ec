"""`gradkit grade`, `gradkit explain`, `gradkit doctor`: for those who grade."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gradkit.catalogue.assignments import assignments, chosen, corpora_folder
from gradkit.corpora.scalar import PUBLIC_SEED

from .console import console, n_cores, stop

if TYPE_CHECKING:
    from gradkit.grader.report import Report
    from gradkit.suite.results import Item


def grade(
    assignment: Annotated[str, typer.Argument(help="a2_backprop, a2, ... or all")],
    submissions: Annotated[Path, typer.Argument(help="a folder that holds a folder or a zip for each student")],
    out: Annotated[
        Path,
        typer.Option(
            help="where the reports go: for each assignment a folder with a JSON file a student, and grades.csv"
        ),
    ],
    workers: Annotated[int | None, typer.Option(min=1, help="so many at a time (default: one a core)")] = None,
    seed: Annotated[
        str, typer.Option(envvar="GRADKIT_SEED", help="a private seed: other graphs than the students have")
    ] = PUBLIC_SEED,
    gradebook: Annotated[
        str, typer.Option(envvar="GRADKIT_GRADEBOOK", help="also write nbgrader's: a file, or a database's URL")
    ] = "",
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="run submissions with all the rights that you have here")
    ] = False,
) -> None:
    """Grade a class. Each submission runs in a sandbox. Stopped and started again, grading goes on where it was.

    Examples: gradkit grade a2_backprop submissions/ --out reports/
    gradkit grade a2_backprop submitted/ --out reports/ --gradebook gradebook.db
    """
    from gradkit.corpora.library import Library
    from gradkit.course.corpora import default_cache
    from gradkit.grader.capacity import workers_that_fit
    from gradkit.grader.classroom import Classroom, remember_submissions
    from gradkit.grader.conditions import conditions_of
    from gradkit.grader.grader import suite_of
    from gradkit.grader.processes import heed_processor_limit
    from gradkit.outputs.gradebook import GradebookError, at_hand
    from gradkit.outputs.gradebook_process import Entering
    from gradkit.outputs.summary import GRADES, write_grades
    from gradkit.outputs.terminal import await_gradebook, graded_with_progress, show_class
    from gradkit.submissions.intake.roster import read_roster

    heed_processor_limit()
    try:
        course = chosen(assignment)
        students, others = read_roster(submissions, out)
        _draw_if_private(seed)
        private = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
        suite = suite_of(course, Library(corpora_folder()), private)
        if gradebook:
            at_hand(gradebook)  # better to hear of trouble now than after an hour of grading
        # Each assignment has a folder of its own: a run for another one must not replace these reports.
        reports_folder = out.absolute() / (course[0].name if len(course) == 1 else "all")
        classroom = Classroom(suite, conditions_of(suite, not no_sandbox), reports_folder, no_sandbox)
        entering = Entering(gradebook, suite) if gradebook else None
        n_workers, remark = workers_that_fit(workers or n_cores())
        if remark:
            console.print(remark, style="yellow", highlight=False, soft_wrap=True)
        graded = graded_with_progress(console, classroom, students, n_workers, entering)
        reports = show_class(console, classroom, graded)
        write_grades(reports, reports_folder / GRADES)
        remember_submissions(reports_folder, submissions)
    except KeyboardInterrupt:
        _stopped()
    if entering:
        try:
            await_gradebook(console, entering)
        except GradebookError as error:
            stop(f"{error} (The reports are written; the same command goes on from there.)")
        except KeyboardInterrupt:
            _stopped()
    shown = out / reports_folder.name
    if others:
        console.print(f"Neither folder nor zip, so left alone: {', '.join(others[:8])}", style="yellow", markup=False)
    if seed == PUBLIC_SEED:
        console.print("Graded on the graphs that students have: --seed gives others.", style="yellow")
    if no_sandbox:
        console.print("Graded without a sandbox: submissions could do whatever you can here.", style="yellow")
    missing = len(students) - len(reports)
    if missing:
        stop(
            f"{missing} of {len(students)} submissions have no report: see above why. {GRADES} in {shown} is not "
            "complete. The same command goes on from here."
        )
    console.print(f"Reports and {GRADES} are in {shown}; `gradkit explain` shows what is in a report.", highlight=False)


def _stopped() -> NoReturn:
    """Leave after Ctrl-C."""
    console.print("\nStopped. The same command goes on from here.")
    raise typer.Exit(130) from None


def _draw_if_private(seed: str) -> None:
    """Have another process draw a private seed's graphs, if need be: one that has imported PyTorch forks slowly."""
    from gradkit.corpora.library import Library
    from gradkit.course.corpora import default_cache, wishes

    library = Library(corpora_folder(), seed, default_cache())
    if not all(library.is_ready(wish) for wish in wishes(assignments()).values()):
        console.print("Drawing the seed's graphs, with PyTorch's answers (once, about half a minute) ...")
        command = [sys.executable, "-c", "from gradkit.cli.main import main; main()", "corpora"]
        # Python looks for modules where it stands, and that may be a student's folder.
        ended = subprocess.run(command, env={**os.environ, "GRADKIT_SEED": seed}, cwd=corpora_folder(), check=False)
        if ended.returncode:
            raise typer.Exit(1)


def explain(
    report: Annotated[Path, typer.Argument(help="a student's report, as `gradkit grade` wrote it")],
    item: Annotated[str, typer.Argument(help="one item, as in tanh_collects; all of them if left out")] = "",
    private: Annotated[
        bool, typer.Option("--private", help="ask a hidden or private item once more, and show you the drawn case")
    ] = False,
    submission: Annotated[
        Path | None, typer.Option(help="with --private: the student's folder or zip, if it was moved after grading")
    ] = None,
    seed: Annotated[str, typer.Option(envvar="GRADKIT_SEED", help="with --private: the private seed")] = PUBLIC_SEED,
) -> None:
    """Show the evidence in a report: the smallest failing expressions, yours beside PyTorch's, and hints.

    Examples: gradkit explain reports/a3_activations/ada.json tanh_collects
    GRADKIT_SEED=... gradkit explain --private reports/a3_activations/ada.json tanh_collects
    """
    from gradkit.grader.report import read
    from gradkit.outputs.terminal import show_report

    found = read(report)
    meant = found.called(item) if item else []
    if private:
        if len(meant) != 1:
            stop("--private explains one item: name it, as in `gradkit explain --private REPORT tanh_collects`.")
        _explain_privately(report, found, meant[0].item, submission, seed)
    elif not item:
        show_report(console, found)
    else:
        for result in meant:
            show_report(console, found, result)


def _explain_privately(path: Path, report: Report, item: Item, submission: Path | None, seed: str) -> None:
    """Ask an item of the private phase once more, in the sandbox, and print the case as it was drawn."""
    from gradkit.corpora.library import Library
    from gradkit.course.corpora import default_cache
    from gradkit.grader.appeal import explained_privately, private_test
    from gradkit.grader.classroom import submissions_of
    from gradkit.grader.conditions import conditions_of, seed_label
    from gradkit.grader.grader import suite_of
    from gradkit.outputs.terminal import show_report
    from gradkit.submissions.intake.roster import find_student

    if seed_label(seed) != report.conditions.seed:
        given = "none was given" if seed == PUBLIC_SEED else f"{seed_label(seed)} was given"
        what_to_do = "unset GRADKIT_SEED" if report.conditions.seed == seed_label(PUBLIC_SEED) else "set GRADKIT_SEED"
        stop(f"{path.name} was graded with the seed {report.conditions.seed}, and {given}: {what_to_do}.")
    _draw_if_private(seed)
    names = {each.assignment for each in report.items}
    course = tuple(assignment for assignment in assignments() if assignment.name in names)
    drawn = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
    suite = suite_of(course, Library(corpora_folder()), drawn)
    test = private_test(suite, item.id)
    source = submission or find_student(report.student, submissions_of(path.parent)).source
    with tempfile.TemporaryDirectory(prefix="gradkit-") as scratch:
        result = explained_privately(suite, report, test, source, Path(scratch))
    now = conditions_of(suite, report.conditions.sandbox)
    if now != report.conditions:
        console.print("The course, gradkit or Python has changed since this report was made.", style="yellow")
    console.print("For you alone: what follows is private, and is written to no report.", style="yellow")
    show_report(console, report, result, max_length=100_000)


def doctor() -> None:
    """Say what this machine can do for grading, by trying it, and what to install.

    Example: gradkit doctor
    """
    from gradkit.grader.doctor import examine
    from gradkit.outputs.terminal import show_findings

    findings = examine()
    show_findings(console, findings)
    raise typer.Exit(any(finding.needed and not finding.fine for finding in findings))
