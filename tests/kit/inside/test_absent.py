"""Absent methods: what a class does not have yet reads "not written yet", and what is misspelled or wrong does not."""

import pytest
from gradkit.inside.graph import Graph
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import replay

VALUE = """
class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad = data, 0.0
"""
ABSENT = {
    "a + b": ([("add", 0, 1)], "__add__"),
    "2 - a": ([("const_sub", 0, 2)], "__rsub__"),
    "a / 2": ([("div_const", 0, 2)], "__truediv__"),
    "a ** b": ([("pow", 0, 1)], "__pow__"),
    "-a": ([("neg", 0)], "__neg__"),
    "a.exp()": ([("exp", 0)], "exp"),
}
MET_BY_THE_STUDENT = {
    "x / y as x * y**-1": ("def __truediv__(self, k): return self * k**-1", [("div", 0, 1)], "__pow__"),
    "x - y as x + -y": ("def __sub__(self, other): return self + -other", [("sub", 0, 1)], "__neg__"),
    "2 - x as 2 + -x": ("def __rsub__(self, k): return k + self", [("const_sub", 0, 2)], "__radd__"),
    "sigmoid by exp": ("def sigmoid(self): return self.exp()", [("sigmoid", 0)], "exp"),
}
WRONG = {
    "misspelled by the student": ("def sigmoid(self): return self.exq()", [("sigmoid", 0)]),
    "a number in place of a Value": ("def sigmoid(self): return self.data.exp()", [("sigmoid", 0)]),
    "misspelled": ("def __div__(self, other): return self", [("div", 0, 1)]),
    "without underscores": ("def radd(self, other): return self", [("const_add", 0, 2)]),
    "misspelled name": ("def tahn(self): return self", [("tanh", 0)]),
    "refuses the other": ("def __add__(self, other): return NotImplemented", [("add", 0, 1)]),
    "raises": ("def exp(self): return self.exponential", [("exp", 0)]),
    "returns a plain number": ("def __add__(self, other): return 1.0", [("add", 0, 1), ("exp", 2)]),
}


@pytest.fixture
def failure_of(load_value):
    """Return a function that replays steps on a class with more methods, and returns how that fails."""

    def find(steps, *methods):
        source = VALUE + "".join(f"    {method}\n" for method in methods)
        return replay(load_value(source), [Graph((2.0, 3.0), steps)], False).failure

    return find


@pytest.mark.parametrize("written", ABSENT)
def test_an_absent_method_is_not_written_yet(failure_of, written):
    steps, name = ABSENT[written]
    failure = failure_of(steps)
    assert (failure.verdict, failure.message) == (Verdict.NOT_IMPLEMENTED, f"Value has no {name} yet.")


@pytest.mark.parametrize("written", MET_BY_THE_STUDENT)
def test_a_method_that_the_student_s_own_code_needs_is_not_written_yet(failure_of, written):
    method, steps, name = MET_BY_THE_STUDENT[written]
    failure = failure_of(steps, method)
    assert (failure.verdict, failure.message) == (Verdict.NOT_IMPLEMENTED, f"Value has no {name} yet.")


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_misspelled_or_wrong_is_an_error(failure_of, fault):
    method, steps = WRONG[fault]
    assert failure_of(steps, method).verdict is Verdict.ERROR


def test_absent_methods_are_recognized_in_hand_written_items_too(load_value):
    value = load_value(VALUE)(1.0)
    for use in (lambda: 0 + value, lambda: -value, lambda: value.backward(), lambda: value.tanh()):
        with pytest.raises(SubmissionError, match="Value has no") as ending:
            use()
        assert ending.value.verdict is Verdict.NOT_IMPLEMENTED
