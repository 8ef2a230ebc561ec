"""Compare the report of an attack with its label, and check what a class of attacks adds up to.

Each function returns the reasons why something is not as it must be, in sentences; nothing if all is well.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

import msgspec
from rich.console import Console

from gradkit.grader.report import Report
from gradkit.grader.whole_class.classroom import Classroom, GradedStudent
from gradkit.grader.whole_class.results import read_results
from gradkit.grades.class_grades import make_plain_grades
from gradkit.outputs.grades_csv import GRADES, write_grades
from gradkit.outputs.terminal import show_class, show_report
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict
from gradkit.suite.visibility import follows_from_others

from .corpus import Attack

FORMULA_SIGNS = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet takes for a formula."""

# --- one report ------------------------------------------------------------------------------------------------------


def check_attack(attack: Attack, report: Report) -> str:
    """Check that the items of a report have the verdicts that an attack's label says, and that the points add up."""
    results = report.by_id()
    verdicts = {name: each.verdict for name, each in results.items() if not follows_from_others(each, results)}
    failed = {name: verdict for name, verdict in verdicts.items() if verdict not in (Verdict.PASSED, Verdict.BLOCKED)}

    if attack.ends:
        affected = [verdict for name, verdict in verdicts.items() if name not in attack.unaffected]
        others = {verdict for verdict in affected if verdict not in (*attack.ends, Verdict.BLOCKED)}
        if others or not failed:
            return f"items ended as {', '.join(sorted(others)) or 'blocked'}; expected was {attack.says()}"
        lost = [name for name in attack.unaffected if name in results and results[name].verdict is not Verdict.PASSED]
        if lost:
            return f"{lost[0]} did not pass, although the attack does not affect it"
    elif failed != attack.verdicts:
        return f"these items failed: {_listing(failed)}; expected was: {_listing(attack.verdicts)}"

    for item in report.items:
        if item.verdict is Verdict.BLOCKED and not set(item.blocked_by) & set(failed):
            return f"{item.id} is blocked, but by none of the items that failed"
    return _check_points(attack, report)


def _check_points(attack: Attack, report: Report) -> str:
    expected = sum(item.points for item in report.items if item.verdict is Verdict.PASSED)
    if attack.earned is not None:
        expected = attack.earned
    return "" if report.earned == expected else f"it earned {report.earned:g} points; expected were {expected:g}"


def _listing(verdicts: Mapping[str, Verdict]) -> str:
    return ", ".join(f"{name} {verdict.value}" for name, verdict in sorted(verdicts.items())) or "none"


def check_text(report: Report, forbidden: Collection[str]) -> str:
    """Check that a report contains none of these words, and no character that means something to a terminal."""
    for text in texts(msgspec.to_builtins(report)):
        contained = [words for words in forbidden if words in text]
        if contained:
            return f"its report contains {contained[0]!r}"
        if not is_harmless(text):
            return f"its report contains a control character: {text!r}"
    return ""


def texts(record: object) -> Iterator[str]:
    """Yield every text in a record that is made of dicts, lists and plain values."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, dict):
        yield from (text for value in record.values() for text in texts(value))
    elif isinstance(record, list | tuple):
        yield from (text for value in record for text in texts(value))


def is_harmless(text: str) -> bool:
    """Return whether a text can be shown on a terminal: no escapes, no characters that change the writing direction."""
    return text.replace("\n", "").isprintable()


def reference_words() -> list[str]:
    """Return how the docstring of each of the reference's files begins: words that no student writes."""
    docstrings = [
        ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(reference_folder().glob("solution/*.py"))
    ]
    return [docstring[:60] for docstring in docstrings if docstring]


# --- a class ---------------------------------------------------------------------------------------------------------


def check_tables(classroom: Classroom, graded: Sequence[GradedStudent]) -> list[str]:
    """Check what the instructor sees: the table of the class, each report on the screen, and grades.csv."""
    screen = StringIO()
    console = Console(file=screen, width=200, color_system=None)
    results = read_results(classroom, graded)
    reports = [result.report for result in results if result.report]
    grades = make_plain_grades(reports)
    show_class(console, results, grades, classroom.suite.points)
    for report in reports:
        show_report(console, report)
    harmful = [line for line in screen.getvalue().splitlines() if not is_harmless(line)]

    write_grades(grades, classroom.out / GRADES)
    cells = grades_cells((classroom.out / GRADES).read_text(encoding="utf-8-sig"))
    return [f"the screen would show {line!r}" for line in harmful] + check_cells(cells)


def grades_cells(text: str) -> list[str]:
    """Return the cells of a CSV file, as a spreadsheet reads them."""
    return [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]


def check_cells(cells: Sequence[str]) -> list[str]:
    """Check that no cell would be read as a formula by a spreadsheet, and that none contains control characters."""
    bad = [cell for cell in cells if cell.lstrip().startswith(FORMULA_SIGNS) or not cell.isprintable()]
    return [f"{GRADES} contains the cell {cell!r}" for cell in bad]


def check_files(out: Path, students: Sequence[Student]) -> list[str]:
    """Check that a folder of reports contains nothing but the reports of these students and grades.csv."""
    expected = {GRADES, *(f"{student.name}.json" for student in students)}
    return [f"{path.name} is among the reports" for path in out.iterdir() if path.name not in expected]
