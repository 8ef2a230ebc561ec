"""Grade in the sandbox instead of nbgrader's step Execute. Each test cell gets the output that Execute would make."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from gradkit.catalogue.assignments import Assignment, Task, corpora_folder
from gradkit.catalogue.course_settings import COURSE_FILE, course_settings, read_seed
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.course.corpora import default_cache
from gradkit.grader.conditions import make_conditions
from gradkit.grader.one_submission.run_phases import check_workers, grade_alone
from gradkit.grader.suite import Suite, load_suite
from gradkit.outputs.html import feedback
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.suite.course_plan import CourseTests
from gradkit.suite.results import ItemResult

from .lookup import CourseMismatchError, assignment_of, course_folder_of


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """Grade the submission as `gradkit grade` does, and write each task's points and evidence into its test cell.

    SaveAutoGrades, late penalties, feedback and formgrader work with these cells as with executed ones. No cell is
    executed.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Grade the submission and fill in the outputs of the test cells.

        Args:
            nb: The notebook, as RebuildFromSource has made it.
            resources: nbconvert's resources.

        Returns:
            The notebook and the resources.

        Raises:
            CourseMismatchError: If nbgrader's course folder does not match gradkit's course.
            SettingsError: If course.toml cannot be used.
            SandboxError: If the sandbox cannot be started.
            MissingPackageError: If a package that an assignment uses is not installed.
            MissingCorpusError: If the corpora of the private seed have not been drawn yet.
        """
        names = resources["nbgrader"]
        assignment = assignment_of(names["assignment"])
        folders = course_folder_of(self)
        submitted = Path(folders.format_path(folders.submitted_directory, names["student"], assignment.name))
        released = Path(folders.format_path(folders.source_directory, ".", assignment.name))
        course_file = _find_course_file(Path(folders.root))
        results = _grade(names["student"], assignment, submitted, released, course_file)
        tasks = {task.name: task for task in assignment.tasks}
        for number, cell in enumerate(filter(_is_test_cell, nb.cells), 1):
            name = cell.metadata.nbgrader["grade_id"]
            cell.execution_count = number
            task = tasks.get(name)
            cell.outputs = [_make_output(cell, task, results, number) if task else _make_error(name)]
        return nb, resources


def _is_test_cell(cell: Any) -> bool:
    return cell.cell_type == "code" and bool(utils.is_grade(cell)) and not utils.is_solution(cell)


def _make_output(cell: Any, task: Task, results: Mapping[str, ItemResult], number: int) -> Any:
    """Make the output of a task's test cell.

    Args:
        cell: The test cell.
        task: The task.
        results: Results of all items by id.
        number: Execution count of the cell.

    Raises:
        CourseMismatchError: If the cell has other points than the task.
    """
    items = [results[item] for item in task.items if item in results]  # a course can switch items off
    counted = [item for item in items if not item.bonus]  # nbgrader refuses more points than a cell has
    points = sum(item.points for item in counted)
    if float(cell.metadata.nbgrader["points"]) != points:
        raise CourseMismatchError(
            f"The test cell {task.name} has other points than its items, {points:g}: after a change to the course, run "
            "`gradkit course build`, then `nbgrader generate_assignment --force`."
        )
    page = feedback(items, {id_: item.title for id_, item in results.items()})
    earned = f"{sum(item.earned for item in counted):g}"
    return new_output("execute_result", {"text/plain": earned, "text/html": page}, execution_count=number)


def _make_error(name: str) -> Any:
    """Make the output of a test cell that gradkit does not know. nbgrader gives all points for one without output."""
    message = f"The test cell {name} is not one of gradkit's, and no code is run here: grade it by hand."
    return new_output("error", ename="NotGraded", evalue=message, traceback=[message])


def _find_course_file(folder: Path) -> Path | None:
    """Return the course.toml in nbgrader's course folder, if there is one."""
    path = folder / COURSE_FILE
    return path if path.is_file() else None


def _grade(
    student: str, assignment: Assignment, submitted: Path, released: Path, course_file: Path | None
) -> dict[str, ItemResult]:
    """Grade a submission and return the result of every item by id.

    Args:
        student: Name of the student.
        assignment: The assignment.
        submitted: Folder of the submission.
        released: Folder of the files that students received beside the notebook.
        course_file: The course file. None: the one in the current folder, or the kit's.
    """
    suite, public_sandbox = _prepare(assignment.name, course_file)
    with tempfile.TemporaryDirectory(prefix="gradkit-") as scratch:
        folder = Path(scratch) / "submissions" / "files"
        intake = take_in(submitted, folder, suite.modules, suite.notebook, suite.builds_on)
        for path in [released / f"{module}.py" for module in suite.builds_on]:
            if path.is_file():  # as nbgrader does: released files replace the student's copies
                shutil.copyfile(path, folder / path.name)
        conditions = make_conditions(suite, True)
        report = grade_alone(student, intake, conditions, suite, public_sandbox, Path(scratch), folder)
    return {item.id: item for item in report.items}


@cache
def _prepare(name: str, course_file: Path | None) -> tuple[Suite, Sandbox]:
    """Collect an assignment's suite, and make the sandbox of the public phase, once for all submissions.

    The sandbox is deleted when this process ends.
    """
    settings = course_settings(course_file)
    seed = os.environ.get("GRADKIT_SEED") or read_seed(settings) or PUBLIC_SEED
    private = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
    suite = load_suite([assignment_of(name)], Library(corpora_folder()), private, tests_of=CourseTests(settings))
    scratch = _until_exit.enter_context(tempfile.TemporaryDirectory(prefix="gradkit-"))
    sandbox = _until_exit.enter_context(Sandbox(Path(scratch) / "sandbox"))
    check_workers(sandbox, suite)
    return suite, sandbox


_until_exit = ExitStack()
"""What `_prepare` has made. It is deleted when this process ends."""

atexit.register(_until_exit.close)
