"""Bounded processes: a job that reaches a limit has no effect outside its process."""

import dataclasses
import faulthandler
import gc
import os
import signal
import threading
import time
from pathlib import Path

import msgspec
import pytest
from gradkit.submissions.bounded import MAX_REPLY_BYTES, READING, LastingProcess, LimitReachedError, Limits, run_bounded
from gradkit.submissions.outcome import Verdict

SMALL = Limits(memory_bytes=32 << 20, cpu_seconds=1, wall_seconds=1.5, file_bytes=1000)


def asleep():
    time.sleep(60)


def busy():
    while True:
        pass


def large():
    return len(bytearray(1 << 30))


def killed():
    faulthandler.disable()  # otherwise it would print this expected crash among the results of the tests
    os.kill(os.getpid(), 11)


def test_the_result_of_the_job_is_returned():
    assert run_bounded(lambda: {"a": [1.5, None]}, dict[str, list[float | None]], SMALL) == {"a": [1.5, None]}


@pytest.mark.parametrize(
    ("job", "verdict", "message"),
    [
        (asleep, Verdict.TIMEOUT, "takes longer than is allowed (1 s)"),
        (busy, Verdict.TIMEOUT, "takes longer than is allowed (1 s)"),
        (large, Verdict.OUT_OF_MEMORY, "takes more memory than is allowed (32 MB)"),
        (killed, Verdict.ERROR, "ends the process that does it (signal 11)"),
    ],
)
def test_each_limit_has_its_verdict(job, verdict, message):
    with pytest.raises(LimitReachedError) as raised:
        run_bounded(job, int, SMALL)
    assert (raised.value.verdict, raised.value.message) == (verdict, message)


@pytest.mark.parametrize("run", [run_bounded, lambda job, *limits: LastingProcess(lambda _: job(), *limits).run(0)])
def test_ctrl_c_while_a_process_is_forked_is_not_lost(run, stops_while_forking):
    assert stops_while_forking(lambda: run(lambda: 1, int, SMALL))


def test_a_result_that_is_too_long_counts_as_too_much_memory():
    with pytest.raises(LimitReachedError) as raised:
        run_bounded(lambda: bytes(MAX_REPLY_BYTES), bytes, dataclasses.replace(SMALL, memory_bytes=1 << 30))
    assert raised.value.verdict is Verdict.OUT_OF_MEMORY


def test_a_file_cannot_grow_beyond_its_limit(tmp_path):
    def write():
        try:
            (tmp_path / "file").write_bytes(bytes(2000))
        except OSError as error:
            return error.strerror

    assert run_bounded(write, str, SMALL) == "File too large"
    assert (tmp_path / "file").stat().st_size <= 1000


def test_an_exception_of_the_job_is_not_a_verdict_and_keeps_its_traceback():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_bounded(lambda: 1 / 0, float, SMALL)


def test_a_result_of_another_type_is_refused():
    with pytest.raises(msgspec.ValidationError):
        run_bounded(lambda: "text", int, SMALL)


def test_no_process_and_no_descriptor_is_left_open():
    def children_and_descriptors():
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return children, len(os.listdir("/proc/self/fd"))

    before = children_and_descriptors()
    run_bounded(lambda: 1, int, SMALL)
    for job in (large, asleep):
        with pytest.raises(LimitReachedError):
            run_bounded(job, int, SMALL)
    assert children_and_descriptors() == before


# --- lasting process --------------------------------------------------------------------------------------------------

JOBS = {
    "pid": os.getpid,
    "busy": busy,
    "large": large,
    "killed": killed,
    "killed as by the kernel": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "asleep": asleep,
    "visited": lambda: len(gc.get_objects()),
}


@pytest.fixture
def lasting():
    process = LastingProcess(lambda name: JOBS[name](), int, SMALL)
    yield process
    if process._pid:
        process.close()


def test_one_process_answers_one_request_after_another(lasting):
    answers = {lasting.run("pid") for _ in range(3)}
    assert len(answers) == 1
    assert os.getpid() not in answers


@pytest.mark.parametrize(
    ("job", "verdict"),
    [
        ("busy", Verdict.TIMEOUT),
        ("asleep", Verdict.TIMEOUT),
        ("large", Verdict.OUT_OF_MEMORY),
        ("killed", Verdict.ERROR),
        ("killed as by the kernel", Verdict.OUT_OF_MEMORY),
    ],
)
def test_a_request_that_reaches_a_limit_does_not_affect_the_next(lasting, job, verdict):
    first = lasting.run("pid")
    with pytest.raises(LimitReachedError) as raised:
        lasting.run(job)
    assert raised.value.verdict is verdict
    assert lasting.run("pid") != first


def test_each_request_has_its_own_processor_time():
    def work(seconds):
        began = time.process_time()
        while time.process_time() - began < seconds:
            pass
        return True

    process = LastingProcess(work, bool, dataclasses.replace(SMALL, wall_seconds=20.0))
    assert all(process.run(0.6) for _ in range(4))  # more than the limit of 1 s in all
    process.close()


def test_an_exception_in_a_lasting_process_is_not_a_verdict_and_prints_nothing(lasting, capfd):
    with pytest.raises(RuntimeError, match="KeyError"):
        lasting.run("no such job \x1b[31m")
    assert capfd.readouterr().err == ""
    assert lasting.run("pid")


def test_a_process_that_ends_before_it_has_read_a_request_is_replaced(lasting):
    """The kernel can take a while to end a process that it kills; meanwhile the pipe to it is open."""
    first = lasting.run("pid")
    os.kill(first, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (first, signal.SIGKILL)).start()
    assert lasting.run("pid") != first


def test_the_garbage_collector_does_not_visit_the_objects_of_the_parent(lasting):
    objects = [[] for _ in range(60_000)]  # pytest's own are frozen: see conftest.py
    assert len(gc.get_objects()) > len(objects)
    assert lasting.run("visited") < 5_000


def test_a_process_that_was_killed_between_two_requests_is_replaced(lasting):
    first = lasting.run("pid")
    os.kill(first, 9)
    time.sleep(0.1)
    assert lasting.run("pid") != first


def test_memory_that_one_request_leaves_does_not_count_for_the_next():
    kept = []
    process = LastingProcess(lambda size: kept.append(bytes(size)) or os.getpid(), int, READING)
    assert process.run(1 << 20) == process.run(80 << 20)
    time.sleep(0.1)
    assert process.run(80 << 20)  # two of them would not fit
    process.close()
