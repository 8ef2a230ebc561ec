"""The clock: an endless loop gets its verdict and never hangs, and a limit has no effect on later code."""

import math
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from gradkit.submissions.exception_text import TIME_IS_UP, WALL_CLOCK_IS_UP
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport import clock as clock_module
from gradkit.submissions.transport import time_limit
from gradkit.submissions.transport.clock import Clock, TimeIsUp, WallClockIsUp
from gradkit.submissions.transport.time_limit import BACKSTOP_FACTOR, ProcessorClock

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
def failure_in_add(load_value, clock, far_backstop):
    """Return a function that adds Values with this body of __add__ within 0.1 s, and returns the SubmissionError."""

    def of(body):
        value = load_value(indented(body))
        a, b = value(1.0), value(2.0)
        clock.allow(0.1)
        with pytest.raises(SubmissionError) as ending:
            a + b
        return ending.value

    return of


def test_an_endless_loop_gets_its_verdict_and_never_hangs(failure_in_add):
    ending = failure_in_add("while True: pass")
    assert ending.verdict is Verdict.TIMEOUT
    assert (
        ending.message
        == "Stopped at the time limit. Is there a loop that never ends, or a search through a list at every step?"
    )
    assert ending.traceback.startswith("engine.py:9, in __add__")


def test_a_loop_that_swallows_every_exception_class_is_stopped_too(failure_in_add):
    assert failure_in_add("while True:\n    try: [][0]\n    except Exception: pass").verdict is Verdict.TIMEOUT


def test_an_exception_whose_text_never_ends_does_not_hang(failure_in_add):
    ending = failure_in_add("raise Slow")
    assert ending.verdict is Verdict.ERROR
    assert ending.message == "Slow: (its message cannot be read)"


def test_an_endless_loop_at_import_gets_its_verdict(open_folder, clock):
    transport = open_folder("while True: pass")
    clock.allow(0.1)
    with pytest.raises(SubmissionError) as ending:
        transport.load("engine", "Value")
    assert ending.value.verdict is Verdict.TIMEOUT


def test_an_endless_iterator_gets_its_verdict(load_value, clock):
    numbers = load_value("import itertools\nclass Value:\n    def __iter__(self):\n        while True: yield from ()")()
    clock.allow(0.1)
    with pytest.raises(SubmissionError) as ending:
        list(numbers)
    assert ending.value.verdict is Verdict.TIMEOUT


ALONE = """
import sys
from pathlib import Path
from gradkit.submissions import outcome
from gradkit.submissions.transport import clock, local
clock.GRACE_SECONDS = 0.5
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


def test_what_runs_between_requests_may_take_any_time():
    between = "import time\nfrom gradkit.submissions.transport import clock\nclock.GRACE_SECONDS = 0.2\n"
    between += "limit = clock.Clock()\nlimit.allow(0.1)\nwith limit: pass\ntime.sleep(0.6)\nprint('went on')"
    done = subprocess.run([sys.executable, "-c", between], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "went on\n", done.stderr


# --- counting --------------------------------------------------------------------------------------------------------


class FakeClocks:
    """Wall-clock time and processor time as the clock reads them. Tests set them."""

    def __init__(self):
        self.wall = self.processor = 0.0
        self.is_busy = True

    def advance(self, seconds):
        self.wall += seconds
        self.processor += seconds

    def read(self):
        """Return a ProcessorClock that reads the time set by the test."""
        processor = ProcessorClock(lambda: self.processor, None)
        processor.is_busy = lambda: self.is_busy
        return processor


@pytest.fixture
def clocks(monkeypatch):
    clocks = FakeClocks()
    fake = SimpleNamespace(monotonic=lambda: clocks.wall, sleep=time.sleep)
    monkeypatch.setattr(clock_module, "time", fake)
    monkeypatch.setattr(time_limit, "time", fake)
    monkeypatch.setattr(ProcessorClock, "of_this_thread", clocks.read)
    return clocks


def wait_for_watcher():
    """Wait long enough for the watcher to check the clock a few times."""
    for _ in range(20):
        time.sleep(0.01)


def runs_out(clocks, seconds):
    """Use up these seconds, and then run until the watcher stops it, or for ten seconds."""
    clocks.advance(seconds)
    for _ in range(1000):
        time.sleep(0.01)


def test_time_counts_inside_the_student_s_code_only_and_adds_up_over_an_item(clock, clocks):
    clock.allow(10)
    with clock:
        clocks.advance(6)
        wait_for_watcher()
    clocks.advance(1000)  # ours
    wait_for_watcher()
    with clock:
        clocks.advance(3)
        wait_for_watcher()
    clocks.advance(1000)
    with pytest.raises(TimeIsUp), clock:
        runs_out(clocks, 2)
    clock.stop()


def test_each_item_has_its_own_time(clock, clocks):
    for _ in range(3):
        clock.allow(10)
        with clock:
            clocks.advance(9)
            wait_for_watcher()


def test_without_a_limit_nothing_is_counted(clock, clocks):
    clock.allow(math.inf)
    with clock:
        clocks.advance(1e9)
        wait_for_watcher()


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
    wait_for_watcher()


def test_the_time_limit_reaches_the_thread_that_runs_the_student_s_code(clocks):
    ended = []

    def run():
        mine = Clock()
        mine.allow(1)
        try:
            with mine:
                runs_out(clocks, 2)
        except TimeIsUp:
            mine.stop()
            ended.append("stopped")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended == ["stopped"]


# --- fairness --------------------------------------------------------------------------------------------------------

WORKS = """
import threading, time
class Value:
    def __init__(self, data): self.data = data
    def __add__(self, other):
        end = time.thread_time() + {seconds}
        while time.thread_time() < end: pass
        return self
