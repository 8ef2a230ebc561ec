"""The files of a reference retry: a submission whose earlier files are replaced by the reference's.

With them an early mistake costs once: an item about nn.py that fails on a student's engine.py is asked again on the
reference's engine.py. The worker of a retry can read the reference, so it is the last phase of a run (phases.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.home import course_home


def reference_folder() -> Path | None:
    """Return the folder of the reference's files; None in a release, which has no reference."""
    folder = course_home() / "reference" / "solution"
    return folder if folder.is_dir() else None


def reference_files(assignment: Assignment, reference: Path | None) -> list[Path]:
    """Return the reference's files for an assignment's retry; none if it has no retry."""
    return [reference / f"{module}.py" for module in assignment.retry_with] if reference else []


def file_names(assignment: Assignment) -> str:
    """Return the names of those files, for a sentence: `engine.py and nn.py`."""
    *first, last = (f"{module}.py" for module in assignment.retry_with)
    return f"{', '.join(first)} and {last}" if first else last


def copy_with_reference(assignment: Assignment, reference: Path | None, submission: Path, target: Path) -> None:
    """Copy a submission's files into a new folder, with the reference's in place of its own where a retry has them."""
    target.mkdir(parents=True)
    for path in [*submission.glob("*.py"), *reference_files(assignment, reference)]:
        shutil.copyfile(path, target / path.name)
