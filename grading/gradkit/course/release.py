"""What students get: a wheel (kit, suites, recorded corpora) and a zip (template and settings), and nothing more."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..suite.assignments import course_home

STUDENT_FOLDER = "autograd-course"
"""The folder that the student's zip unpacks to."""

_EPOCH = (2020, 1, 1, 0, 0, 0)
_TELLING = 14
"""Shorter lines, such as `return out`, give nothing away."""


class LeakError(Exception):
    """A release would hold something that students must not have."""


def make_release(target: Path) -> list[Path]:
    """Build both files into a folder. Raises LeakError where one holds a secret, and then leaves neither behind.

    Needs the repository, with hatchling and build installed.
    """
    target.mkdir(parents=True, exist_ok=True)
    made = [_student_zip(target), _wheel(target)]
    leaks = [f"{path.name}: {leak}" for path in made for leak in leaks_in(path, secrets())]
    if leaks:
        for path in made:
            path.unlink()
        raise LeakError("Nothing was released, since it holds\n" + "\n".join(leaks))
    return made


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
    """The lines that no release may hold: of the solution and its variants, beyond what the template shows, of the
    misconceptions' edits, and of hidden items."""
    reference = course_home() / "reference"
    open_lines = set(_lines((course_home() / "student_template").glob("*.py")))
    open_lines |= set(_lines((course_home() / "grading").rglob("*.py")))
    suites = set(course_home().glob("tests/a*/test_*.py"))
    hidden = {path for path in suites if path.name.endswith("_hidden.py")}
    open_lines |= set(_lines(suites - hidden))
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
