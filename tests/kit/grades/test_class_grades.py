"""The grades of a class over a term: who is absent, what lateness takes, and what the instructor is told."""

import csv
import os
from io import StringIO
from pathlib import Path

import pytest
from gradkit.catalogue.course_settings import read_course
from gradkit.grader import report
from gradkit.grader.report import FORMAT, Conditions, Report
from gradkit.grades.class_grades import make_grades
from gradkit.grades.class_list import read_class_list
from gradkit.grades.roster import RosterError
from gradkit.outputs.grades_csv import grades_csv
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict
from gradkit.suite.results import Item, make_result

A1, A2 = "a1_expressions", "a2_backprop"

COURSE = """
roster = "roster.csv"
time_zone = "Europe/Berlin"
sections = ["Mon", "Wed"]

[late]
grace_minutes = 15
free_days = 3
percent_per_day = 10

[assignment.a1_expressions]
due = 2026-10-01T23:59:00
due_by_section = { Wed = 2026-10-03T23:59:00 }

[assignment.a2_backprop]
due = 2026-10-08T23:59:00
late = { percent_per_day = 50 }

[[extension]]
student = "3"
assignment = "a1_expressions"
until = 2026-10-05T23:59:00
"""

ROSTER = "id,name,section\n1,Ada Lovelace,Mon\n2,Ben Doe,Wed\n3,Cleo Ray,Mon\n4,Dan Absent,Mon\n"


class Course:
    """A course with a roster, a folder of reports, and the files in both."""

    def __init__(self, folder):
        self.folder = folder
        self.write("course.toml", COURSE)
        self.write("roster.csv", ROSTER)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def grade(self, assignment, *handed_in):
        """Return the grades of students who handed in, as (name, time); write their reports as `gradkit grade` does."""
        settings = read_course(self.folder / "course.toml")
        students = [Student(name, Path(), {}, time, time == "LATE") for name, time in handed_in]
        class_list = read_class_list(settings, students, [assignment])
        reports = [make_report(assignment, student) for student in class_list.students]
        for each in reports:
            (self.folder / assignment).mkdir(exist_ok=True)
            report.write(each, self.folder / assignment / f"{each.student}.json")
        return make_grades(class_list, reports, self.folder)


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


def make_report(assignment, student):
    result = make_result(Item(f"{assignment}/test_x", assignment, "about x", 20.0, ()), Verdict.PASSED)
    time = "" if student.is_marked_late else student.submitted
    conditions = Conditions("kit", "3.11", "suite", "public", True, True)
    facts = (student.name, dict(student.ids), time, student.is_marked_late)
    return Report(FORMAT, *facts, "0" * 32, (), (), (), (), conditions, 20.0, 20.0, (result,))


def rows(grades):
    return {row["student"]: row for row in csv.DictReader(StringIO(grades_csv(grades).decode("utf-8-sig")))}


def test_absent_students_have_a_row_without_points_and_are_listed(course):
    grades = course.grade(A1, ("Ada Lovelace", ""), ("stranger", ""))
    found = rows(grades)
    absent = found["Dan Absent"]
    assert (absent["status"], absent["points"], absent["final_points"], absent["id"]) == ("absent", "", "", "4")
    assert (found["Ada Lovelace"]["status"], found["Ada Lovelace"]["section"]) == ("graded", "Mon")
    assert (found["stranger"]["status"], found["stranger"]["points"]) == ("not in the roster", "20")
    assert "Absent, nothing handed in: Ben Doe (2), Cleo Ray (3), Dan Absent (4)." in grades.notes
    assert any(note.startswith("Not in the roster, but graded: stranger.") for note in grades.notes)


def test_an_unclear_hand_in_is_nobody_s_and_both_names_are_said(course):
    grades = course.grade(A1, ("Ben Doe", ""), ("doeben", ""))
    assert (rows(grades)["Ben Doe"]["id"], rows(grades)["Ben Doe"]["status"]) == ("", "unclear")
    assert rows(grades)["Ben Doe (2)"]["points"] == ""
    assert [grade.status.value for grade in grades.grades if grade.entry and grade.entry.id == "2"] == ["unclear"]
    assert any("doeben: graded, but it is not clear whether this is Ben Doe (2)" in note for note in grades.notes)


