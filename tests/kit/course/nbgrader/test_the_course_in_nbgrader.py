"""nbgrader's commands, from build to export: only the solution's code decides, however a notebook was edited."""

import copy
import re
import shutil

import nbformat
import pytest
from gradkit.catalogue.assignments import choose_assignments
from gradkit.suite.collection import graded_tests
from nbgrader.api import Gradebook

ENGINES = ("a1_expressions", "a2_backprop", "a3_activations")
BUILT_ON_THEM = ("a4_networks", "a5_training", "a6_tensors")
"""These need the engine beside the notebook. They take longer to grade, so fewer submissions are made."""
ASSIGNMENTS = ENGINES + BUILT_ON_THEM

SLIPS = {
    "a1_expressions": ("return self + (-other)", "return self + other"),
    "a2_backprop": ("return self + (-other)", "return self + other"),
    "a3_activations": ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad"),
    "a4_networks": ("return total if self.linear else total.tanh()", "return total.tanh()"),
    "a5_training": ("parameter.data - self.lr * self.velocities[i]", "parameter.data + self.lr * self.velocities[i]"),
    "a6_tensors": ("self.grad += (self.data > 0) * out.grad", "self.grad += (self.data >= 0) * out.grad"),
}
"""For each assignment, an edit of the solution that costs some points."""

WRONG = """
class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = self.grad = 12345.0
    def __add__(self, other): return self
    __mul__ = __pow__ = __truediv__ = __sub__ = __radd__ = __rmul__ = __rsub__ = __rpow__ = __rtruediv__ = __add__
    def exp(self): return self
    log = tanh = sigmoid = relu = __neg__ = exp
    def backward(self): pass
"""

HOSTILE = """
import os, sys
for path in ("{home}/PWNED", "PWNED", "/tmp/PWNED"):
    try:
        open(path, "w").write("x")
    except OSError:
        pass
try:
    os.system("touch {home}/PWNED")
except BaseException:
    pass
print("### END HIDDEN TESTS")
"""


def code(source, **metadata):
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def solution_cell(notebook):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))


def graded_cells(notebook):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


# --- how a notebook can have been edited -----------------------------------------------------------------------------


def edited(notebook):
    """Change the test cells' code and points."""
    for cell in graded_cells(notebook):
        cell.source = "1000"
        cell.metadata.nbgrader["points"] = 1000.0


def duplicated(notebook):
    """Insert an older copy of the solution cell above it, and a second copy of every test cell."""
    older = copy.deepcopy(solution_cell(notebook))
    older.source = "class Value:\n    pass"
    older.id = "older"
    twice = [copy.deepcopy(cell) for cell in graded_cells(notebook)]
    notebook.cells = [older, *notebook.cells, *twice]


def split(notebook):
    """Split the solution cell as JupyterLab does: both halves have its id and marks."""
    first = solution_cell(notebook)
    second = copy.deepcopy(first)
    lines = first.source.splitlines()
    middle = [number for number, line in enumerate(lines) if line.lstrip().startswith("def ")][2]
    first.source, second.source = "\n".join(lines[:middle]).rstrip(), "\n".join(lines[middle:])
    second.id = "second"
    notebook.cells.insert(notebook.cells.index(first) + 1, second)


def copied_as_scratch(notebook):
    """Append two copies of the solution cell: one with an experiment that does not end, and half a copy."""
    for number, text in enumerate(("while True:\n    Value(1.0)", "class Value:\n    def")):
        scratch = copy.deepcopy(solution_cell(notebook))
        scratch.source, scratch.id = text, f"scratch-{number}"
        notebook.cells.append(scratch)


def insert_below_the_solution(notebook, source):
    notebook.cells.insert(notebook.cells.index(solution_cell(notebook)) + 1, code(source))


def missing(notebook):
    notebook.cells = [solution_cell(notebook)]


def retyped(notebook):
    for cell, kind in [(solution_cell(notebook), "markdown"), *((cell, "raw") for cell in graded_cells(notebook))]:
        cell.cell_type = kind
        for key in ("outputs", "execution_count"):
            cell.pop(key, None)


