"""docs/nbgrader.md, from an empty folder to a finished gradebook: every command is run as it is written."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("nbgrader commands")


def commands(root):
    """Return the commands of the manual, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (root / "docs/nbgrader.md").read_text(encoding="utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


def test_the_manual_leads_from_an_empty_folder_to_a_finished_gradebook(root, tmp_path, solution):
    for student, engine in (("Ada Lovelace", solution()), ("Bob", solution(("self + (-other)", "self + other")))):
        folder = tmp_path / "downloads" / f"{student}_1234_assignsubmission_file_"
        folder.mkdir(parents=True)
        (folder / "engine.py").write_text(engine, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GRADKIT": str(root)}
    assert len(commands(root)) == 10
    for command in commands(root):
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    with (tmp_path / "grades.csv").open(newline="") as opened:
        scores = {row["student_id"]: (row["score"], row["max_score"]) for row in csv.DictReader(opened)}
    assert scores == {"Ada Lovelace": ("19.5", "19.5"), "Bob": ("15.5", "19.5")}
    pages = sorted(path.parts[-3] for path in tmp_path.glob("feedback/*/a1_expressions/a1_expressions.html"))
    assert pages == ["Ada Lovelace", "Bob"]
