"""Intake of notebooks: the solution cell is found, whatever else the notebook contains."""

import json
import re
import time

import pytest
from gradkit.catalogue.assignments import Notebook
from gradkit.submissions.intake.cells import join_cells
from gradkit.submissions.intake.notebook import MAX_NOTEBOOK_BYTES
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import Verdict
from hypothesis import given
from hypothesis import strategies as st

PAGE = Notebook("a2_backprop", {"engine": ("Value",)})
ENGINE = "class Value: pass\n"


def cell(source=ENGINE, id_="engine", kind="code", **more):
    return {"cell_type": kind, "metadata": {"nbgrader": {"grade_id": id_}}, "source": source, **more}


def notebook(*cells):
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def take(tmp_path):
    """Take in these files: take({"engine.py": b"..."}) returns (text of each file by name, Intake)."""

    def of(files, modules=("engine",), page=PAGE, builds_on=()):
        home, target = tmp_path / "handed in", tmp_path / "intake"
        for name, content in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        intake = take_in(home, target, modules, page, builds_on)
        return {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()}, intake

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
def test_the_solution_cell_is_the_file(kind, take):
    files, intake = take({"a2_backprop.ipynb": WHOLE[kind]})
    assert files == {"engine.py": ENGINE}
    assert intake.failure is None