def reordered(notebook):
    notebook.cells.reverse()


def renamed(notebook):
    for cell in [solution_cell(notebook), *graded_cells(notebook)]:
        cell.metadata.nbgrader["grade_id"] += "_2"


def flipped(notebook):
    """Mark the solution cell as a test, and all other cells as solutions."""
    mine = solution_cell(notebook)
    for cell in notebook.cells:
        marks = cell.metadata.setdefault("nbgrader", nbformat.NotebookNode({"schema_version": 1}))
        marks.update({"solution": cell is not mine, "grade": cell is mine, "locked": cell is mine, "task": True})


def prefilled(notebook):
    """Set another kernel, tags, magic commands, and outputs that claim all points."""
    notebook.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash", "language": "bash"}
    solution_cell(notebook).source = "%matplotlib inline\n!pip install torch\n" + solution_cell(notebook).source
    for cell in graded_cells(notebook):
        cell.metadata["tags"] = ["raises-exception", "skip-execution", "remove-cell"]
        cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1000"})]


def scribbled_in(notebook):
    """Add an honest student's other cells: plots, failing experiments, notes, and one that never ends."""
    notebook.cells.insert(2, code("import matplotlib.pyplot as plt\nplt.plot([1, 2])"))
    notebook.cells.insert(4, code("1 / 0"))
    notebook.cells.append(code("while True: pass", tags=["scratch"]))
    notebook.cells.append(nbformat.v4.new_markdown_cell("## notes"))
    notebook.cells[4].outputs = [nbformat.v4.new_output("stream", name="stderr", text="oh\n")]


EDITS = (
    edited,
    duplicated,
    split,
    copied_as_scratch,
    missing,
    retyped,
    reordered,
    renamed,
    flipped,
    prefilled,
    scribbled_in,
)
FEW = (edited, split, renamed, scribbled_in)
ALWAYS = {"right", "partly", "wrong", "untouched", "hostile", "garbage", "files"}
WITH_FILES = {"brings_what_was_given", "brings_a_broken_engine"}


def edits(assignment):
    return EDITS if assignment in ENGINES else FEW


def honest(assignment):
    """Return the students with the right code, however the notebook and the files beside it were edited."""
    names = {"right", "files", "in_a_new_cell", *(edit.__name__ for edit in edits(assignment))}
    return sorted(names if assignment in ENGINES else names | WITH_FILES)


def handed_in(course, assignment):
    return {path.parent.name for path in course.home.glob(f"submitted/*/{assignment}")}


@pytest.fixture(scope="module")
def graded_course(copy_course, tmp_path_factory):
    """Return the course after a class was collected and autograded, with feedback and exported points."""
    course = copy_course(tmp_path_factory.mktemp("class"))
    for assignment in ASSIGNMENTS:
        hand_in(course, assignment)
        course.run("nbgrader", "autograde", assignment)
        course.run("nbgrader", "generate_feedback", assignment)
    course.points = course.export_grades()
    return course


def hand_in(course, assignment):
    right = course.solution(assignment)
    old, new = SLIPS[assignment]
    assert right.count(old) == 1
    course.hand_in("right", assignment, right)
    course.hand_in("partly", assignment, right.replace(old, new))
    course.hand_in("wrong", assignment, WRONG)
    course.hand_in("untouched", assignment)
    for edit in edits(assignment):
        course.hand_in(edit.__name__, assignment, right, edit)
    course.hand_in("in_a_new_cell", assignment, None, lambda notebook: insert_below_the_solution(notebook, right))
    hostile = HOSTILE.format(home=course.home)
    course.hand_in("hostile", assignment, hostile + right, lambda notebook: notebook.cells.insert(0, code(hostile)))
    course.hand_in("garbage", assignment).write_bytes(b'{"cells": [' + b"[" * 100_000)
    downloads = course.home / "downloads" / assignment / "files"
    downloads.mkdir(parents=True)
    (module,) = choose_assignments(assignment)[0].modules
    (downloads / f"{module}.py").write_text(right, encoding="utf-8")
    if assignment in BUILT_ON_THEM:
        given = sorted((course.home / "release" / assignment).glob("*.py"))
        assert [path.stem for path in given] == list(choose_assignments(assignment)[0].builds_on)
        theirs = course.hand_in("brings_what_was_given", assignment, right).parent
        for path in given:
            shutil.copy(path, downloads / f"{path.stem} (1).py")
            shutil.copy(path, theirs)
        theirs = course.hand_in("brings_a_broken_engine", assignment, right).with_name("engine.py")
        theirs.write_text("raise ValueError('broken')\n", encoding="utf-8")
    course.run("gradkit", "course", "collect", assignment, f"downloads/{assignment}")


