"""`gradkit new`: it writes the skeleton of what is new, and `gradkit check` lists what is left to do."""

import os
import subprocess
import sys

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.cli.main import app
from gradkit.proof.specimens import read_misconceptions
from gradkit.suite.collection import graded_tests
from typer.testing import CliRunner

SUITE = "tests/a3_activations/test_a3_activations.py"
SETTINGS = "assignments/a3_activations/assignment.toml"
TABLE = "grading/gradkit/inside/operations.py"

SKELETON = """

@graded(0.5, "x.sin() is \\"the\\" sine", about=("Value.sin",), needs=("test_exp",), corpus=random_graphs("sin"))
def test_sin(Value, corpus):
    raise NotImplementedError("a3_activations/test_sin is a skeleton: write what it checks")
"""
SIN = '''    def sin(self):
        """sin(x) (a3)"""
        return Value(math.sin(self.data), (self,), "sin")

'''


@pytest.fixture(scope="module")
def gradkit(course_copy):
    """Return a function that runs gradkit on a copy of the course: gradkit("check") returns (status, output on a line).

    gradkit.home is the folder of the copy.
    """
    home = course_copy()

    def call(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(home / "grading"), "COLUMNS": "500"}
        command = [sys.executable, "-c", "from gradkit.cli.main import main; main()", *arguments]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    call.home = home
    return call