BROKEN = {
    "not JSON": (b"hello", "is no notebook"),
    "deep": (b"[" * 100_000, "is no notebook"),
    "not UTF-8": (b"\xff\xfe", "is no notebook"),
    "too large": (b" " * (MAX_NOTEBOOK_BYTES + 1), "is larger than 20 megabytes"),
    "empty": (b"{}", "holds no solution cell"),
    "of cells without end": (b'{"cells": [' + b"{}," * 300_000 + b"{}]}", "holds more than 200,000 cells and outputs"),
    "with a cell without end": (
        notebook(cell("x = 1\n" * 20_000)),
        "holds more than 64 kilobytes in its solution cell",
    ),
    # The process may use again what the one that forked it has freed, so memory may just do.
    "of brackets": (
        b'{"cells": [' + b"[]," * 4_000_000 + b"[]]}",
        "takes more memory than is allowed|holds no solution",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_notebook_without_a_solution_has_a_verdict(kind, take):
    raw, message = BROKEN[kind]
    files, intake = take({"a2_backprop.ipynb": raw, "engine.py": b"class Value: pass"})
    assert files == {}
    assert intake.failure.verdict in (Verdict.ERROR, Verdict.NOT_IMPLEMENTED, Verdict.OUT_OF_MEMORY)
    assert re.search(message, intake.failure.message)


def test_large_plots_are_allowed(take):
    plots = [{"data": {"image/png": "A" * 1_000_000}}, {"data": {"x": {"points": [{"x": n} for n in range(10_000)]}}}]
    files, intake = take({"a2_backprop.ipynb": notebook(cell(outputs=plots * 5))})
    assert (files, intake.failure) == ({"engine.py": ENGINE}, None)


def test_lines_for_the_kernel_become_comments_and_lines_keep_their_numbers(take):
    files, _ = take({"a2_backprop.ipynb": notebook(cell("%matplotlib inline\n!ls\nx = (5\n % 3)\n"))})
    assert files["engine.py"] == "pass  # %matplotlib inline\npass  # !ls\nx = (5\n % 3)\n"


def test_half_a_surrogate_pair_is_replaced(take):
    raw = notebook(cell("x = 'AB'")).replace(b"AB", b"\\ud800")
    assert take({"a2_backprop.ipynb": raw})[0] == {"engine.py": "x = '?'"}


def test_files_beside_it_are_copied_except_those_that_it_replaces(take):
    files, intake = take({"a2_backprop.ipynb": notebook(cell()), "engine.py": b"old", "helper.py": b"x = 1"})
    assert files == {"engine.py": ENGINE, "helper.py": "x = 1"}
    assert [(each.file, each.reason) for each in intake.not_taken_in] == [
        ("engine.py", "The submission has a2_backprop.ipynb.")
    ]


def test_of_several_assignments_the_graded_one_is_used(take):
    mine = {"a2_backprop/engine.py": ENGINE.encode(), "a1_expressions/engine.py": b"other"}
    assert take(mine)[0] == {"engine.py": ENGINE}


def test_cells_without_an_id_count_as_a_kernel_runs_them(take):
    page = Notebook("a2_backprop", {"engine": ("Value", "helper")})
    whole = "class Value: pass\ndef helper(): pass\n"
    cells = [cell(whole.replace("pass", "1"), "x"), cell(whole, "x"), cell("def helper(): return 1", "x")]
    files, _ = take({"a2_backprop.ipynb": notebook(*cells)}, page=page)
    assert files == {"engine.py": f"{whole}\ndef helper(): return 1"}


# --- several cells with one id ---------------------------------------------------------------------------------------

HALF, OTHER_HALF = (
    "import math\nclass Value:\n    def exp(self): return math.e\n",
    "    def log(self): return math.pi\n",
)
STUB = "class Value:\n    def exp(self):\n        raise NotImplementedError('not written yet')\n"
FUNCTION = "import math\ndef root(x): return math.sqrt(x)\n"
USING_MATH = "class Value:\n    def log(self): return math.pi\n"
USING_IT = "class Value:\n    def exp(self): return root(4)\n"
OVER_AND_OVER = "while True: pass\n"

JOINED = {
    "split between methods": ([HALF, OTHER_HALF], [0, 1]),
    "split into three": ([HALF, OTHER_HALF, "    def tanh(self): return 1\n"], [0, 1, 2]),
    "split in a method": (["class Value:\n    def exp(self):", "        return 1\n"], [0, 1]),
    "split below a function": ([FUNCTION, USING_IT], [0, 1]),
    "split below imports of everything": (["from math import *", "class Value:\n    e = exp(1)"], [0, 1]),
    "split, with a blank cell between": ([HALF, " \n", OTHER_HALF], [0, 2]),
    "split, with half a copy below": ([HALF, OTHER_HALF, "class Value:\n    def"], [0, 1]),
    "split, with half a copy between": ([HALF, "class Value:\n    def", OTHER_HALF], [0, 2]),
    "copied below": ([ENGINE, ENGINE], [1]),
    "copied below and cut down": ([ENGINE, "class Value:\n    def"], [0]),
    "copied below and cut down to an experiment": ([ENGINE, "x = Value()\nprint(x)\n"], [0]),
    "an experiment that does not end": ([ENGINE, OVER_AND_OVER], [0]),
    "an experiment above that does not end": ([OVER_AND_OVER, ENGINE], [1]),
    "an attempt above that raises": (["class Value: old = 1\nx = Value(1, 2, 3)\n", ENGINE], [1]),
    "an attempt below the imports": (["import math\n", "class Value:\n    a = math.old\n", USING_MATH], [0, 2]),
    "an attempt above that is broken": (["class Value\n", ENGINE], [1]),
    "a subclass in its place": ([ENGINE, "class Value(Value):\n    more = 1\n"], [0, 1]),
    "a method set from outside": ([ENGINE, "def exp(self): return 1\n", "Value.exp = exp\n"], [0, 1, 2]),
    "a method set by a decorator": ([FUNCTION, ENGINE, "@patch(Value)\ndef exp(self): return root(4)\n"], [0, 1, 2]),
    "magic in both": (["%matplotlib inline\n" + FUNCTION, "!ls\n" + USING_IT], [0, 1]),
    "nothing that is due": (["x = 1\n", "y = 2\n"], [0, 1]),
    "nothing that compiles": (["x = (", "y = )"], [1]),
    "more than can be read": ([ENGINE, "#" * 70_000], [0]),
    "parentheses without end": ([ENGINE, "(" * 60_000], [0]),
    "half a letter": (["x = '\ud800'", ENGINE], [1]),
}


@pytest.mark.parametrize("kind", JOINED)
def test_cells_of_one_id_are_joined_as_far_as_the_solution_needs_them(kind, take):
    sources, kept = JOINED[kind]
    files, intake = take({"a2_backprop.ipynb": notebook(*map(cell, sources))})
    expected = "\n".join(sources[number] for number in kept)
    assert files == {"engine.py": re.sub("^[%!]", r"pass  # \g<0>", expected, flags=re.M)}
    assert intake.failure is None


def test_a_right_engine_is_right_wherever_its_cell_was_split(solution):
    lines = solution().splitlines()
    for cut in range(1, len(lines)):
        halves = ("\n".join(half).strip("\n") for half in (lines[:cut], lines[cut:]))
        module = {}
        exec(join_cells(list(halves), ["Value"]), module)
        x = module["Value"](2.0)
        (2 - (x * x + x).tanh() / x.exp() ** -1).backward()
        assert x.grad != 0


@given(st.lists(st.text(st.sampled_from("V=():\n aclsdef\"'\\#\0\u0660"), max_size=40), min_size=1, max_size=5))
def test_joining_cells_never_raises(sources):
    assert isinstance(join_cells(sources, ["V"]), str)


def test_joining_cells_is_a_warning(take):
    assert take({"a2_backprop.ipynb": notebook(cell(HALF), cell(OTHER_HALF))})[1].warnings == (
        "2 cells have the id of the solution cell engine. They were joined in order, without what the solution does "
        "not need.",
    )


def test_a_copy_that_became_text_does_not_count(take):
    copies = [cell("class Value: old = 1", kind="markdown"), cell(), cell("class Value: new = 1", kind="raw")]
    assert take({"a2_backprop.ipynb": notebook(*copies)})[0] == {"engine.py": ENGINE}


def test_a_cell_too_large_to_be_read_does_not_hide_another(take):
    files, _ = take({"a2_backprop.ipynb": notebook(cell(ENGINE), cell("x = 1\n" * 40_000))})
    assert files == {"engine.py": ENGINE}


def test_fifty_thousand_cells_of_one_id_take_no_time(take):
    started = time.process_time()
    files, intake = take({"a2_backprop.ipynb": notebook(*[cell("class Value:\n  x = '" + "y" * 99 + "'")] * 50_000)})
    assert time.process_time() - started < 10
    assert len(files["engine.py"]) < 1000
    assert sum(map(len, intake.warnings)) < 1000


def test_many_long_cells_of_one_id_take_no_time(take):
    started = time.process_time()
    files, _ = take({"a2_backprop.ipynb": notebook(*[cell("def f():0\n" * 6_000)] * 100, cell())})
    assert time.process_time() - started < 10
    assert files == {"engine.py": ENGINE}


# --- the solution in another cell ------------------------------------------------------------------------------------


def test_a_class_in_a_new_cell_below_the_stub_counts_with_a_warning(take):
    files, intake = take({"a2_backprop.ipynb": notebook(cell(STUB), cell(id_="new"))})
    assert files == {"engine.py": ENGINE}
    assert "The solution cell engine is not finished. A cell below it defines Value: it was added." in intake.warnings


def test_the_new_cell_can_use_what_the_stub_defines(take):
    files, _ = take({"a2_backprop.ipynb": notebook(cell(FUNCTION + STUB), cell(USING_IT, "new"))})
    assert files == {"engine.py": f"{FUNCTION}{STUB}\n{USING_IT}"}


def test_a_class_in_a_new_cell_above_the_stub_is_replaced_by_it_with_a_warning(take):
    files, intake = take({"a2_backprop.ipynb": notebook(cell(id_="new"), cell(STUB))})
    assert files == {"engine.py": STUB}
    assert intake.warnings == ("A cell above the solution cell engine also defines Value. It was ignored.",)


def test_an_experiment_below_a_finished_solution_changes_nothing_except_for_a_warning(take):
    files, intake = take({"a2_backprop.ipynb": notebook(cell(), cell("class Value: wrong = 1", "scratch"))})
    assert files == {"engine.py": ENGINE}
    assert intake.warnings == ("A cell below the solution cell engine also defines Value. It was ignored.",)


# --- what an assignment builds on ------------------------------------------------------------------------------------

NETWORKS = Notebook("a4_networks", {"nn": ("Neuron", "MLP")})
ON_ENGINE = {"modules": ("nn",), "page": NETWORKS, "builds_on": ("engine",)}
NN = "from engine import Value\n"
SHAPES = {
    "a notebook": {"a4_networks.ipynb": notebook(cell(NN, "nn"))},
    "a notebook's copy": {"a4_networks (2).ipynb": notebook(cell(NN, "nn"))},
    "a file": {"nn.py": NN.encode()},
    "a file's copy": {"nn (1).py": NN.encode()},
}


@pytest.mark.parametrize("name", ["engine.py", "engine (1).py", "Copy of engine.py", "engine.py.txt", "engine-2.py"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_that_it_builds_on_is_copied_under_its_right_name(shape, name, take):
    files, intake = take({**SHAPES[shape], name: ENGINE.encode()}, **ON_ENGINE)
    assert files == {"nn.py": NN, "engine.py": ENGINE}
    assert (f"engine.py is missing. {name} was used as engine.py." in intake.warnings) == (name != "engine.py")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_missing_file_that_it_builds_on_is_a_warning(shape, take):
    files, intake = take({**SHAPES[shape]}, **ON_ENGINE)
    assert files == {"nn.py": NN}
    assert intake.failure is None
    assert "engine.py is missing. nn.py imports it, so these items cannot run." in intake.warnings


def test_a_copy_beside_the_file_itself_is_ignored(take):
    files, intake = take({"nn.py": NN.encode(), "engine.py": ENGINE.encode(), "engine (1).py": b"old"}, **ON_ENGINE)
    assert files == {"nn.py": NN, "engine.py": ENGINE}
    assert [(each.file, each.reason) for each in intake.not_taken_in] == [
        ("engine (1).py", "The submission has engine.py.")
    ]


def test_of_two_copies_none_is_guessed_and_the_graded_file_is_still_graded(take):
    files, intake = take({"nn.py": NN.encode(), "engine (1).py": b"1", "engine (2).py": b"2"}, **ON_ENGINE)
    assert files == {"nn.py": NN}
    (ambiguous,) = intake.not_taken_in
    assert ambiguous.file == "engine (1).py, engine (2).py"
    assert ambiguous.reason == "engine.py is missing, and each of these could be meant."


def test_a_copy_that_can_be_imported_keeps_its_own_name_too(take):
    files, _ = take({"nn.py": NN.encode(), "engine2.py": ENGINE.encode()}, **ON_ENGINE)
    assert files == {"nn.py": NN, "engine.py": ENGINE, "engine2.py": ENGINE}


def test_an_old_notebook_of_another_assignment_is_not_used_as_the_engine(take):
    there = {**SHAPES["a notebook"], "a3_activations.ipynb": notebook(cell())}
    assert take(there, **ON_ENGINE)[0] == {"nn.py": NN}


def test_of_several_files_to_grade_one_can_be_a_copy(take):
    files, intake = take({"engine.py": ENGINE.encode(), "nn (1).py": NN.encode()}, ("engine", "nn"), None)
    assert files == {"engine.py": ENGINE, "nn.py": NN}
    assert intake.warnings == ("nn.py is missing. nn (1).py was used as nn.py.",)
