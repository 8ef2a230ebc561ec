"""The gradebook after `gradkit grade --gradebook`: every point is there, and what an instructor entered stays."""

import dataclasses
import datetime
import multiprocessing
import os
import random
import subprocess
import sys
import time

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.catalogue.course_settings import AssignmentPlan, CourseSettings
from gradkit.corpora.library import Library
from gradkit.grader.report import Conditions, make_report
from gradkit.grader.suite import load_suite
from gradkit.grades.roster import read_roster
from gradkit.outputs.gradebook import MAX_FIELD_LENGTH, MAX_ID_BYTES, GradebookError, open_gradebook, student_id
from gradkit.outputs.timestamps import read_timestamp
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.suite.course_plan import CourseTests
from gradkit.suite.results import Results, make_result
from hypothesis import example, given
from hypothesis import strategies as st

A1 = "a1_expressions"
AN_HOUR_LATE = "2026-05-01 13:00:00.000000 UTC"
ONE_O_CLOCK = datetime.datetime(2026, 5, 1, 13)

# --- points ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_points_of_each_task_arrive_exactly(book, student_and_report, seed):
    ada, report = student_and_report("ada", "all", 0.4, seed)
    book.enter("all", (ada, report))
    earned = {item.id: item.earned for item in report.items}
    for assignment in assignments():
        expected = {task.name: sum(earned[item] for item in task.items) for task in assignment.tasks}
        assert book.scores("ada", assignment.name) == {**expected, "essay": None}
    with book.by_hand() as opened:
        assert opened.find_student("ada").score == report.earned
        assert opened.find_student("ada").max_score == report.points + len(assignments()) * 4


def test_bonus_points_arrive_as_extra_credit_and_an_item_that_is_off_needs_no_points(book, student_and_report):
    plan = AssignmentPlan(bonus=("larger_expressions",), off=("number_minus_value",))
    course = CourseSettings(assignment={A1: plan})
    suite = load_suite(choose_assignments("a1"), Library(corpora_folder()), tests_of=CourseTests(course))
    ada, _ = student_and_report("ada", "a1")
    passed = Results([*suite.items], {item.id: make_result(item, Verdict.PASSED) for item in suite.items})
    report = make_report("ada", Intake(), Conditions("", "", "", "", True, True), passed)
    with pytest.raises(GradebookError, match="other tasks or points"), open_gradebook(book.url, suite):
        pass
    counted = {item.id: item.points for item in suite.items if not item.bonus}
    with book.by_hand() as opened:
        for task in choose_assignments("a1")[0].tasks:
            points = sum(counted.get(item, 0) for item in task.items)
            opened.update_or_create_grade_cell(task.name, A1, A1, max_score=points, cell_type="code")
    with open_gradebook(book.url, suite) as writer:
        writer.write(ada, report)
    grades = book.grades("ada")
    assert grades["together"][2] == next(item.points for item in suite.items if item.bonus)
    assert {grade[2] for cell, grade in grades.items() if cell != "together"} == {None}
    with book.by_hand() as opened:
        assert opened.find_student("ada").score == report.earned == report.points + grades["together"][2]


def test_only_cells_that_no_program_grades_need_manual_grading(book, student_and_report, points_of):
    book.enter("a1", student_and_report("ada", "a1", 0.3))
    needed = {cell: grade[3] for cell, grade in book.grades("ada").items()}
    assert needed == {**dict.fromkeys(points_of(choose_assignments("a1")[0]), False), "essay": True}


def test_two_runs_change_nothing(book, student_and_report):
    pairs = [student_and_report(f"s{n}", "all", n / 4, n, AN_HOUR_LATE) for n in range(4)]
    book.enter("all", *pairs)
    before = book.dump()
    assert len(before["grade"]) > 60
    book.enter("all", *pairs)
    assert book.dump() == before


def test_a_regrade_replaces_automatic_scores(book, student_and_report, points_of):
    book.enter("a1", student_and_report("ada", "a1", 1.0))
    assert set(book.scores("ada").values()) == {0.0, None}
    book.enter("a1", student_and_report("ada", "a1"))
    assert book.scores("ada") == {**points_of(choose_assignments("a1")[0]), "essay": None}


def run_of(book, course, pairs):
    """Start a process that writes reports to a gradebook, and return it."""
    run = multiprocessing.get_context("fork").Process(target=book.enter, args=(course, *pairs))
    run.start()
    return run


