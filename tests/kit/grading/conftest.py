"""What the tests of grading share: a sandbox, submissions in it, and classes of them."""

import dataclasses
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.assignments import chosen, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader import report
from gradkit.grader.conditions import conditions_of
from gradkit.grader.suite import suite_of
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof.prove import specimen_folders
from gradkit.proof.runs import batches, run_batch
from gradkit.proof.selection import Selection
from gradkit.proof.specimens import misconceptions, variants, write_misconception
from gradkit.submissions.intake.roster import read_roster
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.pipe import PipeTransport


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """One sandbox for all tests: making it takes longer than starting a worker in it."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


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
        transport.start_item(10)
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


class GradedSpecimens:
    """Runs of specimens, by name. A specimen is graded, with all others of its batch, when it is first asked for."""

    def __init__(self, batches, folders, **how):
        self._batches = {name: batch for batch in batches for name in batch.names}
        self._folders, self._how = folders, how
        self._runs = {}

    def __getitem__(self, name):
        if name not in self._runs:
            batch = self._batches[name]
            self._runs.update((run.name, run) for run in run_batch(batch, self._folders, **self._how))
        return self._runs[name]


@pytest.fixture(scope="session")
def specimens(root):
    """A folder for every specimen, and for the solution, by name."""
    with specimen_folders() as folders:
        yield {**folders, "solution": root / "reference/solution"}


@pytest.fixture(scope="session")
def selection():
    """Selects the items that a misconception can change; the solution is traced once."""
    return Selection()


@pytest.fixture(scope="session")
def batches_of_specimens(selection):
    """All specimens, grouped by the items that are run on them: of a misconception those that it can change."""
    return lambda **how: batches(["solution", *variants(), *misconceptions()], selection, **how)


@pytest.fixture(scope="session")
def specimen_batches(batches_of_specimens):
    """All specimens in every assignment that holds a file of their own."""
    return batches_of_specimens()


@pytest.fixture(scope="session")
def grade_specimens(specimens):
    """Grades the specimens of some batches in one way, as they are asked for."""
    return lambda some_batches, **how: GradedSpecimens(some_batches, specimens, **how)


@pytest.fixture(scope="session")
def graded_specimens(grade_specimens, specimen_batches):
    """Every specimen's run in the sandbox."""
    return grade_specimens(specimen_batches, isolated=True)


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

    def is_graded(self, workers=2, suite=None, isolated=True, kind=Classroom):
        """The reports by student, and what became of each."""
        suite = suite or self.suite
        classroom = kind(suite, conditions_of(suite, isolated), self.out, isolated)
        students, _ = read_roster(self.submissions, self.out)
        ended = [graded for graded in classroom.grade(students, workers) if graded]
        assert [graded.reason for graded in ended if graded.reason] == []
        self.ended = {graded.student.name: graded for graded in ended}
        return {name: report.read(self.out / f"{name}.json") for name in self.ended}

    def starts_anew(self):
        shutil.rmtree(self.out)

    def runs_the_command(self, assignment, n_kills=0, seconds=(0.0, 0.0)):
        """Run `gradkit grade` as often as it is killed, each time after so many seconds at random, and once to its end.

        Returns the folder of reports.
        """
        gradkit = Path(sys.executable).with_name("gradkit")
        command = [str(gradkit), "grade", assignment, str(self.submissions), "--out", str(self.out)]
        rng = random.Random(7)
        for _ in range(n_kills):
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(*seconds))
            running.send_signal(signal.SIGKILL)
            running.wait()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return self.out / chosen(assignment)[0].name


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
            msgspec.structs.replace(a, item_seconds=item, submission_seconds=submission) for a in whole.assignments
        ]
        return dataclasses.replace(whole, assignments=tuple(assignments))

    return of
