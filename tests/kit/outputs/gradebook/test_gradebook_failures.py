"""`gradkit grade --gradebook` if the gradebook fails: one line says what to do without a password; reports are kept."""

import importlib.util
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradkit.cli.main import app
from gradkit.outputs import gradebook, gradebook_process
from sqlalchemy import URL, make_url
from typer.testing import CliRunner

A1 = "a1_expressions"
SECRET = "hunter2-s3cret"
LATE, IN_TIME = "2026-05-01 13:00:00 UTC", "2026-05-01 11:00:00 UTC"


class Class:
    """A class, with methods that run `gradkit grade a1` on its submissions."""

    def __init__(self, home):
        self.submissions, self.out = home / "submissions", home / "reports"

    def hand_in(self, student, engine, stamp=""):
        (self.submissions / student).mkdir(parents=True)
        (self.submissions / student / "engine.py").write_text(engine, encoding="utf-8")
        if stamp:
            (self.submissions / student / "timestamp.txt").write_text(stamp)

    def grade(self, url, course="a1"):
        options = [course, self.submissions, "--out", self.out, "--gradebook", url]
        return CliRunner().invoke(app, ["grade", *map(str, options)])

    def is_refused(self, url):
        """Run the command and return its error as one line. Check the promises that every refusal must keep."""
        shown = self.grade(url)
        assert shown.exit_code == 1
        assert isinstance(shown.exception, SystemExit), repr(shown.exception)
        assert "Traceback" not in shown.output
        for secret in (SECRET, *re.split(r"\W", SECRET)):
            assert secret not in shown.output
        assert (self.out / A1 / "ada.json").is_file()
        return " ".join(shown.output.split())


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory, solution):
    made = Class(tmp_path_factory.mktemp("class"))
    made.hand_in("ada", solution())
    assert CliRunner().invoke(app, ["grade", "a1", str(made.submissions), "--out", str(made.out)]).exit_code == 0
    return made


@pytest.fixture
def school(graded_once, tmp_path, monkeypatch):
    """Return a class with one student, ada, whose a1 is right and was graded before."""
    monkeypatch.setenv("COLUMNS", "120")
    shutil.copytree(graded_once.submissions.parent, tmp_path, dirs_exist_ok=True)
    return Class(tmp_path)


# --- gradebooks that can be written to -------------------------------------------------------------------------------


def test_points_arrive_and_late_submissions_are_named(school, solution, book, recwarn):
    school.hand_in("ben", solution(("return self + (-other)", "return self + other")), LATE)
    school.hand_in("[red]cleo", "class Value:\n  def", LATE)
    school.hand_in("dan", solution(), IN_TIME)
    shown = school.grade(book.url)
    assert shown.exit_code == 0
    assert "4 submissions are in the gradebook." in shown.output
    assert "Late: [red]cleo, ben. A penalty is nbgrader's to give, or yours." in shown.output
    assert not [warning for warning in recwarn if "Object of type" in str(warning.message)]
    found = {who: sum(grade[0] or 0 for grade in seen["grades"].values()) for (who, _), seen in book.seen().items()}
    assert found == {"ada": 19.5, "ben": 16.5, "[red]cleo": 0.0, "dan": 19.5}


def test_students_without_files_for_an_assignment_are_named_and_not_entered(school, solution, files):
    book = files.create_book()
    (school.submissions / "ben" / "a2_backprop").mkdir(parents=True)
    (school.submissions / "ben" / "a2_backprop" / "a2_backprop.ipynb").write_text('{"cells": []}')
    (school.submissions / "cleo").mkdir()
    (school.submissions / "cleo" / "nn.py").write_text("class MLP: pass\n")
    (school.submissions / "dan").mkdir()
    (school.submissions / "eve").mkdir()
    (school.submissions / "eve" / "engine.py").write_text("class Value:\n  def")
    shown = school.grade(book.url)
    assert shown.exit_code == 0
    assert "2 submissions are in the gradebook." in shown.output
    assert f"Not entered, with nothing handed in for {A1}: ben, cleo, dan." in " ".join(shown.output.split())
    assert book.seen().keys() == {("ada", A1), ("eve", A1)}, "code that does not run was handed in"


def test_grading_all_assignments_enters_students_where_they_handed_in_files(school, files):
    book = files.create_book()
    (school.submissions / "ben").mkdir()
    (school.submissions / "ben" / "nn.py").write_text("class MLP: pass\n")
    (school.submissions / "cleo").mkdir()
    shown = school.grade(book.url, "all")
    assert shown.exit_code == 0
    assert "2 submissions are in the gradebook." in shown.output
    engines = [(name, "ada") for name in (A1, "a2_backprop", "a3_activations")]
    assert {(assignment, who) for who, assignment in book.seen()} == {*engines, ("a4_networks", "ben")}
    message = " ".join(shown.output.split())
    assert "with nothing handed in for a4_networks: ada, cleo." in message
    assert "with nothing handed in for a6_tensors: ada, ben, cleo." in message


