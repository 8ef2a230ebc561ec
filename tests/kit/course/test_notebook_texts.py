"""The notebooks' texts match the suites, and what they say about outputs is true."""

import ast
import builtins
import contextlib
import io
import re
import shutil
import sys

import jupytext
import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments
from gradkit.catalogue.course_settings import AssignmentPlan, CourseSettings
from gradkit.course import notebooks
from gradkit.course.notebooks import TextError, make_source_notebook
from gradkit.suite.collection import graded_tests
from gradkit.suite.course_plan import CourseTests

COURSE = assignments()


@pytest.fixture(scope="module")
def built(root):
    """Every source notebook: built[name]."""
    return {each.name: make_source_notebook(each, root / "reference/solution", own_engine=False) for each in COURSE}


def marks(notebook):
    """Return the cells with nbgrader's metadata by their ids."""
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_a_test_cell_has_its_tasks_items_and_the_sum_of_their_points(assignment, built):
    items = {test.item.id: test.item for test in graded_tests(assignment)}
    cells = marks(built[assignment.name])
    assert list(cells) == [*assignment.modules, *(task.name for task in assignment.tasks)]
    for task in assignment.tasks:
        cell = cells[task.name]
        assert cell.metadata.nbgrader["points"] == sum(items[item].points for item in task.items)
        assert cell.metadata.nbgrader["locked"]
        asked = re.findall(r'"(a\d_\w+/\w+)"', cell.source)
        assert {item.replace("/", "/test_") for item in asked} == set(task.items)
    assert sum(cell.metadata.nbgrader.get("points", 0) for cell in cells.values()) == sum(
        i.points for i in items.values()
    )


def test_a_course_s_points_are_on_the_page_and_in_the_cells_and_what_is_off_is_nowhere(root):
    off = [item.rpartition("/test_")[2] for item in COURSE[0].tasks[0].items]
    plan = AssignmentPlan(
        task_points={"minus": 4},
        points={"addition": 3},
        bonus=("larger_expressions",),
        off=(*off, "number_minus_value"),
    )
    tests_of = CourseTests(CourseSettings(assignment={COURSE[0].name: plan}))
    items = {test.item.id: test.item for test in tests_of(COURSE[0])}
    notebook = make_source_notebook(COURSE[0], root / "reference/solution", own_engine=False, tests_of=tests_of)
    cells = marks(notebook)
    points = {task.name: cells[task.name].metadata.nbgrader["points"] for task in COURSE[0].tasks}
    assert points["minus"] == 4
    assert points[COURSE[0].tasks[0].name] == 0
    for task in COURSE[0].tasks:
        graded = [items[item] for item in task.items if item in items]
        assert points[task.name] == sum(item.points for item in graded if not item.bonus)
        asked = re.findall(r'"(a\d_\w+/\w+)"', cells[task.name].source)
        assert [item.replace("/", "/test_") for item in asked] == [item.id for item in graded]
        compile(cells[task.name].source, task.name, "exec")
    assert f"**{sum(points.values()):g}**" in "\n".join(cell.source for cell in notebook.cells)


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


