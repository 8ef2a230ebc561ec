"""Training programs: they run on the solution, and name what is not written yet if they run on stubs."""

import os
import re
import shutil
import subprocess
import sys

import pytest

PROGRAMS = ["train_moons.py", "train_digits.py"]


@pytest.fixture
def folder(root, tmp_path):
    """Return the folder of a student who has written nothing."""
    return shutil.copytree(root / "student_template", tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def written(root, folder):
    """Return the folder of a student who has written everything."""
    for path in (root / "reference/solution").glob("*.py"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def program(tmp_path):
    """Return a function that runs a program in a folder: program(folder, "train_moons.py", "--steps", "3").

    With plots=False, it runs as if matplotlib were not installed.
    """
    (tmp_path / "without").mkdir()
    (tmp_path / "without/matplotlib.py").write_text("raise ModuleNotFoundError('No module named matplotlib')")

    def run(folder, *arguments, plots=True):
        path = {} if plots else {"PYTHONPATH": str(tmp_path / "without")}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=folder, env=os.environ | path, capture_output=True, text=True, check=False)

    return run


def share_right(ended):
    """Return the printed share of the held-out examples that the network got right."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return float(re.search(r"Held out: .* ([\d.]+)%\.", ended.stdout).group(1)) / 100


def is_picture(path):
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000


def test_the_two_moons_are_separated_and_drawn(program, written):
    ended = program(written, "train_moons.py", "--steps", "50", "--out", "pictures")
    assert share_right(ended) > 0.8
    assert "Training" in ended.stdout
    assert "pictures" in ended.stdout
    assert all(is_picture(written / "pictures" / name) for name in ("moons_loss.png", "moons_boundary.png"))


def test_digits_are_read_on_the_engine_also_without_matplotlib(program, written):
    ended = program(written, "train_digits.py", "--steps", "10", plots=False)
    assert share_right(ended) > 0.2
    assert "pip install matplotlib" in ended.stdout
    assert "@@" in ended.stdout
    assert not list(written.glob("*.png"))


def test_digits_are_read_on_tensors_and_drawn(program, written):
    assert share_right(program(written, "train_digits.py", "--tensors")) > 0.95
    assert all(is_picture(written / name) for name in ("tensor_digits_loss.png", "tensor_digits_predictions.png"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_not_written_yet_is_named_without_a_traceback(program, folder, name):
    ended = program(folder, name, plots=False)
    assert ended.returncode == 1
    assert re.fullmatch(r"Not written yet\. a4: write MLP\.__init__ \(nn\.py, line \d+\), .*\n", ended.stderr)


@pytest.mark.parametrize(("name", "missing"), [("train_moons.py", "binary_decision"), ("train_digits.py", "softmax")])
def test_an_unwritten_function_of_the_last_step_is_reported_before_the_training(program, written, name, missing):
    with (written / "training.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef {missing}(*arguments):\n    raise NotImplementedError('a5: write {missing}')\n")
    ended = program(written, name, plots=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Not written yet. a5: write {missing} (training.py")
    assert "Training" not in ended.stdout


def test_a_missing_file_is_named(program, folder):
    (folder / "nn.py").unlink()
    ended = program(folder, "train_moons.py", plots=False)
    assert (ended.returncode, ended.stderr) == (1, "There is no nn.py beside this script yet.\n")


def test_an_error_in_the_students_own_code_shows_with_its_traceback(program, written):
    with (written / "training.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef train(*arguments, **named):\n    return 1 / 0\n")
    ended = program(written, "train_moons.py", plots=False)
    assert ended.returncode == 1
    assert "return 1 / 0" in ended.stderr
    assert "ZeroDivisionError" in ended.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_shows_how_to_run_it(program, folder, name):
    assert f"python {name}" in program(folder, name, "--help", plots=False).stdout


def test_the_digits_are_complete_and_name_their_licence(root):
    data = (root / "student_template/digits.csv").read_bytes()
    assert b"\r" not in data
    lines = data.decode("ascii").splitlines()
    heading = [line for line in lines if line.startswith("#")]
    for word in ("CC BY 4.0", "Alpaydin", "Kaynak", "10.24432/C50P49", "64 pixels"):
        assert word in " ".join(heading)
    rows = [[int(number) for number in line.split(",")] for line in lines[len(heading) :]]
    assert len(rows) == 1797
    assert {len(row) for row in rows} == {65}
    assert {pixel for row in rows for pixel in row[:64]} == set(range(17))
    assert {row[64] for row in rows} == set(range(10))
