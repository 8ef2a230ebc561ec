"""A release does not contain an answer, and works in a fresh environment without PyTorch."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.course.release import STUDENT_FOLDER, find_leaks, make_release, secrets
from gradkit.suite.collection import graded_tests

TESTS = [test for assignment in assignments() for test in graded_tests(assignment)]
ITEMS = [test.name for test in TESTS if not test.item.hidden]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    student, wheel = make_release(tmp_path_factory.mktemp("dist"))
    return student, wheel


def test_a_release_contains_neither_the_reference_nor_the_edit_of_a_misconception(release):
    names = [name for path in release for name in zipfile.ZipFile(path).namelist()]
    folders = {"reference", "misconceptions", "variants", "solution"}
    assert not [name for name in names if folders.intersection(name.split("/"))]
    assert [leak for path in release for leak in find_leaks(path, secrets())] == []


def test_a_release_does_not_contain_a_hidden_item_but_everything_that_a_notebook_needs(release):
    names = [name for path in release for name in zipfile.ZipFile(path).namelist()]
    assert not [name for name in names if name.endswith("_hidden.py")]
    assert {"gradkit/notebook.py", "gradkit/outputs/feedback.html.j2"} <= set(names)
    hidden = [test.path.read_text(encoding="utf-8") for test in TESTS if test.item.hidden]
    assert hidden
    assert "unused = d * c" in hidden[0]
    assert "unused = d * c" in secrets()


def test_the_secrets_are_the_lines_that_give_an_answer_away(solution):
    assert "self.grad += (1 - out.data**2) * out.grad" in secrets()
    assert "self.grad = (1 - out.data**2) * out.grad" in " ".join(secrets())
    assert "def __add__(self, other):" not in secrets()


def test_a_leak_is_found(tmp_path):
    path = tmp_path / "leaky.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello\n    self.grad += (1 - out.data**2) * out.grad\n")
    assert find_leaks(path, secrets()) == ["notes.txt has the line 'self.grad += (1 - out.data**2) * out.grad'"]


# --- hidden items ----------------------------------------------------------------------------------------------------

HIDDEN = """
from gradkit.suite import check_forward, expressions, graded, random_graphs

@graded(0.5, "Kept for grading", corpus=expressions("kept_for_grading", (lambda x: x * 12.03125, (3.75,))), hidden=True)
def test_kept_for_grading(Value, corpus):
    check_forward(Value, corpus)

@graded(0.5, "Kept too", corpus=random_graphs("mul"), hidden=True)
def test_kept_too(Value, corpus):
    check_forward(Value, corpus)
"""
KEPT_LINE = '[[3.75], [["mul_const", 0, 12.03125]], 1, [3.75, 45.1171875], [12.03125, 1.0]]'
BUILD = "from gradkit.course.release import *; from pathlib import Path; make_release(Path('dist'))"
FIND_LEAKS = "print(find_leaks(Path('leaky.zip'), secrets()))"


class Repository:
    """A copy of the repository, which a test changes and releases."""

    def __init__(self, home, root):
        self.home = home
        for name in ("grading", "assignments", "reference", "student_template", "tests/corpora"):
            shutil.copytree(root / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        for suite in root.glob("tests/a?_*"):
            shutil.copytree(suite, home / "tests" / suite.name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, home)

    def add(self, name, text):
        """Write a file."""
        (self.home / name).write_text(text, encoding="utf-8")

    def run(self, *command):
        """Run Python with this repository's gradkit; return its exit status and output."""
        environment = {**os.environ, "PYTHONPATH": str(self.home / "grading")}
        done = subprocess.run(
            [sys.executable, *command], cwd=self.home, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path, root):
    return Repository(tmp_path / "repository", root)


def test_a_hidden_item_among_open_ones_is_refused_by_every_way_to_build(repository):
    repository.add("tests/a1_expressions/test_zz_more.py", HIDDEN)
    message = "a1_expressions/test_kept_for_grading is hidden, and test_zz_more.py goes to students. Move the item"
    for command in (("-c", BUILD), ("-m", "build", "--wheel", "--no-isolation")):
        status, shown = repository.run(*command)
        assert status != 0
        assert message in shown
        assert not list(repository.home.glob("dist/*"))


