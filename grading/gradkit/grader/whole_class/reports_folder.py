"""The folder of reports of a class: a JSON file for each student, and the files that a run keeps beside them."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradkit.errors import UserError
from gradkit.files import PARTIAL, write_whole
from gradkit.submissions.intake.students import StudentsError

from .. import unfinished

SCRATCH = ".gradkit"
"""Name of the folder for temporary files of a run. It is deleted at the end of the run."""

SUBMISSIONS = ".submissions"
"""Name of the file that holds the path of the folder of submissions."""

LOCK_SECONDS = 2.0
"""How long to wait for the lock: the children of a run that was killed take a moment to end."""

_LOCK_POLL_SECONDS = 0.05


class BusyError(UserError):
    """Another `gradkit grade` is running on this folder of reports."""


def report_path(out: Path, student: str) -> Path:
    """Return the path of a student's report.

    Args:
        out: The folder of reports.
        student: The student's name.
    """
    return out / f"{student}.json"


def remember_submissions(out: Path, submissions: Path) -> None:
    """Write down which folder of submissions the reports are about, so that `explain --private` can find it.

    Args:
        out: The folder of reports.
        submissions: The folder of submissions.
    """
    write_whole(out / SUBMISSIONS, f"{submissions.absolute()}\n".encode("utf-8", "surrogateescape"))


def read_submissions_folder(out: Path) -> Path:
    """Read which folder of submissions the reports in a folder are about.

    Args:
        out: The folder of reports.

    Raises:
        StudentsError: If the folder has no file `.submissions`.
    """
    try:
        return Path((out / SUBMISSIONS).read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n"))
    except OSError:
        raise StudentsError(f"{out} does not say where the submissions are. Name this one with --submission.") from None


@contextmanager
def lock_reports(out: Path) -> Iterator[Path]:
    """Lock the folder of reports for this run, and yield an empty folder in it for temporary files.

    What a killed run has left behind is deleted.

    Args:
        out: The folder of reports. It is created if it does not exist.

    Raises:
        BusyError: If another run still holds the lock after LOCK_SECONDS.
    """
    out.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(out, os.O_RDONLY)
    try:
        _lock(descriptor, out)
        for left_over in [*out.glob(f".*{PARTIAL}"), *(out / unfinished.FOLDER).glob(f".*{PARTIAL}")]:
            left_over.unlink()
        scratch = out / SCRATCH
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, out: Path) -> None:
    """Lock an open folder. Raises BusyError if another run still holds the lock after LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BusyError(
                    f"Another `gradkit grade` is writing reports to {out}. Wait until it has ended."
                ) from None
            time.sleep(_LOCK_POLL_SECONDS)
