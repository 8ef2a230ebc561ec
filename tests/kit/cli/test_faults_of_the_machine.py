"""A full disk, a limit of the shell, a file in the way: one sentence that names the cause and what to do."""

import errno
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gradkit.cli.main import app
from gradkit.errors import ProcessorTimeUp, describe_os_error
from gradkit.grader.suite import GraderError
from gradkit.grader.whole_class import reports_folder
from gradkit.grader.whole_class.processes import reason_for
from gradkit.grader.whole_class.processor_limit import watch_processor_limit
from typer.testing import CliRunner

SUCCESS = "Reports and grades.csv are in"


@pytest.fixture
def grade(school, monkeypatch):
    """Return a function that grades the school in this process and returns the output on one line."""
    monkeypatch.setenv("COLUMNS", "300")

    def run():
        shown = CliRunner().invoke(app, ["grade", "a1", str(school.submissions), "--out", str(school.out)])
        assert shown.exit_code == 1
        assert "Traceback" not in shown.output
        assert SUCCESS not in shown.output
        return " ".join(shown.output.split())

    return run


@pytest.fixture
def grade_limited(school):
    """Return a function that grades the school in another process under a resource limit."""

    def run(limit, value, before=""):
        start = f"{before}from gradkit.cli.main import main; main()"
        command = [sys.executable, "-c", start, "grade", "a1", str(school.submissions), "--out", str(school.out)]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "300"},
            preexec_fn=lambda: resource.setrlimit(limit, (value, value)),
        )
        assert ended.returncode == 1
        message = " ".join((ended.stdout + ended.stderr).split())
        assert "Traceback" not in message
        assert SUCCESS not in message
        return message

    return run


def fails_with(number):
    def write(_report, path):
        raise OSError(number, os.strerror(number), str(path))

    return write


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_and_the_run_does_not_look_good(grade, school, solution, monkeypatch, number):
    school.hand_in("ada", solution())
    monkeypatch.setattr(reports_folder, "write", fails_with(number))
    message = grade()
    assert f"ada.json: {os.strerror(number)}. Free some space there, then run the same command again." in message
    assert "1 of 1 submissions have no report" in message


def test_a_folder_named_grades_csv_is_named(grade, school, solution):
    school.hand_in("ada", solution())
    (school.out / "a1_expressions/grades.csv").mkdir(parents=True)
    assert "grades.csv: Is a directory. There is a folder of this name: move it away" in grade()


def test_a_report_that_was_deleted_during_the_run_is_named(grade, school, solution, monkeypatch):
    for name in ("ada", "ben"):
        school.hand_in(name, solution())
    honest = reports_folder.write
    monkeypatch.setattr(reports_folder, "write", lambda report, path: path.stem != "ada" and honest(report, path))
    message = grade()
    assert "ada.json cannot be read: No such file or directory" in message
    assert "ada has no report; the other reports are complete." in message
    assert "1 of 2 submissions have no report" in message
    assert re.search(r"ben +19\.5", message)


def test_a_limit_on_the_size_of_files_is_named(grade_limited, school, solution):
    school.hand_in("ada", solution())
    assert "ulimit -f" in grade_limited(resource.RLIMIT_FSIZE, 4096)


def test_a_submission_that_cannot_be_copied_is_not_blamed_on_the_student(school, solution, monkeypatch, grade):
    school.hand_in("ada", solution())
    honest = Path.write_bytes

    def full(path, content):
        if "submissions" in path.parts and path.name == "engine.py":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return honest(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "engine.py: No space left on device. Free some space there" in grade()


def test_a_limit_on_processor_time_is_named(grade_limited, school):
    school.hand_in("ada", "raise SystemExit")
    endless = "def grade(*_):\n    while True: pass\n"
    endless += "from gradkit.grader.whole_class import classroom\nclassroom.run_in_processes = grade\n"
    assert "ulimit -t" in grade_limited(resource.RLIMIT_CPU, 3, before=endless)


def test_a_limit_on_processor_time_that_is_used_up_at_the_start_is_named(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _limit: (2, 2))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: os.kill(os.getpid(), signal.SIGXCPU))
    before = signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    try:
        with pytest.raises(ProcessorTimeUp):
            watch_processor_limit()
    finally:
        signal.signal(signal.SIGXCPU, before)


def test_an_unknown_error_of_the_system_is_shown_with_its_file():
    assert describe_os_error(OSError(errno.EIO, "Input/output error", "x.json")).startswith(
        "x.json: Input/output error."
    )


def test_an_unexpected_error_is_reported_as_an_internal_one():
    reason = reason_for(KeyError("internal"), "ada")
    assert reason == "Internal error while grading ada (report this): KeyError: 'internal'."


def test_a_test_that_ends_without_a_verdict_is_an_internal_error_without_a_traceback():
    reason = reason_for(GraderError("a1/test_sum ended with KeyError"), "ada")
    assert reason == "Internal error while grading ada (report this): a1/test_sum ended with KeyError."
