"""The pipe: subjects work as in self-check, and any fault of a message costs that item and never adds points."""

import dataclasses
import socket
import subprocess
import sys
import time

import msgspec
import pytest
from gradkit.catalogue.home import course_home
from gradkit.grader.one_submission.public_phase import run_public_phase
from gradkit.inside.graph import Graph
from gradkit.submissions.exception_text import TIME_IS_UP, WALL_CLOCK_IS_UP
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport import link as links
from gradkit.submissions.transport import time_limit
from gradkit.submissions.transport.link import Link
from gradkit.submissions.transport.pipe import PipeTransport
from gradkit.submissions.transport.subject import backward_calls, decisions, numbers, replay
from gradkit.submissions.transport.time_limit import BACKSTOP_FACTOR
from hypothesis import given, settings
from hypothesis import strategies as st

# --- subjects --------------------------------------------------------------------------------------------------------


@pytest.fixture
def reference_value(open_submission, solution):
    """Return the subject of the reference's Value in a sandbox."""
    return open_submission(solution()).load("engine", "Value")


def test_operators_calls_attributes_and_assignment_pass_through(reference_value):
    x, y = reference_value(3.0), reference_value(data=2.0)
    z = 2 * x - y / 4 + (-x) ** 2
    z.backward()
    assert (z.data, x.grad, y.grad) == (14.5, 8.0, -0.25)
    x.data = 5
    assert x.data == 5.0


def test_one_object_has_one_subject(reference_value):
    x = reference_value(3.0)
    y = x * x
    assert [parent is x for parent in y._prev] == [True, True]
    assert reference_value(3.0) is not x


def test_a_decision_may_be_a_bool_and_another_number_may_not(open_submission):
    decide = open_submission("def Value(data): return data > 0 if abs(data) < 9 else None").load("engine", "Value")
    assert decisions([decide(1.0), decide(-1.0)]) == [1.0, 0.0]
    with pytest.raises(SubmissionError, match="of type bool"):
        numbers([decide(1.0)])
    with pytest.raises(SubmissionError, match="of type NoneType"):
        decisions([decide(10.0)])


def test_subjects_of_an_earlier_item_are_invalid_and_the_class_is_not_loaded_again(open_submission, solution):
    transport = open_submission(solution())
    first = transport.load("engine", "Value")
    x = first(1.0)
    transport.start_item(10)
    assert transport.load("engine", "Value") is not first
    with pytest.raises(SubmissionError):
        x.tanh()


def test_many_graphs_are_one_message_and_their_answers_come_in_order(reference_value):
    @settings(max_examples=20)
    @given(st.lists(st.floats(-5, 5), min_size=1, max_size=5))
    def holds(numbers):
        reply = replay(reference_value, [Graph((number,), [("neg", 0)]) for number in numbers], backward=True)
        assert [answers.data for answers in reply.answers] == [[number, -number] for number in numbers]
        assert [answers.grad for answers in reply.answers] == [[-1.0, 1.0]] * len(numbers)
        assert reply.failure is None

    holds()


def test_answers_before_the_first_failure_are_kept(open_submission, solution):
    line = "out = Value(math.tanh"
    value = open_submission(solution((line, f"if self.data > 1: raise KeyError('big')\n        {line}"))).load(
        "engine", "Value"
    )
    reply = replay(value, [Graph((number,), [("tanh", 0)]) for number in (0.5, 1.0, 2.0, 0.1)], backward=True)
    assert [answers.data[0] for answers in reply.answers] == [0.5, 1.0]
    assert reply.failure.message == "KeyError: 'big'"
    assert reply.failure.traceback.splitlines()[0].startswith("engine.py:")
    assert "raise KeyError('big')" in reply.failure.traceback


def test_calls_are_counted_and_stopped(reference_value):
    chain = Graph((1.0,), [("neg", node) for node in range(10)])
    assert backward_calls(reference_value, chain, 1000) in range(10, 60)
    assert backward_calls(reference_value, chain, 5) == 6


def test_what_is_not_a_number_is_distinguished_from_a_wrong_number(open_submission):
    value = open_submission("class Value:\n    def __init__(self, data): self.data = True; self.grad = 1j").load(
        "engine", "Value"
    )
    for name in ("data", "grad"):
        with pytest.raises(SubmissionError) as raised:
            getattr(value(1.0), name)
        assert raised.value.verdict is Verdict.FAILED


# --- ends ------------------------------------------------------------------------------------------------------------

ADDS = "class Value:\n    def __init__(self, data): self.data = data\n    def __add__(self, other):\n        {}\n"