def test_from_skeletons_to_an_operation_with_its_item_and_misconception(gradkit):
    read = {name: (gradkit.home / name).read_text(encoding="utf-8") for name in (SUITE, SETTINGS, TABLE)}

    status, message = gradkit("new", "operation", "sin", "--complex", "sin({a})")
    assert (status, message) == (
        0,
        f"Written: {TABLE} It is a skeleton: `gradkit check` says what is left to do.",
    )
    row = '        Operation("sin", "{a}.sin()", ATOM, (ATOM,), complex="sin({a})", domain=_SMALL),\n'
    assert (gradkit.home / TABLE).read_text(encoding="utf-8").replace(row, "") == read[TABLE]

    item = (
        "a3",
        "test_sin",
        "--title",
        'x.sin() is "the" sine',
        "--about",
        "Value.sin",
        "--points",
        "0.5",
        "--task",
        "exp",
        "--needs",
        "test_exp",
    )
    status, message = gradkit("new", "item", *item, "--corpus", 'random_graphs("sin")')
    assert (status, message) == (
        0,
        f"Written: {SUITE} and {SETTINGS} It is a skeleton: `gradkit check` says what is left to do. "
        "The test is at the end of test_a3_activations.py: move it to where students should meet it, after the items "
        "that it needs.",
    )
    assert (gradkit.home / SUITE).read_text(encoding="utf-8") == read[SUITE] + SKELETON
    task = 'items = ["exp", "exp_gradient", "exp_collects", "exp_of_large_and_small_numbers"]'
    wanted = read[SETTINGS].replace(task, task.replace("]", ', "sin"]'))
    assert (gradkit.home / SETTINGS).read_text(encoding="utf-8") == wanted

    status, message = gradkit("new", "misconception", "sin_overwrites", "--title", "sin overwrites")
    assert status == 0
    path = gradkit.home / "reference/misconceptions/sin_overwrites.toml"
    written = msgspec.toml.decode(path.read_bytes())
    assert (written["title"], written["module"], written["kind"]) == ("sin overwrites", "engine", "operation")

    n_items = sum(1 for assignment in assignments() for _ in graded_tests(assignment))
    status, message = gradkit("check")
    assert status == 1
    for left in (
        "test_sin checks nothing yet.",
        "The reference cannot do sin: 'Value' object has no attribute 'sin'.",
        "No recorded corpus uses sin.",
        "tests/corpora/sin.json: It is not recorded yet.",
        "It does not have the key of sin.json. To do: gradkit corpora",
        "sin_overwrites.toml: `explanation` is empty.",
        "sin_overwrites.toml: `hint` is empty.",
        "sin_overwrites.toml: `caught_by` names no item.",
        "sin_overwrites.toml: `old` of edit 1 must be in engine.py exactly once",
        f"the number of misconceptions is {len(read_misconceptions()) + 1}.",
        f"the number of items is {n_items + 1}.",
    ):
        assert left in message
    assert "complex numbers" not in message

    for name, old, new in (
        (SUITE, SKELETON.splitlines()[-1].strip(), "check_forward(Value, corpus)"),
        (SETTINGS, '"Value.exp",', '"Value.exp", "Value.sin",'),
        ("reference/solution/engine.py", "    def exp(self)", f"{SIN}    def exp(self)"),
    ):
        path = gradkit.home / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    status, message = gradkit("check")
    assert "checks nothing yet" not in message
    assert "The reference cannot do sin" not in message
    assert "student_template/engine.py: It is out of step with the reference. To do: gradkit stubs" in message
    assert gradkit("stubs")[0] == 0
    assert "student_template" not in gradkit("check")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("item", "a9", "test_x", "--title", "t"), "There is no assignment 'a9': choose all, a1_expressions,"),
        (("item", "all", "test_x", "--title", "t"), "Name one assignment: an item belongs to one."),
        (("item", "a1", "x", "--title", "t"), "The name of an item begins with test_: test_x"),
        (("item", "a1", "test_x-y", "--title", "t"), "'test_x-y' is not a name: use small letters, digits and _"),
        (("item", "a1", "test_addition", "--title", "t"), "a1_expressions has an item test_addition already"),
        (("item", "a1", "test_x", "--title", " "), "The title is one line that students read"),
        (("item", "a3", "test_x", "--title", "exp is its own derivative"), "has the title 'exp is its own derivative'"),
        (("item", "a1", "test_x", "--title", "t", "--points", "0.3"), "Points are positive multiples of 0.5, not 0.3."),
        (("item", "a1", "test_x", "--title", "t", "--task", "exp"), "a1_expressions has no task 'exp': choose number,"),
        (("item", "a1", "test_x", "--title", "t", "--corpus", "f("), "--corpus f( is not Python:"),
        (("operation", "tanh"), "The table has an operation tanh already: choose another name."),
        (("operation", "class"), "'class' is not a name"),
        (("operation", "sin", "--text", "sin()"), "'sin()' does not use the operand"),
        (("operation", "sin", "--text", "{a}.sin("), "'{a}.sin(' is not an expression of {a}"),
        (
            ("operation", "hypot", "--text", "{a}.hypot({b})"),
            "Two operands: write the row by hand in inside/operations",
        ),
        (
            ("operation", "clip", "--text", "{a}.clip({k})"),
            "A plain number: write the row by hand in inside/operations",
        ),
        (("misconception", "tanh_overwrites"), "There is a specimen tanh_overwrites already: choose another name."),
        (("misconception", "Sin"), "'Sin' is not a name"),
        (("misconception", "x", "--module", "engines"), "The solution has no module 'engines': choose engine, nn,"),
        (("misconception", "x", "--kind", "bug"), "There is no kind 'bug' of misconceptions: choose operation, form,"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_sentence(arguments, message, root):
    shown = CliRunner().invoke(app, ["new", *arguments])
    assert shown.exit_code == 1
    assert message in " ".join(shown.output.split())


def test_an_item_with_which_the_suite_cannot_be_collected_is_not_written(gradkit):
    # On the copy: the command writes the suite and puts it back, which other processes of a test run would see.
    before = (gradkit.home / SUITE).read_bytes()
    item = ("new", "item", "a3", "test_x", "--title", "t", "--corpus", 'random_graphs("nothing")')
    status, message = gradkit(*item)
    assert status == 1
    assert "Nothing was written. With this item, the suite cannot be collected:" in message
    assert (gradkit.home / SUITE).read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [("item", "a3", "test_x", "--title", "t"), ("operation", "sin"), ("misconception", "sin_overwrites")]
)
def test_nothing_is_written_into_a_release(arguments, root, tmp_path, monkeypatch):
    monkeypatch.setattr("gradkit.proof.specimens.course_home", lambda: tmp_path)
    before = [(root / name).read_bytes() for name in (SUITE, SETTINGS, TABLE)]
    shown = CliRunner().invoke(app, ["new", *arguments])
    assert shown.exit_code == 1
    assert "This copy of gradkit is a release" in shown.output
    assert [(root / name).read_bytes() for name in (SUITE, SETTINGS, TABLE)] == before


def test_the_row_of_an_operation_has_what_it_is_for_pytorch(course_copy, monkeypatch):
    from gradkit.authoring.skeletons.operation import write_operation

    home = course_copy()
    monkeypatch.setattr("gradkit.authoring.skeletons.operation.course_home", lambda: home)
    path = write_operation("softplus", "{a}.softplus()", "log(1 + exp({a}))", "softplus({a})")
    rows = """
        Operation(
            "softplus",
            "{a}.softplus()",
            ATOM,
            (ATOM,),
            complex="log(1 + exp({a}))",
            torch="softplus({a})",
            domain=_SMALL,
        ),
    )
}
"""
    assert path.read_text(encoding="utf-8").endswith(rows)


def test_a_missing_title_is_a_usage_error():
    assert CliRunner().invoke(app, ["new", "item", "a1", "test_x"]).exit_code == 2


def test_a_new_item_takes_what_the_items_of_its_assignment_take(tmp_path):
    from gradkit.authoring.skeletons.item import NewItem, skeleton

    text = skeleton(NewItem("test_x", "t" * 120, needs=("test_a", "test_b")), assignments()[0], "Value")
    assert text.startswith('@graded(\n    1,\n    "ttt')
    assert '    needs=("test_a", "test_b"),\n)\ndef test_x(Value):\n' in text
