"""Grade a class of notebooks in three ways: with plain nbgrader, nbgrader with gradkit's steps, and gradkit alone.

Print for each way how many seconds one more submission of a1, a2 and a3 takes, and how many seconds the start takes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import common
import nbformat
from common import cores, timed
from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.home import course_home
from gradkit.proof.specimens import read_misconceptions, reference_folder, write_misconception

OURS = "# Autograding runs no cell"
"""The first words of the part of nbgrader_config.py that replaces nbgrader's way of grading."""

VARIANTS = ("classic_recursive", "function_objects", "tape")
MISCONCEPTIONS = ("subtraction_forgets_the_minus", "tanh_overwrites", "addition_overwrites", "power_overwrites")
UNFINISHED = "class Value:\n    def __init__(self, data):\n        self.data = data\n"
BROKEN = "class Value:\n    def __init__(self, data"


def engines(scratch: Path) -> dict[str, str]:
    """Return what students write into the solution cell: half right, a third wrong, the rest unfinished."""
    right = (common.right_submission() / "engine.py").read_text(encoding="utf-8")
    written = dict.fromkeys(("ada", "bea", "cyd"), right)
    for name in VARIANTS:
        written[name] = (reference_folder() / "variants" / name / "engine.py").read_text(encoding="utf-8")
    for name in MISCONCEPTIONS:
        write_misconception(read_misconceptions()[name], scratch / name)
        written[name] = (scratch / name / "engine.py").read_text(encoding="utf-8")
    return {**written, "unfinished": UNFINISHED, "broken": BROKEN}


class Course:
    """A course folder of nbgrader's, in which commands are run and measured."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *command: str) -> float:
        """Run a command in the folder. Return how many seconds it took."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        here = os.getcwd()
        os.chdir(self.home)
        try:
            # nbgrader writes a long log, which is shown only if a command fails.
            return timed(("sh", "-c", 'exec "$@" 2>&1', "sh", *command), cores()[:2], PATH=path)[0]
        finally:
            os.chdir(here)

    def copy(self, home: Path) -> Course:
        """Copy the course to a new folder."""
        return Course(Path(shutil.copytree(self.home, home)))

    def hand_in(self, student: str, assignment: str, engine: str) -> None:
        """Write a student's notebook, with this text in its solution cell."""
        notebook = nbformat.read(self.home / "release" / assignment / f"{assignment}.ipynb", as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = engine
        path = self.home / "submitted" / student / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def release_course(home: Path, names: list[str]) -> Course:
    """Make a course folder in which these assignments are released."""
    home.mkdir()
    shutil.copy(course_home() / "assignments" / "nbgrader_config.py", home)
    course = Course(home)
    course.run("gradkit", "course", "build", "--out", "source")
    for name in names:
        course.run("nbgrader", "generate_assignment", name)
    return course


def autograde(course: Course, name: str, students: int) -> tuple[float, float]:
    """Grade an assignment with `nbgrader autograde`.

    Returns: The seconds that a submission takes, and the seconds of the start, which are those of a second run that has
    nothing to do.
    """
    whole, start = course.run("nbgrader", "autograde", name), course.run("nbgrader", "autograde", name)
    return (whole - start) / students, start


def grade_with_gradkit(course: Course, name: str, students: int) -> tuple[float, float]:
    """Do the same with `gradkit grade` and two workers.

    The class is compared with half of it, because the first submissions of a run are graded while nbgrader is still
    being imported.
    """
    shutil.copy(course.home / "gradebook.db", course.home / "half.db")  # both begin without students
    whole, half = (
        course.run("gradkit", "grade", name, folder, "--out", f"{folder}-{name}", "--gradebook", book, "--workers", "2")
        for folder, book in (("submitted", "gradebook.db"), ("half", "half.db"))
    )
    each = 2 * (whole - half) / students
    return each, 2 * half - whole


def main() -> None:
    """Measure all three ways and print the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--copies", type=int, default=12, help="how many of each notebook gradkit alone grades")
    options.add_argument("--only", nargs="*", help="the assignments: a1 and so on")
    chosen = options.parse_args()
    names = [assignment.name for assignment in assignments() if assignment.short in (chosen.only or common.MEASURED)]
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(Path(scratch), names, chosen.copies)))


def measure(scratch: Path, names: list[str], copies: int) -> dict[str, dict[str, float]]:
    """Return the seconds of a submission and of a start (`seconds`, `start`), by way of grading.

    Args:
        scratch: An empty folder.
        names: The assignments.
        copies: How many of each notebook gradkit alone grades.
    """
    base = release_course(scratch / "base", names)
    plain, ours, alone = (base.copy(scratch / way) for way in ("plain", "ours", "alone"))
    config = plain.home / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8").partition(OURS)[0], encoding="utf-8")
    written = engines(scratch / "engines")
    for name in names:
        for student, engine in written.items():
            plain.hand_in(student, name, engine)
            for copy in range(3):
                ours.hand_in(f"{student}{copy}", name, engine)
            for copy in range(copies):
                alone.hand_in(f"{student}{copy}", name, engine)
    for copy in range(copies // 2):
        for student in written:
            shutil.copytree(alone.home / "submitted" / f"{student}{copy}", alone.home / "half" / f"{student}{copy}")
    ways = {
        "plain": (plain, autograde, len(written)),
        "ours": (ours, autograde, 3 * len(written)),
        "alone": (alone, grade_with_gradkit, copies * len(written)),
    }
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for name in names:  # the ways take turns, so that a change of the machine's speed affects all of them
        for way, (course, grade, students) in ways.items():
            times[way].append(grade(course, name, students))
    return {
        way: {"seconds": sum(one for one, _ in each), "start": common.median([start for _, start in each])}
        for way, each in times.items()
    }


if __name__ == "__main__":
    main()
