"""`gradkit check`: the course has no findings, and whatever is missing or out of step is found, with what to run."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from gradkit.authoring.check.counts import STATEMENTS
from gradkit.authoring.check.course import load_course
from gradkit.authoring.check.run import CHECKS
from gradkit.authoring.check.variants import find_missing_names
from gradkit.cli.main import app
from gradkit.proof.held_proofs import _code, compute_digests
from gradkit.proof.runs import find_assignments
from gradkit.proof.specimens import read_misconceptions, read_variants
from msgspec.structs import replace as item_with
from rich.console import Console
from typer.testing import CliRunner

N_MISCONCEPTIONS = len(read_misconceptions())
N_SPECIMENS = N_MISCONCEPTIONS + len(read_variants())

FINDINGS = """
import json
from dataclasses import astuple
from gradkit.authoring.check.run import check_course
print(json.dumps([astuple(finding) for finding in check_course()]))
"""


@pytest.fixture(scope="module")
def course():
    course, findings = load_course()
    assert findings == []
    return course


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_in_the_course_is_missing_or_out_of_step(check, course):
    assert list(check(course)) == []


def test_the_command_says_that_nothing_is_missing_and_does_not_import_pytorch():
    code = "import sys; from gradkit.cli.main import app; app(['check'], standalone_mode=False); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, _, modules = ended.stdout.partition("\n")
    assert message == "Nothing is missing, and nothing is out of step."
    assert "torch" not in modules.split()


# --- what is found ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copy(course_copy):
    return course_copy()


def change(home, name, old, new):
    """Change a file of the copy: replace a text in it, or write it (`old` is None), or delete it (both are None)."""
    path = home / name
    if new is None:
        path.unlink()
        return
    if old is not None:
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        new = text.replace(old, new, 1)
    path.parent.mkdir(exist_ok=True)
    path.write_text(new, encoding="utf-8")


def findings_in(home):
    """Return the findings of the checks in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(home / "grading")}
    command = [sys.executable, "-c", FINDINGS]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [tuple(finding) for finding in json.loads(ended.stdout)]


