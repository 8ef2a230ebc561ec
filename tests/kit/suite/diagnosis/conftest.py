"""A student's folder with the solution's files, some of them edited, that can be asked questions."""

import importlib
import shutil
import sys
from contextlib import ExitStack

import pytest
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.diagnosis.find_hint import strict_questions
from gradkit.suite.diagnosis.student import Student

MODULES = ("engine", "nn", "training", "tensor")


@pytest.fixture(autouse=True)
def raise_errors_of_questions():
    """Let a mistake in the questions themselves fail a test. Otherwise it would look as if there was no hint."""
    with strict_questions():
        yield


@pytest.fixture
def open_student(tmp_path, clock, root, monkeypatch):
    """Return a function that opens the solution with edits of one file: open_student("engine", (old, new), ...).

    With `variant`, the files of that variant take the place of the solution's.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))

    def forget_modules():
        for name in MODULES:
            sys.modules.pop(name, None)

    def open_folder(module="engine", *edits, variant=""):
        folder = tmp_path / "student"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(root / "reference/solution", folder, ignore=shutil.ignore_patterns("__pycache__"))
        if variant:
            for path in (root / "reference/variants" / variant).glob("*.py"):
                shutil.copyfile(path, folder / path.name)
        path = folder / f"{module}.py"
        text = path.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        forget_modules()
        importlib.invalidate_caches()
        student = Student(LocalTransport(folder, clock))
        open_questions.enter_context(student.questions(("numpy",)))
        return student

    with ExitStack() as open_questions:
        yield open_folder
    forget_modules()
