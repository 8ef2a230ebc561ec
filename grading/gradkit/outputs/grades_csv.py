"""grades.csv: a row for each student of a class, safe to open in any spreadsheet."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from gradkit.files import write_whole
from gradkit.grader.report import Report
from gradkit.grades.class_grades import ClassGrades, Grade
from gradkit.submissions.intake.students import ID_KINDS
from gradkit.submissions.outcome import Verdict

from .statistics import describe_lateness

GRADES = "grades.csv"
"""The file's name."""


def write_grades(grades: ClassGrades, path: Path) -> None:
    """Write the grades of a class to a file, which exists either whole or not at all."""
    write_whole(path, grades_csv(grades))


def grades_csv(grades: ClassGrades) -> bytes:
    """Return a row for each grade: points by assignment and in all, and the number of items with each verdict.

    The columns of _COLUMNS follow, as far as something is known for them. An absent student has no points, and not 0.

    The text is UTF-8 with a byte order mark, because Excel reads it in another encoding otherwise.
    """
    reports = [grade.report for grade in grades.grades if grade.report]
    assignments = list(dict.fromkeys(name for report in reports for name in report.points_by_assignment()))
    columns = [column for column in _COLUMNS if column.is_needed(grades)]
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    verdicts = [verdict.value for verdict in Verdict]
    heads = [column.header for column in columns]
    header = ["student", *assignments, "points", "out_of", *verdicts, "warnings", "not_taken_in", *heads]
    writer.writerow(header)
    n_cells = len(header) - 1 - len(columns)  # of a report
    for grade in grades.grades:
        cells = _cells(grade.report, assignments) if grade.report else [""] * n_cells
        more = [without_formulas(column.cell(grade)) for column in columns]
        writer.writerow([without_formulas(grade.student), *cells, *more])
    return text.getvalue().encode("utf-8-sig")


def _cells(report: Report, assignments: Sequence[str]) -> list[object]:
    """Return the cells of a report, without the student's name."""
    points, counts = report.points_by_assignment(), report.verdict_counts()
    return [
        *(f"{points[name][0]:g}" if name in points else "" for name in assignments),
        f"{report.earned:g}",
        f"{report.points:g}",
        *(counts[verdict] for verdict in Verdict),
        without_formulas(" / ".join(report.notes())),
        without_formulas(" / ".join(map(str, report.not_taken_in))),
    ]


# --- columns that not every class has --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """A column that is left out if nothing is known for it.

    Attributes:
        header: Its header.
        cell: Returns its cell for a grade.
        is_needed: Returns whether a class has it.
    """

    header: str
    cell: Callable[[Grade], str]
    is_needed: Callable[[ClassGrades], bool]


def _has_roster(grades: ClassGrades) -> bool:
    return grades.has_roster


def _has_due_dates(grades: ClassGrades) -> bool:
    return grades.has_due_dates


def _if_any(header: str, cell: Callable[[Grade], str]) -> _Column:
    """Return a column that a class has if a cell of it is not empty."""
    return _Column(header, cell, lambda grades: any(map(cell, grades.grades)))


def _of_entry(field: str) -> _Column:
    """Return a column of the roster."""
    return _Column(field, lambda grade: getattr(grade.entry, field) if grade.entry else "", _has_roster)


def _of_download(kind: str) -> _Column:
    """Return a column with ids of a download. The roster's id has its own column."""

    def cell(grade: Grade) -> str:
        ids = {**(grade.entry.ids if grade.entry else {}), **(grade.report.ids if grade.report else {})}
        return ids.get(kind, "")

    return _if_any(kind, cell)


def _email(grade: Grade) -> str:
    in_download = grade.report.ids.get("email", "") if grade.report else ""
    return (grade.entry.email if grade.entry else "") or in_download


def _bonus(grade: Grade) -> str:
    items = grade.report.items if grade.report else ()
    return f"{sum(item.earned for item in items if item.bonus):g}" if any(item.bonus for item in items) else ""


def _submitted(grade: Grade) -> str:
    times = [lateness.submitted for lateness in grade.lateness.values() if lateness.submitted]
    known = [time.isoformat(" ", "seconds") for time in dict.fromkeys(times)]
    return " / ".join(known) or (grade.report.submitted if grade.report else "")


def _late(grade: Grade) -> str:
    if not grade.lateness:
        return "marked as late" if grade.report and grade.report.is_marked_late else ""
    return describe_lateness(grade)


def _sum_of(field: str) -> Callable[[Grade], str]:
    """Return a function that adds up a number of late days over the assignments of a grade."""

    def cell(grade: Grade) -> str:
        return str(sum(getattr(each, field) for each in grade.lateness.values())) if grade.report else ""

    return cell


def _penalty(grade: Grade) -> str:
    return f"{round(grade.report.earned - grade.final_points, 2):g}" if grade.report else ""


def _final_points(grade: Grade) -> str:
    return f"{grade.final_points:g}" if grade.report else ""


_COLUMNS = (
    _if_any("bonus", _bonus),
    _Column("status", lambda grade: grade.status.value, _has_roster),
    *(_of_entry(field) for field in ("id", "name")),
    _if_any("email", _email),
    *(_of_entry(field) for field in ("section", "group")),
    *(_of_download(kind) for kind in ID_KINDS if kind not in ("id", "email")),
    _if_any("submitted", _submitted),
    _if_any("late", _late),
    _Column("late_days", _sum_of("days"), _has_due_dates),
    _Column("free_days", _sum_of("free_days"), _has_due_dates),
    _Column("penalty", _penalty, _has_due_dates),
    _Column("final_points", _final_points, _has_due_dates),
)
"""The columns after those that every class has, in order."""


# --- formulas --------------------------------------------------------------------------------------------------------

_SEPARATORS = re.compile(r'([,;|"\t\r\n])')
"""Characters at which a spreadsheet can begin another cell. Which one separates cells depends on the user's country."""

_INVISIBLE = ("C", "Z")
"""First letters of the Unicode categories of characters that may precede a formula: controls, formats, characters that
Unicode does not assign (yet), and all kinds of space."""


def without_formulas(cell: str) -> str:
    """Return a cell with an apostrophe before each part of it that a spreadsheet would take for a formula.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return "".join(f"'{part}" if _is_formula(part) else part for part in _SEPARATORS.split(cell))


def _is_formula(part: str) -> bool:
    first = next((letter for letter in part if unicodedata.category(letter)[0] not in _INVISIBLE), "")
    # Spreadsheets read full-width and small signs as the plain ones.
    return unicodedata.normalize("NFKC", first).startswith(("=", "+", "-", "@"))