A1 = "assignments/a1_expressions/assignment.toml"
SUITE = "tests/a3_activations/test_a3_activations.py"
TABLE = "grading/gradkit/inside/operations.py"
MISCONCEPTIONS = "reference/misconceptions"
RECORD = f"{MISCONCEPTIONS}/recorded.json"
CUBE = '''    def cube(self):
        """self ** 3 (a3)"""
        square = self * self
        return square * self

'''
FAULTS = {
    "an item without a task": (
        [(A1, '"addition", ', "")],
        (A1, "a1_expressions/test_addition belongs to no task.", "Edit `items` of the [[tasks]]."),
    ),
    "a task with an unknown item": (
        [("assignments/a2_backprop/assignment.toml", '"depth"', '"depth", "width"')],
        ("a2_backprop", "Task order has the item a2_backprop/test_width, which the suite does not have.", ""),
    ),
    "an item in two tasks": (
        [("assignments/a3_activations/assignment.toml", '"log", ', '"log", "tanh", ')],
        ("a3_activations", "a3_activations/test_tanh is in the tasks 2 times.", ""),
    ),
    "a task named as a file": (
        [
            ("assignments/a4_networks/assignment.toml", 'name = "mlp"', 'name = "nn"'),
            ("assignments/a4_networks/notebook.md", 'task="mlp"', 'task="nn"'),
            ("assignments/a4_networks/notebook.md", "<!-- task mlp -->", "<!-- task nn -->"),
        ],
        ("a4_networks", "2 tasks and files have the name nn: they need different names.", ""),
    ),
    "an unknown prerequisite": (
        [(SUITE, 'needs=("test_log_gradient", ', 'needs=("test_log_gradients", ')],
        (SUITE, "test_log_collects needs a3_activations/test_log_gradients, which is not an item before it.", "needs"),
    ),
    "a title twice": (
        [(SUITE, '"x.log() is the natural logarithm"', '"exp is its own derivative"')],
        ("tests/a3_activations", "2 items have the title 'exp is its own derivative'.", ""),
    ),
    "an item about nothing": (
        [(SUITE, '    about=("Value.exp",),\n', "")],
        (SUITE, "test_exp has no `about`.", 'about=("Value.__add__",)'),
    ),
    "an item about an unknown function": (
        [(SUITE, 'about=("Value.log",)', 'about=("Value.logarithm",)')],
        (SUITE, "test_log is about Value.logarithm, which the solution does not have.", ""),
    ),
    "a hidden item among others": (
        [(SUITE, '    "x.exp() is e to the power of x",\n', '    "e",\n    hidden=True,\n')],
        (SUITE, "test_exp is hidden, and a release decides by the file's name.", "_hidden.py"),
    ),
    "an item that checks nothing": (
        [(SUITE, "    check_forward(Value, corpus)", "    return None")],
        (SUITE, "test_exp checks nothing yet.", "Write its body"),
    ),
    "a suite without an assignment": (
        [("tests/a7_more/test_more.py", None, "")],
        ("tests/a7_more/test_more.py", "The suite belongs to no assignment.", "assignments/a7_more/assignment.toml"),
    ),
    "a suite that cannot be collected": (
        [("tests/a6_tensors/test_a6_arrays.py", "@graded(", "@graded()\n@graded(")],
        ("tests/a6_tensors", "test_a6_arrays.py cannot be imported", "Mend the file"),
    ),
    "a heading that is missing": (
        [("assignments/a1_expressions/notebook.md", "<!-- task powers -->", "")],
        ("a1_expressions/notebook.md", "There is no heading for powers.", "Write the line <!-- task powers -->"),
    ),
    "a test cell that belongs to nothing": (
        [("assignments/a2_backprop/notebook.md", 'task="again"', 'task="against"')],
        ("a2_backprop/notebook.md", "The test cell against belongs to nothing in assignment.toml.", "Rename"),
    ),
    "a solution cell that is missing": (
        [("assignments/a5_training/notebook.md", 'solution="training"', "")],
        ("a5_training/notebook.md", "There is no solution cell for training.", 'solution="training"'),
    ),
    "a notebook's text that is missing": (
        [("assignments/a6_tensors/notebook.md", None, None)],
        ("a6_tensors/notebook.md", "The assignment has no text for its notebook.", ""),
    ),
    "a name that the reference lacks": (
        [(A1, '"Value.__add__"', '"Value.__add__", "Value.__abs__"')],
        (A1, "`names` has Value.__abs__, which reference/solution/engine.py does not define.", ""),
    ),
    "a function that nobody asks for": (
        [(A1, '    "Value.__radd__",\n', "")],
        ("reference/solution", "No assignment.toml asks for Value.__radd__", ""),
    ),
    "a stub out of step": (
        [("student_template/nn.py", "def __call__(self, x", "def __call__(self, z")],
        ("student_template/nn.py", "It is out of step with the reference.", "gradkit stubs"),
    ),
    "a corpus that is not recorded": (
        [("tests/corpora/neuron.json", None, None)],
        ("tests/corpora/neuron.json", "It is not recorded yet.", "gradkit corpora"),
    ),
    "a corpus that cannot be read": (
        [("tests/corpora/mul.json", None, "[1]")],
        ("tests/corpora/mul.json", "It cannot be read: Expected `array`, got `int`", "gradkit corpora"),
    ),
    "a corpus with other expressions than the suite": (
        [("tests/a2_backprop/test_a2_graph.py", "(a + b) + c * g", "(a + b) - c * g")],
        ("tests/corpora/", "Its expressions are not those of the suite.", "gradkit corpora"),
    ),
    "a corpus that nobody asks for": (
        [("tests/corpora/nobody.json", None, "[]")],
        ("tests/corpora/nobody.json", "No item uses this corpus.", "Delete the file."),
    ),
    "an operation without a complex form": (
        [(TABLE, ', complex="log({a})"', "")],
        (TABLE, "log has no form on complex numbers: 'complex' object has no attribute 'log'.", "`complex`"),
    ),
    "an operation that nobody else knows": (
        [(TABLE, 'Operation("exp",', 'Operation("squash", "{a}.squash()", ATOM, (ATOM,)),\n        Operation("exp",')],
        (TABLE, "The reference cannot do squash: 'Value' object has no attribute 'squash'.", "engine.py"),
        (TABLE, "squash: PyTorch's tensors have no squash().", "Write `torch` in its row."),
        (TABLE, "No recorded corpus uses squash.", "gradkit new item"),
    ),
    "functions that PyTorch does not have": (
        [
            (TABLE, 'ATOM, (ATOM,), complex="tanh({a})"', 'ATOM, (ATOM,), complex="tanh({a})", torch="tanhh({a})"'),
            (TABLE, 'complex="1 / (1 + ', 'torch="torch.sigmoids({a})", complex="1 / (1 + '),
            (
                TABLE,
                'complex="{a} * ({a}.real > 0)"',
                'complex="{a} * ({a}.real > 0)", torch="softplus(torch.tanh({a}))"',
            ),
        ],
        (TABLE, "tanh: torch.nn.functional has no tanhh().", "Write `torch` in its row."),
        (TABLE, "sigmoid: torch has no sigmoids().", "Write `torch` in its row."),
    ),
    "an edit that does not fit the solution": (
        [(f"{MISCONCEPTIONS}/exp_overwrites.toml", 'old = "', 'old = "no such line')],
        ("exp_overwrites.toml", "`old` of edit 1 must be in engine.py exactly once, and is there 0 times.", "`old`"),
    ),
    "an edit that changes nothing": (
        [(f"{MISCONCEPTIONS}/tanh_overwrites.toml", "self.grad = (1", "self.grad += (1")],
        ("tanh_overwrites.toml", "Edit 1 changes nothing.", ""),
    ),
    "a misconception caught by an unknown item": (
        [(f"{MISCONCEPTIONS}/log_overwrites.toml", "test_log_collects", "test_log_gathers")],
        ("log_overwrites.toml", "`caught_by` names a3_activations/test_log_gathers, which is not an item.", ""),
        (RECORD, "Not proven since the specimen,", "gradkit prove log_overwrites --record"),
    ),
    "a misconception without a hint": (
        [(f"{MISCONCEPTIONS}/relu_overwrites.toml", 'hint = "', 'hint = ""  # "')],
        ("relu_overwrites.toml", "`hint` is empty.", ""),
    ),
    "a function without a misconception": (
        [
            ("reference/solution/engine.py", "    def exp(self)", CUBE + "    def exp(self)"),
            ("assignments/a3_activations/assignment.toml", '"Value.exp",', '"Value.exp", "Value.cube",'),
        ],
        ("reference/solution/engine.py", "No misconception is about Value.cube.", "gradkit new misconception"),
        ("reference/variants/tape/engine.py", "The variant tape does not define Value.cube.", "Write it there"),
        ("student_template/engine.py", "It is out of step with the reference.", "gradkit stubs"),
    ),
    "a misconception that nobody recorded": (
        [
            (
                "reference/misconceptions/sin_overwrites.toml",
                None,
                'title = "t"\nkind = "form"\nexplanation = "e"\nhint = "h"\ncaught_by = []\nedits = []\n',
            )
        ],
        ("sin_overwrites.toml", "`caught_by` names no item.", "gradkit prove sin_overwrites shows"),
        ("sin_overwrites.toml", "It has no edit.", ""),
        (RECORD, f"an item changed: {N_SPECIMENS + 2} misconceptions and variants.", "gradkit prove --record"),
        (
            "README.md",
            f"It says {N_MISCONCEPTIONS}, and the number of misconceptions is {N_MISCONCEPTIONS + 1}.",
            "Correct",
        ),
    ),
    "a variant that nobody lists": (
        [("reference/variants/another/engine.py", None, "")],
        ("variants.toml", "The variant another has no table here.", "Write [another]"),
    ),
    "a variant without files": (
        [("reference/variants/variants.toml", "[tape]", '[none]\ntitle = "t"\ngives_up = []\n\n[tape]')],
        ("variants.toml", "[none] has no folder of files.", ""),
    ),
    "a field of a report that the schema lacks": (
        [("docs/report.schema.json", '    "student": {', '    "pupil": {')],
        ("docs/report.schema.json", "The properties are format, pupil,", "Describe the fields of Report."),
    ),
    "a verdict that the schema lacks": (
        [("docs/report.schema.json", '"passed", ', "")],
        ("docs/report.schema.json", "$defs.item: the verdicts are failed,", "List those of Verdict"),
    ),
    "a corpus whose key nobody recorded": (
        [("tests/kit/corpus_keys.txt", "\ntanh.json: scalar tanh\n", "\ntanh.json: scalar tan\n")],
        ("tests/kit/corpus_keys.txt", "It does not have the key of tanh.json.", "gradkit corpora"),
        ("tests/kit/corpus_keys.txt", "No item uses a corpus with this key: tanh.json: scalar tan", "gradkit corpora"),
    ),
    "a sentence that states no figure any more": (
        [("docs/security.md", "bits; of a1", "bits; in a1")],
        ("docs/security.md", "The number of items of a1 is no longer stated", "STATEMENTS"),
    ),
}
"""By what is wrong: the changes that make it so, and what is found: where, what and what to do, at least in part."""

