"""Taking notebooks in: the solution cell comes out, whatever else there is."""

import json

import pytest
from gradkit.submissions.intake import take_in
from gradkit.submissions.notebook import MOST_NOTEBOOK, Notebook
from gradkit.submissions.outcome import Verdict

PAGE = Notebook("a2_backprop", {"engine": ("Value",)})
ENGINE = "class Value: pass\n"


def cell(source=ENGINE, id_="engine", kind="code", **more):
    return {"cell_type": kind, "metadata": {"nbgrader": {"grade_id": id_}}, "source": source, **more}


def notebook(*cells):
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def taken(tmp_path):
    """What is taken in of these files: (text of each by name, TakenIn)."""

    def of(files):
        home, target = tmp_path / "handed in", tmp_path / "taken"
        for name, content in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        found = take_in(home, target, ("engine",), PAGE)
        return {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()}, found

    return of


OTHER = cell("1 / 0", "other")
WHOLE = {
    "as released": notebook(OTHER, cell(), OTHER),
    "as a list of lines": notebook(cell(["class Value:", " pass\n"])),
    "turned into text": notebook(cell(kind="markdown"), cell("x", "other", kind="raw")),
    "an older copy above it": notebook(cell("class Value: old = 1"), cell(), cell(" \n")),
    "without its id": notebook(cell(id_="other"), cell("class Value: pass", "x", kind="markdown")),
    "without metadata": notebook({"cell_type": "code", "source": ENGINE}),
    "with odd cells": notebook(3, [], {"metadata": 4, "source": 5}, {"metadata": {"nbgrader": []}}, cell()),
    "format 3": json.dumps({"worksheets": [{"cells": [{**cell(), "source": None, "input": ENGINE}]}]})
    .replace('"source": null, ', "")
    .encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + notebook(cell()),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_the_solution_cell_is_the_file(kind, taken):
    files, found = taken({"a2_backprop.ipynb": WHOLE[kind]})
    assert files == {"engine.py": ENGINE}
    assert found.problem is None


BROKEN = {
    "not JSON": (b"hello", "is no notebook"),
    "deep": (b"[" * 100_000, "is no notebook"),
    "not UTF-8": (b"\xff\xfe", "is no notebook"),
    "too large": (b" " * (MOST_NOTEBOOK + 1), "is larger than 20 megabytes"),
    "empty": (b"{}", "holds no solution cell"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_holds_no_solution_gets_its_verdict(kind, taken):
    raw, said = BROKEN[kind]
    files, found = taken({"a2_backprop.ipynb": raw, "engine.py": b"class Value: pass"})
    assert files == {}
    assert found.problem.verdict in (Verdict.ERROR, Verdict.NOT_IMPLEMENTED)
    assert said in found.problem.message


def test_lines_for_the_kernel_become_comments_and_lines_keep_their_numbers(taken):
    files, _ = taken({"a2_backprop.ipynb": notebook(cell("%matplotlib inline\n!ls\nx = (5\n % 3)\n"))})
    assert files["engine.py"] == "pass  # %matplotlib inline\npass  # !ls\nx = (5\n % 3)\n"


def test_half_a_letter_is_no_letter(taken):
    raw = notebook(cell("x = 'AB'")).replace(b"AB", b"\\ud800")
    assert taken({"a2_backprop.ipynb": raw})[0] == {"engine.py": "x = '?'"}


def test_files_beside_it_come_along_but_for_those_it_stands_for(taken):
    files, found = taken({"a2_backprop.ipynb": notebook(cell()), "engine.py": b"old", "helper.py": b"x = 1"})
    assert files == {"engine.py": ENGINE, "helper.py": "x = 1"}
    assert found.notes == ["engine.py was left alone, since a2_backprop.ipynb is there"]


def test_of_several_assignments_the_one_that_is_graded_is_taken(taken):
    mine = {"a2_backprop/engine.py": ENGINE.encode(), "a1_expressions/engine.py": b"other"}
    assert taken(mine)[0] == {"engine.py": ENGINE}
