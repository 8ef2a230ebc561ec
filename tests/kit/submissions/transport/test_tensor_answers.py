"""Replies about tensors from a hostile worker: whatever it sends, grading is quick and gives a verdict."""

import dataclasses
import math
import sys
import time
from array import array

import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.one_submission.public_phase import run_public_phase
from gradkit.grader.suite import load_suite
from gradkit.graphs.tensor.graph import decode_arrays
from gradkit.inside.imports import StudentModules
from gradkit.inside.tensor_replay import MAX_AXES, MAX_NUMBERS
from gradkit.inside.worker import Worker
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.link import WorkerReply
from gradkit.submissions.transport.pipe import PipeTransport
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 64.0, 65.0, 1e4, 1e4 + 1, -1.0, 0.5, 1e300, -0.0, math.inf, math.nan])
NUMBERS = st.lists(SIZES | st.floats(), max_size=40)

# --- reading arrays --------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(NUMBERS, st.integers(0, 6))
def test_any_numbers_are_arrays_or_refused(numbers, count):
    try:
        found = decode_arrays(numbers, count)
    except (ValueError, OverflowError):
        return
    assert len(found) == count
    assert all(len(each.numbers) == math.prod(each.shape) for each in found)
    assert sum(1 + len(each.shape) + len(each.numbers) for each in found) == len(numbers)


ODD = {
    "more axes than numpy has": [MAX_AXES + 1.0, *[1.0] * (MAX_AXES + 1), 0.5],
    "axes without end": [1e5, *[1.0] * 100_000, 0.5],
    "sizes that multiply beyond all bounds": [64.0, *[1e4] * 64, 0.5],
    "a number where there are none": [64.0, *[1e4] * 63, 0.0, 0.5],
    "an infinite size": [1.0, math.inf, 0.5],
    "a size that is not a number": [1.0, math.nan, 0.5],
    "less than none": [1.0, -1.0],
    "half an axis": [0.5, 0.5],
    "more numbers than are read": [1.0, MAX_NUMBERS + 1.0, *[0.5] * (MAX_NUMBERS + 1)],
    "fewer numbers than it says": [1.0, 3.0, 0.5, 0.5],
    "more numbers than it says": [1.0, 1.0, 0.5, 0.5],
    "nothing": [],
}


@pytest.mark.parametrize("numbers", ODD)
def test_what_is_not_an_array_is_refused_at_once(numbers):
    started = time.monotonic()
    with pytest.raises((ValueError, OverflowError)):
        decode_arrays(ODD[numbers], 1)
    assert time.monotonic() - started < 1


def test_an_empty_array_takes_no_memory_however_large_its_other_sizes_are():
    (found,) = decode_arrays([3.0, 1e4, 1e4, 0.0], 1)
    assert found.shape == (10_000, 10_000, 0)
    assert found.numbers == ()


# --- a whole item ----------------------------------------------------------------------------------------------------

SUITE = load_suite(choose_assignments("a6"), Library(corpora_folder()))
ITEMS = [test for test in SUITE.tests if test.name != "test_digits_are_read"]  # that item takes a thousand messages


class Forger:
    """A link to a worker in this process that runs the reference, with one changed reply."""

    def __init__(self, at=-1, forged=lambda handles, numbers: (handles, numbers)):
        self.worker = Worker(StudentModules(str(reference_folder() / "solution"), ("numpy",)))
        self.at, self.forged, self.asked = at, forged, 0

    def request(self, request, limit):
        self.asked += 1
        try:
            handles, numbers = self.worker.execute(*request)
        except Exception:  # the changed reply named objects that do not exist
            return WorkerReply(b"", [], b"", "error", "odd", [])
        if self.asked - 1 == self.at:
            handles, numbers = self.forged(list(handles), list(numbers))
        return WorkerReply(b"", handles, array("d", numbers).tobytes(), "", "", [])

    def has_unrequested_bytes(self):
        return False

    def close(self):
        pass


