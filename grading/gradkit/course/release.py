"""Build what students receive: a wheel (kit, suites, recorded corpora) and a zip (template and settings).

Every line of both files is compared with the lines that students must not see.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.hidden_items import HiddenItem
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.suite.collection import GradedTest, graded_tests
from gradkit.suite.diagnosis.fingerprints import DIAGNOSES

STUDENT_FOLDER = "autograd-course"
"""The folder that the student's zip unpacks to."""

_ZIP_DATE = (2020, 1, 1, 0, 0, 0)
_MIN_SECRET_LENGTH = 14
"""Characters. A shorter line, such as `return out`, does not give the solution away."""


class LeakError(UserError):
    """A release would contain something that students must not see."""


def make_release(target: Path) -> list[Path]:
    """Build the student's zip and the wheel into a folder.

    Needs the repository, with hatchling and build installed.

    Args:
        target: The folder.

    Returns:
        The paths of the zip and the wheel.

    Raises:
        LeakError: If a file contains a secret. Neither of them is left in the folder.
        SuiteError: If a suite cannot be collected.
        RuntimeError: If the wheel cannot be built.
    """
    list_course_files()  # raises before the build what would otherwise be part of the build's output

    target.mkdir(parents=True, exist_ok=True)
    built = [_build_student_zip(target), _build_wheel(target)]

    forbidden = secrets()
    leaks = [f"{path.name}: {leak}" for path in built for leak in find_leaks(path, forbidden)]
    if leaks:
        for path in built:
            path.unlink()
        raise LeakError("Nothing was released, since it holds\n" + "\n".join(leaks))
    return built


def list_course_files() -> list[str]:
    """List the course's files that go into the wheel, each as a path relative to the repository's root.

    Hidden items are left out, and so are corpora that only hidden items use.

    Raises:
        LeakError: If a hidden item is in a file that students receive, or another item is in a file that they do not.
        SuiteError: If a suite cannot be collected.
    """
    tests = _all_tests()
    for test in tests:
        _check_file_of(test)

    files = [course_home() / "student_template" / "digits.csv"]  # other seeds draw training runs from it
    for assignment in assignments():
        files.append(course_home() / "assignments" / assignment.name / "assignment.toml")
        files += [path for path in assignment.suite.glob("*.py") if not _is_hidden_file(path)]
    hidden = set(_hidden_corpora(tests))
    files += [path for path in corpora_folder().glob("*.json") if path not in hidden]
    return sorted(str(path.relative_to(course_home())) for path in files)


def list_hidden_items() -> tuple[HiddenItem, ...]:
    """Return what a release says of the hidden items, in the order of the course."""
    items = [test.item for test in _all_tests() if test.item.hidden]
    return tuple(HiddenItem(item.assignment, item.title, item.points) for item in items)


def _all_tests() -> list[GradedTest]:
    return [test for assignment in assignments() for test in graded_tests(assignment)]


def _check_file_of(test: GradedTest) -> None:
    """Raise LeakError if a hidden item is in a file that students receive, or another item is in a hidden file."""
    item, file = test.item, test.path
    if item.hidden and not _is_hidden_file(file):
        raise LeakError(
            f"{item.id} is hidden, and {file.name} goes to students. Move the item to a file of the same "
            "folder whose name ends in _hidden.py."
        )
    if _is_hidden_file(file) and not item.hidden:
        raise LeakError(
            f"{item.id} is not hidden, and students do not get {file.name}. Move the item to another "
            "file, or hide it with hidden=True."
        )


def _is_hidden_file(path: Path) -> bool:
    return path.name.endswith("_hidden.py")


def _hidden_corpora(tests: Iterable[GradedTest]) -> list[Path]:
    """List the recorded corpora that only hidden items use."""
    released = {test.settings.corpus.name for test in tests if test.settings.corpus and not test.item.hidden}
    shipped = {f"{name}.json" for name in released} | {DIAGNOSES}
    return [path for path in sorted(corpora_folder().glob("*.json")) if path.name not in shipped]


def _build_student_zip(target: Path) -> Path:
    """Pack the template's folder. The zip has the same bytes whenever the files are the same."""
    path = target / "gradkit-student.zip"
    template = course_home() / "student_template"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(template.iterdir()):
            if source.is_file():
                archive.writestr(zipfile.ZipInfo(f"{STUDENT_FOLDER}/{source.name}", _ZIP_DATE), source.read_bytes())
    return path


def _build_wheel(target: Path) -> Path:
    """Build the wheel, and delete wheels of earlier builds. Raises RuntimeError if the build fails."""
    for old in target.glob("gradkit-*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(course_home())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The wheel could not be built:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return next(target.glob("gradkit-*.whl"))


def secrets() -> set[str]:
    """Collect the lines that a release must not contain.

    These are the lines of the solution, its variants and the misconceptions' edits, and of hidden items and their
    corpora, without those that students may see: lines of the template, the kit, and the other items and corpora.

    Raises:
        SuiteError: If a suite cannot be collected.
    """
    reference = course_home() / "reference"
    template = (course_home() / "student_template").glob("*.py")
    kit = (course_home() / "grading").rglob("*.py")

    tests = _all_tests()
    hidden_corpora = set(_hidden_corpora(tests))
    hidden_files = {test.path for test in tests if test.item.hidden} | hidden_corpora
    open_suites = {test.path for test in tests} - hidden_files
    open_corpora = set(corpora_folder().glob("*.json")) - hidden_corpora

    public = set(_lines_of([*template, *kit, *open_suites, *open_corpora]))
    return set(_lines_of([*reference.rglob("*.py"), *reference.rglob("*.toml"), *hidden_files])) - public


def _lines_of(paths: Iterable[Path]) -> Iterator[str]:
    """List the lines of files that are long enough to be secrets, without indentation."""
    for path in paths:
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            if len(line.strip()) >= _MIN_SECRET_LENGTH:
                yield line.strip()


def find_leaks(archive: Path, forbidden: set[str]) -> list[str]:
    """List the forbidden lines that a zip or wheel contains, each with its file."""
    leaks = []
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            for line in opened.read(name).decode("utf-8", "replace").splitlines():
                if line.strip() in forbidden:
                    leaks.append(f"{name} has the line {line.strip()!r}")
    return leaks