def test_a_run_killed_at_random_moments_and_repeated_ends_like_an_undisturbed_one(databases, student_and_report):
    pairs = [student_and_report(f"s{n}", "all", 0.3, n, AN_HOUR_LATE) for n in range(8)]
    undisturbed, disturbed = databases.create_book(), databases.create_book()
    started = time.monotonic()
    undisturbed.enter("all", *pairs)
    took = time.monotonic() - started
    rng, found = random.Random(3), set()
    for _ in range(10):
        run = run_of(disturbed, "all", pairs)
        time.sleep(rng.uniform(0.1, 1) * took)
        run.kill()
        run.join()
        found.add(len(disturbed.seen()))
    assert len(found) > 1, "no run was killed in the midst of writing"
    disturbed.enter("all", *pairs)
    assert disturbed.seen() == undisturbed.seen()
    rows = [{name: len(rows) for name, rows in book.dump().items()} for book in (disturbed, undisturbed)]
    assert rows[0] == rows[1]


def test_concurrent_runs_end_like_consecutive_ones(databases, student_and_report):
    pairs = [student_and_report(f"s{n}", "all", 0.3, n) for n in range(12)]
    alone, together = databases.create_book(), databases.create_book()
    alone.enter("all", *pairs)
    runs = [run_of(together, course, pairs) for course in ("a1", "a2", "all")]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert together.seen() == alone.seen()


# --- what is not ours ------------------------------------------------------------------------------------------------


@pytest.fixture
def corrected(book, student_and_report):
    """Return a gradebook with ada's a1, in which every item passed and an instructor has entered scores."""
    book.enter("a1", student_and_report("ada", "a1"))
    with book.by_hand() as opened:
        powers, essay = (opened.find_grade(cell, A1, A1, "ada") for cell in ("powers", "essay"))
        powers.manual_score, powers.extra_credit, powers.needs_manual_grade = 1.5, 0.25, False
        essay.manual_score, essay.needs_manual_grade = 3.0, False
        opened.find_grade("minus", A1, A1, "ada").extra_credit = 2.0
        opened.find_comment("engine", A1, A1, "ada").manual_comment = "Well done; but see me."
        notebook = opened.find_submission_notebook(A1, A1, "ada")
        notebook.late_submission_penalty, notebook.flagged = 2.5, True
        opened.find_student("ada").first_name = "Augusta"
        opened.db.commit()
    return book


def test_what_an_instructor_entered_survives_a_regrade(corrected, student_and_report):
    before = corrected.seen()["ada", A1]
    corrected.enter("a1", student_and_report("ada", "a1", 1.0))
    after = corrected.seen()["ada", A1]
    assert after["comments"] == {"engine": (None, "Well done; but see me.")}
    assert after["penalty"] == 2.5
    assert {cell: grade[1:3] for cell, grade in after["grades"].items()} == {
        cell: grade[1:3] for cell, grade in before["grades"].items()
    }
    assert after["grades"]["essay"] == (None, 3.0, None, False)
    with corrected.by_hand() as opened:
        assert opened.find_submission_notebook(A1, A1, "ada").flagged
        assert opened.find_student("ada").first_name == "Augusta"
        assert opened.find_submission(A1, "ada").score == (1.5 + 0.25) + 3.0 + (0.0 + 2.0)


@pytest.mark.parametrize(("wrong", "looks_again"), [(0.0, False), (1.0, True)])
def test_a_manual_score_needs_another_look_if_the_automatic_score_has_changed(
    corrected, student_and_report, wrong, looks_again
):
    corrected.enter("a1", student_and_report("ada", "a1", wrong))
    assert corrected.grades("ada")["powers"][1:] == (1.5, 0.25, looks_again)
    assert corrected.grades("ada")["minus"][3] is False, "extra credit is no judgement of the automatic score"


