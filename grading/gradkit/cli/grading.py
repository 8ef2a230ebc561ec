"""`gradkit grade`, `gradkit explain`, `gradkit doctor`: for those who grade."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.catalogue.course_settings import course_settings, read_seed
from gradkit.corpora.spec import PUBLIC_SEED

from .console import console, n_cores, stop
from .options import CourseFile

if TYPE_CHECKING:
    from gradkit.catalogue.assignments import Assignment
    from gradkit.catalogue.course_settings import CourseSettings
    from gradkit.grader.report import Report
    from gradkit.grader.suite import Suite
    from gradkit.grader.whole_class.classroom import Classroom, GradedStudent
    from gradkit.grader.whole_class.results import StudentResult
    from gradkit.grades.class_list import ClassList
    from gradkit.outputs.gradebook_process import GradebookProcess
    from gradkit.submissions.intake.students import Student
    from gradkit.suite.results import ItemResult

MAX_PRIVATE_LINE_LENGTH = 100_000
"""Characters of a line that `explain --private` prints: a drawn case is shown whole."""


def grade(
    assignment: Annotated[str, typer.Argument(help="a2_backprop, a2, ... or several, as in a1,a2, or all")],
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
        str | None, typer.Option(envvar="GRADKIT_SEED", help="a private seed: other graphs than the students have")
    ] = None,
    gradebook: Annotated[
        str,
        typer.Option(envvar="GRADKIT_GRADEBOOK", help="also write to nbgrader's gradebook: a file, or a database URL"),
    ] = "",
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="run submissions with all the rights that you have here")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="grade this student only, and keep the others' reports (can be repeated)")
    ] = None,
    course_file: CourseFile = None,
) -> None:
    """Grade a class. Each submission runs in a sandbox. A run that was stopped continues with the same command.

    Examples: gradkit grade a2_backprop submissions/ --out reports/
    gradkit grade a2_backprop submitted/ --out reports/ --gradebook gradebook.db
    gradkit grade a1,a2 submissions/ --out reports/ --only ada
    """
    from gradkit.grader.conditions import make_conditions
    from gradkit.grader.whole_class.classroom import Classroom
    from gradkit.grader.whole_class.processor_limit import watch_processor_limit
    from gradkit.grader.whole_class.reports_folder import finish_regrade, remember_submissions
    from gradkit.grader.whole_class.results import read_kept_reports
    from gradkit.grades.class_grades import make_grades
    from gradkit.grades.class_list import read_class_list
    from gradkit.outputs.grades_csv import GRADES, write_grades
    from gradkit.outputs.terminal import show_class, show_not_taken_in
    from gradkit.submissions.intake.downloads import list_students

    watch_processor_limit()
    try:
        settings = course_settings(course_file)
        seed = _choose_seed(settings, seed)
        no_sandbox = no_sandbox or not settings.sandbox
        course = choose_assignments(assignment, settings.chosen_assignments)
        students, others = list_students(submissions, out, course[0].name if len(course) == 1 else "")
        class_list = read_class_list(settings, students, [each.name for each in course])
        students = list(class_list.students)
        chosen = _choose_students(students, only)
        suite = _load_suite(course, seed, settings)
        # Each assignment has a folder of its own: a run for another one must not replace these reports.
        folder = out / _name_folder(assignment, course)
        classroom = Classroom(suite, make_conditions(suite, not no_sandbox), folder.absolute(), isolated=not no_sandbox)
        writer = _start_gradebook(gradebook, suite, class_list) if gradebook else None

        results = _grade(classroom, chosen, workers, writer)
        kept = read_kept_reports(classroom, [student for student in students if student not in chosen])
        reports = sorted([*kept, *(each.report for each in results if each.report)], key=lambda each: each.student)
        grades = make_grades(class_list, reports, out)
        show_class(console, results, grades, suite.points)
        show_not_taken_in(console, results, others)
        n_without = sum(each.report is None for each in results)
        is_regrade = finish_regrade(classroom.out, classroom.conditions, GRADES, is_complete=not n_without)
        write_grades(grades, classroom.out / GRADES)
        remember_submissions(classroom.out, submissions)
        if writer:
            _await_gradebook(writer)
    except KeyboardInterrupt:
        console.print("\nStopped. Run the same command again to continue.")
        raise typer.Exit(130) from None

    _show_warnings(seed, no_sandbox)
    if n_without:
        stop(
            f"{n_without} of {len(chosen)} submissions have no report; the reasons are above. "
            f"{GRADES} in {folder} is not complete. Run the same command again to continue."
        )
    if only:
        _say_what_was_kept(classroom, kept, len(students) - len(chosen))
    if is_regrade:
        console.print(f"What was replaced is kept: `gradkit compare {folder}` shows what changed.", highlight=False)
    console.print(
        f"Reports and {GRADES} are in {folder}; `gradkit explain` shows what is in a report.", highlight=False
    )


def _choose_seed(settings: CourseSettings, given: str | None) -> str:
    """Return the seed to grade with: the given one, else the private seed of the course, else the public one."""
    return given or read_seed(settings) or PUBLIC_SEED


def _name_folder(argument: str, course: Sequence[Assignment]) -> str:
    """Return the name of the folder of reports for some assignments: of one, all, or several as in `a1+a2`."""
    if len(course) == 1:
        return course[0].name
    return "all" if argument == "all" else "+".join(each.short for each in course)


def _choose_students(students: Sequence[Student], only: Sequence[str] | None) -> list[Student]:
    """Return the students to grade: all, or those with these names or ids. Stops if a name is unknown."""
    if not only:
        return list(students)
    chosen = []
    for name in only:
        named = [each for each in students if each.name == name]
        named = named or [each for each in students if name in each.ids.values()]
        if not named:
            nearest = difflib.get_close_matches(name, [each.name for each in students], 1, 0.5)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            stop(f"There is no student {name!r} among the submissions.{hint}")
        chosen += named
    return [each for each in students if each in chosen]


def _say_what_was_kept(classroom: Classroom, kept: Sequence[Report], n_others: int) -> None:
    """Print what became of the students whom `--only` does not name."""
    from gradkit.grader.conditions import are_equivalent

    text = f"Other reports, kept as they are: {len(kept)}."
    if n_others > len(kept):
        text += f" {n_others - len(kept)} others have no report yet."
    n_different = sum(not are_equivalent(each.conditions, classroom.conditions) for each in kept)
    if n_different:
        text += (
            f" {n_different} of these reports were made with other tests, seed or software: without --only they change."
        )
    console.print(text, style="yellow" if n_different else "", highlight=False)


def _show_warnings(seed: str, no_sandbox: bool) -> None:
    """Print what the instructor should know about the run as a whole."""
    if seed == PUBLIC_SEED:
        console.print("Graded on the graphs that students have. Use a private --seed for other graphs.", style="yellow")
    if no_sandbox:
        console.print("Graded without a sandbox: submissions ran with all of your rights.", style="yellow")


def _load_suite(course: Sequence[Assignment], seed: str, settings: CourseSettings) -> Suite:
    """Return the suite of these assignments under a seed, whose corpora are drawn if they are not in the cache."""
    from gradkit.corpora.library import Library
    from gradkit.course.corpora import default_cache
    from gradkit.grader.suite import load_suite
    from gradkit.suite.course_plan import CourseTests

    _draw_if_private(course, seed)
    private = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
    return load_suite(course, Library(corpora_folder()), private, tests_of=CourseTests(settings))


def _start_gradebook(url: str, suite: Suite, class_list: ClassList) -> GradebookProcess:
    """Start the process that writes reports to a gradebook. Raises GradebookError if the gradebook cannot be opened."""
    from gradkit.outputs.gradebook import database_url
    from gradkit.outputs.gradebook_process import GradebookProcess

    database_url(url)  # an error is shown now, and not after an hour of grading
    return GradebookProcess(url, suite, class_list.joined.entries)


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
    name = ",".join(each.name for each in course)
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
    seed: Annotated[str | None, typer.Option(envvar="GRADKIT_SEED", help="with --private: the private seed")] = None,
    course_file: CourseFile = None,
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
        settings = course_settings(course_file)
        _explain_privately(report, content, results[0], submission, _choose_seed(settings, seed), settings)
    elif not item:
        show_report(console, content)
    else:
        for result in results:
            show_report(console, content, result)


def _explain_privately(
    path: Path, report: Report, item: ItemResult, submission: Path | None, seed: str, settings: CourseSettings
) -> None:
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
    suite = _load_suite([assignment for assignment in assignments() if assignment.name in names], seed, settings)
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
