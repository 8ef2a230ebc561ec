"""Fixtures of the gradebook tests: gradebooks in SQLite and in PostgreSQL, and reports to write into them."""

import datetime
import os
import random
import shutil
import sys
import uuid
from functools import cache
from pathlib import Path

import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.report import FORMAT, Conditions, Report
from gradkit.grader.suite import load_suite
from gradkit.outputs.gradebook import open_gradebook
from gradkit.submissions.intake.students import Student, safe_name
from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import graded_tests
from gradkit.suite.results import make_result
from nbgrader.api import Gradebook
from sqlalchemy import MetaData, create_engine, make_url, text

COURSE = "autograd"
DUE = datetime.datetime(2026, 5, 1, 12)
HOW = (
    "Set GRADKIT_POSTGRES to the URL of a PostgreSQL server to make databases on, as in "
    "postgresql+psycopg://postgres@127.0.0.1:5433/postgres; `.ci/postgres COMMAND` runs a command with one."
)


@cache
def suite(name):
    return load_suite(choose_assignments(name), Library(corpora_folder()))


class Book:
    """A gradebook that tests can write to and inspect."""

    def __init__(self, url):
        self.url = url

    def enter(self, course, *students):
        """Write the reports of students, given as (student, report) or (student, report, entry in the roster).

        Return the names of those who are late.
        """
        with open_gradebook(self.url, suite(course)) as book:
            return [student.name for student, *known in students if book.write(student, *known)]

    def by_hand(self):
        """Open the gradebook with nbgrader's API, as formgrader does."""
        return Gradebook(self.url, COURSE)

    def dump(self):
        """Return every row of every table."""
        engine = create_engine(self.url)
        tables = MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            rows = {name: sorted(map(repr, connection.execute(t.select()))) for name, t in tables.tables.items()}
        engine.dispose()
        return rows

    def seen(self):
        """Return what formgrader shows of every submission, without the random keys."""
        with self.by_hand() as book:
            return {
                (submission.student.id, assignment.name): _seen(submission)
                for assignment in book.assignments
                for submission in assignment.submissions
            }

    def grades(self, who, assignment="a1_expressions"):
        """Return by cell: automatic score, manual score, extra credit, and whether it needs manual grading."""
        return self.seen()[who, assignment]["grades"]

    def scores(self, who, assignment="a1_expressions"):
        """Return the automatic scores by cell."""
        return {cell: grade[0] for cell, grade in self.grades(who, assignment).items()}


def _seen(submission):
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    comments = [comment for notebook in submission.notebooks for comment in notebook.comments]
    return {
        "timestamp": submission.timestamp,
        "grades": {g.name: (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade) for g in grades},
        "comments": {comment.name: (comment.auto_comment, comment.manual_comment) for comment in comments},
        "penalty": submission.late_submission_penalty,
    }


# --- databases -------------------------------------------------------------------------------------------------------


def _points_of(assignment):
    points = {test.item.id: test.item.points for test in graded_tests(assignment)}
    return {task.name: sum(points[item] for item in task.items) for task in assignment.tasks}


def _make(url):
    """Write what `nbgrader generate_assignment` writes for every assignment, and an essay that is graded by hand."""
    with Gradebook(url, COURSE) as book:
        for assignment in assignments():
            name = assignment.name
            book.add_assignment(name, duedate=DUE)
            book.add_notebook(name, name)
            book.add_solution_cell("engine", name, name)
            book.add_grade_cell("essay", name, name, max_score=4, cell_type="markdown")
            for task, points in _points_of(assignment).items():
                book.add_grade_cell(task, name, name, max_score=points, cell_type="code")


class Files:
    """Gradebooks as SQLite files."""

    def __init__(self, home):
        self._template, self._home = home / "template.db", home
        _make(f"sqlite:///{self._template}")

    def create_book(self):
        return Book(f"sqlite:///{shutil.copy(self._template, self._home / f'{uuid.uuid4().hex}.db')}?timeout=20")

    def close(self):
        pass


class Server:
    """Gradebooks as databases on a PostgreSQL server, which `close` drops."""

    def __init__(self, url):
        self.url, self._names = make_url(url), []
        self._template = self._created("template1")
        _make(self._template)

    def runs(self, statement):
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def create_book(self):
        return Book(self._created(make_url(self._template).database))

    def _created(self, template):
        self._names.append(f"gradkit_{uuid.uuid4().hex}")
        self.runs(f"CREATE DATABASE {self._names[-1]} TEMPLATE {template}")
        return self.url.set(database=self._names[-1]).render_as_string(hide_password=False)

    def close(self):
        for name in self._names:
            self.runs(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def alembic_on_the_path():
    """Put `alembic` on the PATH: nbgrader runs it when it makes a gradebook."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def server(alembic_on_the_path):
    """Return the PostgreSQL server that GRADKIT_POSTGRES names."""
    url = os.environ.get("GRADKIT_POSTGRES")
    if not url:
        (pytest.fail if os.environ.get("GRADKIT_NO_SKIPS") else pytest.skip)(HOW)
    made = Server(url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def files(alembic_on_the_path, tmp_path_factory):
    return Files(tmp_path_factory.mktemp("gradebooks"))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request):
    """Return an object that makes gradebooks: in SQLite files, then on the PostgreSQL server."""
    return request.getfixturevalue({"sqlite": "files", "postgresql": "server"}[request.param])


@pytest.fixture
def book(databases):
    """Return a gradebook without grades."""
    return databases.create_book()


@pytest.fixture(scope="session")
def points_of():
    """Return a function that returns the points of each task of an assignment."""
    return _points_of


# --- a class ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def student_and_report(tmp_path):
    """Return a function that makes a student and a report: with wrong=0.4, about 40 % of the items are failed.

    With `stamp`, the submission has a timestamp.txt with this content.
    """

    def made(name, course, wrong=0.0, seed=0, stamp=None, inside=""):
        source = tmp_path / "submitted" / uuid.uuid4().hex
        (source / inside).mkdir(parents=True)
        if stamp is not None:
            (source / inside / "timestamp.txt").write_bytes(stamp if isinstance(stamp, bytes) else stamp.encode())
        return Student(safe_name(name), source), _report(course, wrong, seed)

    return made


def _report(course, wrong, seed):
    rng = random.Random(seed)
    items = [_record(test.item, rng.random() < wrong) for test in suite(course).tests]
    earned, points = sum(item.earned for item in items), sum(item.points for item in items)
    return Report(
        FORMAT,
        "",
        {},
        "",
        False,
        "",
        (),
        (),
        (),
        (),
        Conditions("", "", "", "", True, True),
        earned,
        points,
        tuple(items),
    )


def _record(item, failed):
    return make_result(item, Verdict.FAILED if failed else Verdict.PASSED)
