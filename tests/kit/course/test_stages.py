"""Solution cells: each passes its suite, contains nothing of later assignments, and delimits what students write."""

import ast
import re
import shutil

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.course.stages import BEGIN, END, make_solution_cell
from gradkit.grader.conditions import make_conditions
from gradkit.grader.report import read
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.submissions.intake.students import Student

COURSE = assignments()
NAMES = [assignment.short for assignment in COURSE]
METHODS = {
    "a1": {"__init__", "__add__", "__rpow__"},
    "a2": {"backward"},
    "a3": {"exp", "log", "tanh", "sigmoid", "relu"},
    "a4": {"__init__", "__call__", "parameters", "zero_grad"},
    "a5": {"__init__", "step", "train", "softmax", "hinge", "most_likely"},
    "a6": {"__init__", "__matmul__", "unbroadcast", "max", "cross_entropy"},
}


def engine_cell(solution, short, own=False):
    """Return the engine's solution cell at an assignment."""
    return make_solution_cell(solution(), "engine", COURSE, COURSE[NAMES.index(short)], own)


def regions(source):
    """Return the lines between nbgrader's delimiters, by the method that contains them."""
    found, method, inside = {}, "", False
    for line in source.splitlines():
        if line.lstrip().startswith("def ") and not inside:
            method = line.split("def ")[1].split("(")[0]
        if line.strip() in (BEGIN, END):
            assert inside == (line.strip() == END), "begin and end must alternate"
            inside = not inside
        elif inside:
            found.setdefault(method, []).append(line.strip())
    assert not inside
    return found


@pytest.mark.parametrize("short", NAMES)
def test_an_assignments_cells_pass_its_suite_and_mark_its_methods(short, root, tmp_path):
    assignment = COURSE[NAMES.index(short)]
    (module,) = assignment.modules
    reference = root / "reference/solution"
    solution = (reference / f"{module}.py").read_text(encoding="utf-8")
    students = [Student("given", tmp_path / "given"), Student("own", tmp_path / "own")]
    for student in students:
        cell = make_solution_cell(solution, module, COURSE, assignment, student.name == "own")
        assert METHODS[short] <= regions(cell).keys()
        student.source.mkdir()
        (student.source / f"{module}.py").write_text(cell, encoding="utf-8")
        for other in assignment.builds_on:
            shutil.copy(reference / f"{other}.py", student.source)
    suite = load_suite([assignment], Library(corpora_folder()), retries=False)
    classroom = Classroom(suite, make_conditions(suite, sandboxed=False), tmp_path / "reports", isolated=False)
    assert [graded.reason for graded in classroom.grade(students, n_workers=2)] == ["", ""]
    assert [read(classroom.report_path(student)).earned for student in students] == [suite.points, suite.points]


@pytest.mark.parametrize("short", ["a4", "a5", "a6"])
def test_a_file_of_one_assignment_keeps_imports_and_signatures_and_no_line_of_a_body(short, root):
    assignment = COURSE[NAMES.index(short)]
    (module,) = assignment.modules
    text = (root / f"reference/solution/{module}.py").read_text(encoding="utf-8")
    source = make_solution_cell(text, module, COURSE, assignment, False)
    hidden, stub = set(), []
    for line in source.splitlines():
        if line.strip() == BEGIN:
            hidden.add(line)
            stub.append(line.replace(BEGIN, "raise NotImplementedError"))
        elif line.strip() == END:
            hidden.clear()
        elif not hidden:
            stub.append(line)
    template = (root / f"student_template/{module}.py").read_text(encoding="utf-8").splitlines()
    expected = [re.sub(r"NotImplementedError\(.*\)", "NotImplementedError", line) for line in template]
    while stub[0] != expected[0]:  # the module's docstring is left out
        del expected[0]
    assert [line for line in stub if line] == [line for line in expected if line]


def test_there_are_no_closures_before_the_assignment_that_asks_for_backward(solution):
    tree = ast.parse(engine_cell(solution, "a1"))
    names = {getattr(node, "name", getattr(node, "attr", "")) for node in ast.walk(tree)}
    assert "__pow__" in names
    assert not names & {"_backward", "backward"}
    assert "def exp" not in engine_cell(solution, "a2")


def test_earlier_code_is_given_and_only_the_closures_are_marked(solution):
    marked = regions(engine_cell(solution, "a2"))
    assert marked.keys() == {"__init__", "__add__", "__mul__", "__pow__", "backward"}
    assert marked["__add__"][0] == "def _backward():"
    assert marked["__add__"][-1] == "out._backward = _backward"
    assert 'out = Value(self.data + other.data, (self, other), "+")' in engine_cell(solution, "a2")


def test_with_the_students_own_engine_all_methods_are_marked(solution):
    marked = regions(engine_cell(solution, "a3", own=True))
    assert {*METHODS["a1"], *METHODS["a2"], *METHODS["a3"]} <= marked.keys()
    assert marked["__radd__"] == ["return self + other"]
