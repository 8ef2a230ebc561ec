"""The first step of sanitizing: the notebook made anew from source/, with nothing of a student's but solution cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from ...submissions.notebook import NotebookError, solutions
from .here import assignment_of, course_folder_of
from .read import RAW


class RebuildFromSource(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the instructor's notebook and puts the submitted solution cells in, by id.

    So whatever else was edited, copied, retyped, renamed, moved or deleted changes no score and aborts nothing. A
    solution that is not there is the stub, as released.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """The rebuilt notebook. Raises NotOursError for an assignment that gradkit does not know."""
        names = resources["nbgrader"]
        notebook = assignment_of(names["assignment"]).notebook
        notes: list[str] = []
        try:
            found = solutions(resources[RAW], notebook, notes)
        except NotebookError as error:
            found = {}
            notes.append(f"the notebook {error}")
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
