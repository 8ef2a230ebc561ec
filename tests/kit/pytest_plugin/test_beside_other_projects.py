"""Promises to projects that are not a student's: gradkit is only installed, and their runs of pytest stay theirs."""

import os
import subprocess
import sys

import pytest

TEST = "def test_theirs(): pass\n"

CONFTEST = """
def pytest_addoption(parser):
    parser.addoption("--items", action="store_true")
    parser.addoption("--fresh", action="store_true")

def pytest_report_header(config):
    return f"theirs: {config.getoption('--items')} {config.getoption('--fresh')}"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "test_theirs.py").write_text(TEST)
    return tmp_path


@pytest.fixture
def above(student):
    """Return a folder without settings that holds a student's folder, whose tests nobody has collected yet."""
    student.folder.rename(student.folder.parent / "homework")
    return student.folder.parent


def pytest_in(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False)
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("options", [[], ["--items", "--fresh"]])
def test_a_project_can_have_options_of_the_same_names(project, options):
    (project / "conftest.py").write_text(CONFTEST)
    shown = pytest_in(project, *options)
    assert f"theirs: {bool(options)} {bool(options)}" in shown
    assert "1 passed" in shown


def test_without_a_students_folder_items_runs_no_tests(project):
    shown = pytest_in(project, "--items")
    assert "passed" not in shown
    assert "--items lists the items of a course" in shown


def test_above_a_students_folder_a_projects_tests_run_at_any_depth(above):
    tests = above / "project/src/pkg/tests"
    tests.mkdir(parents=True)
    (tests / "test_theirs.py").write_text(TEST)
    shown = pytest_in(above)
    assert "1 passed" in shown
    assert "a1_expressions" not in shown
    assert "cd homework && pytest" in shown
    assert "cd homework" not in pytest_in(above, "project")


def test_tests_of_installed_packages_are_not_a_projects(above):
    for folder in (".tools", "node_modules/pkg", "env/lib"):
        (above / folder).mkdir(parents=True)
        (above / folder / "test_theirs.py").write_text(TEST)
    (above / "env/pyvenv.cfg").touch()
    assert "The code in homework:" in pytest_in(above)


def test_a_folder_whose_submission_is_further_below_is_left_out_as_a_whole(above):
    homework = above / "homework"
    (homework / "src").mkdir()
    (homework / "engine.py").rename(homework / "src/engine.py")
    (homework / "pytest.ini").write_text("[pytest]\ngradkit_submission = src\n")
    (homework / "test_mine.py").write_text(TEST)
    assert f"The code in {os.path.join('homework', 'src')}:" in pytest_in(above)