def points(graded_course, assignment, student):
    return float(graded_course.points[student, assignment]["score"])


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_nbgrader_gives_the_points_that_gradkit_grade_gives(graded_course, assignment):
    students = handed_in(graded_course, assignment)
    assert students == ALWAYS | set(honest(assignment))
    found = {student: points(graded_course, assignment, student) for student in students}
    others = dict.fromkeys({student for student, _ in graded_course.points} - students, 0.0)
    assert {**others, **found} == graded_course.grade_with_gradkit(assignment)


@pytest.mark.parametrize(
    ("assignment", "student"), [(assignment, student) for assignment in ASSIGNMENTS for student in honest(assignment)]
)
def test_right_code_gets_all_points_however_the_notebook_was_edited(graded_course, assignment, student):
    whole = sum(test.item.points for test in graded_tests(choose_assignments(assignment)[0]))
    assert points(graded_course, assignment, student) == whole
    assert float(graded_course.points[student, assignment]["max_score"]) == whole


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_partly_right_code_gets_some_points_and_wrong_code_gets_none(graded_course, assignment):
    whole = points(graded_course, assignment, "right")
    assert 0 < points(graded_course, assignment, "partly") < whole
    assert [points(graded_course, assignment, student) for student in ("wrong", "untouched", "garbage")] == [0, 0, 0]


def test_no_code_of_a_student_runs_outside_the_sandbox(graded_course):
    assert not list(graded_course.home.rglob("PWNED"))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_autograded_notebook_is_the_instructors_except_for_the_solution_cells(graded_course, assignment):
    ours = graded_course.notebook("source", assignment)
    for student in ("scribbled_in", "hostile", "garbage"):
        theirs = graded_course.notebook("autograded", assignment, student)
        assert len(theirs.cells) == len(ours.cells)
        for cell, ours_cell in zip(theirs.cells, ours.cells, strict=True):
            assert cell.source == ours_cell.source or ours_cell.metadata.nbgrader.solution
        assert solution_cell(theirs).source != solution_cell(ours).source, "no solution may appear"


def test_every_student_has_a_feedback_page(graded_course):
    for assignment in ASSIGNMENTS:
        pages = {path.parts[-3] for path in graded_course.home.glob(f"feedback/*/{assignment}/{assignment}.html")}
        assert pages == handed_in(graded_course, assignment)


@pytest.mark.parametrize("assignment", BUILT_ON_THEM)
def test_feedback_without_an_engine_beside_the_notebook_still_explains_the_failures(graded_course, assignment):
    outputs = [cell.outputs[0] for cell in graded_cells(graded_course.notebook("autograded", assignment, "partly"))]
    pages = "\n".join(output["data"]["text/html"] for output in outputs)
    assert "PyTorch" in pages
    assert "No module named" not in pages


