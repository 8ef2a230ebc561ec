"""`gradkit course collect`: whoever handed in has a notebook in nbgrader's folder, and that is all."""

import json
import zipfile

import pytest
from gradkit.cli import app
from gradkit.course.collect import collect
from gradkit.suite.assignments import chosen
from typer.testing import CliRunner

ENGINE = "class Value:\n    '''{}'''\n"
ASSIGNMENT = "a1_expressions"
PAGE = f"{ASSIGNMENT}.ipynb"


@pytest.fixture
def collected(tmp_path):
    """What is in nbgrader's folder after collecting these files, by path; and what became of everyone."""

    def of(files, as_zip=False, **options):
        downloads = tmp_path / "downloads"
        for name, text in () if as_zip else files.items():
            path = downloads / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if as_zip:
            with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
                for name, text in files.items():
                    archive.writestr(name, text)
            downloads = tmp_path / "all.zip"
        into = tmp_path / "submitted"
        ended = list(collect(chosen("a1")[0], downloads, into, **options))
        there = {str(path.relative_to(into)): path.read_bytes() for path in into.rglob("*") if path.is_file()}
        return there, {each.student: each for each in ended if not isinstance(each, str)}

    return of


def solution(content):
    """The text of a notebook's solution cell."""
    (cell,) = [cell for cell in json.loads(content)["cells"] if "nbgrader" in cell["metadata"]]
    assert cell["metadata"]["nbgrader"]["solution"]
    assert cell["metadata"]["nbgrader"]["grade_id"] == "engine"
    return cell["source"]


SHAPES = {
    "a folder each": {"ada/engine.py": ENGINE, "bob/hw/engine (1).py": ENGINE},
    "Moodle's folders": {
        "ada_12_assignsubmission_file_/engine.py": ENGINE,
        "bob_34_assignsubmission_file_/engine.py": ENGINE,
    },
    "Moodle's files": {
        "ada_12_assignsubmission_file_engine.py": ENGINE,
        "bob_34_assignsubmission_file_engine.py": ENGINE,
    },
    "Canvas's files": {
        "ada_12_345_engine.py": ENGINE,
        "bob_LATE_34_567_engine-2.py": ENGINE,
        "bob_34_1_engine.py": "old",
    },
}


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_files_become_notebooks_whoever_names_them(shape, as_zip, collected):
    there, ended = collected(SHAPES[shape], as_zip)
    assert set(there) == {f"ada/{ASSIGNMENT}/{PAGE}", f"bob/{ASSIGNMENT}/{PAGE}"}
    assert {solution(content) for content in there.values()} == {ENGINE}
    assert not any(each.problem for each in ended.values())


def test_a_notebook_is_copied_as_it_is(collected):
    notebook = b'{"cells": [], "nbformat": 4} '
    there, ended = collected({"ada/a1_expressions (1).ipynb": notebook, "ada/engine.py": ENGINE, "ada/helper.py": "x"})
    assert there == {f"ada/{ASSIGNMENT}/{PAGE}": notebook, f"ada/{ASSIGNMENT}/helper.py": b"x"}
    assert any("engine.py was left alone" in note for note in ended["ada"].notes)


def test_collecting_again_changes_nothing_and_what_differs_stays_until_forced(collected):
    first, _ = collected({"ada/engine.py": ENGINE})
    assert collected({})[0] == first
    there, ended = collected({"ada/engine.py": "class Value: pass"})
    assert there == first
    assert any("--force" in note for note in ended["ada"].notes)
    assert solution(collected({}, force=True)[0][f"ada/{ASSIGNMENT}/{PAGE}"]) == "class Value: pass"


def test_who_handed_in_nothing_to_grade_is_named(collected):
    there, ended = collected({"ada/engine.py": ENGINE, "bob/essay.txt": "hello"})
    assert set(there) == {f"ada/{ASSIGNMENT}/{PAGE}"}
    assert ended["bob"].problem == "There is no engine.py in this submission; it holds essay.txt."


def test_no_name_leads_out_of_the_folder(collected, tmp_path):
    collected({"../../evil/engine.py": ENGINE, "ada/engine.py": ENGINE, "ada/../../x.py": "x"}, as_zip=True)
    made = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert made == {"all.zip", "submitted"}
    assert {path.name for path in (tmp_path / "submitted").iterdir()} == {"ada"}


def test_a_timestamp_of_nbgraders_comes_along(collected):
    there, _ = collected({"ada/engine.py": ENGINE, "ada/timestamp.txt": "2026-01-01 00:00 UTC"})
    assert there[f"ada/{ASSIGNMENT}/timestamp.txt"] == b"2026-01-01 00:00 UTC"


def test_letters_that_cannot_be_read_are_pointed_out(collected):
    there, ended = collected({"ada/engine.py": b"# caf\xe9\n"})
    assert solution(there[f"ada/{ASSIGNMENT}/{PAGE}"]) == "# caf\ufffd\n"
    assert any("UTF-8" in note for note in ended["ada"].notes)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a1", "nowhere"], "There is no folder or zip nowhere."),
        (["a9", "."], "There is no assignment 'a9'"),
        (["all", "."], "Name one assignment"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["course", "collect", *words])
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
