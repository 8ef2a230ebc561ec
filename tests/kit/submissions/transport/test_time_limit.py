"""Time limits: processor time counts, sleeping counts, waiting for a core does not, and there is a backstop."""

import math
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from gradkit.submissions.transport import time_limit
from gradkit.submissions.transport.time_limit import BACKSTOP_FACTOR, ProcessorClock, TimeLimit


class Machine:
    """A machine whose time passes only when a test advances it."""

    def __init__(self):
        self.wall = 100.0
        self.processor = 7.0
        self.is_busy = True
        self.is_alive = True

    def seconds(self):
        return self.processor if self.is_alive else None

    def advance(self, limit, seconds, share=1.0, is_busy=True):
        """Let time pass, during which the code has a share of a core and the limit is checked."""
        self.is_busy = is_busy
        end = self.wall + seconds
        while self.wall < end - 1e-9 and not limit.is_reached:
            step = min(0.01, end - self.wall)
            self.wall += step
            self.processor += share * step
            limit.check()


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(monotonic=lambda: machine.wall))
    processor = ProcessorClock(lambda: None, None)
    processor.seconds = machine.seconds
    processor.is_busy = lambda: machine.is_busy
    machine.runs = processor
    return machine


def test_code_that_computes_ends_at_its_limit(machine):
    limit = TimeLimit(5.0)
    limit.start(machine.runs)
    machine.advance(limit, 4.9)
    assert not limit.is_reached
    machine.advance(limit, 1.0)
    assert limit.is_reached
    assert not limit.is_backstop
    assert limit.spent_seconds == pytest.approx(5.0, abs=0.2)


def test_waiting_for_a_core_or_the_disk_does_not_count(machine):
    limit = TimeLimit(5.0)
    limit.start(machine.runs)
    machine.advance(limit, 10.0, share=0.45)
    limit.stop()
    assert limit.spent_seconds == pytest.approx(4.5)
    assert not limit.is_reached


def test_code_that_sleeps_ends_at_the_limit_itself(machine):
    limit = TimeLimit(5.0)
    limit.start(machine.runs)
    machine.advance(limit, 20.0, share=0.0, is_busy=False)
    assert machine.wall - 100.0 == pytest.approx(5.0, abs=0.2)
    assert not limit.is_backstop


@pytest.mark.parametrize(("share", "is_busy"), [(0.2, False), (0.2, True), (0.0, True)])
def test_the_backstop_ends_whatever_neither_computes_nor_only_sleeps(machine, share, is_busy):
    limit = TimeLimit(5.0)
    limit.start(machine.runs)
    machine.advance(limit, 100.0, share, is_busy)
    assert machine.wall - 100.0 == pytest.approx(BACKSTOP_FACTOR * 5.0, abs=0.2)
    assert limit.is_backstop


def test_time_between_two_intervals_does_not_count(machine):
    limit = TimeLimit(5.0)
    for _ in range(4):
        limit.start(machine.runs)
        machine.advance(limit, 1.0)
        limit.stop()
        limit.stop()  # twice is as good as once
        machine.wall += 50
        machine.processor += 50
    assert limit.spent_seconds == pytest.approx(4.0)


def test_short_intervals_add_up_even_without_a_check(machine):
    limit = TimeLimit(5.0)
    for _ in range(100):
        limit.start(machine.runs)
        machine.wall += 0.04
        machine.processor += 0.02
        limit.stop()
    assert limit.spent_seconds == pytest.approx(2.0)


def test_time_in_which_this_process_itself_was_stopped_does_not_count(machine):
    limit = TimeLimit(5.0)
    limit.start(machine.runs)
    machine.advance(limit, 1.0, share=0.0, is_busy=False)
    machine.wall += 3600
    limit.check()
    machine.advance(limit, 1.0, share=0.0, is_busy=False)
    limit.stop()
    assert limit.spent_seconds < 2.5


def test_several_threads_count_as_one(machine):
    limit = TimeLimit(5.0)
    limit.start(machine.runs)
    machine.advance(limit, 4.0, share=8.0)
    limit.stop()
    assert limit.spent_seconds == pytest.approx(4.0)


@pytest.mark.parametrize("dies", ["before", "within", "never had a clock"])
def test_if_the_kernel_does_not_report_processor_time_wall_clock_time_counts(machine, dies):
    limit = TimeLimit(5.0)
    machine.is_alive = dies != "before"
    limit.start(None if dies == "never had a clock" else machine.runs)
    machine.is_alive = dies == "never had a clock"
    machine.advance(limit, 2.0, share=0.1)
    limit.stop()
    assert limit.spent_seconds == pytest.approx(2.0)


def test_a_limit_of_zero_is_reached_at_once_and_no_limit_is_never_reached(machine):
    assert TimeLimit(0.0).is_reached
    endless = TimeLimit(math.inf)
    endless.start(machine.runs)
    machine.advance(endless, 50.0)
    assert not endless.is_reached


# --- processor times from the kernel ---------------------------------------------------------------------------------


@pytest.fixture
def runs():
    """Return a function that starts Python on some code and returns its ProcessorClock after its first output."""
    started = []

    def start(code):
        command = [sys.executable, "-S", "-c", f"print(flush=True)\n{code}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        process.stdout.readline()
        return ProcessorClock.of_process(process.pid), process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_processor_time_of_another_process_comes_from_the_kernel(runs):
    """It equals what os.wait4 returns after the process has ended."""
    processor, process = runs("while True: pass")
    time.sleep(0.2)
    before = processor.seconds()
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = -9
    assert 0 < before <= usage.ru_utime + usage.ru_stime + 0.02
    assert processor.seconds() is None


def test_a_process_that_computes_waits_for_a_core_and_one_that_sleeps_does_not(runs):
    computing, _ = runs("while True: pass")
    sleeping, _ = runs("import time; time.sleep(60)")
    time.sleep(0.1)
    assert computing.is_busy()
    assert not sleeping.is_busy()


def test_a_process_cannot_fake_its_state_by_its_name(runs, tmp_path):
    """/proc/PID/stat has the name of a process before its state."""
    name = tmp_path / "x) R 1 ("
    name.symlink_to(sys.executable)
    process = subprocess.Popen([str(name), "-S", "-c", "print(flush=True); import time; time.sleep(60)"], stdout=-1)
    process.stdout.readline()
    time.sleep(0.1)
    assert not ProcessorClock.of_process(process.pid).is_busy()
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("state", "is_busy"), [("R", True), ("D", True), ("S", False), ("T", False), ("Z", False)])
def test_running_and_waiting_for_the_disk_do_not_count_as_sleeping(tmp_path, state, is_busy):
    stat = tmp_path / "stat"
    stat.write_text(f"7 (a) R (b) {state} 1 7 7 0 -1 4194304 100")
    assert ProcessorClock(lambda: 1.0, stat).is_busy() == is_busy


def test_the_processor_time_of_a_thread_excludes_other_threads():
    def spin():
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass

    mine = ProcessorClock.of_this_thread()
    before = mine.seconds()
    thread = threading.Thread(target=spin)
    thread.start()
    thread.join()
    assert mine.seconds() - before < 0.1


def test_without_clocks_for_threads_the_time_of_the_process_is_used(monkeypatch):
    monkeypatch.delattr(time, "pthread_getcpuclockid")
    assert ProcessorClock.of_this_thread().seconds() == pytest.approx(time.process_time(), abs=0.1)
    assert not ProcessorClock.of_this_thread().is_busy()
    monkeypatch.delattr(time, "clock_gettime")
    assert ProcessorClock.of_process(os.getpid()) is None
