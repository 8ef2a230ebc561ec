"""Autogrades one class of notebooks in three ways: nbgrader's own, nbgrader with gradkit's steps, gradkit by itself.

Prints for each way the seconds that one further submission of a1, a2 and a3 takes, and the seconds of a start.
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
from gradkit.proof.specimens import misconceptions, reference_folder, write_misconception

OURS = "# Autograding runs no cell"
"""Where the configuration begins to differ from nbgrader's own."""

VARIANTS = ("classic_recursive", "function_objects", "tape")
MISTAKES = ("subtraction_forgets_the_minus", "tanh_overwrites", "addition_overwrites", "power_overwrites")
UNFINISHED = "class Value:\n    def __init__(self, data):\n        self.data = data\n"
BROKEN = "class Value:\n    def __init__(self, data"


def engines(scratch: Path) -> dict[str, str]:
    """What a class writes into the solution cell: half of it right, a third with one mistake, the rest not done."""
    right = (common.right_submission() / "engine.py").read_text(encoding="utf-8")
    found = dict.fromkeys(("ada", "bea", "cyd"), right)
    for name in VARIANTS:
        found[name] = (reference_folder() / "variants" / name / "engine.py").read_text(encoding="utf-8")
    for name in MISTAKES:
        write_misconception(misconceptions()[name], scratch / name)
        found[name] = (scratch / name / "engine.py").read_text(encoding="utf-8")
    return {**found, "unfinished": UNFINISHED, "broken": BROKEN}


class Course:
    """A course folder, and the seconds that commands take in it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def runs(self, *command: str) -> float:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        here = os.getcwd()
        os.chdir(self.home)
        try:
            # nbgrader logs much; it is shown where a command fails
            return timed(("sh", "-c", 'exec "$@" 2>&1', "sh", *command), cores()[:2], PATH=path)[0]
        finally:
            os.chdir(here)

    def copied(self, home: Path) -> Course:
        return Course(Path(shutil.copytree(self.home, home)))

    def hands_in(self, student: str, assignment: str, engine: str) -> None:
        notebook = nbformat.read(self.home / "release" / assignment / f"{assignment}.ipynb", as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = engine
        path = self.home / "submitted" / student / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def released(home: Path, names: list[str]) -> Course:
    """A course folder with everything released."""
    home.mkdir()
    shutil.copy(course_home() / "assignments" / "nbgrader_config.py", home)
    course = Course(home)
    course.runs("gradkit", "course", "build", "--out", "source")
    for name in names:
        course.runs("nbgrader", "generate_assignment", name)
    return course


def autograded(course: Course, name: str, students: int) -> tuple[float, float]:
    """(seconds for a submission, seconds of a start: of a second run, which finds nothing to do)"""
    whole, start = course.runs("nbgrader", "autograde", name), course.runs("nbgrader", "autograde", name)
    return (whole - start) / students, start


def graded(course: Course, name: str, students: int) -> tuple[float, float]:
    """The same for `gradkit grade` with two workers.

    A class is held against half of it: what goes on beside the first submissions (nbgrader is imported meanwhile) is
    over by then, and flatters nobody.
    """
    shutil.copy(course.home / "gradebook.db", course.home / "half.db")  # for neither knows its students before
    whole, half = (
        course.runs(
            "gradkit", "grade", name, folder, "--out", f"{folder}-{name}", "--gradebook", book, "--workers", "2"
        )
        for folder, book in (("submitted", "gradebook.db"), ("half", "half.db"))
    )
    each = 2 * (whole - half) / students
    return each, 2 * half - whole


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--copies", type=int, default=12, help="so many of each notebook for gradkit by itself")
    options.add_argument("--only", nargs="*", help="these assignments alone")
    chosen = options.parse_args()
    names = [assignment.name for assignment in assignments() if assignment.short in (chosen.only or common.MEASURED)]
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(Path(scratch), names, chosen.copies)))


def measure(scratch: Path, names: list[str], copies: int) -> dict[str, dict[str, float]]:
    base = released(scratch / "base", names)
    plain, ours, alone = (base.copied(scratch / way) for way in ("plain", "ours", "alone"))
    config = plain.home / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8").partition(OURS)[0], encoding="utf-8")
    written = engines(scratch / "engines")
    for name in names:
        for student, engine in written.items():
            plain.hands_in(student, name, engine)
            for copy in range(3):
                ours.hands_in(f"{student}{copy}", name, engine)
            for copy in range(copies):
                alone.hands_in(f"{student}{copy}", name, engine)
    for copy in range(copies // 2):
        for student in written:
            shutil.copytree(alone.home / "submitted" / f"{student}{copy}", alone.home / "half" / f"{student}{copy}")
    ways = {
        "plain": (plain, autograded, len(written)),
        "ours": (ours, autograded, 3 * len(written)),
        "alone": (alone, graded, copies * len(written)),
    }
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for name in names:  # one way after another: what else the machine does then meets all of them
        for way, (course, grade, students) in ways.items():
            taken[way].append(grade(course, name, students))
    return {
        way: {"seconds": sum(one for one, _ in each), "start": common.median([start for _, start in each])}
        for way, each in taken.items()
    }


if __name__ == "__main__":
    main()
