"""Puts the course (suites, corpora, assignment.toml) into a built wheel; an editable install finds it in place."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = "gradkit/_course"


class CourseHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "grading"))
        from gradkit.catalogue.hidden_items import FILE, write_hidden_items
        from gradkit.course.release import list_course_files, list_hidden_items

        self._made = tempfile.TemporaryDirectory()  # deleted with this hook, after the build
        hidden = Path(self._made.name) / Path(FILE).name
        write_hidden_items(list_hidden_items(), hidden)
        build_data["force_include"][str(hidden)] = f"{INSIDE}/{FILE}"
        build_data["force_include"].update({str(root / name): f"{INSIDE}/{name}" for name in list_course_files()})
