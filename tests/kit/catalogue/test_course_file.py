"""course.toml: what it says is understood, and what it cannot mean is refused with the key and what to do."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from gradkit.catalogue.course_settings import CourseSettings, course_settings, read_course, read_seed
from gradkit.catalogue.home import course_home
from gradkit.catalogue.toml_files import SettingsError

BERLIN = ZoneInfo("Europe/Berlin")

COURSE = """\
assignments = ["a2", "a1_expressions"]
roster = "lists/roster.csv"
seed_file = "seed.txt"
time_zone = "Europe/Berlin"
sections = ["Mon", "Wed"]

[late]
free_days = 4
percent_per_day = 10

[assignment.a1]
due = 2026-10-01T23:59:00
due_by_section = { Wed = 2026-10-03T23:59:00Z }
points = { addition = 2 }
task_points = { powers = 6 }
bonus = ["larger_expressions"]
late = { percent_per_day = 20 }

[[extension]]
student = "ada"
assignment = "a1"
until = 2026-10-05T23:59:00

[[extension]]
student = "1001"
assignment = "a1"
until = 2026-10-07T23:59:00
"""


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text as a course file."""

    def read_text(text):
        path = tmp_path / "course.toml"
        path.write_text(text, encoding="utf-8")
        return read_course(path)

    return read_text


def test_names_paths_and_dates_are_completed(read, tmp_path):
    settings = read(COURSE)
    assert settings.assignments == ("a1_expressions", "a2_backprop")
    assert [each.short for each in settings.chosen_assignments] == ["a1", "a2"]
    assert (settings.roster, settings.seed_file) == (tmp_path / "lists/roster.csv", tmp_path / "seed.txt")
    assert settings.due("a1_expressions") == datetime(2026, 10, 1, 23, 59, tzinfo=BERLIN)
    assert settings.due("a1_expressions", "Mon") == settings.due("a1_expressions")
    assert settings.due("a1_expressions", "Wed") == datetime(2026, 10, 4, 1, 59, tzinfo=BERLIN)
    assert settings.due("a2_backprop") is None


def test_an_assignment_has_its_own_late_rule_or_that_of_the_course(read):
    settings = read(COURSE)
    assert settings.late_rule("a1_expressions").percent_per_day == 20
    assert settings.late_rule("a2_backprop").percent_per_day == 10
    assert settings.free_days == 4
    assert CourseSettings().late_rule("a1_expressions").percent_per_day == 0


def test_a_student_s_latest_extension_counts_under_name_and_id(read):
    settings = read(COURSE)
    assert settings.extension_for("a1_expressions", ["ada", ""]).until.day == 5
    assert settings.extension_for("a1_expressions", ["ada", "1001"]).until.day == 7
    assert settings.extension_for("a2_backprop", ["ada", "1001"]) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sections", "section", "unknown key `section`. Did you mean `sections`? Allowed keys: engine_so_far,"),
        ("seed_file", "seed", "unknown key `seed`: course.toml must not contain the private seed"),
        ("free_days", "free_day", "unknown key `free_day` in late. Did you mean `free_days`?"),
        ("late = { percent", "late = { free_days = 1, percent", "unknown key `free_days` in assignment.a1.late."),
        ("until", "til", "unknown key `til` in extension[0]. Did you mean `until`?"),
        ('"a2"', '"a9"', "`assignments`: there is no assignment 'a9'. Choose from: a1_expressions,"),
        ("[assignment.a1]", "[assignment.b]", "`assignment`: there is no assignment 'b'. Choose from: a1_expressions,"),
        ("[assignment.a1]", "[assignment.a1_expressions]\n[assignment.a1]", "`assignment.a1`: a1_expressions has two"),
        ("addition =", "adition =", "`assignment.a1.points`: there is no item 'adition'. Did you mean addition?"),
        ("powers =", "power =", "`assignment.a1.task_points`: there is no task 'power'. Did you mean powers?"),
        ("larger_exp", "large_exp", "`assignment.a1.bonus`: there is no item 'large_expressions'. Did you mean larger"),
        ("Wed =", "Web =", "`assignment.a1.due_by_section`: there is no section 'Web'. Did you mean Wed?"),
        ("addition = 2", "addition = 0.7", "wrong value of `assignment.a1.points.addition`: Expected `float` that's"),
        ("addition = 2", "addition = 0", "wrong value of `assignment.a1.points.addition`: Expected `float` > 0.0."),
        ("T23:59:00\ndue_by", "\ndue_by", "wrong value of `assignment.a1.due`. Write a date with a time, without"),
        ("percent_per_day = 10", "percent_per_day = 110", "wrong value of `late.percent_per_day`: Expected `float` <="),
        ("Europe/Berlin", "Europe/Berlim", "`time_zone`: there is no time zone 'Europe/Berlim'."),
        ("Europe/Berlin", "../../etc/passwd", "`time_zone`: there is no time zone"),
        ('"seed.txt"', '"seed.txt"\nseed_env = "SEED"', "`seed_file` and `seed_env` both say where"),
        ('"lists/roster.csv"', "3", "wrong value of `roster`: Expected the name of a file, got `int`."),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_key_and_what_to_do(old, new, message, read, tmp_path):
    assert COURSE.count(old) >= 1
    with pytest.raises(SettingsError) as caught:
        read(COURSE.replace(old, new, 1))
    assert str(caught.value).removeprefix(f"{tmp_path / 'course.toml'}: ").startswith(message)


def test_the_file_is_the_given_one_else_that_of_the_folder_else_the_kit_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert course_settings() == read_course(course_home() / "assignments/course.toml") == CourseSettings()
    Path("course.toml").write_text("sandbox = false", encoding="utf-8")
    Path("other.toml").write_text('engine_so_far = "own"', encoding="utf-8")
    assert course_settings() == CourseSettings(sandbox=False)
    assert course_settings(Path("other.toml")) == CourseSettings(engine_so_far="own")


def test_the_seed_is_read_from_a_file_or_a_variable(tmp_path, monkeypatch):
    path = tmp_path / "seed.txt"
    path.write_text("autumn leaves\r\n\n", encoding="utf-8")
    monkeypatch.setenv("COURSE_SEED", "spring")
    assert read_seed(CourseSettings()) is None
    assert read_seed(CourseSettings(seed_file=path)) == "autumn leaves"
    assert read_seed(CourseSettings(seed_env="COURSE_SEED")) == "spring"


@pytest.mark.parametrize("content", [None, b"", b"one\ntwo\n", b"\xff\xfe"])
def test_a_seed_that_cannot_be_read_never_means_the_public_one(content, tmp_path, monkeypatch):
    path = tmp_path / "seed.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="seed_file"):
        read_seed(CourseSettings(seed_file=path))
    monkeypatch.delenv("COURSE_SEED", raising=False)
    with pytest.raises(SettingsError, match="COURSE_SEED is not set"):
        read_seed(CourseSettings(seed_env="COURSE_SEED"))
