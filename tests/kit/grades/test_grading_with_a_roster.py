"""`gradkit grade` with a roster and due dates: the table, grades.csv and reports say who a student is, and how late."""

import csv
import json
import re

import pytest
from gradkit.cli.main import app
from typer.testing import CliRunner

COURSE = """
roster = "roster.csv"

[late]
percent_per_day = 10

[assignment.a1_expressions]
due = 2026-10-01T12:00:00
times = "times.csv"
"""


@pytest.fixture
def grade(school, tmp_path, monkeypatch):
    """Return a function that runs `gradkit grade a1` on the school, in a folder with course.toml."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.toml").write_text(COURSE)
    (tmp_path / "roster.csv").write_text("id,name\n1,Ada Lovelace\n2,Ben Doe\n")
    (tmp_path / "times.csv").write_text("id,name,submitted\n1,Ada,2026-10-02 18:00\n")
    return lambda: CliRunner().invoke(app, ["grade", "a1", str(school.submissions), "--out", str(school.out)])


def test_the_class_is_joined_and_late_days_are_taken(grade, school, solution):
    school.hand_in("lovelaceada", solution())
    school.hand_in("stranger", solution())
    shown = grade()
    assert shown.exit_code == 0, shown.output
    assert "lovelaceada     19.5   15.6  2 days late  28 passed" in shown.output
    assert "Absent, nothing handed in: Ben Doe (2)." in shown.output
    assert "Not in the roster, but graded: stranger." in shown.output

    folder = school.out / "a1_expressions"
    with (folder / "grades.csv").open(newline="", encoding="utf-8-sig") as opened:
        rows = {row["student"]: row for row in csv.DictReader(opened)}
    assert (rows["lovelaceada"]["id"], rows["lovelaceada"]["points"], rows["lovelaceada"]["final_points"]) == (
        "1",
        "19.5",
        "15.6",
    )
    assert (rows["Ben Doe"]["points"], rows["Ben Doe"]["status"]) == ("", "absent")
    report = json.loads((folder / "lovelaceada.json").read_text())
    assert (report["earned"], report["ids"], report["submitted"]) == (19.5, {"id": "1"}, "")


def test_a_changed_due_date_grades_nobody_again(grade, school, solution, tmp_path):
    school.hand_in("lovelaceada", solution())
    grade()
    (tmp_path / "course.toml").write_text(COURSE.replace("2026-10-01", "2026-10-02"))
    assert re.search(r"lovelaceada +19\.5 +17\.55 +1 day late +28 passed +as before", grade().output)


def test_a_roster_that_cannot_be_used_is_said_before_grading(grade, school, solution, tmp_path):
    school.hand_in("lovelaceada", solution())
    (tmp_path / "roster.csv").write_text("id,name\n1,Ada\n1,Ben\n")
    shown = grade()
    assert shown.exit_code == 1
    assert "roster.csv has the id 1 in lines 2 and 3" in " ".join(shown.output.split())
    assert not school.out.exists()