def experiments(notebook):
    """Return the texts of the code cells that are neither solution nor test."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code" and "nbgrader" not in cell.metadata]


def missing_names(source):
    """Return the names that a cell uses and other cells define."""
    nodes = list(ast.walk(ast.parse(source)))
    made = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler)}
    made |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    made |= {
        name.asname or name.name
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    return {node.id for node in nodes if isinstance(node, ast.Name)} - made - set(dir(builtins))


def check_claims(source, printed):
    """Compare a cell's output with its comments: one behind each print, or a block at the end."""
    lines = printed.splitlines()
    claims = re.findall(r"print\(.*\)  # ([^:\n]+)", source)
    block = re.search(r"(?:^# .*\n?)+\Z", source, re.M)
    if block and not claims:
        assert block[0].replace("# ", "").splitlines() == lines, source
    elif len(lines) == len(claims):  # where each print says what it prints, and runs once
        for line, claim in zip(lines, claims, strict=True):
            if re.match(r"[-\d[TF]", claim):
                assert line.startswith(claim.strip()) or claim.strip().startswith(line), source


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_a_worked_example_runs_by_itself(assignment, built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    alone = [source for source in experiments(built[assignment.name]) if not missing_names(source)]
    assert len(alone) >= len(assignment.tasks)
    for source in alone:
        if "from engine" not in source:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_with_the_solution_each_cell_prints_what_its_comments_say(assignment, built, root, tmp_path, monkeypatch):
    for module in assignment.builds_on:
        shutil.copy(root / f"reference/solution/{module}.py", tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    namespace = {"__name__": "__main__"}
    try:
        for cell in built[assignment.name].cells:
            marks = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "code" and not marks.get("grade"):
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    exec(compile(cell.source, "cell", "exec"), namespace)
                check_claims(cell.source, printed.getvalue())
    finally:
        for module in assignment.builds_on:
            sys.modules.pop(module, None)


def is_call_of_parameters(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parameters"


def needs_a_list(node):
    """Return whether an expression fails if `parameters()` in it is a generator."""
    if isinstance(node, ast.Subscript):
        return is_call_of_parameters(node.value)
    if not isinstance(node, ast.Call) or not any(map(is_call_of_parameters, node.args)):
        return False
    return ast.unparse(node.func).rpartition(".")[2] in ("len", "SGD", "Adam")


def test_no_experiment_needs_parameters_to_be_a_list_because_a_generator_is_right_as_well(built):
    sources = [source for notebook in built.values() for source in experiments(notebook)]
    assert sum("parameters()" in source for source in sources) > 10
    assert not [ast.unparse(node) for source in sources for node in ast.walk(ast.parse(source)) if needs_a_list(node)]


def test_a_build_gives_the_same_bytes_again(tmp_path, root):
    for folder in ("one", "two"):
        assert len(
            list(notebooks.build_sources(tmp_path / folder, root / "reference/solution", CourseSettings()))
        ) == len(COURSE)
    for path in (tmp_path / "one").rglob("*.ipynb"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


@pytest.mark.parametrize("assignment", COURSE[1:], ids=lambda each: each.name)
def test_a_notebook_for_students_own_files_says_that_they_are_needed(assignment, root):
    text = {own: make_source_notebook(assignment, root / "reference/solution", own).cells for own in (True, False)}
    own, given = ("\n".join(cell.source for cell in text[each]) for each in (True, False))
    assert "**First, bring " in own
    assert "**First, bring " not in given
    assert all(f"`{module}.py`" in text for module in assignment.builds_on for text in (own, given))


def test_files_of_earlier_assignments_are_beside_a_notebook_unless_students_use_their_own(root, tmp_path):
    def beside():
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.py")}

    list(notebooks.build_sources(tmp_path, root / "reference/solution", CourseSettings()))
    given = {f"{each.name}/{module}.py": module for each in COURSE for module in each.builds_on}
    assert {"a4_networks/engine.py", "a5_training/nn.py", "a6_tensors/training.py"} <= given.keys()
    assert beside() == {path: (root / f"reference/solution/{module}.py").read_bytes() for path, module in given.items()}
    list(notebooks.build_sources(tmp_path, root / "reference/solution", CourseSettings(engine_so_far="own")))
    assert beside() == {}


@pytest.mark.parametrize("assignment", COURSE, ids=lambda each: each.name)
def test_no_experiment_redefines_a_name_of_the_solution(assignment, built):
    """Otherwise test cells would check it, and intake could use it as a solution cell that has lost its id."""
    names = {name for defined in assignment.notebook.defines.values() for name in defined}
    for source in experiments(built[assignment.name]):
        for node in ast.walk(ast.parse(source)):
            assert getattr(node, "name", "") not in names
            assert not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in names)


def test_a_task_with_the_name_of_a_file_is_refused(root):
    (a1,) = choose_assignments("a1")
    tasks = (msgspec.structs.replace(a1.tasks[0], name="engine"), *a1.tasks[1:])
    with pytest.raises(TextError, match="different names"):
        make_source_notebook(msgspec.structs.replace(a1, tasks=tasks), root / "reference/solution", own_engine=False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<!-- task number -->", "", "its headings are"),
        ('task="number"', 'task="nothing"', "there is no task nothing"),
        ('```python task="number"\n```\n', "", "its test cells are"),
        ('```python solution="engine"\n```\n', "", "its solution cells are"),
    ],
)
def test_a_text_that_does_not_match_the_assignment_is_refused(old, new, message, root, monkeypatch):
    read = jupytext.reads
    monkeypatch.setattr(jupytext, "reads", lambda text, fmt: read(text.replace(old, new, 1), fmt))
    with pytest.raises(TextError, match=message):
        make_source_notebook(COURSE[0], root / "reference/solution", own_engine=False)