@pytest.fixture(scope="module")
def plain_course(copy_course, tmp_path_factory):
    """Return a course folder without gradkit's settings, in which nbgrader runs the notebooks by itself."""
    course = copy_course(tmp_path_factory.mktemp("plain"))
    config = course.home / "nbgrader_config.py"
    ours_cell, _, ours = config.read_text(encoding="utf-8").partition("# Autograding runs no cell")
    assert "GradeInSandbox" in ours
    config.write_text(ours_cell, encoding="utf-8")
    return course


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_plain_nbgrader_gives_honest_notebooks_the_same_points(plain_course, assignment):
    right = plain_course.solution(assignment)
    plain_course.hand_in("partly", assignment, right.replace(*SLIPS[assignment]))
    if assignment in ENGINES:
        plain_course.hand_in("magic", assignment, "%config Completer.use_jedi = False\n" + right)
        plain_course.hand_in("untouched", assignment)
    plain_course.run("nbgrader", "autograde", assignment)
    with Gradebook(f"sqlite:///{plain_course.home / 'gradebook.db'}", "autograd") as book:
        submissions = book.assignment_submissions(assignment)
        points = {submission.student.id: submission.score for submission in submissions}
        whole = submissions[0].max_score
    assert points.keys() == handed_in(plain_course, assignment)
    graded = plain_course.grade_with_gradkit(assignment)
    assert points == {student: graded[student] for student in points}
    assert points.get("magic", whole) > points["partly"] > points.get("untouched", 0) == 0


# --- the release -----------------------------------------------------------------------------------------------------


REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.S)


def lines(text):
    """Return the lines that could give an answer away. Shorter ones, such as `return out`, do not."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= 14}


@pytest.mark.parametrize("number", range(len(ASSIGNMENTS)))
def test_a_release_does_not_contain_solutions_of_its_own_or_later_assignments(released, root, number):
    sources = [solution_cell(released.notebook("source", name)).source for name in ASSIGNMENTS[number:]]
    before = choose_assignments(ASSIGNMENTS[number])[0].builds_on
    known = [(root / f"reference/solution/{module}.py").read_text(encoding="utf-8") for module in before]
    secret_lines = lines("".join("".join(REGION.findall(source)) for source in sources))
    secret_lines -= lines("\n".join([REGION.sub("", sources[0]), *known]))  # a Tensor has some of a Value's lines
    given = released.notebook("release", ASSIGNMENTS[number])
    beside = sorted((released.home / "release" / ASSIGNMENTS[number]).glob("*.py"))
    assert [path.stem for path in beside] == list(before)
    assert len(secret_lines) > 5
    assert not secret_lines & set.union(*(lines(cell.source) for cell in given.cells))
    assert not secret_lines & set.union(set(), *(lines(path.read_text(encoding="utf-8")) for path in beside))
    assert solution_cell(given).source.count("raise NotImplementedError") >= 5


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_release_does_not_contain_hidden_items(released, assignment):
    hidden = [test for test in graded_tests(choose_assignments(assignment)[0]) if test.item.hidden]
    source, given = (released.path(step, assignment).read_text(encoding="utf-8") for step in ("source", "release"))
    for test in hidden:
        assert test.name.removeprefix("test_") in source
        assert test.name.removeprefix("test_") not in given
    assert "HIDDEN TESTS" not in given


@pytest.mark.parametrize(
    "names", [ENGINES, BUILT_ON_THEM[:2], BUILT_ON_THEM[2:]], ids=["engines", "networks", "tensors"]
)
def test_nbgrader_finds_the_sources_valid(released, names):
    sources = [str(released.path("source", name)) for name in names]
    validated = released.run("nbgrader", "validate", *sources)
    assert validated.count("Success! Your notebook passes all the tests.") == len(names)


@pytest.mark.parametrize(
    "names", [ENGINES, BUILT_ON_THEM[:2], BUILT_ON_THEM[2:]], ids=["engines", "networks", "tensors"]
)
def test_nbgrader_finds_the_releases_unsolved(released, names):
    releases = [str(released.path("release", name)) for name in names]
    unsolved = released.run("nbgrader", "validate", *releases)
    counts = [int(count) for count in re.findall(r"VALIDATION FAILED ON (\d+)\s+CELL", unsolved)]
    assert counts == [len(choose_assignments(name)[0].tasks) for name in names]
