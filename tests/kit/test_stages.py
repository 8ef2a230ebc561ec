"""The reference as it is at an assignment: right then, without what comes later, and with what is due marked."""

import ast
import re
import shutil
import subprocess
import sys

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.course.stages import BEGIN, END, staged

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


def at(solution, short, own=False):
    return staged(solution(), "engine", COURSE, COURSE[NAMES.index(short)], own)


def regions(source):
    """The lines between the marks, by the method that they stand in."""
    found, method, inside = {}, "", False
    for line in source.splitlines():
        if line.lstrip().startswith("def ") and not inside:
            method = line.split("def ")[1].split("(")[0]
        if line.strip() in (BEGIN, END):
            assert inside == (line.strip() == END), "marks stand in turn"
            inside = not inside
        elif inside:
            found.setdefault(method, []).append(line.strip())
    assert not inside
    return found


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("short", NAMES)
def test_an_assignments_file_is_right_and_asks_for_what_is_due(short, own, root, tmp_path):
    assignment = COURSE[NAMES.index(short)]
    (module,) = assignment.modules
    reference = root / "reference/solution"
    source = staged((reference / f"{module}.py").read_text(encoding="utf-8"), module, COURSE, assignment, own)
    (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    for other in assignment.builds_on:
        shutil.copy(reference / f"{other}.py", tmp_path)
    command = [sys.executable, "-m", "pytest", assignment.suite, "--submission", tmp_path]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert METHODS[short] <= regions(source).keys()


@pytest.mark.parametrize("short", ["a4", "a5", "a6"])
def test_a_file_of_its_own_keeps_its_imports_and_signatures_and_no_line_of_a_body(short, root):
    assignment = COURSE[NAMES.index(short)]
    (module,) = assignment.modules
    text = (root / f"reference/solution/{module}.py").read_text(encoding="utf-8")
    source = staged(text, module, COURSE, assignment, False)
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
    due = [re.sub(r"NotImplementedError\(.*\)", "NotImplementedError", line) for line in template]
    while stub[0] != due[0]:  # the module's docstring is left out
        del due[0]
    assert [line for line in stub if line] == [line for line in due if line]


def test_before_backward_is_asked_for_there_are_no_closures(solution):
    tree = ast.parse(at(solution, "a1"))
    names = {getattr(node, "name", getattr(node, "attr", "")) for node in ast.walk(tree)}
    assert "__pow__" in names
    assert not names & {"_backward", "backward"}
    assert "def exp" not in at(solution, "a2")


def test_what_came_before_is_given_and_only_the_closures_are_due(solution):
    due = regions(at(solution, "a2"))
    assert due.keys() == {"__init__", "__add__", "__mul__", "__pow__", "backward"}
    assert due["__add__"][0] == "def _backward():"
    assert due["__add__"][-1] == "out._backward = _backward"
    assert 'out = Value(self.data + other.data, (self, other), "+")' in at(solution, "a2")


def test_students_who_bring_their_own_engine_find_stubs_everywhere(solution):
    due = regions(at(solution, "a3", own=True))
    assert {*METHODS["a1"], *METHODS["a2"], *METHODS["a3"]} <= due.keys()
    assert due["__radd__"] == ["return self + other"]
