"""Self-check and grading collect the same items, and refuse what could be skipped or counted twice."""

import os
import subprocess
import sys

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.suite.collection import graded_tests
from gradkit.suite.rules import SuiteError

HEAD = "import pytest\nfrom gradkit.suite import expect, graded, random_graphs\n"
ITEM = "@graded(1, 'one')\ndef test_one(Value): pass\n"
FAULTS = {
    "mark_skip": ("@pytest.mark.skip\n" + ITEM, "test_one has the mark skip."),
    "mark_skip_below": (
        "@graded(1, 'one')\n@pytest.mark.skip(reason='later')\ndef test_one(Value): pass\n",
        "mark skip",
    ),
    "mark_skipif": ("@pytest.mark.skipif(True, reason='x')\n" + ITEM, "test_one has the mark skipif."),
    "mark_xfail": ("@pytest.mark.xfail\n" + ITEM, "test_one has the mark xfail."),
    "mark_parametrize": (
        "@pytest.mark.parametrize('Value', [1, 2])\n" + ITEM,
        "test_one has the mark parametrize. An item is neither skipped nor repeated: remove the mark, or the item.",
    ),
    "module_mark": ("pytestmark = pytest.mark.skip\n" + ITEM, "pytestmark has no effect on grading."),
    "module_skip": ("pytest.skip('later', allow_module_level=True)\n" + ITEM, "test_trial.py"),
    "module_importorskip": ("pytest.importorskip('nowhere')\n" + ITEM, "test_trial.py"),
    "setup_function": ("def setup_function(): pass\n" + ITEM, "setup_function has no effect on grading."),
    "generates": ("def pytest_generate_tests(metafunc): pass\n" + ITEM, "pytest_generate_tests has no effect"),
    "skip_inside": ("@graded(1, 'one')\ndef test_one(Value): pytest.skip('x')\n", "test_one uses pytest of pytest."),
    "skip_imported": (
        "from pytest import skip as leave\n@graded(1, 'one')\ndef test_one(Value):\n    (lambda: leave('x'))()\n",
        "test_one uses leave of pytest.",
    ),
    "a_class": ("@graded(1, 'one')\nclass TestOne: pass\n", "put @graded directly above a function"),
    "a_method": (
        "class TestOne:\n    @graded(1, 'one')\n    def test_one(self, Value): pass\n",
        "TestOne.test_one is graded, but it is not what its name means in the end.",
    ),
    "async": ("@graded(1, 'one')\nasync def test_one(Value): pass\n", "does not run when it is called."),
    "yields": ("@graded(1, 'one')\ndef test_one(Value): yield\n", "does not run when it is called."),
    "defined_twice": (ITEM + ITEM, "test_one is graded, but it is not what its name means in the end."),
    "deleted": (ITEM + "del test_one\n", "test_one is graded, but it is not what its name means"),
    "two_names": (ITEM + "test_other = test_one\n", "test_one has two names."),
    "wrapped": (
        "import functools\ndef wrap(f): return functools.wraps(f)(lambda **k: f(**k))\n@wrap\n" + ITEM,
        "test_one is graded, but it is not what its name means",
    ),
    "hidden_from_pytest": (ITEM + "test_one.__test__ = False\n", "test_one has __test__"),
    "another_name": ("@graded(1, 'one')\ndef one(Value): pass\n", "one is graded, but pytest runs only"),
    "not_graded": (ITEM + "def test_two(Value): pass\n", "test_two is not graded in this file."),
    "a_class_not_graded": (ITEM + "class TestTwo:\n    def test_two(self): pass\n", "TestTwo is not graded"),
    "a_fixture": ("@pytest.fixture(autouse=True)\ndef other(): pass\n" + ITEM, "other is a fixture"),
    "unknown_argument": ("@graded(1, 'one')\ndef test_one(Value, tmp_path): pass\n", "takes tmp_path, which is not"),
    "a_default": ("@graded(1, 'one')\ndef test_one(Value=3): pass\n", "has an argument with a default."),
    "no_corpus": ("@graded(1, 'one')\ndef test_one(Value, corpus): pass\n", "must take `corpus` if, and only if,"),
    "a_corpus_too_many": (
        "@graded(1, 'one', corpus=random_graphs('mul'))\ndef test_one(Value): pass\n",
        "must take `corpus` if, and only if,",
    ),
}
"""Text of a suite's file with one fault, and what the message says of it."""
IN_ANOTHER_FILE = {
    "a_file_below": ("more/test_more.py", ITEM, "more/test_more.py is not graded."),
    "another_pattern": ("more_test.py", ITEM, "more_test.py is not graded."),
    "a_conftest": ("conftest.py", "", "conftest.py is not graded."),
}
TWICE = "test_twice"
PATCHED = """
from pathlib import Path
from gradkit.catalogue import home
home.course_home = lambda: Path(__file__).parent
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a course in which each assignment has one fault."""
    home = tmp_path_factory.mktemp("course")
    table = (assignments()[0].suite.parents[1] / "assignments" / assignments()[0].name / "assignment.toml").read_text()
    (home / "assignments").mkdir()
    (home / "assignments" / "course.toml").write_text('engine_so_far = "given"\n')
    for name in (*FAULTS, *IN_ANOTHER_FILE, TWICE, "fine"):
        suite = home / "tests" / name
        suite.mkdir(parents=True)
        (home / "assignments" / name).mkdir(parents=True)
        (home / "assignments" / name / "assignment.toml").write_text(table)
        (suite / "test_trial.py").write_text(HEAD + FAULTS[name][0] if name in FAULTS else HEAD + ITEM)
    for name, (file, text, _) in IN_ANOTHER_FILE.items():
        path = home / "tests" / name / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + text if text else "")
    (home / "tests" / TWICE / "test_trial_more.py").write_text(HEAD + ITEM.replace("'one'", "'other'"))
    (home / "patched.py").write_text(PATCHED)
    (home / "engine.py").write_text("class Value: pass\n")
    return home


