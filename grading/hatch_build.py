"""Puts the course (suites, corpora, assignment.toml) into a built wheel; an editable install finds it in place."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = "gradkit/_course"


class CourseHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        suites = [path.relative_to(root).parent for path in root.glob("assignments/*/assignment.toml")]
        files = [f"{folder}/assignment.toml" for folder in suites]
        suite_files = [path for folder in suites for path in (root / "tests" / folder.name).glob("*.py")]
        files += [str(path.relative_to(root)) for path in suite_files if not path.name.endswith("_hidden.py")]
        files += [str(path.relative_to(root)) for path in root.glob("tests/corpora/*.json")]
        files.append("student_template/digits.csv")  # other seeds draw training runs from it
        build_data["force_include"].update({str(root / name): f"{INSIDE}/{name}" for name in files})
