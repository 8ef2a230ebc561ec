"""What a class of reports adds up to: grades.csv, and the words for a table."""

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


def write_grades(reports: Sequence[Report], path: Path) -> None:
    """Write a row for each report: points by assignment, in all, and how many items ended in each way.

    The file is UTF-8 with a byte order mark, without which Excel takes it for another encoding.
    """
    assignments = list(dict.fromkeys(name for report in reports for name in report.of_assignments()))
    text = StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL)
    rows.writerow(["student", *assignments, "points", "out_of", *(verdict.value for verdict in Verdict), "notes"])
    for report in reports:
        of, counts = report.of_assignments(), report.verdicts()
        rows.writerow(
            [
                neutral(report.student),
                *(f"{of[name][0]:g}" if name in of else "" for name in assignments),
                f"{report.earned:g}",
                f"{report.points:g}",
                *(counts[verdict] for verdict in Verdict),
                neutral(" / ".join(report.notes)),
            ]
        )
    write_whole(path, text.getvalue().encode("utf-8-sig"))


_SEPARATORS = re.compile(r'([,;|"\t\r\n])')
"""Where a spreadsheet may begin another cell: which sign separates cells depends on the user's country."""
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Zs")
"""Unicode's categories of what may stand before a formula: controls, formats and all kinds of space."""


def neutral(cell: str) -> str:
    """A cell of which no part is a formula to any spreadsheet: an apostrophe stands before each that would be.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return "".join(f"'{part}" if _is_formula(part) else part for part in _SEPARATORS.split(cell))


def _is_formula(part: str) -> bool:
    first = next((letter for letter in part if unicodedata.category(letter) not in _INVISIBLE), "")
    # Spreadsheets read full-width and small signs as the plain ones.
    return unicodedata.normalize("NFKC", first).startswith(("=", "+", "-", "@"))


def verdict_counts(report: Report) -> str:
    """How its items ended: `80 passed, 1 failed, 5 blocked`."""
    counts = report.verdicts()
    return ", ".join(f"{counts[verdict]} {verdict.value.replace('_', ' ')}" for verdict in Verdict if counts[verdict])


def most_often(reports: Sequence[Report], most: int = 3) -> list[tuple[str, int]]:
    """The titles of the items that most students got wrong, and how many did: what to talk about in class."""
    wrong: dict[str, int] = {}
    fine = (Verdict.PASSED, Verdict.BLOCKED, Verdict.NOT_IMPLEMENTED)
    for report in reports:
        for item in report.items:
            if item.verdict not in fine and not (item.evidence and item.evidence.heading):  # could it be used at all?
                wrong[item.title] = wrong.get(item.title, 0) + 1
    return sorted(wrong.items(), key=lambda pair: -pair[1])[:most]