ALONE, NOT_ASKED_FOR, NOT_COLLECTED = (
    "a misconception caught by an unknown item",
    "a function that nobody asks for",
    "a suite that cannot be collected",
)
STAGES = {
    "one specimen": {ALONE},
    "most": FAULTS.keys() - {ALONE, NOT_ASKED_FOR, NOT_COLLECTED},
    "no task": {NOT_ASKED_FOR},
    "no suite": {NOT_COLLECTED},
}
"""The faults in the order in which they are made in the copy: some hide others."""


@pytest.fixture(scope="module")
def findings(copy):
    """Return lists of findings: before any change, and after each of STAGES."""
    found = {"before": findings_in(copy)}
    for stage, faults in STAGES.items():
        for fault in FAULTS:
            if fault in faults:
                for file, old, new in FAULTS[fault][0]:
                    change(copy, file, old, new)
        found[stage] = findings_in(copy)
    return found


def test_the_copy_is_as_good_as_the_course(findings):
    assert findings["before"] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_with_what_to_do(fault, findings):
    _, *wanted = FAULTS[fault]
    found = next(findings[stage] for stage, faults in STAGES.items() if fault in faults)
    for parts in wanted:
        assert any(all(part in text for part, text in zip(parts, finding)) for finding in found), found
    assert all(to_do for _, _, to_do in found)