def test_a_report_that_was_renamed_with_its_submission_is_entered_under_the_new_name(school, files):
    book = files.create_book()
    (school.submissions / "ada").rename(school.submissions / "augusta")
    (school.out / A1 / "ada.json").rename(school.out / A1 / "augusta.json")
    assert school.grade(book.url).exit_code == 0
    assert book.seen().keys() == {("augusta", A1)}


def test_ctrl_c_while_writing_shows_how_to_continue(school, files, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(gradebook_process.GradebookProcess, "finish", stopped)
    shown = school.grade(files.create_book().url)
    assert shown.exit_code == 130
    assert "Run the same command again to continue." in shown.output


# --- gradebooks that do not fit --------------------------------------------------------------------------------------


def test_an_assignment_missing_from_the_gradebook_is_named(school, book):
    with book.by_hand() as opened:
        opened.remove_assignment(A1)
    before = book.dump()
    assert f"The gradebook has no {A1}: run `nbgrader generate_assignment {A1}` first." in school.is_refused(book.url)
    assert book.dump() == before


@pytest.mark.parametrize("change", ["points", "a task less"])
def test_an_outdated_assignment_in_the_gradebook_gets_no_points(school, book, change):
    with book.by_hand() as opened:
        cell = opened.find_grade_cell("powers", A1, A1)
        if change == "points":
            cell.max_score += 1
        else:
            cell.name = "squares"
        opened.db.commit()
    before = book.dump()
    assert f"`nbgrader generate_assignment {A1} --force`" in school.is_refused(book.url)
    assert book.dump() == before


def test_a_database_that_is_not_a_gradebook_is_not_changed(school, server, tmp_path):
    other, empty = tmp_path / "other.db", tmp_path / "empty.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE letters (text)")
    empty.write_bytes(b"")
    before = other.read_bytes()
    for url in (other, empty, f"sqlite:///{other}", "sqlite://", server.url.render_as_string(hide_password=False)):
        assert "There is no gradebook in this database" in school.is_refused(url)
    assert other.read_bytes() == before
    assert empty.read_bytes() == b""


def test_a_file_that_is_not_a_database_is_not_changed(school, tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada, " * 200)
    assert "file is not a database" in school.is_refused(letter)
    assert letter.read_text() == "Dear Ada, " * 200


# --- errors that are found before grading ----------------------------------------------------------------------------


@pytest.fixture
def nothing_graded(school):
    """Return a school in which a report is deleted after grading."""
    school.hand_in("zoe", "")
    yield school
    assert not (school.out / A1 / "zoe.json").exists()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_missing_file_is_not_created(nothing_graded, tmp_path, form):
    message = nothing_graded.is_refused(form.format(tmp_path / "gradebook.db"))
    assert "There is no gradebook" in message
    assert "`nbgrader generate_assignment` makes one." in message
    assert not (tmp_path / "gradebook.db").exists()


@pytest.mark.parametrize(
    "url",
    [
        f"nonsense://ada:{SECRET}@127.0.0.1/grades",
        f"postgresql:/ada:{SECRET}@127.0.0.1/grades",
        f"postgresql+psycopg//ada:{SECRET}@127.0.0.1/grades",
        f"://ada:{SECRET}@127.0.0.1/grades",
        f"postgresql+psycopg://ada:{SECRET}",
        f"postgresql+psycopg://ada:x@{SECRET}@127.0.0.1/grades",
        f"postgresql+psycopg://ada@127.0.0.1:{SECRET}/grades",
    ],
)
def test_a_malformed_url_is_not_repeated_on_the_screen(nothing_graded, url):
    message = nothing_graded.is_refused(url)
    assert "This is not a database URL; one is like postgresql+psycopg://user:password@host/database." in message


def test_without_nbgrader_the_message_says_what_to_install(nothing_graded, files, monkeypatch):
    honest = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "nbgrader" else honest(name))
    assert "pip install 'gradkit[nbgrader]'" in nothing_graded.is_refused(files.create_book().url)


