"""What is shown fails by itself: a program is run once more, with the student's files imported anew."""

import sys

import pytest
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.submissions.transport.pipe import PipeTransport
from gradkit.suite.evidence import Evidence, make_row
from gradkit.suite.reproduction import MAX_PROGRAM_SECONDS, ONCE_MORE, SEEDED, Programs, make_reproducible

CODE = ("from nn import Layer", "model = Layer(2, 3)", "print(len(model.parameters()))")
SHOWN = Evidence("len(model.parameters()) is 13", CODE, (make_row("len(model.parameters())", 13, 9),), source="right")


def explain(run_program, evidence=SHOWN, verdict=Verdict.FAILED, longer=()):
    return make_reproducible(verdict, evidence, longer, run_program)


def layers_so_far(lines):
    """Run a program as a student's file would that counts the parameters of all layers."""
    return [9.0 * (n + 1) for n, line in enumerate(line for line in lines if "len(" in line)]


def test_a_program_that_prints_the_number_by_itself_is_shown_as_it_is():
    assert explain(lambda lines: [13.0]) == SHOWN


def test_a_number_that_is_wrong_in_another_way_by_itself_is_shown_as_it_is_then():
    shown = explain(lambda lines: [4.0])
    assert shown.code == CODE
    assert [(row.yours, row.expected) for row in shown.rows] == [(4.0, 9.0)]
    assert shown.message == "len(model.parameters()) is 4.0 and should be 9.0"


def test_a_program_that_is_right_by_itself_is_shown_twice_if_it_is_wrong_the_second_time():
    shown = explain(lambda lines: layers_so_far(lines)[-1:])
    assert shown.code == (*CODE[:2], "len(model.parameters())", ONCE_MORE, *CODE[1:])
    assert shown.rows[0].yours == 18.0
    assert shown.hint.startswith("By itself this is right: it goes wrong only after other networks were made.")


def test_the_first_of_two_times_leaves_out_what_only_reads_an_attribute():
    code = ("from engine import Value", "c = Value(2.0) + Value(3.0)", "print(len(c._prev))")
    evidence = Evidence("len(c._prev) is 4", code, (make_row("len(c._prev)", 4, 2),), source="right")
    shown = explain(lambda lines: [4.0 if lines.count(code[1]) == 2 else 2.0], evidence)
    assert shown.code == (*code[:2], ONCE_MORE, *code[1:])


def test_the_longer_program_is_shown_if_only_that_fails():
    longer = ("from nn import Layer", "Layer(2, 3)", *CODE[1:])
    shown = explain(lambda lines: [13.0 if len(lines) == 4 else 9.0], longer=longer)
    assert (shown.code, shown.hint, shown.rows) == (longer, "", SHOWN.rows)


def test_without_a_program_that_fails_the_message_says_on_what_it_depends():
    shown = explain(lambda lines: [9.0])
    assert (shown.code, shown.rows) == ((), ())
    assert shown.message == "len(model.parameters()) is 13, but only after other networks were made"


def test_an_exception_is_shown_as_the_program_raises_it():
    raised = SubmissionError(Verdict.ERROR, "TypeError: object of type 'NoneType' has no len()", "nn.py line 3")

    def run_program(lines):
        raise raised

    before = Evidence("TypeError: 'NoneType' object is not iterable", CODE)
    shown = explain(run_program, before, Verdict.ERROR)
    assert (shown.message, shown.traceback, shown.code) == (raised.message, raised.traceback, CODE)


@pytest.mark.parametrize("reading", ["print(y.data)", "for each in y: print(each.data)"])
def test_a_result_that_could_not_be_read_is_read_in_the_program(reading):
    raised = SubmissionError(Verdict.ERROR, "TypeError: 'Value' object is not iterable")
    code = ("from nn import MLP", "model = MLP(1, [2])", "y = model([0.5])")

    def run_program(lines):
        if lines[-1] == reading:
            raise raised
        return [] if lines[-1].startswith("y =") else [0.5]

    shown = explain(run_program, Evidence(raised.message, code), Verdict.ERROR)
    assert (shown.message, shown.code) == (raised.message, (*code, reading))
    assert "only after" not in shown.hint


def test_another_exception_of_reading_a_result_is_not_shown_for_it():
    code = ("from nn import MLP", "y = MLP(1, [1])([0.5])")

    def run_program(lines):
        if lines[-1].startswith("for"):
            raise SubmissionError(Verdict.ERROR, "TypeError: 'Value' object is not iterable")
        return []

    shown = explain(run_program, Evidence("AttributeError: 'list' object has no attribute 'data'", code), Verdict.ERROR)
    assert (shown.code, shown.message.count("only after")) == ((), 1)


