"""A class: every student gets a report, no submission affects another, and a stopped run can be continued."""

import contextlib
import dataclasses
import os
import signal
import threading
import time
from pathlib import Path

import msgspec
import pytest
from gradkit.grader.whole_class import classroom as classrooms
from gradkit.grader.whole_class import reports_folder
from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.grader.whole_class.reports_folder import BusyError
from gradkit.grader.whole_class.student_steps import FINISHED, PhaseResult, StudentSteps
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.sandbox import SandboxError
from gradkit.submissions.transport import process_tree

ENDLESS = ("return other * self**-1", "while True: pass")
"""An edit of 2 / x, on which in a1 only the larger expressions depend."""


def test_right_wrong_and_missing_submissions_get_what_they_earned(school, solution):
    school.hand_in("ada", solution())
    school.hand_in_zip("ben", engine=solution())
    school.hand_in_misconception("cleo", "number_minus_value_swapped")
    (school.submissions / "dan").mkdir()
    school.hand_in("eve", "class Value:\n  def")
    reports = school.grade()
    assert {name: report.earned for name, report in reports.items()} == {
        "ada": 19.5,
        "ben": 19.5,
        "cleo": 17.5,
        "dan": 0.0,
        "eve": 0.0,
    }
    assert {report.points for report in reports.values()} == {19.5}
    assert {item.verdict for item in reports["dan"].items} == {Verdict.NOT_IMPLEMENTED}
    verdicts = {item.verdict for item in reports["eve"].items}
    assert verdicts <= {Verdict.ERROR, Verdict.BLOCKED}
    assert "SyntaxError" in reports["eve"].items[0].evidence.message


def test_a_hung_submission_loses_only_its_own_item(school, solution, suite_with_limits):
    school.hand_in("ada", solution())
    school.hand_in("ben", solution(ENDLESS))
    reports = school.grade(suite=suite_with_limits("a1", 0.5, 20))
    ended = {item.id.rpartition("test_")[2]: item.verdict for item in reports["ben"].items}
    assert ended.pop("number_over_value") is Verdict.TIMEOUT
    assert ended.pop("larger_expressions") is Verdict.BLOCKED
    assert set(ended.values()) == {Verdict.PASSED}
    assert reports["ada"].earned == 19.5


def test_a_class_in_which_everyone_hangs_in_every_item_ends_within_its_limits(school, suite_with_limits):
    for number in range(4):
        school.hand_in(f"student{number}", "class Value:\n    def __init__(self, data):\n        while True: pass")
    started = time.monotonic()
    reports = school.grade(suite=suite_with_limits("a1", 0.3, 1.0))
    assert time.monotonic() - started < 4 / 2 * 1.0 + 5
    assert {report.earned for report in reports.values()} == {0.0}


def test_an_import_that_hangs_settles_all_items_at_once(school, suite_with_limits):
    school.hand_in("ada", "while True: pass")
    started = time.monotonic()
    (report,) = school.grade(suite=suite_with_limits("a1", 0.5, 60)).values()
    assert time.monotonic() - started < 5
    assert {item.verdict for item in report.items} == {Verdict.TIMEOUT, Verdict.BLOCKED}


def test_time_that_one_assignment_has_used_up_is_not_taken_from_another(school, solution, suite_with_limits):
    school.hand_in("ada", solution(("out = Value(self.data**exponent.data", "while True: pass\n        out = Value(1")))
    suite = suite_with_limits("all", 0.4, 1.0)
    alone = tuple(dataclasses.replace(test, item=msgspec.structs.replace(test.item, needs=())) for test in suite.tests)
    (report,) = school.grade(suite=dataclasses.replace(suite, tests=alone)).values()
    ended = {item.id: item for item in report.items}
    last = ended["a1_expressions/test_larger_expressions"]
    assert last.verdict is Verdict.TIMEOUT
    assert last.evidence.message == "The 1 s that a submission has for a1_expressions are used up."
    for item in ("a1_expressions/test_addition", "a2_backprop/test_addition_gradient", "a3_activations/test_tanh"):
        assert ended[item].verdict is Verdict.PASSED