ENDS = {
    "raise NotImplementedError('a1: write it')": (Verdict.NOT_IMPLEMENTED, "a1: write it"),
    "raise ValueError('odd')": (Verdict.ERROR, "ValueError: odd"),
    "return self + other": (Verdict.ERROR, "RecursionError: maximum recursion depth exceeded"),
    "raise MemoryError": (Verdict.OUT_OF_MEMORY, "MemoryError"),
    "import sys; sys.exit(0)": (Verdict.CRASHED, "SystemExit: this ends the whole program"),
    "raise KeyboardInterrupt": (Verdict.CRASHED, "KeyboardInterrupt: this ends"),
    "import os; os._exit(0)": (Verdict.CRASHED, "The program is gone: it ended itself with status 0."),
    "import os; os.abort()": (Verdict.CRASHED, "The program is gone: it was ended by signal 6."),
    "import os; os.kill(os.getpid(), 9)": (Verdict.ERROR, "PermissionError: [Errno 1] Operation not permitted"),
    "import ctypes; ctypes.string_at(0)": (Verdict.CRASHED, "The program is gone: it was ended by signal 11."),
    "while True: pass": (Verdict.TIMEOUT, "Stopped at the time limit."),
    "return sum(iter(int, 1))": (Verdict.TIMEOUT, "Stopped at the time limit."),
    "import sys; raise ValueError(chr(27) + '[2J' + chr(0xd800) + repr(object()))": (
        Verdict.ERROR,
        "ValueError:  [2J\\ud800<object object at 0x...>",
    ),
}


@pytest.mark.parametrize("body", ENDS)
def test_each_ending_has_its_verdict_and_message_and_the_next_item_gets_a_new_worker(
    body, open_submission, far_backstop
):
    verdict, message = ENDS[body]
    transport = open_submission(ADDS.format(body))
    transport.start_item(1)
    value = transport.load("engine", "Value")
    with pytest.raises(SubmissionError) as raised:
        value(1.0) + value(2.0)
    assert raised.value.verdict is verdict
    assert raised.value.message.startswith(message)
    transport.start_item(5)
    assert transport.load("engine", "Value")(4.0).data == 4.0


def test_after_a_lost_worker_every_request_of_that_item_fails(open_submission):
    transport = open_submission(ADDS.format("import os; os._exit(0)"))
    value = transport.load("engine", "Value")
    x = value(1.0)
    for _ in range(2):
        with pytest.raises(SubmissionError) as raised:
            x + x
        assert raised.value.verdict is Verdict.CRASHED
    with pytest.raises(SubmissionError):
        transport.load("engine", "Value")


def test_time_is_counted_for_each_item_and_in_total(open_submission):
    transport = open_submission(ADDS.format("import time; time.sleep(0.4); return self"))
    value = transport.load("engine", "Value")
    before = transport.spent_seconds
    transport.start_item(0.8)
    x = transport.load("engine", "Value")(1.0)
    with pytest.raises(SubmissionError) as raised:
        x + x + x + x
    assert raised.value.verdict is Verdict.TIMEOUT
    assert 0.7 < transport.spent_seconds - before < 5
    assert value is not x


def test_without_time_left_no_request_is_sent(open_submission):
    transport = open_submission("raise SystemExit")
    transport.start_item(0)
    with pytest.raises(SubmissionError) as raised:
        transport.load("engine", "Value")
    assert raised.value.verdict is Verdict.TIMEOUT


# --- fair limits -----------------------------------------------------------------------------------------------------

WORKS = "import time\n        end = time.process_time() + {}\n        while time.process_time() < end: pass\n"
ALTERNATES = (
    "import time\n        while True:\n            end = time.process_time() + 0.004\n"
    "            while time.process_time() < end: pass\n            time.sleep(0.006)"
)


def ending_of(transport, seconds):
    """Add two Values within a limit; return the SubmissionError and the wall-clock time that it took."""
    transport.start_item(seconds)
    value = transport.load("engine", "Value")
    x, y = value(1.0), value(2.0)
    started = time.monotonic()
    with pytest.raises(SubmissionError) as raised:
        x + y
    assert raised.value.verdict is Verdict.TIMEOUT
    return raised.value, time.monotonic() - started


def test_on_a_busy_machine_a_slow_but_right_submission_keeps_its_points(open_submission, busy_core, far_backstop):
    with busy_core(4):
        transport = open_submission(ADDS.format(WORKS.format(0.4) + "        return self"))
        transport.start_item(0.6)
        x = transport.load("engine", "Value")(1.0)
        started = time.monotonic()
        assert (x + x) is x
        took = time.monotonic() - started
        transport.finish_item()
    assert took > 0.7, "this machine was not busy"
    assert transport.spent_seconds < 0.6