def test_a_program_that_prints_another_number_in_each_run_is_shown_with_a_seed():
    numbers = iter((7.0, 5.0, 4.0))
    shown = explain(lambda lines: [next(numbers)])
    assert shown.code == (*SEEDED, *CODE)
    assert shown.rows[0].yours == 4.0


def test_a_seed_is_shown_with_the_numbers_of_the_seeded_program_or_not_at_all():
    numbers = iter((7.0, 5.0))

    def run_program(lines):
        if lines[: len(SEEDED)] == SEEDED:
            raise SubmissionError(Verdict.TIMEOUT, "The time for programs is used up.")
        return [next(numbers)]

    assert explain(run_program) is SHOWN

    def run_without_output(lines):
        return [] if lines[: len(SEEDED)] == SEEDED else [next(numbers, 9.0)]

    numbers = iter((7.0, 5.0))
    assert SEEDED[1] not in explain(run_without_output).code


def test_evidence_stays_if_its_program_cannot_be_run_again():
    def run_program(lines):
        raise SubmissionError(Verdict.TIMEOUT, "too long", "")

    assert explain(run_program) is SHOWN


def test_programs_stop_before_they_use_up_the_time_of_items():
    class SlowImport:
        spent_seconds = 20.0

        def run_program(self, lines):
            self.spent_seconds += 0.6 * MAX_PROGRAM_SECONDS
            return [13.0]

    transport = SlowImport()
    programs = Programs(transport)
    for _ in range(10):
        assert explain(programs.run) == SHOWN
    assert transport.spent_seconds == 20.0 + 2 * 0.6 * MAX_PROGRAM_SECONDS


# --- running a program with files imported anew ----------------------------------------------------------------------

COUNTS = """
class Value:
    made = []

    def __init__(self, data):
        self.made.append(self)
        self.data = len(self.made)

    def fail(self):
        raise KeyError("odd")
"""


@pytest.fixture(params=["in this process", "in the sandbox"])
def transport(request, tmp_path):
    """Return a transport to a class that counts its objects."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "engine.py").write_text(COUNTS)
    if request.param == "in this process":
        sys.modules.pop("engine", None)
        yield LocalTransport(folder, Clock())
        sys.modules.pop("engine", None)
    else:
        with Sandbox(tmp_path / "sandbox") as sandbox:
            pipe = PipeTransport(lambda packages: sandbox.start(folder, 10.0, packages), folder)
            yield pipe
            pipe.close()


def test_a_program_sees_nothing_of_what_ran_before_and_leaves_nothing(transport):
    transport.start_item(5.0)
    value_class = transport.load("engine", "Value")
    assert [value_class(0).data, value_class(0).data] == [1.0, 2.0]
    program = ("from engine import Value", "print(Value(0).data)", "print((1, 2))", "print(Value(0).data)")
    assert transport.run_program(program) == [1.0, 2.0]
    assert transport.run_program(program) == [1.0, 2.0]
    assert value_class(0).data == 3.0
    assert transport.load("engine", "Value") is value_class


def test_an_exception_in_a_program_has_the_students_frames_and_the_item_goes_on(transport):
    transport.start_item(5.0)
    transport.load("engine", "Value")
    with pytest.raises(SubmissionError) as raised:
        transport.run_program(("from engine import Value", "Value(0).fail()"))
    assert (raised.value.verdict, raised.value.message) == (Verdict.ERROR, "KeyError: 'odd'")
    assert "engine.py" in raised.value.traceback
    assert transport.run_program(("from engine import Value", "print(Value(0).data)")) == [1.0]


LAZY = """
import sys

class Lazy:
    def __getattr__(self, name):
        raise ImportError("this module is loaded when it is used")

sys.modules["lazy"] = Lazy()
"""


def test_a_program_runs_beside_modules_that_are_loaded_lazily(transport, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lazy", None)  # so that it is removed afterwards
    (tmp_path / "files/engine.py").write_text(COUNTS + LAZY)
    transport.start_item(5.0)
    transport.load("engine", "Value")
    assert transport.run_program(("from engine import Value", "print(Value(0).data)")) == [1.0]


def test_a_program_does_not_lower_the_recursion_limit(transport, tmp_path):
    (tmp_path / "files/nn.py").write_text("import sys\nsys.setrecursionlimit(sys.getrecursionlimit() - 100)\n")
    transport.start_item(5.0)
    transport.load("engine", "Value")
    limit = ("import sys", "print(sys.getrecursionlimit())")
    before = transport.run_program(limit)
    transport.run_program(("import nn",))
    assert transport.run_program(limit) == before
