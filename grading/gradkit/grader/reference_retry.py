"""Reference retries: a submission's earlier files are replaced by the reference's, and items are run again.

If a student's engine.py is wrong, items about nn.py fail too, even if nn.py is right, although items about engine.py
have cost those points already. So an item that did not pass is run again on the reference's engine.py, and earns its
points if it passes there. The worker of a retry can read the reference, so retries are the last phases of a run: see
phases.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.home import course_home


def reference_folder() -> Path | None:
    """Return the folder of the reference's files, or None in a release, which does not contain the reference."""
    folder = course_home() / "reference" / "solution"
    return folder if folder.is_dir() else None


def reference_files(assignment: Assignment, reference: Path | None) -> list[Path]:
    """Return the reference's files for an assignment's retry. Empty if the assignment has no retry.

    Args:
        assignment: The assignment.
        reference: The folder of the reference's files, or None if there are no retries.
    """
    return [reference / f"{module}.py" for module in assignment.retry_with] if reference else []


def file_names(assignment: Assignment) -> str:
    """Return the names of the files that an assignment's retry replaces, for a sentence: `engine.py and nn.py`."""
    *first, last = (f"{module}.py" for module in assignment.retry_with)
    return f"{', '.join(first)} and {last}" if first else last


def copy_with_reference(reference: Sequence[Path], submission: Path, target: Path) -> None:
    """Copy a submission's files into a new folder, and write files of the reference over them.

    Args:
        reference: The reference's files for the retry: see `reference_files`.
        submission: The folder of the submission's files.
        target: The new folder.
    """
    target.mkdir(parents=True)
    for path in [*submission.glob("*.py"), *reference]:
        shutil.copyfile(path, target / path.name)