def test_an_endless_loop_ends_at_the_limit_by_processor_time_and_says_so(open_submission, busy_core, far_backstop):
    with busy_core(2):
        transport = open_submission(ADDS.format("while True: pass"))
        ending, took = ending_of(transport, 0.4)
    assert ending.message == TIME_IS_UP
    assert took > 0.6, "this machine was not busy"
    assert transport.spent_seconds < 0.6


@pytest.mark.parametrize("body", ["import time; time.sleep(60)", "import threading; threading.Event().wait()"])
def test_code_that_sleeps_ends_at_the_limit_in_wall_clock_time(body, open_submission):
    ending, took = ending_of(open_submission(ADDS.format(body)), 1.5)
    assert took < 1.5 * BACKSTOP_FACTOR
    assert ending.message == TIME_IS_UP


def test_code_that_sleeps_and_works_in_turns_ends_at_the_backstop_at_the_latest(open_submission):
    _, took = ending_of(open_submission(ADDS.format(ALTERNATES)), 0.5)
    assert took < 0.5 * BACKSTOP_FACTOR + 2


def test_the_message_says_when_it_was_the_wall_clock_limit(open_submission, monkeypatch):
    transport = open_submission(ADDS.format("while True: pass"))
    transport.load("engine", "Value")
    monkeypatch.setattr(time_limit, "BACKSTOP_FACTOR", 0.5)  # it strikes before any processor time can be used up
    ending, _ = ending_of(transport, 0.5)
    assert ending.message == WALL_CLOCK_IS_UP


def test_sleeping_a_little_in_each_of_many_requests_ends_at_the_backstop_at_the_latest(open_submission):
    transport = open_submission(ADDS.format("import time; time.sleep(0.05); return self"))
    transport.start_item(0.3)
    x = transport.load("engine", "Value")(1.0)
    started = time.monotonic()
    with pytest.raises(SubmissionError) as raised:
        sum([x] * 200, start=x)
    assert raised.value.verdict is Verdict.TIMEOUT
    assert time.monotonic() - started < 5


def test_no_number_that_a_worker_reports_changes_what_is_counted(open_submission, far_backstop):
    lies = "import time\n        time.process_time = time.thread_time = time.monotonic = lambda: 0.0\n        "
    lies += "import resource; resource.getrusage = None\n        while True: pass"
    transport = open_submission(ADDS.format(lies))
    ending, _ = ending_of(transport, 0.3)
    assert ending.message == TIME_IS_UP
    assert 0.3 <= transport.spent_seconds < 0.6


def test_the_time_of_the_worker_counts_and_not_that_of_bubblewrap_around_it(open_submission):
    transport = open_submission(ADDS.format(WORKS.format(0.3) + "        return self"))
    x = transport.load("engine", "Value")(1.0)
    before = transport._link._worker.seconds()
    x + x
    assert 0.3 <= transport._link._worker.seconds() - before < 0.6


def test_what_the_grader_does_between_two_requests_does_not_count(open_submission):
    transport = open_submission(ADDS.format("return self"))
    transport.start_item(0.5)
    x = transport.load("engine", "Value")(1.0)
    for _ in range(3):
        time.sleep(0.5)
        x + x
    assert transport.spent_seconds < 0.5


# --- faults ----------------------------------------------------------------------------------------------------------

FAULTY = """
import os, sys, time
sys.path.insert(0, {grading!r})
from gradkit.inside import worker
count, honest = 0, worker.reply

def faulty(nonce, *rest):
    global count
    count += 1
    message = honest(nonce, *rest)
    return {fault} if count == {at} + 1 else message  # the first reply says that the worker is ready

worker.reply = faulty
worker.main({fd}, {folder!r})
"""

FAULTS = {
    "killed": "os._exit(9)",
    "stalled": "time.sleep(60)",
    "flooded": "b'x' * 50_000_000",
    "truncated": "os.write({fd}, message[: len(message) // 2]) and os._exit(0)",
    "truncated and stalled": "os.write({fd}, message[: len(message) // 2]) and time.sleep(60)",
    "doubled": "message * 2",
    "another's": "honest(bytes(8), *rest)",
    "empty": "(0).to_bytes(4, 'big')",
    "cut within": "(len(message) - 5).to_bytes(4, 'big') + message[4:-1]",
    "longer": "(len(message) - 3).to_bytes(4, 'big') + message[4:] + b'x'",
    "more numbers": "honest(nonce, rest[0] if rest else (), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0))",
    "odd bytes": "message[:4] + message[4:].replace(b'\\x00', b'\\xff')",
    "not a number": "honest(nonce, rest[0] if rest else (), [float('nan')] * len(rest[1] if rest[1:] else ()))",
    "endless": "honest(nonce, rest[0] if rest else (), [float('inf')] * len(rest[1] if rest[1:] else ()))",
    "claims to have passed": "honest(nonce, (), (), 'passed', '', ())",
    "claims to be blocked": "honest(nonce, (), (), 'blocked', '', ())",
    "handles of nothing": "honest(nonce, (2**31 - 1,), rest[1] if rest[1:] else ())",
}

