"""Promises about where and how pytest is started: by names, by an editor, in several processes, from elsewhere."""

import builtins
import io
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.inside.imports import StudentModules
from gradkit.inside.worker import MissingNameError, load
from gradkit.pytest_plugin import plugin
from gradkit.pytest_plugin.arguments import resolve_arguments
from gradkit.pytest_plugin.collection import submission_folder
from gradkit.pytest_plugin.misnamed import list_misnamed
from gradkit.pytest_plugin.screen import relative_path
from gradkit.pytest_plugin.terminal import MAX_PRINTED_CHARACTERS, Terminal

A2 = next(each for each in assignments() if each.short == "a2")
SHUFFLE = """
import random, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    random.Random(3).shuffle(items)
"""


@pytest.fixture
def written(student, solution):
    return student.write(solution())


def pytest_in(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False)
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("name", ["a2_backprop::test_depth", "a2::depth", "a2_backprop/test_depth", "test_depth"])
def test_an_item_can_be_named_as_it_is_shown(tmp_path, name):
    path = resolve_arguments([name], tmp_path, tmp_path)[0]  # `test_depth` alone is an item of a6, too
    assert path == f"{A2.suite / 'test_a2_graph.py'}::test_depth"


def test_an_assignment_a_file_and_the_folder_mean_suites(tmp_path):
    (tmp_path / "engine.py").touch()
    suites = [str(each.suite) for each in assignments() if each.modules == ("engine",)]
    assert resolve_arguments(["a2"], tmp_path, tmp_path) == [str(A2.suite)]
    assert resolve_arguments(["engine.py"], tmp_path, tmp_path) == suites
    assert resolve_arguments(["."], tmp_path, tmp_path) == [*suites, "."]


def test_the_students_own_tests_stay_what_they_are(tmp_path):
    (tmp_path / "my_test.py").touch()
    assert resolve_arguments(["my_test.py", "my_test.py::test_mine"], tmp_path, tmp_path) == [
        "my_test.py",
        "my_test.py::test_mine",
    ]


def test_an_unknown_item_of_an_assignment_is_an_error_that_names_a_similar_one(tmp_path):
    with pytest.raises(pytest.UsageError, match=r"no item dpeth\. Is it depth\?"):
        resolve_arguments(["a2::dpeth"], tmp_path, tmp_path)


def test_the_id_that_is_shown_runs_and_only_that(written):
    run = written.run("a2_backprop::test_addition_collects")
    assert list(run.items) == ["a2_backprop/test_addition_collects"]
    assert "1 of 39 items ran" in run.screen


def test_an_editor_runs_an_item_by_the_suites_path_where_pytest_finds_no_settings(student):
    suite = os.sep.join(
        ["", "site-packages", "gradkit", "_course", "tests", "a2_backprop", "test_a2_graph.py::test_depth"]
    )
    config = SimpleNamespace(
        invocation_params=SimpleNamespace(dir=student.folder),
        rootpath=student.folder,
        inipath=None,
        args=[suite],
        args_source=pytest.Config.ArgsSource.ARGS,
    )
    assert plugin._folder_elsewhere(config) == student.folder


def test_from_the_folder_above_the_only_students_folder_is_checked(written):
    above = written.folder.parent
    assert "The code in course:" in pytest_in(above, "a1")
    assert "1 passed" in pytest_in(above, "a2::depth")


def test_above_a_students_folder_other_tests_run_as_usual(written):
    above = written.folder.parent
    (above / "test_other.py").write_text("def test_other(): pass\n")
    shown = pytest_in(above)
    assert "1 passed" in shown
    assert "a1_expressions" not in shown


def test_above_several_students_folders_the_screen_says_where_to_start(written):
    shutil.copytree(written.folder, written.folder.parent / "other")
    assert "cd course && pytest" in pytest_in(written.folder.parent)


def test_in_two_processes_the_screen_is_the_same(student, solution):
    student.write(solution(("return other + (-self)", "return self - other")))
    one, two = student.run("-q", "a1"), student.run("-q", "a1", "-n", "2")
    assert two.items == one.items
    assert list(two.items) == list(one.items)
    assert "2 - x is not x - 2" in two.screen


def test_items_run_in_the_courses_order_although_a_plugin_shuffles(written):
    (written.folder / "shuffle.py").write_text(SHUFFLE)
    plain = written.run("-q", "a3")
    shuffled = written.run("-q", "a3", "-p", "shuffle")
    assert list(shuffled.items) == list(plain.items)


def test_what_is_not_written_is_not_red(student):
    assert "\x1b[31m" not in student.run("--color=yes", "a1").screen


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_an_unknown_word_behind_k_is_answered_by_a_similar_one(student, workers):
    assert student.run("-k", "tahn", *workers).screen.count("No item is called tahn. Is it tanh?") == 1


