"""docs/nbgrader.md, from an empty folder to a finished gradebook: every command is run as it is written."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def commands(root):
    """Return the commands of the manual, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (root / "docs/nbgrader.md").read_text(encoding="utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def run_manual(root, tmp_path, solution):
    """The commands of the manual that were run in a folder with two downloads, and the folder.

    The commands take more processor time than a test may.
    """
    for student, engine in (("Ada Lovelace", solution()), ("Bob", solution(("self + (-other)", "self + other")))):
        folder = tmp_path / "downloads" / f"{student}_1234_assignsubmission_file_"
        folder.mkdir(parents=True)
        (folder / "engine.py").write_text(engine, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GRADKIT": str(root)}
    runs = [
        subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        for command in commands(root)
    ]
    return runs, tmp_path


def test_the_manual_leads_from_an_empty_folder_to_a_finished_gradebook(run_manual):
    runs, folder = run_manual
    assert len(runs) == 10
    for done in runs:
        assert done.returncode == 0, f"{done.args}\n{done.stdout}{done.stderr}"
    with (folder / "grades.csv").open(newline="") as opened:
        scores = {row["student_id"]: (row["score"], row["max_score"]) for row in csv.DictReader(opened)}
    assert scores == {"Ada Lovelace": ("19.5", "19.5"), "Bob": ("16.5", "19.5")}
    pages = sorted(path.parts[-3] for path in folder.glob("feedback/*/a1_expressions/a1_expressions.html"))
    assert pages == ["Ada Lovelace", "Bob"]
