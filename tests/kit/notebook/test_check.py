"""check() in a notebook: it gives the points that grading gives, and prints nothing on stderr."""

import linecache
import shutil
import sys
from functools import wraps

import pytest
from gradkit.notebook import RUN_AGAIN, CheckResult, check, digits

ADDITION = ("a1_expressions/addition", "a1_expressions/multiplication")


@pytest.fixture
def cell():
    """Return a function that runs a source as a kernel runs a cell, and returns the object that it defines."""
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
    assert RUN_AGAIN not in found._repr_html_()


def test_a_wrong_one_gets_part_of_them_and_the_evidence(cell, solution):
    found = check(cell(solution(("Value(self.data * other.data", "Value(self.data + other.data"))), *ADDITION)
    assert repr(found) == "1"
    page = found._repr_html_()
    assert "PyTorch" in page
    assert "<svg" in page
    assert "from engine import" not in page, "a notebook has no engine.py"
    assert RUN_AGAIN in page


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


def test_magic_commands_are_ignored(cell, solution):
    kernels = "from types import SimpleNamespace\nget_ipython = lambda: SimpleNamespace(run_line_magic=print)\n"
    transformed = "get_ipython().run_line_magic('matplotlib', 'inline')\n" + solution()
    value = cell(kernels + transformed)
    assert repr(check(value, *ADDITION)) == "2"


def test_a_dataclass_and_a_subclass_are_found_too(cell, root):
    for variant in ("dataclass_eq", "slots_and_properties", "subclasses"):
        source = (root / "reference/variants" / variant / "engine.py").read_text(encoding="utf-8-sig")
        assert repr(check(cell(source), *ADDITION)) == "2"


def test_the_kernel_s_modules_and_path_are_restored(cell, solution):
    before, path = sys.modules.get("engine"), list(sys.path)
    check(cell(solution()), *ADDITION)
    assert sys.modules.get("engine") is before
    assert sys.path == path


def test_hidden_and_shown_items_add_up(cell, solution):
    assert isinstance(check(cell(solution()), "a2_backprop/what_is_not_part_of_the_result_stays_out"), CheckResult)


@pytest.mark.parametrize("items", [(), ("a1_expressions/nothing",), ("a1_expressions/addition", "a3_activations/exp")])
def test_items_that_do_not_exist_are_named(cell, solution, items):
    with pytest.raises(LookupError, match="does not have these items"):
        check(cell(solution()), *items)


def test_a_class_from_a_file_is_refused_because_it_would_not_be_handed_in(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("class Value:\n    def __init__(self, data): self.data = data\n")
    monkeypatch.syspath_prepend(tmp_path)
    import mine

    with pytest.raises(ValueError, match=r"comes from mine\.py"):
        check(mine.Value, *ADDITION)


def test_a_class_without_source_is_refused_with_advice():
    with pytest.raises(ValueError, match="run the solution cell first"):
        check(type("Value", (), {}), *ADDITION)


# --- assignments that build on others -------------------------------------------------------------------------------


@pytest.fixture
def beside(root, tmp_path, monkeypatch):
    """Return a function that makes a working directory with files of the reference: beside("engine", "nn")."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("engine", "nn", "training"):
        monkeypatch.delitem(sys.modules, module, raising=False)

    def put(*modules):
        for module in modules:
            shutil.copy(root / f"reference/solution/{module}.py", tmp_path)
        return tmp_path

    yield put
    for module in ("engine", "nn", "training"):
        sys.modules.pop(module, None)


@pytest.fixture
def reference(root):
    return lambda module: (root / f"reference/solution/{module}.py").read_text(encoding="utf-8")


NETWORK = ("a4_networks/neuron", "a4_networks/mlp_gradient")
TRAINING = ("a5_training/momentum", "a5_training/mean_squared_error", "a5_training/each_step_clears_the_gradients")


def test_a_network_is_checked_with_the_engine_beside_the_notebook(cell, beside, reference):
    folder = beside("engine")
    mlp = cell(reference("nn"), "MLP")
    kernels = sys.modules["engine"]
    assert repr(check(mlp, *NETWORK)) == "3"
    assert sys.modules["engine"] is kernels
    assert "nn" not in sys.modules
    edited = reference("engine").replace("math.tanh(self.data)", "0.0 * self.data")
    (folder / "engine.py").write_text(edited, encoding="utf-8")
    assert repr(check(mlp, *NETWORK)) == "0", "the file counts as it is now, and not as the kernel has read it"


def test_a_function_s_cell_is_found_as_a_class_s_is(cell, beside, reference):
    beside("engine", "nn")
    assert repr(check(cell(reference("training"), "train"), *TRAINING)) == "2.5"
    forgets = reference("training").replace("        model.zero_grad()\n", "")
    assert repr(check(cell(forgets, "train"), *TRAINING)) == "1.5"


def test_a_function_in_a_wrapper_is_found_too(cell, beside, reference):
    beside("engine", "nn")
    train = cell(reference("training"), "train")

    @wraps(train)
    def wrapped(*arguments):
        return train(*arguments)

    assert repr(check(wrapped, *TRAINING)) == "2.5"


def test_a_function_from_a_file_is_refused_because_it_would_not_be_handed_in(beside):
    beside("engine", "nn", "training")
    import training

    with pytest.raises(ValueError, match=r"train comes from training\.py"):
        check(training.train, *TRAINING)


def test_the_message_names_the_missing_file(cell, beside, reference):
    folder = beside("engine", "nn")
    train = cell(reference("training"), "train")
    (folder / "nn.py").unlink()
    with pytest.raises(ValueError, match=r"There is no nn\.py in .*put it beside this notebook"):
        check(train, *TRAINING)


def test_digits_are_images_of_64_numbers_and_what_they_show():
    images, labels = digits(20, classes=(3, 5))
    assert {len(image) for image in images} == {64}
    assert set(labels) == {3, 5}
    assert all(0 <= ink <= 1 for image in images for ink in image)
    assert (images, labels) == digits(20, classes=(3, 5))
    assert images != digits(20, classes=(3, 5), seed=2)[0]
