"""What the tests of grading share: a sandbox, submissions in it, and classes of them."""

import dataclasses
import shutil
import time
import zipfile
from functools import partial

import pytest
from gradkit.evidence.prove import specimen_folders
from gradkit.evidence.specimens import misconceptions, write_misconception
from gradkit.grader import report
from gradkit.grader.classroom import Classroom
from gradkit.grader.conditions import conditions_of
from gradkit.grader.grader import suite_of
from gradkit.oracle.recording import Library
from gradkit.submissions.pipe import PipeTransport
from gradkit.submissions.roster import Student, roster
from gradkit.submissions.sandbox import Sandbox
from gradkit.suite.assignments import chosen, corpora_folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """One sandbox for all tests: making it takes longer than starting a worker in it."""
    return Sandbox(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def opened(tmp_path, sandbox):
    """The transport to a submission whose engine.py is this text; its workers are ended with the test."""
    made = []

    def of(source, place=sandbox, **others):
        folder = tmp_path / f"submission{len(made)}"
        folder.mkdir()
        for name, text in {"engine": source, **others}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        transport = PipeTransport(partial(place.start, folder, 30), folder)
        transport.begin(10)
        made.append(transport)
        return transport

    yield of
    for transport in made:
        transport.close()


@pytest.fixture
def eventually():
    """Waits until something holds, and fails where it does not within some seconds."""

    def wait(holds, seconds):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def suite():
    """The items of some assignments on the recorded graphs: suite("a1"), suite("all")."""
    return lambda name: suite_of(chosen(name), Library(corpora_folder()))


@pytest.fixture(scope="session")
def grade_specimens(root, tmp_path_factory):
    """Grades specimens with a Classroom of some kind: each one's report, by name. All and the solution, unless said."""

    def by(kind, names=None, assignments=None):
        alone = suite_of(assignments or chosen("all"), Library(corpora_folder()), stands_in=False)
        classroom = kind(alone, conditions_of(alone, True), tmp_path_factory.mktemp("reports"))
        with specimen_folders() as folders:
            folders["solution"] = root / "reference/solution"
            students = [Student(name, folder) for name, folder in folders.items() if names is None or name in names]
            assert [graded.trouble for graded in classroom.grade(students, 2) if graded and graded.trouble] == []
        return {student.name: report.read(classroom.report_path(student)) for student in students}

    return by


@pytest.fixture(scope="session")
def graded_specimens(grade_specimens):
    """Every specimen's report from the sandbox, by name."""
    return grade_specimens(Classroom)


class School:
    """A folder of submissions, and grading it."""

    def __init__(self, home, suite):
        self.submissions, self.out = home / "submissions", home / "reports"
        self.submissions.mkdir()
        self.suite = suite

    def hands_in(self, student, engine, inside=""):
        folder = self.submissions / student / inside
        folder.mkdir(parents=True)
        (folder / "engine.py").write_text(engine, encoding="utf-8")

    def hands_in_a_zip(self, student, **files):
        with zipfile.ZipFile(self.submissions / f"{student}.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(f"{name}.py", text)

    def hands_in_a_mistake(self, student, name):
        write_misconception(misconceptions()[name], self.submissions / student)

    def is_graded(self, workers=2, suite=None, bare=False, kind=Classroom):
        """The reports by student, and what became of each."""
        suite = suite or self.suite
        classroom = kind(suite, conditions_of(suite, not bare), self.out, bare)
        students, _ = roster(self.submissions, self.out)
        ended = [graded for graded in classroom.grade(students, workers) if graded]
        assert [graded.trouble for graded in ended if graded.trouble] == []
        self.ended = {graded.student.name: graded for graded in ended}
        return {name: report.read(self.out / f"{name}.json") for name in self.ended}

    def starts_anew(self):
        shutil.rmtree(self.out)


@pytest.fixture
def school(tmp_path, suite):
    """An empty class that is graded in a1, where nothing else is asked for."""
    return School(tmp_path, suite("a1"))


@pytest.fixture
def short_of_time(suite):
    """A suite whose limits are these, in seconds."""

    def of(name, item, submission):
        whole = suite(name)
        assignments = [
            dataclasses.replace(a, item_seconds=item, submission_seconds=submission) for a in whole.assignments
        ]
        return dataclasses.replace(whole, assignments=tuple(assignments))

    return of
