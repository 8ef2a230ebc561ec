"""The clock: an endless loop gets its verdict and never hangs, and nothing of a limit stays behind."""

import math
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport import clock as clock_module
from gradkit.submissions.transport.clock import Clock, TimeIsUp

ENGINE = """
class Slow(Exception):
    def __str__(self):
        while True: pass

class Value:
    def __init__(self, data): self.data = data
    def __add__(self, other):
{body}
"""


def indented(body):
    return ENGINE.format(body="\n".join(f"        {line}" for line in body.splitlines()))


@pytest.fixture
def adding(handle, clock):
    """How adding ends, with this body of __add__ and a tenth of a second for it."""

    def of(body):
        value = handle(indented(body))
        a, b = value(1.0), value(2.0)
        clock.allow(0.1)
        with pytest.raises(SubmissionError) as ending:
            a + b
        return ending.value

    return of


def test_an_endless_loop_gets_its_verdict_and_never_hangs(adding):
    ending = adding("while True: pass")
    assert ending.verdict is Verdict.TIMEOUT
    assert (
        ending.message
        == "Stopped at the time limit. Is there a loop that never ends, or a search through a list at every step?"
    )
    assert ending.traceback.startswith("engine.py:9, in __add__")


def test_a_loop_that_swallows_every_exception_class_is_stopped_too(adding):
    assert adding("while True:\n    try: [][0]\n    except Exception: pass").verdict is Verdict.TIMEOUT


def test_an_exception_whose_text_never_ends_does_not_hang_either(adding):
    ending = adding("raise Slow")
    assert ending.verdict is Verdict.ERROR
    assert ending.message == "Slow: (its message cannot be read)"


def test_an_endless_loop_at_import_gets_its_verdict(student, clock):
    transport = student("while True: pass")
    clock.allow(0.1)
    with pytest.raises(SubmissionError) as ending:
        transport.load("engine", "Value")
    assert ending.value.verdict is Verdict.TIMEOUT


def test_an_endless_iterator_gets_its_verdict(handle, clock):
    numbers = handle("import itertools\nclass Value:\n    def __iter__(self):\n        while True: yield from ()")()
    clock.allow(0.1)
    with pytest.raises(SubmissionError) as ending:
        list(numbers)
    assert ending.value.verdict is Verdict.TIMEOUT


ALONE = """
import sys
from pathlib import Path
from gradkit.submissions import outcome
from gradkit.submissions.transport import clock, local
clock.GRACE = 0.5
limit = clock.Clock()
limit.allow(0.1)
value = local.LocalTransport(Path(sys.argv[1]), limit).load("engine", "Value")
try:
    value(1.0) + value(2.0)
except outcome.SubmissionError as ending:
    print(ending.verdict.value)
"""


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n    try: x = 1\n    except: pass",
        "import time\nwhile True:\n    try: time.sleep(0.001)\n    except: pass",
        "sum(iter(int, 1))",
    ],
    ids=["bare except", "bare except around a call", "a loop inside C"],
)
def test_a_loop_that_cannot_be_interrupted_ends_the_process_and_says_where(body, tmp_path):
    (tmp_path / "engine.py").write_text(indented(body))
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        assert "Timeout" in done.stderr
        assert "engine.py" in done.stderr
    else:
        assert done.stdout == "timeout\n"


# --- counting --------------------------------------------------------------------------------------------------------


@pytest.fixture
def hands(monkeypatch):
    """Time as the clock reads it, for a test to move."""
    hands = SimpleNamespace(now=0.0, sleep=time.sleep)
    monkeypatch.setattr(clock_module, "time", SimpleNamespace(monotonic=lambda: hands.now, sleep=time.sleep))
    return hands


def a_moment():
    """Time enough for the watcher to look at the clock a few times."""
    for _ in range(20):
        time.sleep(0.01)


def runs_out(hands, seconds):
    """Code that goes on until it is stopped, or for ten seconds."""
    hands.now += seconds
    for _ in range(1000):
        time.sleep(0.01)


def test_time_counts_inside_the_student_s_code_only_and_adds_up_over_an_item(clock, hands):
    clock.allow(10)
    with clock:
        hands.now += 6
        a_moment()
    hands.now += 1000  # ours
    a_moment()
    with clock:
        hands.now += 3
        a_moment()
    hands.now += 1000
    with pytest.raises(TimeIsUp), clock:
        runs_out(hands, 2)
    clock.stop()


def test_each_item_has_its_own_time(clock, hands):
    for _ in range(3):
        clock.allow(10)
        with clock:
            hands.now += 9
            a_moment()


def test_without_a_limit_nothing_is_counted(clock, hands):
    clock.allow(math.inf)
    with clock:
        hands.now += 1e9
        a_moment()


def test_a_limit_that_has_fired_does_not_leak_into_later_code(clock):
    fired = length = 0
    while fired < 5:
        length += 10**5
        clock.allow(0.0)
        try:
            with clock:
                for _ in range(length):
                    pass
        except TimeIsUp:
            fired += 1
            clock.stop()
        for _ in range(10**4):
            pass  # nothing may arrive here
    a_moment()


def test_the_time_limit_reaches_the_thread_that_runs_the_student_s_code(hands):
    ended = []

    def run():
        mine = Clock()
        mine.allow(1)
        try:
            with mine:
                runs_out(hands, 2)
        except TimeIsUp:
            mine.stop()
            ended.append("stopped")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended == ["stopped"]