def test_ctrl_c_while_a_grader_process_is_forked_is_not_lost(stops_while_forking, tmp_path):
    students = [Student("ada", tmp_path)]
    assert stops_while_forking(lambda: list(run_in_processes(students, lambda student: None, 1, 60)))


def test_the_denominator_is_the_suite_s_whatever_is_handed_in(school, suite):
    school.hand_in("ada", "raise SystemExit")
    school.hand_in_zip("ben")
    whole = suite("all")
    for report in school.grade(suite=whole).values():
        assert (report.earned, report.points, len(report.items)) == (0.0, whole.points, len(whole.tests))


def test_names_with_spaces_and_unicode_are_kept_and_hostile_ones_are_safe(school, solution):
    names = {
        "Ada Lovelace": "Ada Lovelace",
        "李雷": "李雷",
        "=HYPERLINK(1)": "=HYPERLINK(1)",
        "a\nb\x1b[31m": "a%0Ab%1B[31m",
    }
    for name in names:
        school.hand_in(name, solution())
    assert school.grade().keys() == set(names.values())
    assert {path.name for path in school.out.iterdir()} == {f"{name}.json" for name in names.values()}


# --- running again ---------------------------------------------------------------------------------------------------


def test_an_unchanged_submission_is_not_graded_twice_and_a_changed_one_is(school, solution):
    for name in ("ada", "ben"):
        school.hand_in(name, solution())
    first = school.grade()
    (school.submissions / "ben" / "engine.py").write_text(solution(("self.data + other.data", "self.data")))
    second = school.grade()
    assert school.ended["ada"].seconds is None
    assert school.ended["ben"].seconds is not None
    assert first["ada"] == second["ada"]
    assert second["ben"].earned < first["ben"].earned


@pytest.mark.parametrize("spoil", ["", "{}", '{"format": 99}', "\x00", "[" * 5000])
def test_a_damaged_report_is_replaced(school, solution, spoil):
    school.hand_in("ada", solution())
    first = school.grade()
    (school.out / "ada.json").write_text(spoil)
    assert school.grade() == first


def test_a_submission_is_graded_again_under_other_conditions(school, solution, suite):
    school.hand_in("ada", solution())
    school.grade()
    (report,) = school.grade(suite=suite("a2")).values()
    assert report.points == 32.0


def test_two_runs_give_the_same_bytes_also_for_parents_in_a_set(school, suite, root):
    school.hand_in("classic", (root / "reference/variants/classic_recursive/engine.py").read_text())
    school.hand_in_misconception("wrong", "tanh_overwrites")
    written = []
    for workers in (1, 2):
        school.grade(workers, suite("all"))
        written.append({path.name: path.read_bytes() for path in school.out.iterdir()})
        school.delete_reports()
    assert written[0] == written[1]


def test_killed_at_random_moments_and_started_again_it_ends_with_the_same_reports(school, solution, tmp_path):
    for number in range(8):
        school.hand_in(f"student{number}", solution())
    school.hand_in_misconception("wrong", "number_over_value_swapped")
    school.grade()
    undisturbed = {path.name: path.read_bytes() for path in school.out.iterdir()}
    school.delete_reports()
    reports = school.run_command("a1", n_kills=10, seconds=(0.3, 1.5))
    found = {path.name: path.read_bytes() for path in reports.iterdir() if path.suffix == ".json"}
    assert found == undisturbed
    assert {path.name for path in reports.iterdir()} == {*undisturbed, "grades.csv", ".submissions"}


def test_two_runs_on_one_folder_do_not_mix(school, solution, monkeypatch):
    school.hand_in("ada", solution())
    monkeypatch.setattr(reports_folder, "LOCK_SECONDS", 0.1)
    with reports_folder.lock_reports(school.out), pytest.raises(BusyError, match="Another"):
        school.grade()


def test_an_error_within_a_run_is_not_taken_for_another_run(school):
    with pytest.raises(BlockingIOError, match="no more processes"), reports_folder.lock_reports(school.out):
        raise BlockingIOError("no more processes")


