"""The notebooks' texts fit the suites, and what they claim is true."""

import contextlib
import io
import re

import jupytext
import pytest
from gradkit.course import notebooks
from gradkit.course.notebooks import TextError, source_notebook
from gradkit.suite.assignments import assignments, chosen
from gradkit.suite.collection import graded_tests

COURSE = assignments()


@pytest.fixture(scope="module")
def built(root):
    """Every source notebook: built[name]."""
    return {each.name: source_notebook(each, root / "reference/solution", own=False) for each in COURSE}


def marks(notebook):
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_a_test_cell_has_its_tasks_items_and_the_sum_of_their_points(assignment, built):
    items = {test.item.id: test.item for test in graded_tests(assignment)}
    cells = marks(built[assignment.name])
    assert list(cells) == ["engine", *(task.name for task in assignment.tasks)]
    for task in assignment.tasks:
        cell = cells[task.name]
        assert cell.metadata.nbgrader["points"] == sum(items[item].points for item in task.items)
        assert cell.metadata.nbgrader["locked"]
        asked = re.findall(r'"(a\d_\w+/\w+)"', cell.source)
        assert {item.replace("/", "/test_") for item in asked} == set(task.items)
    assert sum(cell.metadata.nbgrader.get("points", 0) for cell in cells.values()) == sum(
        i.points for i in items.values()
    )


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_every_page_has_pictures_and_says_points_and_minutes(assignment, built):
    cells = [cell for cell in built[assignment.name].cells if cell.cell_type == "markdown"]
    text = "\n".join(cell.source for cell in cells)
    assert sum(len(cell.get("attachments", {})) for cell in cells) >= len(assignment.tasks)
    for number, task in enumerate(assignment.tasks, 1):
        assert f"## Task {number} · {task.title}\n\n*" in text
        assert f", about {task.minutes} minutes*" in text
    assert "<!--" not in text
    assert "```graph" not in text


def examples(notebook):
    """The worked examples: code cells that need no Value."""
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata and "Value(" not in cell.source
    ]


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_a_worked_example_runs_alone_and_prints_what_its_comments_say(assignment, built):
    for source in examples(built[assignment.name]):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "example", "exec"), {"__name__": "example"})
        claims = re.findall(r"print\(.*\)  # ([^:\n]+)", source)
        lines = printed.getvalue().splitlines()
        if len(lines) == len(claims):  # where each print says what it prints, and runs once
            for line, claim in zip(lines, claims, strict=True):
                assert line.startswith(claim.strip()) or claim.strip().startswith(line), source


def test_a_build_gives_the_same_bytes_again(tmp_path, root):
    for folder in ("one", "two"):
        assert len(list(notebooks.build(tmp_path / folder, root / "reference/solution"))) == len(COURSE)
    for path in (tmp_path / "one").rglob("*.ipynb"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_students_who_bring_their_own_engine_are_told_so(root):
    text = {own: source_notebook(chosen("a2")[0], root / "reference/solution", own).cells for own in (True, False)}
    own, given = ("\n".join(cell.source for cell in text[each]) for each in (True, False))
    assert "bring your engine" in own
    assert "bring your engine" not in given


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("<!-- task number -->", "", "its headings are"),
        ('task="number"', 'task="nothing"', "there is no task nothing"),
        ('```python task="number"\n```\n', "", "its test cells are"),
        ('```python solution="engine"\n```\n', "", "its solution cells are"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(old, new, complaint, root, monkeypatch):
    read = jupytext.reads
    monkeypatch.setattr(jupytext, "reads", lambda text, fmt: read(text.replace(old, new, 1), fmt))
    with pytest.raises(TextError, match=complaint):
        source_notebook(COURSE[0], root / "reference/solution", own=False)