def test_without_a_database_driver_the_message_says_what_to_install(nothing_graded, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    message = nothing_graded.is_refused(f"postgresql+psycopg://ada:{SECRET}@127.0.0.1/grades")
    assert "This database needs psycopg, which is not installed here." in message
    assert "pip install 'gradkit[postgres]'" in message


# --- databases that fail ---------------------------------------------------------------------------------------------


@contextmanager
def fake_server(answers):
    """Yield the URL of a server on loopback that sends the first messages of PostgreSQL's protocol."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    with listening.accept()[0] as caller:
                        answers(caller)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        yield f"postgresql+psycopg://ada:{SECRET}@127.0.0.1:{port}/grades?sslmode=disable&gssencmode=disable"
        listening.shutdown(socket.SHUT_RDWR)


def test_a_server_that_cannot_be_reached_is_explained(school):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    message = school.is_refused(f"postgresql+psycopg://ada:{SECRET}@127.0.0.1:{port}/grades")
    assert "The gradebook cannot be written: connection failed" in message
    assert "(The reports are written. Run the same command again to continue.)" in message


def test_waiting_for_a_server_that_does_not_answer_ends(school, monkeypatch):
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "so that it is as it was afterwards")
    monkeypatch.delenv("PGCONNECT_TIMEOUT")
    monkeypatch.setattr(gradebook, "CONNECT_SECONDS", 2)
    with fake_server(lambda caller: caller.recv(1 << 16) and caller.recv(1)) as url:
        started = time.monotonic()
        assert "timeout expired" in school.is_refused(url)
        assert time.monotonic() - started < 30


def test_a_server_that_repeats_the_password_is_not_quoted(school):
    def answers(caller):
        caller.recv(1 << 16)
        caller.sendall(b"R\0\0\0\x08\0\0\0\x03")  # request for the password in clear text
        message = b"SFATAL\0C28P01\0Mno such password: " + caller.recv(1 << 16)[5:-1] + b"\0\0"
        caller.sendall(b"E" + (len(message) + 4).to_bytes(4, "big") + message)

    with fake_server(answers) as url:
        assert "no such password: ***" in school.is_refused(url)


def test_a_server_with_another_protocol_is_explained(school):
    with fake_server(lambda caller: caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        assert "The gradebook cannot be written: " in school.is_refused(url)


@pytest.fixture
def url_needing_password(server):
    """Return the URL of a gradebook for a user who needs a password."""
    server.runs("CREATE ROLE gradkit_guarded LOGIN PASSWORD 'right'")
    yield make_url(server.create_book().url).set(username="gradkit_guarded", password=SECRET)
    server.runs("DROP ROLE gradkit_guarded")


def test_a_wrong_password_is_explained(school, url_needing_password):
    message = school.is_refused(url_needing_password.render_as_string(hide_password=False))
    assert 'password authentication failed for user "gradkit_guarded"' in message


def test_a_user_without_write_permission_is_explained(school, url_needing_password):
    message = school.is_refused(url_needing_password.set(password="right").render_as_string(hide_password=False))
    assert "permission denied for table" in message


def test_a_missing_database_is_explained(school, server):
    message = school.is_refused(server.url.set(database="gradkit_nowhere").render_as_string(hide_password=False))
    assert 'database "gradkit_nowhere" does not exist' in message


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("lock", ["EXCLUSIVE", "IMMEDIATE"])
def test_a_locked_sqlite_file_is_explained(school, files, student_and_report, lock, known):
    book = files.create_book()
    if known:
        book.enter("a1", student_and_report("ada", "a1", 0.5))
    path = make_url(book.url).database
    before = book.dump()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute(f"BEGIN {lock}")
        assert "The gradebook cannot be written: database is locked" in school.is_refused(
            f"sqlite:///{path}?timeout=0.2"
        )
        other.execute("ROLLBACK")
    assert book.dump() == before
    assert school.grade(book.url).exit_code == 0
    assert sum(score or 0 for score in book.scores("ada").values()) == 19.5


def test_log_messages_of_nbgrader_are_not_shown(school, files):
    path = make_url(files.create_book().url).database
    command = [str(Path(sys.executable).with_name("gradkit")), "grade", "a1", str(school.submissions)]
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        url = f"sqlite:///{path}?timeout=0.2"
        done = subprocess.run(
            [*command, "--out", str(school.out), "--gradebook", url], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert " ".join(done.stderr.split()) == (
        "The gradebook cannot be written: database is locked "
        "(The reports are written. Run the same command again to continue.)"
    )


def test_a_file_name_is_a_file_name(school, files, tmp_path):
    for name in ("what?.db", "a b.db", "50%20.db", "me@home:x.db"):
        path = shutil.copy(make_url(files.create_book().url).database, tmp_path / name)
        assert school.grade(path).exit_code == 0
        assert type(files.create_book())(URL.create("sqlite", database=str(path))).seen().keys() == {("ada", A1)}
