"""Fixtures of the self-check tests: a student's folder, and `pytest` run in it as the student runs it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import msgspec
import pytest


@dataclass
class Run:
    """Output, exit status and recorded items of one run of pytest."""

    screen: str
    status: int
    items: dict

    @property
    def lines(self):
        return self.screen.splitlines()

    def verdicts(self):
        return {item["verdict"] for item in self.items.values()}

    def not_passed(self):
        return {name for name, item in self.items.items() if item["verdict"] != "passed"}


class Student:
    """A folder made from the template, without the files of later assignments, to which a test writes an engine."""

    LATER = ("nn.py", "training.py", "tensor.py")

    def __init__(self, folder, template):
        shutil.copytree(template, folder, ignore=shutil.ignore_patterns("__pycache__", *self.LATER))
        self.folder = folder

    def write(self, engine):
        (self.folder / "engine.py").write_text(engine, encoding="utf-8")
        return self

    def run(self, *options, typed="", python=("-m", "pytest")):
        results = self.folder.parent / "results.json"
        results.unlink(missing_ok=True)
        command = [sys.executable, *python, "-p", "no:cacheprovider", "--gradkit-results", str(results), *options]
        ended = subprocess.run(
            command,
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "COLUMNS": "120"},
            check=False,
        )
        items = msgspec.json.decode(results.read_bytes()) if results.exists() else {}
        return Run(ended.stdout + ended.stderr, ended.returncode, items)


@pytest.fixture
def student(tmp_path, root):
    return Student(tmp_path / "course", root / "student_template")


@pytest.fixture(scope="session")
def remove_closures():
    """Return a function that removes the closures from an engine, which leaves what a student has after a1."""

    def stripped(source):
        return re.sub(
            r"\n        def _backward\(\):\n(?:            .*\n)+\n        out\._backward = _backward\n", "", source
        )

    return stripped