def test_what_a_group_hands_in_counts_for_each_member_with_its_own_dates(course):
    course.write(
        "roster.csv", "id,name,section,group\n1,Ada,Mon,Team 1\n2,Ben,Wed,Team 1\n3,Cleo,Mon,Team 1\n4,Dan,,\n"
    )
    grades = course.grade(A1, ("team1", "2026-10-03T12:00:00+02:00"), ("Cleo", "")).grades
    found = [(grade.student, grade.entry.id, grade.status.value) for grade in grades]
    assert found == [
        ("team1", "1", "graded"),
        ("team1", "2", "graded"),
        ("Cleo", "3", "graded"),
        ("Dan", "4", "absent"),
    ]
    assert [grade.lateness[A1].days for grade in grades[:2]] == [2, 0]


def test_the_due_date_is_that_of_the_section_or_the_extension(course):
    found = rows(course.grade(A1, *((name, "2026-10-03T12:00:00+02:00") for name in ("1", "2", "3", "x"))))
    assert {name: row["late_days"] for name, row in found.items() if row["points"]} == {
        "1": "2",
        "2": "0",
        "3": "0",
        "x": "2",
    }


def test_free_days_of_the_term_are_used_up_in_the_order_of_due_dates(course):
    course.grade(A1, ("Ada Lovelace", "2026-10-03T12:00:00Z"))
    (second,) = [row for row in rows(course.grade(A2, ("1", "2026-10-10T12:00:00Z"))).values() if row["points"]]
    assert (second["late_days"], second["free_days"], second["penalty"], second["final_points"]) == (
        "2",
        "1",
        "10",
        "10",
    )
    first = rows(course.grade(A1, ("Ada Lovelace", "2026-10-03T12:00:00Z")))["Ada Lovelace"]
    assert (first["free_days"], first["final_points"]) == ("2", "20"), "a2 is due later and takes nothing from a1"


@pytest.mark.parametrize("folder", ["all", "a1+a2"])
def test_reports_of_several_assignments_count_too(course, folder):
    course.grade(A1, ("Ada Lovelace", "2026-10-03T12:00:00Z"))
    (course.folder / A1).rename(course.folder / folder)
    assert rows(course.grade(A2, ("1", "2026-10-10T12:00:00Z")))["1"]["free_days"] == "1"


def test_lateness_changes_no_report(course):
    course.grade(A1, ("Ada Lovelace", "2026-10-05T12:00:00Z"))
    before = (course.folder / A1 / "Ada Lovelace.json").read_bytes()
    course.write("course.toml", COURSE.replace("2026-10-01", "2026-09-01"))
    course.grade(A1, ("Ada Lovelace", "2026-10-05T12:00:00Z"))
    assert (course.folder / A1 / "Ada Lovelace.json").read_bytes() == before


def test_unknown_times_cost_nothing_and_are_said(course):
    grades = course.grade(A1, ("Ada Lovelace", "LATE"), ("Ben Doe", ""))
    assert rows(grades)["Ada Lovelace"]["late"] == "late by an unknown time"
    assert rows(grades)["Ada Lovelace"]["final_points"] == "20"
    assert any(
        note.startswith("Late by an unknown time, so no penalty was taken: Ada Lovelace.") for note in grades.notes
    )
    assert "1 submission has no time, and no mark of being late: taken as on time." in grades.notes


def test_a_list_of_times_counts_and_shows_whose_submission_is_not_there(course):
    course.write("course.toml", COURSE.replace("due = 2026-10-01", 'times = "times.csv"\ndue = 2026-10-01'))
    course.write("times.csv", "id,name,submitted\n1,Ada Lovelace,2026-10-02 01:00\n4,Dan Absent,2026-10-01 12:00\n")
    grades = course.grade(A1, ("Ada Lovelace", "LATE"))
    assert rows(grades)["Ada Lovelace"]["late_days"] == "1"
    assert rows(grades)["Ada Lovelace"]["submitted"] == "2026-10-02 01:00:00+02:00"
    assert any("no submission is surely theirs: Dan Absent (4)" in note for note in grades.notes)