@pytest.mark.parametrize("options", [["--items"], ["--items", "-n", "1"], ["--gradkit-items"]])
def test_items_lists_titles_and_runs_nothing(student, options):
    run = student.run(*options, "a2")
    assert "   1  depth " in run.screen
    assert "(hidden)" in run.screen
    assert "stays_out" not in run.screen
    assert run.items == {}


def test_with_s_the_prints_of_an_item_are_few(student, solution):
    noisy = solution(("out = Value(math.tanh(self.data)", "print('noise')\n        out = Value(math.tanh(self.data)"))
    shown = student.write(noisy).run("-s", "-k", "tanh_collects").screen
    assert shown.count("noise") == 10
    assert "more lines of this item" in shown


@pytest.mark.parametrize("separator", ["", "\r", "\u2028"])
def test_with_s_the_characters_of_an_item_are_few(monkeypatch, separator):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with Terminal(is_seen=True).of_item():
        for _ in range(1000):
            print("#" * 1000, end=separator)
    shown = stream.getvalue()
    assert shown.count("#") <= MAX_PRINTED_CHARACTERS
    assert shown.endswith("more characters of this item\n")


def test_with_s_a_line_ends_only_where_print_ends_it(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with Terminal(is_seen=True).of_item():
        print("\r".join("abcdefghijklmnop"))
        sys.stdout.writelines(f"{number}\n" for number in range(12))
    assert (
        stream.getvalue()
        == "\r".join("abcdefghijklmnop")
        + "\n"
        + "".join(f"{number}\n" for number in range(9))
        + "... and 3 more lines of this item\n"
    )


def test_input_at_the_top_waits_for_nobody(student, solution):
    run = student.write("input('number? ')\n" + solution()).run("-s", "a1")
    assert "input() gets no answer while your code is checked" in run.screen


@pytest.mark.parametrize("name", ["Engine.py", "engine (1).py", "engine.py.txt", "engine.ipynb"])
def test_a_file_under_another_name_is_named(student, name):
    (student.folder / "engine.py").rename(student.folder / name)
    assert f"engine.py is missing. {name} lies here" in student.run("-q", "a1").screen


def test_a_file_in_utf_16_is_named(student, solution):
    (student.folder / "engine.py").write_text(solution(), encoding="utf-16")
    assert "engine.py is saved as UTF-16" in student.run("-q", "a1").screen


def test_a_class_with_a_small_letter_is_named(student, solution):
    run = student.write(solution().replace("Value", "value")).run("-q", "a1")
    assert "! engine.py has value, and should have Value." in run.screen


@pytest.mark.parametrize(
    "text", ["Value = None", "value = 3", "class Value_: pass", "def value(): pass", "globals()[3] = 4", "VALUE = 'a'"]
)
def test_only_a_class_with_other_capitals_is_named_as_one(tmp_path, text):
    (tmp_path / "engine.py").write_text(text)
    with pytest.raises(MissingNameError, match=r"^engine\.py has no Value yet\.$"):
        load(StudentModules(str(tmp_path)), "engine", "Value")


def test_a_function_with_other_capitals_is_named(tmp_path):
    (tmp_path / "training.py").write_text("globals()[3] = 4\ndef Train(): pass")
    with pytest.raises(MissingNameError, match=r"^training\.py has Train, and should have train\.$"):
        load(StudentModules(str(tmp_path)), "training", "train")


def test_a_folder_in_place_of_a_file_is_no_traceback(student, solution):
    (student.write(solution()).folder / "nn.py").mkdir()
    run = student.run("-q", "a1", "a4")
    assert "Traceback" not in run.screen
    assert "INTERNALERROR" not in run.screen
    assert "a1_expressions" in run.screen


def test_a_file_and_folders_that_cannot_be_read_are_no_traceback(tmp_path, monkeypatch):
    (tmp_path / "engine.py").touch()
    (tmp_path / "locked").mkdir()
    real_stat, real_open = os.stat, builtins.open

    def stat(path, *arguments, **keywords):
        if "locked" in os.fspath(path):
            raise PermissionError(13, "Permission denied", path)
        return real_stat(path, *arguments, **keywords)

    def locked_open(path, *arguments, **keywords):
        if os.fspath(path).endswith("engine.py"):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, *arguments, **keywords)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(builtins, "open", locked_open)
    assert submission_folder(tmp_path) == tmp_path
    assert list_misnamed(tmp_path, assignments()[:1]) == []
    assert list_misnamed(tmp_path / "nowhere", assignments()[:1]) == []


def test_a_folder_on_another_drive_is_shown_in_full(tmp_path, monkeypatch):
    def relpath(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", relpath)
    assert relative_path(tmp_path, tmp_path.parent) == str(tmp_path)


def test_warnings_do_not_stand_between_the_bars_and_the_items(student, solution):
    warning = "import warnings; warnings.warn('loud')\n        out = Value(math.tanh(self.data)"
    run = student.write(solution(("out = Value(math.tanh(self.data)", warning))).run("-k", "tanh")
    assert "loud" not in run.screen
