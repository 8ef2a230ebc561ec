"""docs/course.md, a whole term: every file is written, and every command is run, as it is on the page."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.course_settings import AssignmentPlan, CourseSettings, Extension, LateRule, TermLateRule

FILES = {"toml": "course.toml", "csv": "roster.csv"}
"""The name of the file that a block on the page is the content of, by the language of the block."""


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/course.md").read_text(encoding="utf-8")


@pytest.fixture
def term(page, tmp_path, solution):
    """The commands of the page, run in a folder with a download, and the folder."""
    wrong = solution(("return other + (-self)", "return self - other"))
    for student, engine in (("ada", solution()), ("ben", wrong)):
        folder = tmp_path / "downloads/a1" / student
        folder.mkdir(parents=True)
        (folder / "engine.py").write_text(engine, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "120"}
    runs = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.M | re.S):
        if language in FILES:
            (tmp_path / FILES[language]).write_text(block, encoding="utf-8")
        else:
            command = ["bash", "-e", "-c", block]
            runs.append(
                subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            )
    return runs, tmp_path


def test_the_page_leads_from_an_empty_folder_to_a_regraded_and_archived_class(term):
    runs, folder = term
    for done in runs:
        assert done.returncode == 0, f"{done.args}\n{done.stdout}{done.stderr}"
    graded = runs[1].stdout
    assert "Absent, nothing handed in: Cy Young (1003)." in graded
    assert "Not in the roster" not in graded
    assert "2 - x" in (folder / "feedback/ben.txt").read_text(encoding="utf-8")
    with (folder / "changes.csv").open(newline="", encoding="utf-8-sig") as opened:
        changes = {row["student"]: row for row in csv.DictReader(opened)}
    assert float(changes["ben"]["change"]) > 0
    assert "number_minus_value: not graded any more" in changes["ada"]["items"]
    assert (folder / "reports/a1_expressions/earlier/1/ben.json").is_file()
    assert (folder / "term.tar.gz").stat().st_size > 0


def test_every_key_of_the_course_file_is_on_the_page(page):
    for kind in (CourseSettings, TermLateRule, LateRule, AssignmentPlan, Extension):
        for field in msgspec.structs.fields(kind):
            assert re.search(rf"^\|.*[`.\[]{field.encode_name}[`\].]", page, re.M), field.encode_name
