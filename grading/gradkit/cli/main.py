"""The one door: `gradkit ...`. Each command is a few lines over a room's function."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from gradkit.catalogue.assignments import assignments, chosen, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.corpora.scalar import PUBLIC_SEED
from gradkit.errors import sentence_of
from gradkit.suite.collection import SuiteError

from .course import app as course_app
from .course import complain
from .graph import graph

if TYPE_CHECKING:
    from gradkit.grader.report import Report
    from gradkit.suite.results import ItemResult

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A course kit for building an autograd engine. Students need pytest and, for pictures, graph; the other "
    "commands are for those who grade (grade, explain, doctor, course) and those who write the course.",
)
app.add_typer(course_app, name="course")
console = Console()


@app.callback()
def gradkit() -> None:
    """A course kit for building an autograd engine."""


def _needs(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        complain(f"This needs {module}, which is not installed here: pip install '{extra}'")


@app.command()
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
    from gradkit.corpora.library import Library, MissingCorpusError
    from gradkit.course.corpora import default_cache
    from gradkit.grader.capacity import workers_that_fit
    from gradkit.grader.classroom import BusyError, Classroom, remember_submissions
    from gradkit.grader.conditions import conditions_of
    from gradkit.grader.grader import suite_of
    from gradkit.grader.processes import ProcessorTimeUp, heed_processor_limit
    from gradkit.outputs.gradebook import GradebookError, database_url
    from gradkit.outputs.gradebook_process import Entering
    from gradkit.outputs.grades_csv import GRADES, write_grades
    from gradkit.outputs.terminal import await_gradebook, graded_with_progress, show_class
    from gradkit.submissions.intake.roster import RosterError, roster
    from gradkit.submissions.sandbox.sandbox import SandboxError

    heed_processor_limit()
    try:
        course = chosen(assignment)
        students, others = roster(submissions, out)
        _draw_if_private(seed)
        private = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
        suite = suite_of(course, Library(corpora_folder()), private)
        if gradebook:
            database_url(gradebook)  # raises now rather than after an hour of grading
        # Each assignment has a folder of its own: a run for another one must not replace these reports.
        reports_folder = out.absolute() / (course[0].name if len(course) == 1 else "all")
        classroom = Classroom(suite, conditions_of(suite, not no_sandbox), reports_folder, no_sandbox)
        entering = Entering(gradebook, suite) if gradebook else None
        n_workers, remark = workers_that_fit(workers or _cores())
        if remark:
            console.print(remark, style="yellow", highlight=False, soft_wrap=True)
        graded = graded_with_progress(console, classroom, students, n_workers, entering)
        reports = show_class(console, classroom, graded)
        write_grades(reports, reports_folder / GRADES)
        remember_submissions(reports_folder, submissions)
    except (LookupError, MissingCorpusError, RosterError, BusyError, SandboxError, GradebookError) as error:
        complain(str(error.args[0]))
    except ProcessorTimeUp as error:
        complain(str(error))
    except OSError as error:
        complain(sentence_of(error))
    except KeyboardInterrupt:
        _stopped()
    if entering:
        try:
            await_gradebook(console, entering)
        except GradebookError as error:
            complain(f"{error} (The reports are written; the same command goes on from there.)")
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
        complain(
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


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@app.command()
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
    from gradkit.grader.report import UnreadableError, read
    from gradkit.outputs.terminal import show_report

    try:
        found = read(report)
        meant = found.items_named(item) if item else []
    except (UnreadableError, LookupError) as error:
        complain(str(error.args[0]))
    if private:
        if len(meant) != 1:
            complain("--private explains one item: name it, as in `gradkit explain --private REPORT tanh_collects`.")
        _explain_privately(report, found, meant[0], submission, seed)
    elif not item:
        show_report(console, found)
    else:
        for result in meant:
            show_report(console, found, result)


def _explain_privately(path: Path, report: Report, item: ItemResult, submission: Path | None, seed: str) -> None:
    """Ask an item of the private phase once more, in the sandbox, and print the case as it was drawn."""
    from gradkit.corpora.library import Library, MissingCorpusError
    from gradkit.course.corpora import default_cache
    from gradkit.grader.appeal import NotPrivateError, explained_privately, private_test
    from gradkit.grader.classroom import submissions_of
    from gradkit.grader.conditions import conditions_of, seed_label
    from gradkit.grader.grader import GraderError, suite_of
    from gradkit.outputs.terminal import show_report
    from gradkit.submissions.intake.roster import RosterError, student_called
    from gradkit.submissions.sandbox.packages import MissingPackageError
    from gradkit.submissions.sandbox.sandbox import SandboxError

    if seed_label(seed) != report.conditions.seed:
        given = "none was given" if seed == PUBLIC_SEED else f"{seed_label(seed)} was given"
        what_to_do = "unset GRADKIT_SEED" if report.conditions.seed == seed_label(PUBLIC_SEED) else "set GRADKIT_SEED"
        complain(f"{path.name} was graded with the seed {report.conditions.seed}, and {given}: {what_to_do}.")
    try:
        _draw_if_private(seed)
        names = {each.assignment for each in report.items}
        course = tuple(assignment for assignment in assignments() if assignment.name in names)
        drawn = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
        suite = suite_of(course, Library(corpora_folder()), drawn)
        test = private_test(suite, item.id)
        source = submission or student_called(report.student, submissions_of(path.parent)).source
        with tempfile.TemporaryDirectory(prefix="gradkit-") as scratch:
            result = explained_privately(suite, report, test, source, Path(scratch))
    except (NotPrivateError, RosterError, SandboxError, MissingCorpusError, MissingPackageError, GraderError) as error:
        complain(str(error.args[0]))
    except OSError as error:
        complain(sentence_of(error))
    now = conditions_of(suite, report.conditions.sandbox)
    if now != report.conditions:
        console.print("The course, gradkit or Python has changed since this report was made.", style="yellow")
    console.print("For you alone: what follows is private, and is written to no report.", style="yellow")
    show_report(console, report, result, max_length=100_000)


app.command()(graph)


@app.command()
def doctor() -> None:
    """Say what this machine can do for grading, by trying it, and what to install.

    Example: gradkit doctor
    """
    from gradkit.grader.doctor import examine
    from gradkit.outputs.terminal import show_findings

    findings = examine()
    show_findings(console, findings)
    raise typer.Exit(any(finding.needed and not finding.fine for finding in findings))


@app.command()
def corpora(
    seed: Annotated[
        str, typer.Option(envvar="GRADKIT_SEED", help="draw another seed's corpora, into a cache")
    ] = PUBLIC_SEED,
    check: Annotated[bool, typer.Option("--check", help="re-derive every recorded number from live PyTorch")] = False,
) -> None:
    """Record the corpora that the suites ask for, drawn with Hypothesis and answered by PyTorch.

    Examples: gradkit corpora; gradkit corpora --check; gradkit corpora --seed autumn-2026
    """
    from gradkit.course import corpora as course_corpora

    _needs("torch", "gradkit[torch]")
    course = assignments()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("asking PyTorch", total=len(course_corpora.wishes(course)))
        if check:
            wrong = []
            for name, complaints in course_corpora.check(course):
                wrong += [f"{name}: {complaint}" for complaint in complaints]
                progress.advance(task)
        else:
            cases = 0
            for _name, corpus in course_corpora.build(course, seed, course_corpora.default_cache()):
                cases += len(corpus.cases)
                progress.advance(task)
    if not check:
        console.print(f"{cases} cases of {'the public' if seed == PUBLIC_SEED else 'this'} seed are ready.")
    elif wrong:
        complain("\n".join(wrong[:20]))
    else:
        console.print("Every recorded number is PyTorch's.")


@app.command()
def stubs(
    check: Annotated[bool, typer.Option("--check", help="only say whether the template is in step")] = False,
) -> None:
    """Make the student's template from the reference.

    Example: gradkit stubs
    """
    from gradkit.course.stubs import UnassignedError, out_of_step, write_template
    from gradkit.proof.specimens import reference_folder

    solution, template = reference_folder() / "solution", course_home() / "student_template"
    try:
        changed = out_of_step(solution, template, assignments())
    except UnassignedError as error:
        complain(str(error))
    if check and changed:
        complain(f"Not in step with the reference: {', '.join(sorted(changed))}. Run `gradkit stubs`.")
    write_template(template, changed)
    console.print(
        f"Written: {', '.join(sorted(changed))}" if changed else "The template is in step with the reference."
    )


@app.command()
def release(
    out: Annotated[Path, typer.Option(help="the folder to put them in")] = Path("dist"),
) -> None:
    """Build what students get: a wheel and a zip, checked to hold no answer.

    Example: gradkit release --out dist
    """
    from gradkit.course.release import LeakError, make_release

    try:
        made = make_release(out)
    except (LeakError, RuntimeError) as error:
        complain(str(error))
    for path in made:
        console.print(f"{path}  {path.stat().st_size / 1024:,.0f} KB", highlight=False)


@app.command()
def prove(
    record: Annotated[
        bool, typer.Option("--record", help="keep the fingerprints that name a student's mistake")
    ] = False,
) -> None:
    """Show that every misconception is caught by its own items, and that no variant loses marks.

    Example: gradkit prove
    """
    from gradkit.proof.prove import prove as prove_all
    from gradkit.proof.prove import record_diagnoses
    from gradkit.proof.specimens import misconceptions, variants
    from gradkit.submissions.sandbox.packages import MissingPackageError

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("running every specimen", total=len(misconceptions()) + len(variants()))
        try:
            proofs = prove_all(lambda _name: progress.advance(task))
        except MissingPackageError as error:
            complain(str(error))
    table = Table("specimen", "kind", "caught by (and how many items depend on those)", "as it must be")
    for proof in proofs:
        caught = "\n".join(proof.caught_by) + (f"\n(+{proof.blocked} blocked)" if proof.blocked else "")
        table.add_row(proof.name, proof.kind, caught or "nothing", proof.complaint or "yes")
    console.print(table)
    if record:
        console.print(f"{record_diagnoses(proofs)} fingerprints recorded")
    if any(proof.complaint for proof in proofs):
        complain("Some specimens did not go as they must: see the last column.")


@app.command()
def attacks() -> None:
    """Grade every attack of the corpus; show that each gets what its honest part earns, and carries out no secret.

    Example: gradkit attacks
    """
    from gradkit.proof.attacks import attacks as corpus
    from gradkit.proof.attacks_run import run_attacks
    from gradkit.submissions.sandbox.packages import MissingPackageError
    from gradkit.submissions.sandbox.sandbox import SandboxError

    with Progress(console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("grading attacks", total=len(corpus()))
        try:
            run = run_attacks(corpus(), lambda _name: progress.update(task, advance=1, refresh=True), _cores())
        except (SandboxError, MissingPackageError) as error:
            complain(str(error))
    table = Table(Column("attack", overflow="fold"), "group", "earned", "must get", "as it must be")
    for each in run.outcomes:
        earned = f"{each.report.earned:g}" if each.report else "-"
        table.add_row(each.name, each.attack.group, earned, each.attack.says(), escape(each.complaint) or "yes")
    console.print(table)
    if run.complaints:
        complain("\n".join(["Some attacks did not go as they must:", *run.complaints]))
    console.print(
        f"{len(run.outcomes)} attacks: 0 undeserved points, and 0 secret bits beyond whether an item passed.",
        highlight=False,
    )


def main() -> None:
    """Entry point of the `gradkit` command. A course that does not fit together is refused by each in a line."""
    try:
        app()
    except SuiteError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        sys.exit(1)