ITEMS = (
    *("a_value_keeps_its_number", "addition", "multiplication", "value_plus_number", "negation", "subtraction"),
    *("number_plus_value", "number_minus_value", "a_result_remembers_its_parents"),
)


class FewItems:
    """A few items of a1, and an engine that gets one of them wrong."""

    def __init__(self, suite, folder):
        tests = tuple(test for test in suite("a1").tests if test.name.removeprefix("test_") in ITEMS)
        assert len(tests) == len(ITEMS)
        brief = [msgspec.structs.replace(a, item_seconds=1, submission_seconds=60) for a in suite("a1").assignments]
        self.suite = dataclasses.replace(suite("a1"), tests=tests, assignments=tuple(brief))
        self.folder = folder
        self.asked = 0

    def start(self, at=-1, fault="message"):
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        grading = str(course_home() / "grading")
        code = FAULTY.format(grading=grading, fault=fault.format(fd=fd), at=at, fd=fd, folder=str(self.folder))
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([sys.executable, "-S", "-c", code], pass_fds=[fd], **quiet)
        theirs.close()
        link = Link(process, ours)
        link.set_up((), 20)
        return link

    def graded(self, at=-1, fault="message"):
        """Return the verdict of each item if the first worker's reply number `at` is faulty."""
        starts = iter([(at, fault)])
        transport = PipeTransport(lambda packages: self.start(*next(starts, ())), self.folder)
        try:
            results = run_public_phase(self.suite, Intake(), transport)
        finally:
            transport.close()
        return {name: result.verdict for name, result in results.by_id.items()}


@pytest.fixture(scope="module")
def few_items(suite, solution, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    wrong = solution(("return other + (-self)", "return self - other"))
    (folder / "engine.py").write_text(wrong, encoding="utf-8")
    return FewItems(suite, folder)


@pytest.fixture(scope="module")
def honest(few_items):
    verdicts = few_items.graded()
    assert sorted(verdicts.values()) == ["failed"] + ["passed"] * (len(ITEMS) - 1)
    return verdicts


@pytest.fixture(scope="module")
def messages(few_items):
    """Return the number of messages in an honest run."""
    count = 0

    class Counting(Link):
        def request(self, request, limit):
            nonlocal count
            count += 1
            return super().request(request, limit)

    few_items_start = few_items.start
    transport = PipeTransport(lambda packages: _counted(few_items_start(), Counting), few_items.folder)
    run_public_phase(few_items.suite, Intake(), transport)
    transport.close()
    return count


def _counted(link, kind):
    return kind(link._process, link._end)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_message_costs_its_item_and_never_raises_a_score(fault, few_items, honest, messages):
    slow = "stalled" in fault
    assert messages > 30
    for at in range(1, messages + 1, 7 if slow else 1):
        found = few_items.graded(at, FAULTS[fault])
        assert found.keys() == honest.keys()
        passed = {name for name, verdict in found.items() if verdict is Verdict.PASSED}
        assert passed <= {name for name, verdict in honest.items() if verdict is Verdict.PASSED}, at
        changed = [n for n, v in found.items() if v not in (Verdict.PASSED, Verdict.BLOCKED) and honest[n] != v]
        assert len(changed) <= 1 or not passed, (at, changed)  # where the import itself failed, nothing can pass


def test_a_link_reads_at_most_its_maximum_of_bytes(monkeypatch, few_items):
    monkeypatch.setattr(links, "MAX_REPLY_BYTES", 100)
    assert few_items.graded()["a1_expressions/test_addition"] is Verdict.PROTOCOL


def test_the_worker_s_files_are_those_that_the_kit_lists(sandbox):
    kit = sandbox._image.root() / "kit"
    staged = {str(path.relative_to(kit)) for path in kit.rglob("*.pyc")}
    assert {name for name in staged if "__init__" not in name} == {
        "gradkit/inside/absent.pyc",
        "gradkit/inside/operations.pyc",
        "gradkit/inside/graph.pyc",
        "gradkit/inside/imports.pyc",
        "gradkit/inside/tensor_replay.pyc",
        "gradkit/inside/worker.pyc",
    }
