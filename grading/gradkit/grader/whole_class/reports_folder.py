"""The folder of reports of a class: a JSON file for each student, and the files that a run keeps beside them."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from gradkit.errors import UserError
from gradkit.files import PARTIAL, write_whole
from gradkit.submissions.intake.students import StudentsError

from .. import unfinished
from ..report import Conditions, Report, UnreadableError, encode, read, write

SCRATCH = ".gradkit"
"""Name of the folder for temporary files of a run. It is deleted at the end of the run."""

SUBMISSIONS = ".submissions"
"""Name of the file that holds the path of the folder of submissions."""

EARLIER = "earlier"
"""Name of the folder that keeps the reports which a regrade has replaced, in a folder for each regrade: 1, 2, ..."""

REGRADE = ".regrade.json"
"""Name of the file in which a regrade that has ended says when, and with which conditions."""

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


class Regrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run that replaced reports, after its end.

    Attributes:
        ended: When it ended, in ISO 8601 with an offset from UTC.
        conditions: What it graded with. The reports that it replaced say what they were graded with.
    """

    ended: str
    conditions: Conditions


def list_regrades(out: Path) -> list[int]:
    """Return the numbers of the regrades of a folder of reports, in order.

    Args:
        out: The folder of reports.
    """
    folders = (out / EARLIER).iterdir() if (out / EARLIER).is_dir() else ()
    return sorted(int(folder.name) for folder in folders if folder.name.isdecimal() and folder.name.isascii())


def earlier_folder(out: Path, number: int) -> Path:
    """Return the folder of the reports that a regrade has replaced.

    Args:
        out: The folder of reports.
        number: The number of the regrade.
    """
    return out / EARLIER / str(number)


def read_reports(folder: Path) -> tuple[dict[str, Report], list[str]]:
    """Read the reports in a folder.

    Args:
        folder: A folder of reports, or one of earlier reports.

    Returns:
        The reports by student, and why other files cannot be read.
    """
    reports: dict[str, Report] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.json")):
        if path.name == REGRADE:
            continue
        try:
            report = read(path)
        except UnreadableError as error:
            faults.append(str(error))
        else:
            reports[report.student] = report
    return reports, faults


def read_reports_before(out: Path, number: int) -> tuple[dict[str, Report], list[str]]:
    """Read the reports as they were before a regrade: what it replaced, and of the others what a later one replaced.

    Args:
        out: The folder of reports.
        number: The number of the regrade.

    Returns:
        The reports by student, and why other files cannot be read.
    """
    reports: dict[str, Report] = {}
    faults: list[str] = []
    later = [earlier_folder(out, each) for each in list_regrades(out) if each >= number]
    for folder in [out, *reversed(later)]:
        found, unreadable = read_reports(folder)
        reports.update(found)
        faults += [f"{folder.name}/{fault}" for fault in unreadable]
    return reports, faults


def current_regrade(out: Path) -> int:
    """Return the number of a regrade that runs now: that of one that was stopped, or a new one.

    Args:
        out: The folder of reports.
    """
    last = max(list_regrades(out), default=0)
    was_stopped = last > 0 and not (earlier_folder(out, last) / REGRADE).is_file()
    return last if was_stopped else last + 1


def replace_report(report: Report, out: Path) -> None:
    """Write a report. One that it replaces is kept among the earlier ones, unless it is equal.

    If a regrade is stopped and continued, the report from before the regrade is kept.

    Args:
        report: The report.
        out: The folder of reports.
    """
    path = report_path(out, report.student)
    try:
        replaced = path.read_bytes()
    except OSError:
        replaced = b""
    if replaced and replaced != encode(report):
        kept = report_path(earlier_folder(out, current_regrade(out)), report.student)
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(kept, replaced)
    write(report, path)


def finish_regrade(out: Path, conditions: Conditions, grades: str, is_complete: bool) -> bool:
    """Record the end of a run that replaced reports, before its grades are written.

    Args:
        out: The folder of reports.
        conditions: What the run graded with.
        grades: The name of the file of grades. The one from before the regrade is kept.
        is_complete: Whether every student has a report. If not, the next run continues this regrade.

    Returns:
        Whether reports were replaced.
    """
    folder = earlier_folder(out, current_regrade(out))
    if not folder.is_dir():
        return False
    if (out / grades).is_file() and not (folder / grades).exists():
        write_whole(folder / grades, (out / grades).read_bytes())
    if is_complete:
        record = Regrade(datetime.now(timezone.utc).isoformat(timespec="seconds"), conditions)
        write_whole(folder / REGRADE, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    return True


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
        left_over_files = f".*{PARTIAL}"
        for left_over in [
            *out.glob(left_over_files),
            *(out / unfinished.FOLDER).glob(left_over_files),
            *(out / EARLIER).glob(f"*/{left_over_files}"),
        ]:
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
