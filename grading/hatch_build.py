"""Puts the course (suites, corpora, assignment.toml) into a built wheel; an editable install finds it in place."""

import sys
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
        from gradkit.course.release import list_course_files

        build_data["force_include"].update({str(root / name): f"{INSIDE}/{name}" for name in list_course_files()})