def test_time_in_which_the_grader_was_stopped_does_not_count(school, solution, suite_with_limits):
    slow = ("        out = Value(self.data + other.data", "        _rest()\n        out = Value(self.data + other.data")
    rest = "\n\nimport time\nrested = []\ndef _rest():\n    if not rested: rested.append(time.sleep(1.5))\n"
    school.hand_in("ada", solution(slow) + rest)

    def worker_s_grader():
        """Wait until the grader process, a fork of this one, has a worker; return its process."""
        found = None
        with contextlib.suppress(OSError):  # one of them may have just ended
            here = Path("/proc/self/cmdline").read_bytes()
            forks = [
                pid
                for pid in process_tree.children_of(os.getpid())
                if Path(f"/proc/{pid}/cmdline").read_bytes() == here
            ]
            found = next((pid for pid in forks if process_tree.children_of(pid)), None)
        return found

    def stops_it_for_a_while():
        patience = time.monotonic() + 30
        while not (grader := worker_s_grader()) and time.monotonic() < patience:
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(grader, signal.SIGSTOP)
        time.sleep(4)
        os.kill(grader, signal.SIGCONT)

    pausing = threading.Thread(target=stops_it_for_a_while)
    pausing.start()
    (report,) = school.grade(suite=suite_with_limits("a1", 3, 60)).values()
    pausing.join()
    assert school.ended["ada"].seconds > 4
    assert report.earned == report.points


# --- errors in the grader itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_lost_grader_process_is_not_blamed_on_the_student_and_affects_no_other_student(
    school, solution, monkeypatch, workers
):
    for name in ("ada", "ben"):
        school.hand_in(name, solution())
    honest = StudentSteps.run_public

    def lost(self, scratch, sandbox, student):
        if student.name == "ada":
            os._exit(9)
        return honest(self, scratch, sandbox, student)

    monkeypatch.setattr(StudentSteps, "run_public", lost)
    with pytest.raises(AssertionError, match="grader process was lost"):
        school.grade(workers=workers)
    assert (school.out / "ben.json").exists()
    assert not (school.out / "ada.json").exists()


def test_a_grader_process_that_does_not_answer_is_killed(school, monkeypatch, suite_with_limits):
    for name in ("ada", "ben"):
        school.hand_in(name, "")
    monkeypatch.setattr(classrooms, "GRACE_SECONDS", 0.2)
    finished = PhaseResult(FINISHED, 0.0)
    monkeypatch.setattr(
        StudentSteps, "run_public", lambda _self, _scratch, _box, who: finished if who.name != "ada" else time.sleep(60)
    )
    started = time.monotonic()
    with pytest.raises(AssertionError, match=r"one more item: .*did not answer"):
        school.grade(suite=suite_with_limits("a1", 0.1, 0.3), workers=1)
    assert time.monotonic() - started < 10


def test_a_process_grades_one_student_after_another_and_keeps_nothing_of_them(school, solution, monkeypatch):
    crash = "\nimport os\nValue.__add__ = lambda self, other: os._exit(1)\n"
    for name, more in {"ada": crash, "ben": crash, "cyd": "", "dan": crash}.items():
        school.hand_in(name, solution() + more)
    honest = StudentSteps.run_public
    log_file = school.out.parent / "noted"

    def noting(self, *arguments):
        done = honest(self, *arguments)
        with log_file.open("a", encoding="utf-8") as log:
            print(os.getpid(), len(os.listdir("/proc/self/fd")), file=log)
        return done

    monkeypatch.setattr(StudentSteps, "run_public", noting)
    school.grade(workers=1)
    lines = log_file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert len(set(lines)) == 1


def test_without_a_sandbox_nothing_is_graded(school, solution, monkeypatch):
    school.hand_in("ada", solution())
    monkeypatch.setattr("gradkit.submissions.sandbox.sandbox.find_bubblewrap", lambda: "")
    with pytest.raises(SandboxError):
        school.grade()
    assert list(school.out.iterdir()) == []


def test_a_report_says_that_it_was_made_without_a_sandbox(school, solution):
    school.hand_in("ada", solution())
    assert school.grade(isolated=False)["ada"].conditions.sandbox is False
    assert school.grade()["ada"].conditions.sandbox is True


def test_nothing_is_left_behind(school, solution):
    school.hand_in("ada", solution())
    school.grade()
    assert [path.name for path in school.out.iterdir()] == ["ada.json"]
