"""What students get: a wheel (kit, suites, recorded corpora) and a zip (template and settings), and nothing more."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.suite.collection import GradedTest, graded_tests
from gradkit.suite.diagnosis import DIAGNOSES

STUDENT_FOLDER = "autograd-course"
"""The folder that the student's zip unpacks to."""

_EPOCH = (2020, 1, 1, 0, 0, 0)
_TELLING = 14
"""Shorter lines, such as `return out`, give nothing away."""


class LeakError(UserError):
    """A release would hold something that students must not have."""


def make_release(target: Path) -> list[Path]:
    """Build both files into a folder. Raises LeakError where one holds a secret, and then leaves neither behind.

    Needs the repository, with hatchling and build installed. Raises SuiteError for a suite that cannot be collected.
    """
    course_files()  # what it refuses is better heard of before a build than in its output
    target.mkdir(parents=True, exist_ok=True)
    made = [_student_zip(target), _wheel(target)]
    leaks = [f"{path.name}: {leak}" for path in made for leak in leaks_in(path, secrets())]
    if leaks:
        for path in made:
            path.unlink()
        raise LeakError("Nothing was released, since it holds\n" + "\n".join(leaks))
    return made


def course_files() -> list[str]:
    """List the course's files that go into the wheel, each as a path from the repository's root.

    Hidden items stay here, and so do the corpora that no other item asks for. Raises LeakError for a hidden item in a
    file that goes to students, or another item in a file that does not.
    """
    tests = _tests()
    for test in tests:
        stays = _stays_here(test.path)
        if test.item.hidden and not stays:
            raise LeakError(
                f"{test.item.id} is hidden, and {test.path.name} goes to students. Move the item to a file of the same "
                "folder whose name ends in _hidden.py."
            )
        if stays and not test.item.hidden:
            raise LeakError(
                f"{test.item.id} is not hidden, and students do not get {test.path.name}. Move the item to another "
                "file, or hide it with hidden=True."
            )
    files = [course_home() / "student_template" / "digits.csv"]  # other seeds draw training runs from it
    for assignment in assignments():
        files.append(course_home() / "assignments" / assignment.name / "assignment.toml")
        files += [path for path in assignment.suite.glob("*.py") if not _stays_here(path)]
    kept = set(_hidden_corpora(tests))
    files += [path for path in corpora_folder().glob("*.json") if path not in kept]
    return sorted(str(path.relative_to(course_home())) for path in files)


def _tests() -> list[GradedTest]:
    return [test for assignment in assignments() for test in graded_tests(assignment)]


def _stays_here(path: Path) -> bool:
    return path.name.endswith("_hidden.py")


def _hidden_corpora(tests: Iterable[GradedTest]) -> list[Path]:
    """The recorded corpora that no open item asks for."""
    asked = {test.mark.corpus.name for test in tests if test.mark.corpus and not test.item.hidden}
    shipped = {f"{name}.json" for name in asked} | {DIAGNOSES}
    return [path for path in sorted(corpora_folder().glob("*.json")) if path.name not in shipped]


def _student_zip(target: Path) -> Path:
    """The template's folder, with the same bytes whenever its files are the same."""
    path = target / "gradkit-student.zip"
    template = course_home() / "student_template"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(template.iterdir()):
            if source.is_file():
                archive.writestr(zipfile.ZipInfo(f"{STUDENT_FOLDER}/{source.name}", _EPOCH), source.read_bytes())
    return path


def _wheel(target: Path) -> Path:
    for old in target.glob("gradkit-*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(course_home())]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"The wheel could not be built:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return next(target.glob("gradkit-*.whl"))


def secrets() -> set[str]:
    """List the lines that no release may hold: of the solution and its variants, beyond what the template shows, of
    the misconceptions' edits, and of hidden items and their corpora. Raises SuiteError."""
    reference = course_home() / "reference"
    open_lines = set(_lines((course_home() / "student_template").glob("*.py")))
    open_lines |= set(_lines((course_home() / "grading").rglob("*.py")))
    tests = _tests()
    corpora = set(_hidden_corpora(tests))
    hidden = {test.path for test in tests if test.item.hidden} | corpora
    open_lines |= set(_lines({test.path for test in tests} - hidden))
    open_lines |= set(_lines(set(corpora_folder().glob("*.json")) - corpora))
    return set(_lines([*reference.rglob("*.py"), *reference.rglob("*.toml"), *hidden])) - open_lines


def _lines(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            if len(line.strip()) >= _TELLING:
                yield line.strip()


def leaks_in(archive: Path, forbidden: set[str]) -> list[str]:
    """The forbidden lines that a zip or wheel holds, each with its file."""
    with zipfile.ZipFile(archive) as opened:
        return [
            f"{name} has the line {line.strip()!r}"
            for name in opened.namelist()
            for line in opened.read(name).decode("utf-8", "replace").splitlines()
            if line.strip() in forbidden
        ]
