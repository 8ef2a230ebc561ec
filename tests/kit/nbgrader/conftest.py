"""What the tests of nbgrader share: a course folder as an instructor has it, and the real commands in it."""

import csv
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from gradkit.catalogue.assignments import assignments

ASSIGNMENTS = tuple(assignment.name for assignment in assignments())


class Course:
    """A course folder: nbgrader's folders below it, and its commands."""

    def __init__(self, home):
        self.home = home

    def runs(self, *command, ok=True):
        """What a command says, run in the course folder with this environment's programs on the PATH."""
        programs = str(Path(sys.executable).parent)
        environment = {**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"]}
        done = subprocess.run(
            command, cwd=self.home, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, said[-4000:]
        return said

    def notebook(self, step, assignment, student="."):
        return nbformat.read(self.path(step, assignment, student), as_version=4)

    def path(self, step, assignment, student="."):
        return self.home / step / student / assignment / f"{assignment}.ipynb"

    def solution(self, assignment):
        """What the solution cell holds in source/, without nbgrader's marks."""
        source = solution_cell(self.notebook("source", assignment)).source
        return "\n".join(line for line in source.splitlines() if "### " not in line)

    def hands_in(self, student, assignment, code=None, edit=lambda notebook: None):
        """Hand in the released notebook, with this text in its solution cell, and edited."""
        notebook = self.notebook("release", assignment)
        if code is not None:
            solution_cell(notebook).source = code
        edit(notebook)
        path = self.path("submitted", assignment, student)
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        return path

    def exported(self):
        """Points by student and assignment, as `nbgrader export` writes them."""
        self.runs("nbgrader", "export")
        with (self.home / "grades.csv").open(newline="") as opened:
            return {(row["student_id"], row["assignment"]): row for row in csv.DictReader(opened)}

    def graded(self, assignment, *options):
        """Points by student, as `gradkit grade` finds them."""
        out = self.home / f"reports-{assignment}"
        self.runs("gradkit", "grade", assignment, "submitted", "--out", str(out), *options)
        with (out / assignment / "grades.csv").open(newline="", encoding="utf-8-sig") as opened:
            return {row["student"]: float(row["points"]) for row in csv.DictReader(opened)}


def solution_cell(notebook):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))


@pytest.fixture(scope="session")
def released(tmp_path_factory, root):
    """A course folder after `gradkit course build` and `nbgrader generate_assignment`, not to be changed."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of all processes of this run: the first one builds the course for the others
    with (folder / "course.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        course, building = Course(folder / "course"), Course(folder / "course-being-built")
        if not course.home.exists():
            shutil.rmtree(building.home, ignore_errors=True)
            building.home.mkdir()
            shutil.copy(root / "assignments/nbgrader_config.py", building.home)
            building.runs("gradkit", "course", "build", "--out", "source")
            for assignment in ASSIGNMENTS:
                building.runs("nbgrader", "generate_assignment", assignment)
            building.home.rename(course.home)
    return course


@pytest.fixture(scope="session")
def copied(released):
    """Makes a course folder of one's own: everything is released, nothing handed in."""
    return lambda place: Course(shutil.copytree(released.home, place / "course"))


@pytest.fixture
def course(copied, tmp_path):
    """A course folder for one test."""
    return copied(tmp_path)