def test_a_time_with_the_roster_s_id_is_found_under_any_name_and_for_a_group(course):
    course.write("course.toml", COURSE.replace("due = 2026-10-01", 'times = "times.csv"\ndue = 2026-10-01'))
    course.write("roster.csv", "id,name,group\n1,Ada Lovelace,\n2,Ben,Team 1\n3,Cleo,Team 1\n")
    course.write("times.csv", "id,name,submitted\n1,A. L.,2026-10-02 01:00\n3,C,2026-10-03 12:00\n")
    grades = course.grade(A1, ("lovelaceada", ""), ("team1", ""))
    assert {grade.entry.id: grade.lateness[A1].days for grade in grades.grades} == {"1": 1, "2": 2, "3": 0}
    assert not any("surely theirs" in note for note in grades.notes)


def test_github_s_grades_are_times_although_they_have_no_names(course):
    course.write("course.toml", COURSE.replace("due = 2026-10-01", 'times = "times.csv"\ndue = 2026-10-01'))
    course.write(
        "times.csv", "github_username,roster_identifier,submission_timestamp\nadal,1,2026-10-02 12:00:00 UTC\n"
    )
    assert rows(course.grade(A1, ("Ada Lovelace", "")))["Ada Lovelace"]["late_days"] == "1"


def test_without_sections_the_groups_have_due_dates(course):
    course.write("roster.csv", 'id,name,groups\n1,Ada Lovelace,"G1, Wed"\n2,Ben Doe,Mon\n')
    found = rows(course.grade(A1, *((name, "2026-10-03T12:00:00+02:00") for name in ("1", "2"))))
    assert [found[name]["late_days"] for name in ("1", "2")] == ["0", "2"]


@pytest.mark.parametrize(
    ("times", "message"),
    [("id,name\n1,Ada\n", "has no times"), ("id,name,submitted\n1,Ada,soon\n", r"line 2: 'soon' is not a time")],
)
def test_times_that_cannot_be_read_are_refused_before_grading(course, times, message):
    course.write("course.toml", COURSE.replace("due = 2026-10-01", 'times = "times.csv"\ndue = 2026-10-01'))
    course.write("times.csv", times)
    with pytest.raises(RosterError, match=message):
        course.grade(A1, ("Ada Lovelace", ""))


def test_a_misspelt_section_or_extension_is_named(course):
    course.write("roster.csv", ROSTER.replace("Wed", "Wedn"))
    with pytest.raises(RosterError, match=r"line 3: there is no section 'Wedn'\. Did you mean Wed"):
        course.grade(A1, ("Ada Lovelace", ""))
    course.write("roster.csv", ROSTER.replace("3,Cleo", "33,Cleo"))
    notes = course.grade(A1, ("Ada Lovelace", "")).notes
    assert "course.toml has extensions for students who do not exist: 3. Correct these names." in notes


def test_damaged_reports_of_earlier_assignments_stop_nothing(course):
    course.grade(A1, ("Ada Lovelace", "2026-10-03T12:00:00Z"))
    (course.folder / A1 / "broken.json").write_text("[" * 100_000)
    os.mkfifo(course.folder / A1 / "pipe.json")
    assert rows(course.grade(A2, ("1", "2026-10-10T12:00:00Z")))["1"]["free_days"] == "1"


def test_those_without_a_due_date_are_named_if_sections_have_one(course):
    course.write("course.toml", COURSE.replace("due = 2026-10-01T23:59:00\n", ""))
    grades = course.grade(A1, ("Ada Lovelace", "2026-12-24T12:00:00Z"), ("Ben Doe", "2026-10-01T12:00:00Z"))
    (note,) = [note for note in grades.notes if "has no due date" in note]
    assert "for Ada Lovelace, so no penalty was taken" in note


def test_of_two_sections_the_later_date_counts_also_if_it_is_that_of_everyone(course):
    course.write("course.toml", COURSE.replace("Wed = 2026-10-03", "Wed = 2026-09-20"))
    course.write("roster.csv", ROSTER.replace("Ben Doe,Wed", "Ben Doe,Mon and Wed"))
    grades = course.grade(A1, ("Ben Doe", "2026-10-01T12:00:00Z"))
    assert rows(grades)["Ben Doe"]["late_days"] == "0"