@pytest.fixture
def ada_in_the_roster(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name,email\n77,Ada Lovelace,ada@uni.example\n", encoding="utf-8")
    (entry,) = read_roster(tmp_path / "roster.csv")
    return entry


def person(book):
    with book.by_hand() as opened:
        student = opened.find_student("ada")
        return student.first_name, student.last_name, student.email, student.lms_user_id


def test_names_come_from_the_roster_and_what_is_there_stays(book, student_and_report, ada_in_the_roster):
    ada, report = student_and_report("ada", "a1")
    book.enter("a1", (ada, report))
    assert person(book) == (None, None, None, None)
    book.enter("a1", (ada, report, ada_in_the_roster))
    assert person(book) == ("Ada", "Lovelace", "ada@uni.example", "77")
    with book.by_hand() as opened:
        opened.update_or_create_student("ada", first_name="Augusta")
    book.enter("a1", (ada, report, ada_in_the_roster))
    book.enter("a1", (ada, report))
    assert person(book) == ("Augusta", "Lovelace", "ada@uni.example", "77")


def test_without_a_roster_the_ids_of_the_download_count(book, student_and_report):
    ada, report = student_and_report("ada", "a1")
    known = dataclasses.replace(ada, ids={"email": "a" * 200 + "@uni.example", "canvas_user": "501"})
    book.enter("a1", (known, report))
    assert person(book) == (None, None, "a" * MAX_FIELD_LENGTH, "501")


def test_the_time_of_a_download_counts_if_there_is_no_timestamp(book, student_and_report):
    ada, report = student_and_report("ada", "a1")
    report = msgspec.structs.replace(report, submitted="2026-05-01T15:00:00+02:00")
    assert book.enter("a1", (ada, report)) == ["ada"]
    assert book.seen()["ada", A1]["timestamp"] == ONE_O_CLOCK


def test_students_without_a_submission_and_other_assignments_are_untouched(corrected, student_and_report):
    with corrected.by_hand() as opened:
        opened.add_student("ben", last_name="Not Yet")
        opened.add_submission(A1, "ben")
        opened.add_assignment("essays")
        opened.add_notebook("on_engines", "essays")
        opened.add_grade_cell("minus", "on_engines", "essays", max_score=10, cell_type="code")
        opened.add_submission("essays", "ada")
        opened.add_submission("a3_activations", "ada")
    before = corrected.dump()
    corrected.enter("a2", student_and_report("ada", "a2", 0.5), student_and_report("cleo", "a2"))
    after = corrected.dump()
    assert after.keys() == before.keys()
    assert all(set(rows) <= set(after[table]) for table, rows in before.items())
    more = {table: len(after[table]) - len(rows) for table, rows in before.items() if after[table] != rows}
    cells = len(choose_assignments("a2")[0].tasks) + 1
    expected = {"student": 1, "submitted_assignment": 2, "submitted_notebook": 2, "grade": 2 * cells, "comment": 2}
    assert more == expected


# --- late ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "late"),
    [
        (AN_HOUR_LATE, True),
        ("2026-05-01 12:00:01 UTC", True),
        ("2026-05-01 12:00:00 UTC\n", False),
        ("2026-05-01 11:59:59.999999 UTC", False),
        ("2026-05-01 08:00:01.5 America/New_York", True),
        ("2026-05-01 07:59:59 America/New_York", False),
        ("2026-05-01T13:00:00+02:00", False),
        ("2026-05-01 13:00:00", True),
    ],
)
def test_a_submission_is_late_by_nbgrader_s_timestamp(book, student_and_report, stamp, late):
    assert book.enter("a1", student_and_report("ada", "a1", stamp=stamp)) == ["ada"] * late
    assert book.enter("a1", student_and_report("ben", "a1", stamp=stamp, inside=A1)) == ["ben"] * late
    with book.by_hand() as opened:
        for who in ("ada", "ben"):
            assert (opened.find_submission(A1, who).total_seconds_late > 0) == late


def test_an_extension_counts_also_without_a_due_date(book, student_and_report):
    ada = student_and_report("ada", "a1", stamp=AN_HOUR_LATE)
    assert book.enter("a1", ada) == ["ada"]
    with book.by_hand() as opened:
        opened.grant_extension(A1, "ada", hours=2)
    assert book.enter("a1", ada) == []
    with book.by_hand() as opened:
        opened.update_or_create_assignment(A1, duedate=None)
    assert book.enter("a1", ada) == []


def test_without_a_timestamp_the_known_one_stays(book, student_and_report):
    book.enter("a1", student_and_report("ada", "a1", stamp=AN_HOUR_LATE))
    assert book.enter("a1", student_and_report("ada", "a1")) == ["ada"]
    assert book.seen()["ada", A1]["timestamp"] == ONE_O_CLOCK


HARMLESS = {
    "empty": (b"", None),
    "a word": (b"yesterday", None),
    "a day of whichever month it is": (b"17", None),
    "no such date": (b"2026-13-45 99:99:99 UTC", None),
    "the end of time": (b"9999-12-31 23:59:59 -9999999999", None),
    "the beginning": (b"0001-01-01 00:00:00 Asia/Tokyo", None),
    "huge": (b"2026-05-01 13:00:00 " + b"9" * 20_000_000, None),
    "huge, and right as far as it is read": (b"2026-05-01 13:00:00" + b" " * 20_000_000 + b"x", ONE_O_CLOCK),
    "not text": (bytes(range(256)), None),
    "half a letter at the end of what is read": (b"2026-05-01 13:00:00" + "é".encode() * 40, None),
    "NUL": (b"2026-05-01 13:00:00\0 UTC", ONE_O_CLOCK),
    "a file as time zone": (b"2026-05-01 13:00:00 /etc/localtime", None),
    "another": (b"2026-05-01 13:00:00 :/etc/localtime", None),
    "a third": (b"2026-05-01 13:00:00 Europe/../../../../etc/localtime", None),
    "SQL": (b"2026-05-01 13:00:00'; DROP TABLE student; --", None),
}


