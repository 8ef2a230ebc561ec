"""Reference retries: a wrong earlier file costs points once, and code that reads the reference leaks a bit an item."""

import re
from unittest.mock import Mock

import msgspec
import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader import report
from gradkit.grader.conditions import make_conditions
from gradkit.grader.one_submission import later_phases
from gradkit.grader.phases import EARLIER_FILES
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict

SOLUTION = reference_folder() / "solution"


def text(module):
    return (SOLUTION / f"{module}.py").read_text(encoding="utf-8")


def edited(module, old, new):
    """Return the text of a file of the solution with one replacement."""
    assert text(module).count(old) == 1
    return text(module).replace(old, new)


@pytest.fixture
def graded(tmp_path):
    """Return a function that grades files in the sandbox and returns the report: graded("a4", engine=..., nn=...)."""

    def grade(name, retries=True, item_seconds=None, **files):
        folder = tmp_path / "ada"
        folder.mkdir()
        for module, source in files.items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
        chosen = choose_assignments(name)
        if item_seconds:
            chosen = tuple(msgspec.structs.replace(each, item_seconds=item_seconds) for each in chosen)
        suite = load_suite(chosen, Library(corpora_folder()), retries=retries)
        classroom = Classroom(suite, make_conditions(suite, sandboxed=True), tmp_path / "reports")
        student = Student("ada", folder)
        assert [each.reason for each in classroom.grade([student], 1) if each] == [""]
        return report.read(classroom.report_path(student))

    return grade


BAD_TANH = edited("engine", "(1 - out.data**2) * out.grad", "out.data**2 * out.grad")


def test_a_right_network_on_a_wrong_engine_gets_its_points(graded):
    found = graded("a4", engine=BAD_TANH, nn=text("nn"))
    assert found.earned == found.points
    message = {item.evidence.message for item in found.items if item.evidence}
    assert message == {"This passes with the course's own engine.py, and not yet with what you handed in."}
    (warning,) = found.warnings
    assert re.fullmatch(r"a4_networks: with the course's own engine.py, \d+ more items pass", warning)


def test_without_the_setting_a_wrong_engine_costs_later_points_too(graded):
    found = graded("a4", retries=False, engine=BAD_TANH, nn=text("nn"))
    assert 0 < found.earned < found.points


def test_a_right_engine_is_never_replaced(graded):
    found = graded("a4", engine=text("engine"), nn=text("nn"))
    assert found.earned == found.points
    assert not found.warnings
    assert not any(item.evidence for item in found.items)


def test_a_wrong_network_gains_nothing_by_another_engine(graded):
    wrong = edited("nn", "total = total + w * xi", "total = total + w + xi")
    found = {item.id: item for item in graded("a4", engine=BAD_TANH, nn=wrong).items}
    assert found["a4_networks/test_neuron"].verdict is Verdict.FAILED
    assert "yours" not in found["a4_networks/test_neuron"].evidence.message
    assert found["a4_networks/test_parameters_of_an_mlp"].verdict is Verdict.PASSED


FORGETS = """
CALLS = []
honest_error, honest_hinge = mean_squared_error, hinge


def hinge(outputs, targets):
    CALLS.append("hinge")
    return honest_hinge(outputs, targets)


def mean_squared_error(outputs, targets):
    return honest_error(outputs, targets) * (2 if CALLS else 1)
"""
"""Code at the end of training.py: one loss is wrong from the first call of another one on."""


@pytest.mark.parametrize("name", ["a5", "all"])
def test_there_is_no_second_chance_beside_right_earlier_files(graded, name):
    files = {module: text(module) for module in ("engine", "nn", "training", "tensor")}
    found = graded(name, **files | {"training": files["training"] + FORGETS})
    lost = {item.id for item in found.items if item.verdict is not Verdict.PASSED}
    assert {item.partition("/")[0] for item in lost} == {"a5_training"}
    assert not found.warnings


def test_a_wrong_earlier_file_gives_a_second_chance_also_if_it_is_not_graded(graded):
    found = graded("a5", engine=BAD_TANH, nn=text("nn"), training=text("training") + FORGETS)
    assert found.earned == found.points


def test_a_wrong_file_decides_only_about_the_retries_that_replace_it(monkeypatch):
    a4, a6 = choose_assignments("a4") + choose_assignments("a6")
    a6 = msgspec.structs.replace(a6, retry_with=("training",))
    suite = load_suite((a4, a6), Library(corpora_folder()))
    wrong = "a1_expressions/test_addition"
    monkeypatch.setattr(later_phases, "_passes", lambda suite, phase, test, transport: test.item.id != wrong)
    passed = later_phases.run_later_phase(suite, EARLIER_FILES, suite.retry_tests, Mock(spent_seconds=0.0))
    of_a5 = {test.item.id for test in suite.retry_tests if test.item.assignment == "a5_training"}
    assert of_a5 <= set(passed)
    assert {name.partition("/")[0] for name in passed} == {"a1_expressions", "a5_training"}


