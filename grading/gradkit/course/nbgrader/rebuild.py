"""The first step of sanitizing: the notebook made anew from source/, with nothing of a student's but solution cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from gradkit.catalogue.assignments import Notebook
from gradkit.submissions.bounded import READING, LimitReachedError, run_bounded
from gradkit.submissions.exception_text import presentable
from gradkit.submissions.intake.notebook import NotebookError, solutions

from .here import RAW, assignment_of, course_folder_of


class RebuildFromSource(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the instructor's notebook and puts the submitted solution cells in, by id.

    So whatever else was edited, copied, retyped, renamed, moved or deleted changes no score and aborts nothing. A
    solution that is not there is the stub, as released.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """The rebuilt notebook. Raises NotOursError for an assignment that gradkit does not know."""
        names = resources["nbgrader"]
        notebook = assignment_of(names["assignment"]).notebook
        found, notes = _solutions(resources[RAW], notebook)
        for note in notes:
            self.log.warning("%s: %s", names["student"], note)
        folders = course_folder_of(self)
        path = Path(folders.format_path(folders.source_directory, ".", names["assignment"])) / f"{notebook.name}.ipynb"
        rebuilt = nbformat.read(path, as_version=4)
        with Gradebook(names["db_url"]) as gradebook:
            for cell in filter(utils.is_solution, rebuilt.cells):
                id_ = cell.metadata.nbgrader["grade_id"]
                stub = gradebook.find_source_cell(id_, names["notebook"], names["assignment"]).source
                cell.source = found.get(id_, stub)
        return rebuilt, resources


def _solutions(raw: bytes, notebook: Notebook) -> tuple[dict[str, str], list[str]]:
    """Read the solution cells in a bounded process: their texts by id, and what the instructor should know."""

    def read() -> tuple[dict[str, str], list[str]]:
        notes: list[str] = []
        try:
            return solutions(raw, notebook, notes), presentable(notes)
        except NotebookError as error:
            return {}, presentable([*notes, f"the notebook {error}"])

    try:
        return run_bounded(read, tuple[dict[str, str], list[str]], READING)
    except LimitReachedError as error:
        return {}, [f"reading the notebook {error.message}"]