@pytest.fixture(scope="module")
def run_item():
    """Return a function that returns the result of a test over a link."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(reference_folder() / "solution"))
    for name in ("engine", "nn", "training", "tensor"):
        patch.delitem(sys.modules, name, raising=False)  # the graded suites can have imported it

    def run(test, link):
        links = iter([link])
        transport = PipeTransport(lambda *_: next(links, None) or Forger(), reference_folder() / "solution")
        found = run_public_phase(dataclasses.replace(SUITE, tests=(test,)), Intake(), transport)
        return found.by_id[test.item.id]

    yield run
    for name in ("engine", "nn", "training", "tensor"):
        sys.modules.pop(name, None)
    patch.undo()


@st.composite
def forgeries(draw):
    """Strategy for changes of a reply: other numbers, at expected and unexpected indices, and other handles."""
    kind = draw(st.sampled_from(["a number", "all numbers", "fewer", "more", "shapes", "handles"]))
    index, size, numbers = draw(st.integers(0, 200)), draw(SIZES), draw(NUMBERS)
    handles = draw(st.lists(st.integers(0, 30), max_size=8))

    def forge(honest_handles, honest):
        if kind == "handles":
            return handles, honest
        if kind == "a number" and honest:
            honest[index % len(honest)] = size
        elif kind == "shapes":
            count = max(1, len(honest_handles))
            return honest_handles, [0.0, 0.5] * (index % 5) + [1.0, 1.0, 0.5] * count
        elif kind == "fewer":
            honest = honest[: index % (len(honest) + 1)]
        elif kind == "more":
            honest = honest + numbers
        else:
            honest = numbers
        return honest_handles, honest

    return forge


@pytest.mark.parametrize("test", ITEMS, ids=lambda test: test.name.removeprefix("test_"))
def test_honest_replies_pass_with_the_forging_link_too(test, run_item):
    assert run_item(test, Forger()).verdict is Verdict.PASSED


@settings(max_examples=200)
@given(st.sampled_from(ITEMS), st.integers(0, 40), forgeries())
def test_a_forged_reply_ends_with_a_verdict_and_a_short_message(run_item, test, at, forged):
    result = run_item(test, Forger(at, forged))
    assert result.verdict in (Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.PROTOCOL)
    if result.evidence:
        assert len(result.evidence.message) < 400


@settings(max_examples=60)
@given(
    st.sampled_from([test for test in ITEMS if test.settings.corpus]),
    st.sampled_from([0.0, 1.0, 0.5, math.nan, math.inf]),
)
def test_replying_to_everything_with_one_number_is_never_right(run_item, test, number):
    class Same(Forger):
        def request(self, request, limit):
            reply = super().request(request, limit)
            numbers = array("d", reply.numbers)
            if request[1] == "replay_tensors" or request[1] == "arrays":
                index = 0
                while index < len(numbers):
                    axes = int(numbers[index])
                    size = math.prod(map(int, numbers[index + 1 : index + 1 + axes]))
                    start = index + 1 + axes
                    numbers[start : start + size] = array("d", [number] * size)
                    index = start + size
            return WorkerReply(b"", reply.handles, numbers.tobytes(), "", "", [])

    assert run_item(test, Same()).verdict is Verdict.FAILED


def test_logits_of_a_wrong_shape_are_reported_without_an_error_of_ours(run_item):
    (test,) = (test for test in SUITE.tests if test.name == "test_digits_are_read")

    class Fewer(Forger):
        def request(self, request, limit):
            reply = super().request(request, limit)
            if request[1] == "arrays" and len(reply.numbers) == 8 * (3 + 2000):
                return WorkerReply(b"", [], array("d", [2.0, 100.0, 20.0, *[0.5] * 2000]).tobytes(), "", "", [])
            return reply

    result = run_item(test, Fewer())
    assert result.verdict is Verdict.FAILED
    assert result.evidence.message == "The outputs for 200 digits have shape (100, 20), which should be (200, 10)"
