"""Self-check and grading agree on every odd hand-in. What self-check cannot import, its screen says how to mend."""

import os
import re
import shutil
import subprocess
import sys

import msgspec
import pytest
from gradkit.cli.main import app
from gradkit.grader import report
from typer.testing import CliRunner
from works import PACKAGES, WORKS, pack

LATER = ("engine.py", "nn.py", "training.py", "tensor.py")
BY_NAME = [name for name, work in WORKS.items() if work.is_imported_by_name and not work.packing]
OTHERS = [name for name, work in WORKS.items() if work.self_check]


def write_files(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def grade(folder, assignments):
    """Grade a folder of folders, and return the verdicts by student and item."""
    out = folder.parent / "reports"
    ended = CliRunner().invoke(app, ["grade", assignments, str(folder), "--out", str(out)])
    assert ended.exit_code == 0, ended.output
    reports = [report.read(path) for path in out.glob("*/*.json")]
    return {each.student: {item.id: item.verdict.value for item in each.items} for each in reports}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The verdicts in grading, by work and item."""
    submissions = tmp_path_factory.mktemp("works") / "submissions"
    for name in BY_NAME:
        write_files(submissions / name, pack(WORKS[name]))
    return grade(submissions, "a1,a2,a3")  # what self-check runs if there is engine.py alone


@pytest.fixture
def check(tmp_path, root):
    """Return a function that runs pytest in a student's folder, and returns the screen and the verdicts by item."""

    def run(files):
        folder, results = tmp_path / "homework", tmp_path / "results.json"
        shutil.copytree(root / "student_template", folder, ignore=shutil.ignore_patterns("__pycache__", *LATER))
        write_files(folder, files)
        # Only gradkit's plugin: the others that are installed here take a second and a half to load.
        plugins = ["-p", "no:cacheprovider", "-p", "gradkit.pytest_plugin.plugin"]
        command = [sys.executable, "-m", "pytest", *plugins, "--gradkit-results", str(results)]
        ended = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "COLUMNS": "120", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            check=False,
        )
        items = msgspec.json.decode(results.read_bytes()) if results.exists() else {}
        return ended.stdout + ended.stderr, {name: item["verdict"] for name, item in items.items()}

    return run


@pytest.mark.parametrize("name", BY_NAME)
def test_self_check_and_grading_give_equal_verdicts(name, check, graded):
    screen, verdicts = check(WORKS[name].files)
    assert verdicts == graded[name], screen


@pytest.mark.parametrize("name", OTHERS)
def test_what_self_check_cannot_import_it_says_how_to_mend(name, check):
    screen, verdicts = check(pack(WORKS[name]))
    assert "Traceback" not in screen
    assert "INTERNALERROR" not in screen
    assert re.search(WORKS[name].self_check, " ".join(screen.split())), screen
    assert "passed" not in verdicts.values() or WORKS[name].is_taken_in


def test_networks_find_their_engine_however_they_import_it(tmp_path):
    for name, files in PACKAGES.items():
        write_files(tmp_path / "submissions" / name, files)
    verdicts = grade(tmp_path / "submissions", "a4_networks")
    assert {name: set(items.values()) for name, items in verdicts.items()} == {name: {"passed"} for name in PACKAGES}