def test_an_open_item_among_hidden_ones_is_refused(repository):
    repository.add("tests/a1_expressions/test_zz_hidden.py", HIDDEN.replace(", hidden=True", "", 1))
    status, shown = repository.run("-c", BUILD)
    assert status != 0
    assert "a1_expressions/test_kept_for_grading is not hidden, and students do not get test_zz_hidden.py." in shown


def test_a_corpus_of_hidden_items_only_is_not_released_and_its_lines_are_secrets(repository):
    repository.add("tests/a1_expressions/test_zz_hidden.py", HIDDEN)
    repository.add("tests/corpora/kept_for_grading.json", f"[\n{KEPT_LINE}\n]\n")
    status, shown = repository.run("-c", BUILD)
    assert status == 0, shown
    (wheel,) = repository.home.glob("dist/*.whl")
    with zipfile.ZipFile(wheel) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    assert not [name for name in files if "kept_for_grading" in name or "zz_hidden" in name]
    assert not [name for name, content in files.items() if b"kept_for_grading" in content or b"12.03125" in content]
    assert "gradkit/_course/tests/corpora/mul.json" in files, "open items ask for it too"
    with zipfile.ZipFile(repository.home / "leaky.zip", "w") as archive:
        archive.writestr("notes.txt", KEPT_LINE + "\n")
    _, shown = repository.run("-c", BUILD.replace("make_release(Path('dist'))", FIND_LEAKS))
    assert "notes.txt has the line" in shown


@pytest.fixture(scope="module")
def fresh_python(release, tmp_path_factory):
    """The Python of a new environment in which the wheel is installed, with what it requires and nothing else."""
    _, wheel = release
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True)
    return python


@pytest.fixture
def student_folder(release, tmp_path):
    """A student's folder, unpacked from the release."""
    student, _ = release
    zipfile.ZipFile(student).extractall(tmp_path)
    return tmp_path / STUDENT_FOLDER


def run_self_check(python, folder):
    return subprocess.run([python, "-m", "pytest"], cwd=folder, capture_output=True, text=True, check=False)


def test_a_student_begins_with_the_template_in_a_fresh_environment(
    fresh_python, student_folder, root, solution, restore_stubs
):
    without = subprocess.run([fresh_python, "-c", "import torch"], capture_output=True, check=False)
    assert without.returncode != 0, "the environment must be one without PyTorch"
    template = {path.name for path in (root / "student_template").glob("*.*")}
    assert {path.name for path in student_folder.iterdir()} == template

    untouched = run_self_check(fresh_python, student_folder)
    assert f"{len(ITEMS)} not written yet" in untouched.stdout
    (student_folder / "engine.py").write_text(
        restore_stubs(solution(), "exp", "log", "tanh", "sigmoid", "relu"), encoding="utf-8"
    )
    half = run_self_check(fresh_python, student_folder)
    assert "Next: a3_activations." in half.stdout
    assert half.returncode == 1
    tanh = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
    (student_folder / "engine.py").write_text(solution(tanh), encoding="utf-8")
    assert "y = x.tanh() + x" in run_self_check(fresh_python, student_folder).stdout


def hand_in_everything(folder, root):
    for path in (root / "reference" / "solution").glob("*.py"):
        shutil.copy(path, folder)


def test_a_student_goes_on_until_numpy_is_needed_in_a_fresh_environment(fresh_python, student_folder, root, solution):
    (student_folder / "engine.py").write_text(solution(), encoding="utf-8")
    assert "Next: a4_networks." in run_self_check(fresh_python, student_folder).stdout
    hand_in_everything(student_folder, root)
    assert "Next: a6 stands on numpy: pip install numpy" in run_self_check(fresh_python, student_folder).stdout


def test_a_student_is_done_in_a_fresh_environment_with_numpy(fresh_python, student_folder, root):
    hand_in_everything(student_folder, root)
    subprocess.run([fresh_python, "-m", "pip", "install", "--quiet", "numpy"], check=True, capture_output=True)
    done = run_self_check(fresh_python, student_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "agrees with PyTorch" in done.stdout
