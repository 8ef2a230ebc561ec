"""In place of nbgrader's Execute: grading in the sandbox. Each test cell gets the output that it would have had."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from gradkit.catalogue.assignments import Assignment, Task, corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import PUBLIC_SEED
from gradkit.course.corpora import default_cache
from gradkit.grader.conditions import conditions_of
from gradkit.grader.one_submission.run_phases import check_workers, grade_alone
from gradkit.grader.suite import Suite, suite_of
from gradkit.outputs.html import feedback
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.suite.results import ItemResult

from .here import NotOursError, assignment_of, course_folder_of


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """Grades the submission as `gradkit grade` does, and writes each task's points and evidence into its test cell.

    SaveAutoGrades, late penalties, feedback and formgrader go on from there as ever. No cell is executed.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """The graded notebook.

        Raises NotOursError, SandboxError, MissingPackageError, and MissingCorpusError for a seed not drawn yet.
        """
        names = resources["nbgrader"]
        assignment = assignment_of(names["assignment"])
        folders = course_folder_of(self)
        submitted = Path(folders.format_path(folders.submitted_directory, names["student"], assignment.name))
        released = Path(folders.format_path(folders.source_directory, ".", assignment.name))
        records = _graded(names["student"], assignment, submitted, released)
        tasks = {task.name: task for task in assignment.tasks}
        for number, cell in enumerate(filter(_is_test, nb.cells), 1):
            name = cell.metadata.nbgrader["grade_id"]
            cell.execution_count = number
            cell.outputs = [_output(cell, tasks[name], records, number) if name in tasks else _not_run(name)]
        return nb, resources


def _is_test(cell: Any) -> bool:
    return cell.cell_type == "code" and bool(utils.is_grade(cell)) and not utils.is_solution(cell)


def _output(cell: Any, task: Task, records: Mapping[str, ItemResult], number: int) -> Any:
    mine = [records[item] for item in task.items]
    points = sum(item.points for item in mine)
    if float(cell.metadata.nbgrader["points"]) != points:
        raise NotOursError(
            f"The test cell {task.name} has other points than its items, {points:g}: after a change to the course, run "
            "`gradkit course build`, then `nbgrader generate_assignment --force`."
        )
    page = feedback(mine, {id_: record.title for id_, record in records.items()})
    earned = f"{sum(item.earned for item in mine):g}"
    return new_output("execute_result", {"text/plain": earned, "text/html": page}, execution_count=number)


def _not_run(name: str) -> Any:
    """nbgrader gives all points for a test cell without an output, so one that is not ours gets an error."""
    said = f"The test cell {name} is none of gradkit's, and no code is run here: grade it by hand."
    return new_output("error", ename="NotGraded", evalue=said, traceback=[said])


# --- what all submissions share --------------------------------------------------------------------------------------


def _graded(student: str, assignment: Assignment, submitted: Path, released: Path) -> dict[str, ItemResult]:
    """Return every item's record, by id. released: the folder of the files that students got beside the notebook."""
    suite = _suite(assignment.name, os.environ.get("GRADKIT_SEED", PUBLIC_SEED))
    with tempfile.TemporaryDirectory(prefix="gradkit-") as scratch:
        folder = Path(scratch) / "submissions" / "files"
        taken = take_in(submitted, folder, suite.modules, suite.notebook, suite.builds_on)
        for path in [released / f"{module}.py" for module in suite.builds_on]:
            if path.is_file():  # as nbgrader does: what was given counts as it was given
                shutil.copyfile(path, folder / path.name)
        report = grade_alone(student, taken, conditions_of(suite, True), suite, Path(scratch), folder)
    return {item.id: item for item in report.items}


@cache
def _suite(name: str, seed: str) -> Suite:
    private = Library(corpora_folder(), seed, default_cache()) if seed != PUBLIC_SEED else None
    suite = suite_of([assignment_of(name)], Library(corpora_folder()), private)
    with tempfile.TemporaryDirectory(prefix="gradkit-") as scratch, Sandbox(Path(scratch) / "sandbox") as sandbox:
        check_workers(sandbox, suite)
    return suite
