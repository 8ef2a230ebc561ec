"""Read submitted notebooks. One that Jupyter cannot read is graded like an empty one, and aborts nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_notebook
from nbgrader.converters import Autograde

from gradkit.submissions.intake.notebook import MAX_NOTEBOOK_BYTES

from .copies import autograde_copies
from .lookup import RAW
from .rebuild import RebuildFromSource


class AnyNotebook(NotebookExporter):
    """nbconvert's exporter of notebooks, for files with any content.

    nbgrader's Autograde makes one before it opens the first submission, and works on copies from then on.
    """

    def __init__(self, config: Any = None, **more: Any) -> None:
        super().__init__(config, **more)
        if isinstance(self.parent, Autograde):
            autograde_copies(self.parent)

    def from_filename(self, filename: str, resources: Any = None, **more: Any) -> Any:
        """Read a file as a notebook, an empty one if it is not a notebook, and pass it through the preprocessors."""
        with Path(filename).open("rb") as opened:
            raw = opened.read(MAX_NOTEBOOK_BYTES + 1)
        if any(isinstance(step, RebuildFromSource) for step in self._preprocessors):
            # That step reads the solution cells from the bytes, within limits, and ignores the notebook.
            return self.from_notebook_node(new_notebook(), resources={**(resources or {}), RAW: raw}, **more)
        try:
            notebook = nbformat.reads(raw.decode("utf-8-sig"), as_version=4)
        except Exception as error:
            self.log.warning("%s cannot be read as a notebook (%s)", filename, type(error).__name__)
            notebook = new_notebook()
        return self.from_notebook_node(notebook, resources=resources, **more)