BACKWARDS = edited("nn", "neuron(x) for neuron in self.neurons]", "neuron(x) for neuron in self.neurons[::-1]]")
HANGS = edited("engine", 'out = Value(math.tanh(self.data), (self,), "tanh")', "while True: pass")
HALF_TANH = edited("engine", "Value(math.tanh(self.data),", "Value(math.tanh(self.data) / 2,")


def test_an_item_whose_cause_passes_the_retry_shows_its_own_failure(graded):
    found = {item.id: item for item in graded("a4", engine=HALF_TANH, nn=BACKWARDS).items}
    assert found["a4_networks/test_neuron"].verdict is Verdict.PASSED
    layer = found["a4_networks/test_layer"]
    assert (layer.verdict, layer.blocked_by) == (Verdict.FAILED, ())
    assert layer.evidence.rows
    assert found["a4_networks/test_layer_gradient"].blocked_by == ("a4_networks/test_layer",)


def test_an_item_that_was_never_run_and_fails_its_retry_says_so(graded):
    found = {item.id: item for item in graded("a4", item_seconds=1, engine=HANGS, nn=BACKWARDS).items}
    layer = found["a4_networks/test_layer"]
    assert (layer.verdict, layer.blocked_by) == (Verdict.FAILED, ())
    assert layer.evidence.message == "It fails with the course's own engine.py, too."


def test_a_student_s_name_cannot_collide_with_the_files_of_a_retry(school, suite):
    for name in ("ada", "ada.with-reference"):
        folder = school.submissions / name
        folder.mkdir()
        for module, source in {"engine": BAD_TANH, "nn": text("nn")}.items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
    reports = school.grade(suite=suite("a4"))
    assert [report.earned for report in reports.values()] == [report.points for report in reports.values()]


def test_training_is_run_again_on_the_course_s_engine_and_networks(graded):
    found = graded("a5", engine="raise ValueError('broken')\n", nn="", training=text("training"))
    assert found.earned == found.points


def test_a_right_tensor_gets_its_points_whatever_the_other_files_are(graded):
    found = graded("a6", engine="raise ValueError('broken')\n", nn="", training="", tensor=text("tensor"))
    assert found.earned == found.points
    (warning,) = found.warnings
    assert re.fullmatch(
        r"a6_tensors: with the course's own engine.py, nn.py and training.py, \d+ more items pass", warning
    )


def test_an_engine_that_hangs_takes_the_time_of_its_own_run_alone(graded):
    found = graded("a4", item_seconds=1, engine=HANGS, nn=text("nn"))
    assert found.earned == found.points


THIEF = """
from engine import Value
import engine, inspect, os, sys
try:
    loot = open(os.path.join(os.path.dirname(engine.__file__), "engine.py")).read()
except Exception as error:
    loot = repr(error)
bytes_of_it = iter(loot.encode())


class Stolen(Exception):
    pass


class Module:
    def parameters(self):
        return [Value(float(next(bytes_of_it))) for _ in range(4)]

    def zero_grad(self):
        raise Stolen(loot[-2000:])


class Neuron(Module):
    def __init__(self, nin, linear=False):
        pass

    def __call__(self, x):
        raise Stolen(loot[1000:2000])


class Layer(Module):
    def __init__(self, nin, nout, linear=False):
        raise Stolen(loot[:1000])


class MLP(Module):
    def __init__(self, nin, nouts, linear_last=False):
        self.n = sum((a + 1) * b for a, b in zip([nin, *nouts], nouts))

    def parameters(self):
        return [Value(float(next(bytes_of_it))) for _ in range(self.n)]

    def __call__(self, x):
        return Value(float(next(bytes_of_it)))
"""
MINE = "# an engine of my own, which raises\nraise ZeroDivisionError('mine')\n"
MINE_READS = """
class Value:
    def __init__(self, number, *others):
        self.data, self.grad, self._prev = number, 0.0, ()
"""


@pytest.mark.parametrize("engine", [MINE, MINE_READS], ids=["no engine", "a little engine"])
def test_code_that_reads_the_reference_cannot_send_it_out_in_words_or_numbers(graded, engine):
    found = graded("a4", engine=engine, nn=THIEF)
    raw = str(found)
    telling = [line.strip() for line in text("engine").splitlines() if len(line.strip()) >= 14]
    assert not [line for line in telling if line in raw]
    numbers = [row.yours for item in found.items if item.evidence for row in item.evidence.rows]
    codes = "".join(chr(int(number)) for number in numbers if isinstance(number, float) and 9 <= number < 127)
    assert not any(text("engine")[start : start + 8] in codes for start in range(len(text("engine")) - 8))
