"""check() in a notebook's kernel: the same points as grading gives, told without a word on stderr."""

import linecache
import sys

import pytest
from gradkit.notebook import Checked, check

ADDITION = ("a1_expressions/addition", "a1_expressions/multiplication")


@pytest.fixture
def cell():
    """Runs a text as a kernel runs a cell, and returns what it defines."""
    count = 0

    def run(source, name="Value"):
        nonlocal count
        count += 1
        file = f"/nowhere/{count}.py"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        namespace = {"__name__": "__main__"}
        exec(compile(source, file, "exec"), namespace)
        return namespace[name]

    return run


def test_a_right_engine_gets_the_points_of_the_items(cell, solution):
    found = check(cell(solution()), *ADDITION)
    assert repr(found) == "2"
    assert "a + b adds" in found._repr_html_()


def test_a_wrong_one_gets_part_of_them_and_the_evidence(cell, solution):
    found = check(cell(solution(("Value(self.data * other.data", "Value(self.data + other.data"))), *ADDITION)
    assert repr(found) == "1"
    page = found._repr_html_()
    assert "PyTorch" in page
    assert "<svg" in page
    assert "from engine import" not in page, "a notebook has no engine.py"


def test_nothing_of_what_an_engine_prints_reaches_the_cell(cell, solution, capfd):
    noise = "import sys, warnings\nprint('out')\nprint('err', file=sys.stderr)\nwarnings.warn('warned')\n"
    loud = solution(("Value(self.data * other.data", "print('x', file=sys.stderr) or Value(0 * other.data"))
    value = cell(noise + loud)
    capfd.readouterr()
    assert repr(check(value, *ADDITION)) == "1"
    assert capfd.readouterr() == ("", "")


def test_only_the_cell_itself_is_graded(cell, solution):
    value = cell(solution(("import math", "")).replace("math.exp", "exp_of_another_cell"))
    found = check(value, "a3_activations/exp", "a3_activations/tanh")
    assert repr(found) == "0"
    assert "exp_of_another_cell" in found._repr_html_()
    assert "NameError" in found._repr_html_()


def test_lines_for_the_kernel_do_no_harm(cell, solution):
    kernels = "from types import SimpleNamespace\nget_ipython = lambda: SimpleNamespace(run_line_magic=print)\n"
    transformed = "get_ipython().run_line_magic('matplotlib', 'inline')\n" + solution()
    value = cell(kernels + transformed)
    assert repr(check(value, *ADDITION)) == "2"


def test_a_dataclass_and_a_subclass_are_found_too(cell, root):
    for variant in ("dataclass_eq", "slots_and_properties", "subclasses"):
        source = (root / "reference/variants" / variant / "engine.py").read_text(encoding="utf-8-sig")
        assert repr(check(cell(source), *ADDITION)) == "2"


def test_a_kernels_own_modules_and_path_stay(cell, solution):
    before, path = sys.modules.get("engine"), list(sys.path)
    check(cell(solution()), *ADDITION)
    assert sys.modules.get("engine") is before
    assert sys.path == path


def test_hidden_and_shown_items_add_up(cell, solution):
    assert isinstance(check(cell(solution()), "a2_backprop/what_is_not_part_of_the_result_stays_out"), Checked)


@pytest.mark.parametrize("items", [(), ("a1_expressions/nothing",), ("a1_expressions/addition", "a3_activations/exp")])
def test_items_that_there_are_not_are_named(cell, solution, items):
    with pytest.raises(LookupError, match="no such items"):
        check(cell(solution()), *items)


def test_a_class_from_a_file_is_not_what_is_handed_in(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("class Value:\n    def __init__(self, data): self.data = data\n")
    monkeypatch.syspath_prepend(tmp_path)
    import mine

    with pytest.raises(ValueError, match=r"comes from mine\.py"):
        check(mine.Value, *ADDITION)


def test_a_class_from_nowhere_is_asked_for():
    with pytest.raises(ValueError, match="run the solution cell first"):
        check(type("Value", (), {}), *ADDITION)
