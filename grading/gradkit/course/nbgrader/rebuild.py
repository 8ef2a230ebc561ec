"""nbgrader's first step of sanitizing: rebuild the notebook from source/ with the student's solution cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from gradkit.catalogue.assignments import Notebook
from gradkit.submissions.bounded import READING, LimitReachedError, run_bounded
from gradkit.submissions.exception_text import tidy_warnings
from gradkit.submissions.intake.notebook import NotebookError, Solutions, read_solutions

from .lookup import RAW, assignment_of, course_folder_of


class RebuildFromSource(NbGraderPreprocessor):  # type: ignore[misc]
    """Take the instructor's notebook and insert the submitted solution cells, which are recognized by their ids.

    Other cells that a student has edited, copied, renamed, moved or deleted have no effect on the score, and cannot
    abort autograding. A missing solution is replaced by the stub that was released.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Rebuild the notebook from its source.

        Args:
            nb: The submitted notebook, which is not used.
            resources: nbconvert's resources, with the submitted bytes under RAW.

        Returns:
            The rebuilt notebook and the resources.

        Raises:
            CourseMismatchError: If gradkit does not have this assignment.
        """
        names = resources["nbgrader"]
        notebook = assignment_of(names["assignment"]).notebook
        solutions = _read_in_bounded_process(resources[RAW], notebook)
        for warning in solutions.warnings:
            self.log.warning("%s: %s", names["student"], warning)

        folders = course_folder_of(self)
        folder = Path(folders.format_path(folders.source_directory, ".", names["assignment"]))
        rebuilt = nbformat.read(folder / f"{notebook.name}.ipynb", as_version=4)
        with Gradebook(names["db_url"]) as gradebook:
            for cell in filter(utils.is_solution, rebuilt.cells):
                id_ = cell.metadata.nbgrader["grade_id"]
                stub = gradebook.find_source_cell(id_, names["notebook"], names["assignment"]).source
                cell.source = solutions.sources.get(id_, stub)
        return rebuilt, resources


def _read_in_bounded_process(raw: bytes, notebook: Notebook) -> Solutions:
    """Read the solution cells. If the notebook cannot be read, there are none, and a warning gives the reason."""

    def read() -> Solutions:
        try:
            solutions = read_solutions(raw, notebook)
        except NotebookError as error:
            return Solutions({}, tidy_warnings([f"The notebook {error}."]))
        return Solutions(solutions.sources, tidy_warnings(solutions.warnings))

    try:
        return run_bounded(read, Solutions, READING)
    except LimitReachedError as error:
        return Solutions({}, [f"Reading the notebook {error.message}."])
