"""Grading again, with another course file, for some students or several assignments: what is kept, and what changed."""

import csv
import shutil
from pathlib import Path

import msgspec
import pytest
from gradkit.cli.console import console
from gradkit.cli.main import app
from gradkit.grader import report
from gradkit.grader.whole_class.reports_folder import REGRADE, list_regrades, read_reports_before
from typer.testing import CliRunner

FOUR_POINTS = "[assignment.a1_expressions]\npoints = { addition = 4 }\n"


@pytest.fixture
def gradkit(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(console, "width", 200)  # it was made before, when COLUMNS had another value
    monkeypatch.delenv("GRADKIT_SEED", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def grade(gradkit, school):
    """Return a function that runs `gradkit grade` on the school, with this text as the course file in the folder."""

    def run(*options, assignment="a1", course=""):
        Path("course.toml").write_text(course, encoding="utf-8")
        return gradkit("grade", assignment, school.submissions, "--out", school.out, *options)

    return run


@pytest.fixture
def two(school, solution):
    """Return a class of two: ada is right, and ben's `2 - x` is wrong."""
    school.hand_in("ada", solution())
    school.hand_in_misconception("ben", "number_minus_value_swapped")
    return school


def points(school, name="a1_expressions"):
    """Return the points of each student in grades.csv."""
    with (school.out / name / "grades.csv").open(newline="", encoding="utf-8-sig") as opened:
        return {row["student"]: row["points"] for row in csv.DictReader(opened)}


# --- the course file -------------------------------------------------------------------------------------------------


def test_the_course_file_of_the_folder_decides_points_bonus_and_what_is_off(grade, two):
    course = FOUR_POINTS + 'bonus = ["larger_expressions"]\noff = ["number_minus_value"]\n'
    shown = grade(course=course)
    assert shown.exit_code == 0, shown.output
    ada = report.read(two.out / "a1_expressions/ada.json")
    assert (ada.earned, ada.points) == (19.5 + 3 - 0.5, 19.5 + 3 - 0.5 - 1.5)
    assert "test_number_minus_value" not in str(ada.items)
    assert points(two)["ada"] == "22"


def test_a_course_file_that_is_wrong_grades_nothing(grade, two):
    shown = grade(course="[assignment.a1_expressions]\npoint = {}\n")
    assert shown.exit_code == 1
    assert "unknown key `point` in assignment.a1_expressions. Did you mean `points`?" in shown.output
    assert not two.out.exists()


def test_an_assignment_that_the_course_does_not_use_is_refused(grade, two):
    assert (
        "There is no assignment 'a2': choose all, a1_expressions."
        in grade(assignment="a2", course='assignments = ["a1"]').output
    )


def test_without_a_sandbox_is_said_also_if_the_course_file_asks_for_it(grade, two):
    assert "Graded without a sandbox" in grade(course="sandbox = false").output


def test_a_private_seed_that_cannot_be_read_grades_nothing(grade, two):
    shown = grade(course='seed_file = "nowhere.txt"')
    assert shown.exit_code == 1
    assert "seed_file" in shown.output
    assert not two.out.exists()


def test_several_assignments_are_graded_together_into_a_folder_of_their_own(grade, two):
    assert grade(assignment="a1,a2").exit_code == 0
    both = report.read(two.out / "a1+a2/ada.json")
    assert both.points_by_assignment().keys() == {"a1_expressions", "a2_backprop"}
    assert points(two, "a1+a2").keys() == {"ada", "ben"}


# --- some students ---------------------------------------------------------------------------------------------------


def test_only_one_student_is_graded_and_the_list_stays_complete(grade, two, solution):
    grade()
    before = (two.out / "a1_expressions/ada.json").read_bytes()
    shutil.rmtree(two.submissions / "ben")
    two.hand_in("ben", solution())
    shown = grade("--only", "ben", course=FOUR_POINTS)
    assert shown.exit_code == 0, shown.output
    assert "Other reports, kept as they are: 1." in shown.output
    assert (two.out / "a1_expressions/ada.json").read_bytes() == before
    assert points(two) == {"ada": "19.5", "ben": "22.5"}


def test_an_unknown_student_is_refused_with_the_nearest_name(grade, two):
    shown = grade("--only", "bem")
    assert shown.exit_code == 1
    assert "There is no student 'bem' among the submissions. Did you mean ben?" in shown.output


# --- earlier reports -------------------------------------------------------------------------------------------------


def test_a_replaced_report_is_kept_with_the_grades_of_then(grade, two):
    grade()
    folder = two.out / "a1_expressions"
    before = {name: (folder / name).read_bytes() for name in ("ada.json", "ben.json", "grades.csv")}
    grade(course=FOUR_POINTS)
    assert {name: (folder / "earlier/1" / name).read_bytes() for name in before} == before
    record = msgspec.json.decode((folder / "earlier/1" / REGRADE).read_bytes())
    assert record["conditions"] == msgspec.to_builtins(report.read(folder / "ada.json").conditions)


def test_a_run_that_replaces_nothing_keeps_nothing(grade, two):
    grade()
    grade()
    assert list_regrades(two.out / "a1_expressions") == []


def test_every_regrade_has_its_own_folder_and_the_state_before_each_can_be_read(grade, two):
    grade()
    grade("--only", "ben", course=FOUR_POINTS)
    grade(course=FOUR_POINTS)
    folder = two.out / "a1_expressions"
    assert list_regrades(folder) == [1, 2]
    for number, expected in ((1, {"ada": 19.5, "ben": 17.5}), (2, {"ada": 19.5, "ben": 20.5})):
        before, faults = read_reports_before(folder, number)
        assert ({name: each.earned for name, each in before.items()}, faults) == (expected, [])


def test_a_regrade_that_was_stopped_continues_and_keeps_the_reports_from_before_it(grade, two):
    grade()
    grade("--only", "ben", course=FOUR_POINTS)
    folder = two.out / "a1_expressions"
    (folder / "earlier/1" / REGRADE).unlink()  # as if the run had been stopped
    grade(course=FOUR_POINTS.replace("4", "5"))
    assert list_regrades(folder) == [1]
    before, _ = read_reports_before(folder, 1)
    assert {name: each.earned for name, each in before.items()} == {"ada": 19.5, "ben": 17.5}


# --- compare ---------------------------------------------------------------------------------------------------------


def test_comparing_a_folder_shows_what_its_last_regrade_changed(grade, gradkit, two, solution):
    grade()
    shutil.rmtree(two.submissions / "ben")
    two.hand_in("ben", solution())
    grade(course='[assignment.a1_expressions]\noff = ["addition"]')
    shown = gradkit("compare", two.out / "a1_expressions", "--csv", "changes.csv")
    assert shown.exit_code == 0
    rows = {line.split()[0]: line for line in shown.output.splitlines() if line[:4].strip() in ("ada", "ben")}
    assert list(rows) == ["ada", "ben"]  # who loses comes first
    assert "addition: not graded any more (-1)" in rows["ada"]
    assert "another submission" in rows["ben"]
    assert "number_minus_value: failed → passed (+0.5)" in shown.output
    assert "More points: 1. Fewer points: 1. As many as before: 0." in shown.output
    with open("changes.csv", newline="", encoding="utf-8-sig") as opened:
        assert {row["student"]: row["change"] for row in csv.DictReader(opened)} == {"ada": "-1", "ben": "1"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reports",), "reports holds no reports of `gradkit grade`. Name a folder in it: a1_expressions."),
        (("reports/a1_expressions",), "has no earlier reports: no run has replaced one."),
        (("nowhere", "reports/a1_expressions"), "nowhere holds no reports"),
    ],
)
def test_folders_that_cannot_be_compared_are_explained(arguments, message, grade, gradkit, two):
    grade()
    shown = gradkit("compare", *arguments)
    assert shown.exit_code == 1
    assert message in shown.output


def test_a_report_of_an_older_gradkit_is_named_and_the_others_are_compared(grade, gradkit, two):
    grade()
    shutil.copytree(two.out / "a1_expressions", "old")
    path = Path("old/ben.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 4', '"format": 3'), encoding="utf-8")
    shown = gradkit("compare", "old", two.out / "a1_expressions")
    assert shown.exit_code == 1
    assert "ben.json was made by an older gradkit (format 3). Grade again." in shown.output
    assert "More points: 0. Fewer points: 0. As many as before: 1." in shown.output


# --- course check ----------------------------------------------------------------------------------------------------


def test_course_check_shows_points_dates_and_rules_and_refuses_what_is_missing(gradkit):
    course = (
        'time_zone = "Europe/Berlin"\n[late]\npercent_per_day = 10\nmax_days = 5\n'
        + FOUR_POINTS
        + "due = 2026-10-01T23:59:00\n"
    )
    Path("course.toml").write_text(course, encoding="utf-8")
    shown = gradkit("course", "check")
    assert shown.exit_code == 0, shown.output
    (row,) = [line for line in shown.output.splitlines() if line.startswith("a1_expressions")]
    assert " ".join(row.split()) == "a1_expressions 28 22.5 2026-10-01 23:59 CEST 10 % a day, all after 5 days"
    Path("course.toml").write_text(f'roster = "roster.csv"\n{course}', encoding="utf-8")
    assert "`roster`: there is no file" in gradkit("course", "check").output