@pytest.fixture(scope="module")
def run_self_check(home):
    """Return a function that collects suites of that course as a student's pytest does: (exit status, output)."""

    def run(*names):
        options = ["-p", "patched", "-p", "no:cacheprovider", "--submission", ".", "--import-mode=importlib"]
        suites = [f"tests/{name}" for name in names]
        environment = {**os.environ, "PYTHONPATH": str(home), "COLUMNS": "250"}
        command = [sys.executable, "-m", "pytest", *options, "--continue-on-collection-errors", *suites]
        ended = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    return run


@pytest.fixture(scope="module")
def screen(run_self_check):
    return run_self_check(*FAULTS, "fine")[1]


@pytest.fixture
def error_of_grading(home, monkeypatch):
    """Return a function that returns the error of grading an assignment of that course."""
    monkeypatch.setattr("gradkit.catalogue.assignments.course_home", lambda: home)

    def message(name):
        with pytest.raises(SuiteError) as caught:
            list(graded_tests(msgspec.structs.replace(assignments()[0], name=name)))
        return str(caught.value)

    return message


@pytest.mark.parametrize("fault", FAULTS)
def test_what_pytest_and_grading_could_treat_differently_is_refused_by_both(fault, error_of_grading, screen):
    _, message = FAULTS[fault]
    assert message in error_of_grading(fault)
    assert f"tests/{fault}/test_trial.py" in error_of_grading(fault)
    account = screen.partition(f"ERROR collecting tests/{fault}/")[2].partition("____ ERROR")[0]
    assert message in account or (fault, "'yield' keyword" in account) == ("yields", True), (
        "pytest refuses yield itself"
    )


@pytest.mark.parametrize("fault", IN_ANOTHER_FILE)
def test_a_file_that_only_pytest_reads_is_refused_by_both(fault, error_of_grading, run_self_check):
    file, _, message = IN_ANOTHER_FILE[fault]
    assert message in error_of_grading(fault)
    status, shown = run_self_check(fault)
    assert status != 0
    assert file in shown


def test_an_item_in_two_files_is_refused_by_both(error_of_grading, run_self_check):
    assert "test_one is in test_trial.py too." in error_of_grading(TWICE)
    status, shown = run_self_check(TWICE)
    assert status != 0
    assert f"{TWICE}/test_one is in two files." in shown


def test_a_suite_without_a_fault_is_still_collected(screen):
    assert "1 passed" in screen


@pytest.mark.parametrize("outcome", ["skip", "xfail"])
def test_an_item_that_a_helper_skips_has_not_passed(home, run_self_check, outcome):
    name = f"helper_{outcome}"
    (home / "assignments" / name).mkdir()
    table = (home / "assignments" / "fine" / "assignment.toml").read_text()
    (home / "assignments" / name / "assignment.toml").write_text(table)
    (home / "tests" / name).mkdir()
    (home / f"{name}.py").write_text(f"import pytest\ndef helper(): pytest.{outcome}('x')\n")
    item = f"from {name} import helper\n@graded(1, 'one')\ndef test_one(Value): helper()\n"
    (home / "tests" / name / "test_trial.py").write_text(HEAD + item)
    status, shown = run_self_check(name)
    assert status == 1
    assert f"{name}/test_one was skipped while it ran." in shown


def test_a_command_shows_the_fault_in_one_line(home):
    command = ["gradkit", "grade", "a_class", "tests", "--out", "reports"]
    code = f"import patched, sys; sys.argv = {command}; from gradkit.cli.main import main; main()"
    ended = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "put @graded directly above a function" in " ".join(ended.stderr.split())
