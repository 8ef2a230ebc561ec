"""Loading a submission: a failing import is tried once and settles what needs it, unless it had too little time."""

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.loading import Loader, no_time_left


class Transport:
    """Answers each load with the next result of a list: a value, or a verdict to raise."""

    def __init__(self, *ends):
        self.ends = list(ends)
        self.asked = 0

    def load(self, module, name):
        self.asked += 1
        end = self.ends.pop(0)
        if isinstance(end, Verdict):
            raise SubmissionError(end, f"ended {end.value}", "engine.py:1")
        return end


def ending(loader, is_short_of_time=False, name="Value"):
    with pytest.raises(SubmissionError) as raised:
        loader.subject(name, is_short_of_time)
    return raised.value


def test_a_module_that_loads_is_loaded_in_every_item():
    transport = Transport("one", "two")
    loader = Loader(transport)
    assert [loader.subject("Value", False), loader.subject("Value", False)] == ["one", "two"]


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.CRASHED, Verdict.TIMEOUT, Verdict.NOT_IMPLEMENTED])
def test_a_failing_import_is_tried_once(verdict):
    transport = Transport(verdict, "too late")
    loader = Loader(transport)
    first, second = ending(loader), ending(loader)
    assert transport.asked == 1
    assert first is not second  # an exception that is raised twice would gather both tracebacks
    assert (second.verdict, second.message, second.traceback) == (verdict, f"ended {verdict.value}", "engine.py:1")


def test_a_timeout_with_reduced_time_does_not_settle_other_items():
    loader = Loader(Transport(Verdict.TIMEOUT, "in time"))
    assert ending(loader, is_short_of_time=True).verdict is Verdict.TIMEOUT
    assert loader.subject("Value", False) == "in time"


def test_any_other_failure_with_reduced_time_counts():
    loader = Loader(Transport(Verdict.ERROR, "too late"))
    ending(loader, is_short_of_time=True)
    assert ending(loader).verdict is Verdict.ERROR


def test_a_submission_that_cannot_be_used_is_not_loaded():
    transport = Transport()
    assert ending(Loader(transport, SubmissionError(Verdict.ERROR, "no zip"))).message == "no zip"
    assert transport.asked == 0


def test_an_item_without_time_left_says_why():
    ended = no_time_left(assignments()[0])
    assert ended.verdict is Verdict.TIMEOUT
    assert ended.failure.explain().message == "The 60 s that a submission has for a1_expressions are used up."


def test_the_heading_names_the_file():
    assert ending(Loader(Transport(Verdict.ERROR))).heading == "engine.py cannot be used yet"
    assert ending(Loader(Transport(Verdict.ERROR)), name="train").heading == "training.py cannot be used yet"


def test_a_failing_import_settles_every_name_of_its_module_and_of_no_other():
    transport = Transport(Verdict.TIMEOUT, "there")
    loader = Loader(transport)
    ending(loader, name="MLP")
    assert ending(loader, name="Neuron").verdict is Verdict.TIMEOUT
    assert loader.subject("Value", False) == "there"
    assert transport.asked == 2


def test_a_missing_name_settles_no_other_name():
    loader = Loader(Transport(Verdict.NOT_IMPLEMENTED, "there"))
    ending(loader, name="MLP")
    assert loader.subject("Neuron", False) == "there"