def test_a_suite_that_cannot_be_collected_is_all_that_is_found(findings):
    assert len(findings["no suite"]) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "when the course had 222 items, and a1 to a3 86 of them (5,834 graphs of 61,000 nodes)",
        "Under each of four seeds, 27 to 32 of 674 misconceptions lose further items on the private corpora",
        "the whole course, not counting the half minute in which its cases are drawn (243 items;",
    ],
)
def test_a_measured_figure_is_not_to_be_corrected(sentence):
    assert not any(re.search(pattern, sentence) for _, _, pattern in STATEMENTS)


@pytest.mark.parametrize(("name", "what", "pattern"), STATEMENTS)
def test_a_wrong_figure_is_found(name, what, pattern, course):
    text = (course.home / name).read_text(encoding="utf-8")
    assert len(re.findall(pattern, text)) == 1


@pytest.fixture
def one_finding(monkeypatch):
    """A course in which one thing is found."""
    from gradkit.authoring.check import run
    from gradkit.authoring.check.finding import Finding

    monkeypatch.setattr(run, "CHECKS", (lambda _course: [Finding("here", "[It] is wrong.", "gradkit mend")],))


def test_the_command_prints_a_table_to_a_terminal_and_fails(one_finding, monkeypatch):
    monkeypatch.setattr("gradkit.cli.authoring.console", Console(force_terminal=True, width=80))
    shown = CliRunner().invoke(app, ["check"])
    assert shown.exit_code == 1
    assert "┃" in shown.output
    for text in ("here", "[It] is wrong.", "gradkit mend", "1 thing is left to do."):
        assert text in shown.output


