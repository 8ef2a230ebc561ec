"""grades.csv: a row for each report of a class, safe to open in any spreadsheet."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from gradkit.files import write_whole
from gradkit.grader.report import Report
from gradkit.submissions.outcome import Verdict

GRADES = "grades.csv"
"""The file's name."""


def write_grades(reports: Sequence[Report], path: Path) -> None:
    """Write the grades of a class to a file, which exists either whole or not at all."""
    write_whole(path, grades_csv(reports))


def grades_csv(reports: Sequence[Report]) -> bytes:
    """Return a row for each report: points by assignment and in all, and the number of items with each verdict.

    The text is UTF-8 with a byte order mark, because Excel reads it in another encoding otherwise.
    """
    assignments = list(dict.fromkeys(name for report in reports for name in report.points_by_assignment()))
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    verdicts = [verdict.value for verdict in Verdict]
    writer.writerow(["student", *assignments, "points", "out_of", *verdicts, "warnings"])
    for report in reports:
        writer.writerow(_cells(report, assignments))
    return text.getvalue().encode("utf-8-sig")


def _cells(report: Report, assignments: Sequence[str]) -> list[object]:
    points, counts = report.points_by_assignment(), report.verdict_counts()
    return [
        without_formulas(report.student),
        *(f"{points[name][0]:g}" if name in points else "" for name in assignments),
        f"{report.earned:g}",
        f"{report.points:g}",
        *(counts[verdict] for verdict in Verdict),
        without_formulas(" / ".join(report.notes())),
    ]


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
