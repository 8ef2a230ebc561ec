"""The report of a submission: the one typed record of what happened, kept as one JSON file a student.

A report holds the results of the items as they are (suite/results.py), and every output is made of it.
docs/report.schema.json has a line for each field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.submissions.exception_text import tidy
from gradkit.submissions.intake.not_taken_in import NotTakenIn
from gradkit.submissions.intake.students import Student
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.suite.results import Item, ItemResult, Results, strip_result

from .report_check import MAX_REPORT_BYTES, check

FORMAT: Literal[4] = 4
"""The version of the schema."""

MAX_SUGGESTIONS = 8
"""Names of items that an error message suggests."""


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a submission was graded with. Equal conditions and an equal submission give an equal report.

    A field with a default is written only if it differs, so reports without packages do not have the field `packages`.

    Attributes:
        kit: gradkit's version and a digest of its source.
        python: The version of Python.
        suite: A digest of the tests, their corpora and the assignments' settings.
        seed: "public", or the name of a private seed.
        sandbox: Whether the submission ran in a sandbox.
        fixed_addresses: Whether memory was laid out in the same way every time.
        packages: The packages that were offered, with versions.
    """

    kit: str
    python: str
    suite: str
    seed: str
    sandbox: bool
    fixed_addresses: bool
    packages: tuple[str, ...] = ()


class StoppedImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line of a file at which its import ended with an exception. What it had defined by then was graded.

    Attributes:
        file: The file's name.
        line: The number of the line, from 1.
        message: The exception, in one line.
    """

    file: str
    line: int
    message: str


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened to a submission.

    Attributes:
        format: The version of the schema.
        student: The student's name, as `students.Student` has it.
        ids: What identifies the student or the submission elsewhere, by kind: see `students.ID_KINDS`.
        submitted: When it was handed in, in ISO 8601 with an offset from UTC; empty if that is not known.
        is_marked_late: Whether the download marks it as late.
        submission: The digest of the files that were graded.
        missing: The files to grade that were not handed in, without `.py`.
        not_taken_in: The files that were handed in and could not be used.
        stopped: The files whose import ended with an exception.
        warnings: What the instructor should know.
        conditions: What it was graded with.
        earned: Points earned.
        points: Maximum points, without bonus items.
        items: The result of every item of the suite, in its order.
    """

    format: Literal[4]
    student: str
    ids: dict[str, str]
    submitted: str
    is_marked_late: bool
    submission: str
    missing: tuple[str, ...]
    not_taken_in: tuple[NotTakenIn, ...]
    stopped: tuple[StoppedImport, ...]
    warnings: tuple[str, ...]
    conditions: Conditions
    earned: float
    points: float
    items: tuple[ItemResult, ...]

    def points_by_assignment(self) -> dict[str, tuple[float, float]]:
        """Return the points earned and the maximum points, without bonus items, of each assignment."""
        totals: dict[str, tuple[float, float]] = {}
        for item in self.items:
            earned, points = totals.get(item.assignment, (0.0, 0.0))
            totals[item.assignment] = (earned + item.earned, points + (0 if item.bonus else item.points))
        return totals

    def verdict_counts(self) -> Counter[Verdict]:
        """Return the number of items with each verdict."""
        return Counter(item.verdict for item in self.items)

    def by_id(self) -> dict[str, ItemResult]:
        """Return the results by item id."""
        return {item.id: item for item in self.items}

    def items_named(self, name: str) -> list[ItemResult]:
        """Return the results of the items with a name: `tanh_collects`, or the whole of an item's id.

        Raises:
            UserError: If no item has this name. The message suggests similar names.
        """
        endings = (f"/{name}", f"/test_{name}")
        items = [item for item in self.items if f"/{item.id}".endswith(endings)]
        if not items:
            names = [item.id.rpartition("/test_")[2] for item in self.items if name.lower() in item.id.lower()]
            suggestion = f" Is it one of {', '.join(names[:MAX_SUGGESTIONS])}?" if names else ""
            raise UserError(tidy(f"There is no item {name!r} in this report.{suggestion}"))
        return items


class PublicResult(msgspec.Struct, frozen=True):
    """What the public phase finds out about a submission.

    Attributes:
        report: The report of the public phase.
        unblocked: What a blocked item shows if the items that block it pass in a reference retry, by the item's id.
    """

    report: Report
    unblocked: dict[str, ItemResult]


class UnreadableError(UserError):
    """A file is not a report. The message says why."""


def make_report(student: str, intake: Intake, conditions: Conditions, results: Results) -> Report:
    """Return the report of a submission.

    Args:
        student: The student's name. `about_student` adds what else is known.
        intake: Result of the submission's intake.
        conditions: What it was graded with.
        results: The results of all items.

    Raises:
        ValueError: If an item has no result, because half a report would show too few points.
    """
    if [item.id for item in results.collected] != list(results.by_id):
        raise ValueError("not every item has its result")
    items = tuple(results.all())
    return Report(
        format=FORMAT,
        student=student,
        ids={},
        submitted="",
        is_marked_late=False,
        submission=intake.digest,
        missing=intake.missing,
        not_taken_in=intake.not_taken_in,
        stopped=(),
        warnings=tuple(tidy(warning) for warning in intake.warnings),
        conditions=conditions,
        earned=sum(item.earned for item in items),
        points=sum(item.points for item in items if not item.bonus),
        items=items,
    )


def about_student(report: Report, student: Student) -> Report:
    """Return a report with what the download and the roster say of its student.

    Args:
        report: The report.
        student: The student.
    """
    return msgspec.structs.replace(
        report,
        ids=dict(sorted(student.ids.items())),
        submitted=student.submitted,
        is_marked_late=student.is_marked_late,
    )


def is_about(report: Report, items: Sequence[Item]) -> bool:
    """Return whether a report is about exactly these items. That its points add up was checked when it was read."""
    return [strip_result(result) for result in report.items] == list(items)


def encode(report: Report) -> bytes:
    """Return the content of a report's file."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def write(report: Report, path: Path) -> None:
    """Write a report to a file, which exists either whole or not at all."""
    write_whole(path, encode(report))


def read(path: Path) -> Report:
    """Read a report.

    Raises:
        UnreadableError: If the file is not a report. The message names the field.
    """
    name = tidy(path.name)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}") from None
    if len(content) > MAX_REPORT_BYTES:
        raise UnreadableError(
            f"{name} is not a report of `gradkit grade`: it is larger than {MAX_REPORT_BYTES >> 20} MB"
        )
    try:
        report = msgspec.json.decode(content, type=Report)
        check(report)
    except (ValueError, RecursionError) as error:
        if format_ := _older_format(content):
            raise UnreadableError(f"{name} was made by an older gradkit (format {format_}). Grade again.") from None
        raise UnreadableError(f"{name} is not a report of `gradkit grade`: {tidy(str(error)[:2000])}") from None
    return report


class _Formatted(msgspec.Struct):
    format: int


def _older_format(content: bytes) -> int:
    """Return the version of an older schema that a file was written in, or 0."""
    try:
        number = msgspec.json.decode(content, type=_Formatted).format
    except (ValueError, RecursionError):
        return 0
    return number if 0 < number < FORMAT else 0
