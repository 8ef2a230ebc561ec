"""Fixtures of the nbgrader tests: an instructor's course folder, and nbgrader's real commands in it."""

import csv
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from gradkit.catalogue.assignments import assignments

ASSIGNMENTS = tuple(assignment.name for assignment in assignments())


class NbgraderCommands:
    """Runs nbgrader's commands through nbgrader_server.py. The tests of the manual run the script `nbgrader` itself."""

    def __init__(self, add_cpu_seconds):
        self._add_cpu_seconds = add_cpu_seconds
        self._added_seconds = 0.0
        server = [sys.executable, str(Path(__file__).with_name("nbgrader_server.py"))]
        self._server = subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, arguments, folder, environment):
        """Run a command as subprocess.run does.

        Args:
            arguments: What follows the word nbgrader.
            folder: The folder to run it in.
            environment: Its environment variables.
        """
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
            request = {"arguments": arguments, "folder": str(folder), "environment": environment, "output": output.name}
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            reply = json.loads(self._server.stdout.readline())
            self._add_cpu_seconds(reply["cpu_seconds"])
            self._added_seconds += reply["cpu_seconds"]
            return subprocess.CompletedProcess(("nbgrader", *arguments), reply["status"], output.read(), "")

    def close(self):
        """End the server. The kernel counts its time now, so the time that was added before is subtracted."""
        self._server.stdin.close()
        self._server.wait()
        self._add_cpu_seconds(-self._added_seconds)


class Course:
    """A course folder with nbgrader's folders, in which commands can be run.

    Args:
        home: The folder.
        nbgrader: Runs nbgrader's commands.
    """

    def __init__(self, home, nbgrader):
        self.home = home
        self._nbgrader = nbgrader

    def run(self, *command, ok=True):
        """Run a command in the course folder, with this environment's programs on the PATH; return its output.

        Args:
            command: The command and its arguments.
            ok: Whether it must succeed. Otherwise it must fail.
        """
        programs = str(Path(sys.executable).parent)
        environment = {**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"]}
        if command[0] == "nbgrader":
            done = self._nbgrader.run(command[1:], self.home, environment)
        else:
            done = subprocess.run(
                command, cwd=self.home, env=environment, capture_output=True, text=True, check=False, timeout=600
            )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, output[-4000:]
        return output

    def notebook(self, step, assignment, student="."):
        """Read a notebook in one of nbgrader's folders, for example in "submitted"."""
        return nbformat.read(self.path(step, assignment, student), as_version=4)

    def path(self, step, assignment, student="."):
        """Return the path of a notebook in one of nbgrader's folders."""
        return self.home / step / student / assignment / f"{assignment}.ipynb"

    def solution(self, assignment):
        """Return the text of the solution cell in source/, without nbgrader's delimiters."""
        source = solution_cell(self.notebook("source", assignment)).source
        return "\n".join(line for line in source.splitlines() if "### " not in line)

    def hand_in(self, student, assignment, code=None, edit=lambda notebook: None):
        """Hand in the released notebook, and return its path.

        Args:
            student: Name of the student.
            assignment: Name of the assignment.
            code: Text for the solution cell. By default, the stub stays.
            edit: Changes the notebook.
        """
        notebook = self.notebook("release", assignment)
        if code is not None:
            solution_cell(notebook).source = code
        edit(notebook)
        path = self.path("submitted", assignment, student)
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        return path

    def export_grades(self):
        """Run `nbgrader export`; return its rows by student and assignment."""
        self.run("nbgrader", "export")
        with (self.home / "grades.csv").open(newline="") as opened:
            return {(row["student_id"], row["assignment"]): row for row in csv.DictReader(opened)}

    def grade_with_gradkit(self, assignment, *options):
        """Run `gradkit grade`; return the points by student."""
        out = self.home / f"reports-{assignment}"
        self.run("gradkit", "grade", assignment, "submitted", "--out", str(out), *options)
        with (out / assignment / "grades.csv").open(newline="", encoding="utf-8-sig") as opened:
            return {row["student"]: float(row["points"]) for row in csv.DictReader(opened)}


def solution_cell(notebook):
    """Return the solution cell of a notebook."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))


@pytest.fixture(scope="session")
def nbgrader_commands(add_cpu_seconds):
    """The server that runs nbgrader's commands."""
    commands = NbgraderCommands(add_cpu_seconds)
    yield commands
    commands.close()


@pytest.fixture(scope="session")
def released(tmp_path_factory, root, nbgrader_commands):
    """A course folder after `gradkit course build` and `nbgrader generate_assignment`. Tests must not change it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of all processes of this run: the first one builds the course for the others
    with (folder / "course.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        course = Course(folder / "course", nbgrader_commands)
        building = Course(folder / "course-being-built", nbgrader_commands)
        if not course.home.exists():
            shutil.rmtree(building.home, ignore_errors=True)
            building.home.mkdir()
            shutil.copy(root / "assignments/nbgrader_config.py", building.home)
            building.run("gradkit", "course", "build", "--out", "source")
            for assignment in ASSIGNMENTS:
                building.run("nbgrader", "generate_assignment", assignment)
            building.home.rename(course.home)
    return course


@pytest.fixture(scope="session")
def copy_course(released, nbgrader_commands):
    """Copy the released course folder: copy_course(folder) returns the Course in a new folder below."""
    return lambda folder: Course(shutil.copytree(released.home, folder / "course"), nbgrader_commands)


@pytest.fixture
def course(copy_course, tmp_path):
    """A course folder for one test."""
    return copy_course(tmp_path)
