"""What students get holds no answer, and works from nothing in a fresh environment without PyTorch."""

import os
import shutil
import subprocess
import venv
import zipfile

import pytest
from gradkit.course.release import STUDENT_FOLDER, leaks_in, make_release, secrets
from gradkit.suite.assignments import assignments
from gradkit.suite.collection import graded_tests

TESTS = [test for assignment in assignments() for test in graded_tests(assignment)]
ITEMS = [test.name for test in TESTS if not test.item.hidden]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    student, wheel = make_release(tmp_path_factory.mktemp("dist"))
    return student, wheel


def test_a_release_holds_neither_the_reference_nor_a_misconceptions_edit(release):
    names = [name for path in release for name in zipfile.ZipFile(path).namelist()]
    assert not [name for name in names if "reference" in name or "misconception" in name or "variants" in name]
    assert [leak for path in release for leak in leaks_in(path, secrets())] == []


def test_a_release_holds_no_hidden_item_and_all_that_a_notebook_needs(release):
    names = [name for path in release for name in zipfile.ZipFile(path).namelist()]
    assert not [name for name in names if name.endswith("_hidden.py")]
    assert {"gradkit/notebook.py", "gradkit/grader/feedback.html.j2"} <= set(names)
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
    assert leaks_in(path, secrets()) == ["notes.txt has the line 'self.grad += (1 - out.data**2) * out.grad'"]


def test_a_student_goes_from_the_template_to_done_in_a_fresh_environment(release, tmp_path, root, solution, stubbed):
    student, wheel = release
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True)
    zipfile.ZipFile(student).extractall(tmp_path)
    folder = tmp_path / STUDENT_FOLDER

    def check():
        return subprocess.run([python, "-m", "pytest"], cwd=folder, capture_output=True, text=True, check=False)

    without = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)
    assert without.returncode != 0, "the environment must be one without PyTorch"
    assert {path.name for path in folder.iterdir()} == {path.name for path in (root / "student_template").glob("*.*")}

    untouched = check()
    assert f"{len(ITEMS)} not written yet" in untouched.stdout
    (folder / "engine.py").write_text(stubbed(solution(), "exp", "log", "tanh", "sigmoid", "relu"), encoding="utf-8")
    half = check()
    assert "Next: a3_activations." in half.stdout
    assert half.returncode == 1
    tanh = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
    (folder / "engine.py").write_text(solution(tanh), encoding="utf-8")
    assert "y = x.tanh() + x" in check().stdout
    (folder / "engine.py").write_text(solution(), encoding="utf-8")
    assert "Next: a4_networks." in check().stdout
    for path in (root / "reference" / "solution").glob("*.py"):
        shutil.copy(path, folder)
    assert "Next: a6 stands on numpy: pip install numpy" in check().stdout
    subprocess.run([python, "-m", "pip", "install", "--quiet", "numpy"], check=True, capture_output=True)
    done = check()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "agrees with PyTorch" in done.stdout
