"""A term of the made-up class: downloads, rosters and course files in a folder for each platform, and gradkit in it."""

import csv
import functools
import os
import sys
from pathlib import Path

import pytest
from gradkit.cli.main import app
from gradkit.grader import report
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parent))  # for the modules beside this file

from people import HandIn, Person
from platforms import PLATFORMS
from works import A1, A2

COURSE = """\
assignments = ["a1_expressions", "a2_backprop"]
roster = "roster.csv"
time_zone = "Europe/Berlin"
sections = ["Mon", "Wed"]

[late]
grace_minutes = 15
free_days = 2
percent_per_day = 10
max_days = 5

[assignment.a1_expressions]
due = 2026-10-01T23:59:00
due_by_section = {{ Wed = 2026-10-03T23:59:00 }}
{a1}

[assignment.a2_backprop]
due = 2026-10-15T23:59:00
{a2}
"""

EXTENSION = """
[[extension]]
student = "{id}"
assignment = "a1_expressions"
until = 2026-10-05T23:59:00
reason = "illness"
"""


class Term:
    """The folder of a course whose students use one platform, and what `gradkit` prints and writes in it."""

    def __init__(self, folder: Path, platform_name: str):
        self.folder = folder
        self.platform = PLATFORMS[platform_name]
        self.downloads: dict[str, Path] = {}
        self.screens: dict[str, str] = {}
        for assignment in (A1, A2):
            place = folder / "downloads" / assignment
            place.mkdir(parents=True)
            self.downloads[assignment] = self.platform.write(place, assignment, self.platform.hand_ins(assignment))
        (folder / "roster.csv").write_text(self.platform.roster(), encoding="utf-8")
        self.write_course()

    def _write_times(self) -> dict[str, str]:
        """Write the platform's list of times for each assignment, and return the line of course.toml that names it."""
        lines = dict.fromkeys((A1, A2), "")
        if self.platform.list_times:
            for assignment in lines:
                text = self.platform.list_times(self.platform.hand_ins(assignment))
                (self.folder / f"times_{assignment}.csv").write_text(text, encoding="utf-8")
                lines[assignment] = f'times = "times_{assignment}.csv"'
        return lines

    def _extensions(self) -> str:
        """Return the extension of the student who was ill."""
        ill = [person for person in self.platform.people if person.full_name == "Dora Weiss"]
        return "".join(EXTENSION.format(id=person.id) for person in ill)

    def write_course(self, more_of_a1: str = "") -> None:
        """Write course.toml, with more lines for a1."""
        times = self._write_times()
        text = COURSE.format(a1=f"{times[A1]}\n{more_of_a1}", a2=times[A2]) + self._extensions()
        (self.folder / "course.toml").write_text(text, encoding="utf-8")

    def run(self, *arguments: object) -> tuple[int, str]:
        """Run gradkit in the folder, and return its exit status and what it prints, on a wide screen."""
        here = Path.cwd()
        os.chdir(self.folder)
        try:
            shown = CliRunner(env={"COLUMNS": "400"}).invoke(app, [str(each) for each in arguments])
        finally:
            os.chdir(here)
        if shown.exception and not isinstance(shown.exception, SystemExit):
            raise shown.exception
        return shown.exit_code, shown.output

    def grade(self, assignment: str) -> int:
        """Grade an assignment, and keep what is printed. Return the exit status."""
        status, self.screens[assignment] = self.run("grade", assignment, self.downloads[assignment], "--out", "reports")
        self._explained.cache_clear()
        return status

    def reports_folder(self, assignment: str) -> Path:
        """Return the folder of an assignment's reports."""
        return self.folder / "reports" / assignment

    def reports(self, assignment: str) -> dict[str, report.Report]:
        """Return the reports by the platform's id of the hand-in."""
        found = [report.read(path) for path in sorted(self.reports_folder(assignment).glob("*.json"))]
        return {each.ids.get(self.platform.id_kind, each.student): each for each in found}

    def report_of(self, hand_in: HandIn) -> report.Report:
        """Return the report of a hand-in."""
        return self.reports(hand_in.assignment)[self.platform.find_id(hand_in)]

    def rows(self, assignment: str) -> list[dict[str, str]]:
        """Return the rows of grades.csv."""
        with (self.reports_folder(assignment) / "grades.csv").open(newline="", encoding="utf-8-sig") as opened:
            return list(csv.DictReader(opened))

    def rows_of(self, person: Person, assignment: str) -> list[dict[str, str]]:
        """Return the rows of grades.csv with a student's number at the university."""
        return [row for row in self.rows(assignment) if row["id"].strip("'=\"") == person.id]

    def shown_of(self, hand_in: HandIn) -> str:
        """Return all that the instructor is shown of a hand-in, in one line."""
        student = self.report_of(hand_in).student
        screen = [line for line in self.screens[hand_in.assignment].splitlines() if student in line]
        row = [" ".join(row.values()) for row in self.rows(hand_in.assignment) if row["student"] == student]
        explained = self._explained(self.reports_folder(hand_in.assignment) / f"{student}.json")
        return " ".join(" ".join([*screen, *row, explained]).split())

    @functools.lru_cache  # noqa: B019  # a term lives as long as the tests
    def _explained(self, path: Path) -> str:
        status, text = self.run("explain", path)
        assert status == 0, text
        return text


@pytest.fixture(scope="module", params=list(PLATFORMS))
def term(request, tmp_path_factory):
    """The course of each platform in turn, with both assignments graded."""
    term = Term(tmp_path_factory.mktemp(request.param), request.param)
    term.statuses = [term.grade(assignment) for assignment in (A1, A2)]
    return term


@pytest.fixture(scope="session")
def make_term(tmp_path_factory):
    """Return a function that makes the course of a platform, with nothing graded."""
    return lambda name: Term(tmp_path_factory.mktemp(name), name)