def test_the_command_prints_a_line_for_each_finding_to_a_file_or_a_pipe(one_finding):
    shown = CliRunner().invoke(app, ["check"])
    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[0] == "here: [It] is wrong. To do: gradkit mend"
    assert "1 thing is left to do." in shown.output


# --- names of variants -----------------------------------------------------------------------------------------------

DEFINING = {
    "a method": "class Value:\n    def exp(self): pass",
    "an assignment in the class": "class Value:\n    exp = make()",
    "an assignment to the class": "class Value: pass\nValue.exp = make()",
    "a base class": "class Base:\n    def exp(self): pass\nclass Value(Base): pass",
    "a base class from elsewhere": "from base import Base\nclass Value(Base): pass",
    "a base class that is computed": "class Value(make()): pass",
    "a decorator": "@extended\nclass Value: pass",
    "a metaclass": "class Value(metaclass=Extended): pass",
    "setattr": "class Value: pass\nfor name in names: setattr(Value, name, make(name))",
    "the dictionary of the module": "class Value: pass\nglobals()['Value'] = make()",
    "a class made by a call": "Value = make()",
    "an import": "from base import Value",
    "a star": "from base import *",
    "classes that inherit from each other": "class Base(Value): pass\nclass Value(Base): pass",
    "any attribute": "class Value:\n    def __getattr__(self, name): pass",
}


@pytest.mark.parametrize("source", DEFINING.values(), ids=DEFINING)
def test_a_name_that_a_variant_may_define_is_not_missing(source):
    assert find_missing_names(source, ["Value.exp"]) == []


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("class Value:\n    def log(self): pass", ["Value.exp", "softmax"]),
        ("class Base:\n    def log(self): pass\nclass Value(Base): pass\ndef softmax(): pass", ["Value.exp"]),
        ("@dataclass(eq=False)\nclass Value(object):\n    data: float\n    exp = 1", ["softmax"]),
        ("", ["Value.exp", "softmax"]),
    ],
)
def test_a_name_that_a_variant_does_not_define_is_missing(source, missing):
    assert find_missing_names(source, ["Value.exp", "softmax"]) == missing


# --- what has to be proven again -------------------------------------------------------------------------------------


def test_the_record_of_proofs_is_by_what_each_specimen_is_run_on(course):
    before = compute_digests(course.all_tests())
    fewer = [test for test in course.all_tests() if test.item.id != "a4_networks/test_mlp"]
    after = compute_digests(fewer)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if "a4_networks" in {each.name for each in find_assignments(name)}}
    assert 0 < len(changed) < len(before)


def test_a_title_and_points_need_no_new_proof_but_a_prerequisite_does(course):
    before = compute_digests(course.all_tests())

    def digests_with(**changes):
        return compute_digests(replace(test, item=item_with(test.item, **changes)) for test in course.all_tests())

    assert digests_with(title="Another", points=7.0) == before
    assert not set(digests_with(needs=()).items()) & set(before.items())


def test_comments_layout_docstrings_and_what_graded_says_need_no_new_proof(tmp_path):
    def code(text):
        path = tmp_path / "file.py"
        path.write_text(text)
        return _code(path)

    before = code('@graded(1, "One")\ndef test_one(Value):\n    """One."""\n    expect(Value(1), 1)\n')
    assert code('@graded(2, "1")\ndef test_one(Value):\n    # one\n    expect(  Value(1), 1)\n') == before
    assert code('@graded(1, "One")\ndef test_one(Value):\n    expect(Value(1), 2)\n') != before