@pytest.mark.parametrize(("stamp", "known"), HARMLESS.values(), ids=HARMLESS)
def test_a_malformed_or_huge_timestamp_is_ignored(book, student_and_report, stamp, known):
    started = time.monotonic()
    book.enter("a1", student_and_report("ada", "a1", stamp=stamp))
    assert time.monotonic() - started < 5
    assert sum(score or 0 for score in book.scores("ada").values()) == 19.5
    assert book.seen()["ada", A1]["timestamp"] == known


def test_a_timestamp_that_is_a_link_or_not_a_file_is_not_read(student_and_report, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "timestamp.txt").write_text(AN_HOUR_LATE)

    def read(make):
        student, _ = student_and_report("ada", "a1")
        make(student.source)
        return read_timestamp(student.source, A1)

    assert read(lambda source: (source / "timestamp.txt").symlink_to(elsewhere / "timestamp.txt")) is None
    assert read(lambda source: (source / A1).symlink_to(elsewhere)) is None
    assert read(lambda source: (source / "timestamp.txt").symlink_to("/dev/zero")) is None
    assert read(lambda source: (source / "timestamp.txt").symlink_to("timestamp.txt")) is None
    assert read(lambda source: os.mkfifo(source / "timestamp.txt")) is None
    assert read(lambda source: (source / "timestamp.txt").mkdir()) is None
    assert read(lambda source: (source / A1).write_text("no folder")) is None
    honest, _ = student_and_report("ada", "a1", stamp=AN_HOUR_LATE)
    (tmp_path / "way").symlink_to(honest.source)
    assert read_timestamp(tmp_path / "way", A1).time is not None, "the way to a class may have links in it"


@given(st.one_of(st.binary(max_size=80), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}.{0,40}")))
@example("2026-05-01 13:00:00 TZif")
def test_reading_any_timestamp_returns_a_time_or_none(tmp_path_factory, stamp):
    source = tmp_path_factory.mktemp("stamp")
    (source / "timestamp.txt").write_bytes(stamp.encode("utf-8", "surrogatepass") if isinstance(stamp, str) else stamp)
    time = read_timestamp(source, A1).time
    assert time is None or (isinstance(time, datetime.datetime) and time.tzinfo is None)


# --- names -----------------------------------------------------------------------------------------------------------


NAMES = (
    "Ada Lovelace",
    "李雷",
    "O'Brien",
    'say "hi"',
    "`back`",
    "x'; DROP TABLE student; --",
    'x"; DELETE FROM grade; --',
    "%s %(id)s :id {} ? $1",
    "%00",
    "a\nb\tc\x1b[31m",
    "\u202egnp.exe",
    "../../etc",
    " blank ",
    "NULL",
    "é",
    "e\u0301",
    "ADA LOVELACE",
    "x" * 300,
    "x" * 299 + "y",
    "李" * 300,
    "\\",
    "=1+1",
)


def test_a_student_s_name_is_data_and_different_names_are_different_students(book, student_and_report):
    pairs = [student_and_report(name, "a1", 0.5, seed) for seed, name in enumerate(NAMES)]
    tables = book.dump().keys()
    assert book.enter("a1", *pairs) == []
    assert book.dump().keys() == tables
    earned = {who: sum(grade[0] or 0 for grade in seen["grades"].values()) for (who, _), seen in book.seen().items()}
    assert earned == {student_id(student): report.earned for student, report in pairs}
    assert len(earned) == len(NAMES)
    assert all(len(who) <= MAX_ID_BYTES and who.isprintable() for who in earned)


@pytest.mark.parametrize("name", ["Ada Lovelace", "李雷", "O'Brien", "=1+1", "x" * MAX_ID_BYTES])
def test_a_name_that_nbgrader_accepts_is_also_the_student_s_id(student_and_report, name):
    student, _ = student_and_report(name, "a1")
    assert student_id(student) == name


def test_nbgrader_is_imported_without_the_grammars_that_take_longest_and_others_can_import_them(tmp_path):
    (tmp_path / "rfc3987_syntax.py").write_text("is_valid_syntax = None")
    code = "from gradkit.outputs.gradebook import _import_nbgrader\nimport sys\n_import_nbgrader()\n"
    code += "assert 'nbgrader.api' in sys.modules\nassert 'rfc3987_syntax' not in sys.modules\nimport rfc3987_syntax"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=True)