"""

ALTERNATES = "import time\nend = time.monotonic() + 20\nwhile time.monotonic() < end:\n    t = time.thread_time()\n" + (
    "    while time.thread_time() < t + 0.02: pass\n    time.sleep(0.04)"
)


def test_on_a_busy_machine_code_that_stays_below_its_processor_time_keeps_its_points(
    load_value, clock, busy_core, far_backstop
):
    value = load_value(WORKS.format(seconds=0.4))
    with busy_core(4):
        started = time.monotonic()
        clock.allow(0.6)
        value(1.0) + value(2.0)
        took = time.monotonic() - started
    assert took > 0.7, "this machine was not busy"
    assert clock.spent_seconds < 0.6


def test_on_a_busy_machine_an_endless_loop_ends_at_the_limit_by_processor_time(failure_in_add, clock, busy_core):
    with busy_core(1):
        ending = failure_in_add("while True: pass")
    assert ending.message == TIME_IS_UP
    assert clock.spent_seconds < 1


def test_code_that_sleeps_ends_at_the_limit_in_wall_clock_time(failure_in_add):
    started = time.monotonic()
    ending = failure_in_add("import time\nend = time.monotonic() + 10\nwhile time.monotonic() < end: time.sleep(0.001)")
    assert time.monotonic() - started < 5
    assert ending.verdict is Verdict.TIMEOUT


def test_code_that_sleeps_and_works_in_turns_ends_at_the_wall_clock_limit_at_the_latest(load_value, clock):
    value = load_value(indented(ALTERNATES))
    clock.allow(0.4)
    started = time.monotonic()
    with pytest.raises(SubmissionError) as ending:
        value(1.0) + value(2.0)
    assert 0.4 <= time.monotonic() - started < 0.4 * BACKSTOP_FACTOR + 3
    assert ending.value.verdict is Verdict.TIMEOUT


def test_the_message_says_if_the_wall_clock_limit_was_reached(load_value, clock, monkeypatch):
    monkeypatch.setattr(time_limit, "BACKSTOP_FACTOR", 0.5)  # it strikes before any processor time can be used up
    value = load_value(indented("while True: pass"))
    clock.allow(0.4)
    with pytest.raises(SubmissionError) as ending:
        value(1.0) + value(2.0)
    assert ending.value.verdict is Verdict.TIMEOUT
    assert ending.value.message == WALL_CLOCK_IS_UP


def test_starting_another_thread_does_not_extend_the_time(failure_in_add):
    body = "import threading, time\ndef spin():\n    end = time.monotonic() + 3\n"
    body += "    while time.monotonic() < end: sum(range(100))\nthread = threading.Thread(target=spin, daemon=True)\n"
    started = time.monotonic()
    ending = failure_in_add(body + "thread.start()\nwhile thread.is_alive(): thread.join(0.01)")
    assert ending.verdict is Verdict.TIMEOUT
    assert time.monotonic() - started < 2.9


def hardly_runs(clocks):
    """Run with a fifth of a core until the watcher stops it, or for ten seconds."""
    for _ in range(1000):
        clocks.wall += 0.05
        clocks.processor += 0.01
        time.sleep(0.01)


def test_the_clock_knows_which_limit_was_reached(clock, clocks):
    clock.allow(10)
    with pytest.raises(TimeIsUp) as raised, clock:
        runs_out(clocks, 11)
    assert raised.type is TimeIsUp
    clock.stop()
    clock.allow(0.3)
    with pytest.raises(WallClockIsUp), clock:
        hardly_runs(clocks)
    clock.stop()


FILLS_MEMORY = """
import math, resource, sys
from pathlib import Path
from gradkit.submissions.outcome import SubmissionError
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport

folder = Path(sys.argv[1])
(folder / "engine.py").write_text('''
class Value:
    def __init__(self, data): self.data = data
    def backward(self):
        stack = [self]
        while stack: stack.append((stack[-1],))
''')
transport = LocalTransport(folder, Clock())
transport.start_item(float(sys.argv[2]))
value = transport.load("engine", "Value")(1.0)
in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + (60 << 20),) * 2)
try:
    value.backward()
except SubmissionError as error:
    print(error.verdict.value)
"""


@pytest.mark.parametrize("seconds", ["inf", "20"])
def test_code_that_fills_the_memory_gets_its_verdict_and_never_hangs(tmp_path, seconds):
    command = [sys.executable, "-c", FILLS_MEMORY, str(tmp_path), seconds]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{Verdict.OUT_OF_MEMORY.value}\n", done.stderr


class InterruptedLock:
    """A lock whose acquire() is interrupted once by the second thread, just after it has the lock."""

    def __init__(self, lock):
        self._lock, self._is_interrupted = lock, False

    def acquire(self):
        self._lock.acquire()
        if not self._is_interrupted:
            self._is_interrupted = True
            raise TimeIsUp

    def release(self):
        self._lock.release()

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


def test_the_clock_is_free_if_its_own_lock_was_interrupted(clock):
    lock = clock._lock
    clock._lock = InterruptedLock(lock)
    clock.stop()
    other_thread = threading.Thread(target=lambda: lock.acquire(timeout=5) and lock.release())
    started = time.monotonic()
    other_thread.start()
    other_thread.join()
    assert time.monotonic() - started < 5
