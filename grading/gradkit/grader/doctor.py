"""What this machine can do for grading, and what to install where it cannot."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import platform
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.corpora.library import Library
from gradkit.submissions.exception_text import tidy
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox import packages, seccomp
from gradkit.submissions.sandbox.image import MIN_FREE_BYTES
from gradkit.submissions.sandbox.sandbox import INSTALL, Sandbox, SandboxError, find_bubblewrap, keep_addresses
from gradkit.submissions.transport.pipe import PipeTransport

from .classroom import check, transport_to
from .grader import Suite, grade, suite_of
from .phases import PUBLIC


@dataclass(frozen=True)
class Finding:
    """One line of the examination. needed: grading cannot go on without it."""

    what: str
    fine: bool
    said: str
    needed: bool = True


def examine() -> list[Finding]:
    """Look at everything that grading needs, by trying it."""
    return [
        Finding("gradkit", True, f"{importlib.metadata.version('gradkit')} on Python {platform.python_version()}"),
        _bubblewrap(),
        *_sandboxing(),
        _addresses(),
        _pytorch(),
        *_packages(),
    ]


def _bubblewrap() -> Finding:
    path = find_bubblewrap()
    if not path:
        return Finding("bubblewrap", False, f"not found: {INSTALL}")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Finding("bubblewrap", bool(said), f"{said} ({path})")


def _sandboxing() -> Iterator[Finding]:
    yield _sandbox()
    if find_bubblewrap():
        yield _shared_files()
        yield _filter()


def _filter() -> Finding:
    """Grade the reference, and find out which calls the filter refused if that fails."""
    name, machine = "system-call filter", platform.machine()
    if machine not in seccomp.MACHINES:
        return Finding(name, False, f"none for {machine}: only for {', '.join(seccomp.MACHINES)}")
    wrong = _wrong_with_reference()
    if not wrong:
        allowed = len(seccomp.allowed(machine))
        return Finding(name, True, f"{allowed} calls are allowed on {machine}, and the reference needs no other")
    calls = ", ".join(map(_name_of_call, refused_calls(_wrong_with_reference)))
    said = f"it made system calls that the filter refuses on {machine}: {calls}" if calls else "no call was refused"
    return Finding(name, False, f"the reference is not graded as right ({tidy(wrong)}); {said}")


_N_CALLS = 600
"""More system calls than any kernel has."""

_KILLED = f"signal {signal.SIGSYS:d}"
"""How the ending of a worker reads that made a refused call under a filter that is fatal for it."""


def refused_calls(wrong: Callable[[range], str], numbers: range = range(_N_CALLS)) -> list[int]:
    """Return the numbers of the refused calls that a program makes, by bisection.

    Args:
        wrong: runs the program, with a filter that is fatal for these numbers, and returns how it failed.
        numbers: where to look.
    """
    if _KILLED not in wrong(numbers):
        return []
    if len(numbers) == 1:
        return [*numbers]
    middle = len(numbers) // 2
    return refused_calls(wrong, numbers[:middle]) + refused_calls(wrong, numbers[middle:])


def _name_of_call(number: int) -> str:
    """The name of a call that is on the list, and refused because of its arguments; else its number."""
    names = {number: name for name, number in seccomp.allowed().items()}
    return f"{names[number]} with other arguments" if number in names else f"number {number}"


def _wrong_with_reference(fatal: range = range(0)) -> str:
    """Grade the reference in every assignment whose packages are installed. Returns the first failure, if any.

    A release has no reference: there the packages are imported.
    """
    suite = _suite()
    solution = course_home() / "reference" / "solution"
    with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch, "sandbox"), fatal=fatal) as sandbox:
        try:
            check(sandbox, suite)
        except SandboxError as error:
            return str(error)
        if not solution.is_dir():
            return ""
        folder = Path(scratch, "submission")
        taken = take_in(solution, folder, suite.modules)
        with closing(transport_to(sandbox, folder, PUBLIC.seconds(suite))) as transport:
            results = grade(suite, taken, transport, run_hidden=True)
    failures = (result for result in results.all() if result.verdict is not Verdict.PASSED and result.evidence)
    return next((f"{result.item.id}: {result.evidence.message}" for result in failures if result.evidence), "")


@functools.cache
def _suite() -> Suite:
    here = [assignment for assignment in assignments() if all(map(_is_installed, assignment.packages))]
    return suite_of(here, Library(corpora_folder()))


def _is_installed(package: str) -> bool:
    try:
        packages.find(package)
    except packages.MissingPackageError:
        return False
    return True


def _shared_files() -> Finding:
    """Where the files that workers share are copied to."""
    name = "shared files"
    with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch)) as sandbox:
        if sandbox.in_memory:
            return Finding(name, True, "copied to memory: no worker can leave a mark in the page cache")
    said = (
        f"copied to disk: no tmpfs has {MIN_FREE_BYTES >> 20} MB to spare and lets programs run; if memory gets short, "
        "two workers could exchange bits through the page cache. In Docker: --tmpfs /dev/shm:exec,size=1g"
    )
    return Finding(name, False, said, needed=False)


_PROBE = """
import fcntl, os, socket
class Value:
    def fork(self): os.fork()
    def connect(self): socket.socket()
    def write(self): open("/submission/here", "w")
    def look(self): open("/etc/passwd")
    def change(self): os.chmod("/dev/null", os.stat("/dev/null").st_mode & 0o777)
    def whisper(self): fcntl.flock(open(os.__file__), fcntl.LOCK_SH)
"""
_TRIED = {
    "fork": "start processes",
    "connect": "open sockets",
    "write": "write files",
    "look": "read this machine's files",
    "change": "change modes",
    "whisper": "lock files that others see",
}


def _sandbox() -> Finding:
    """Start a worker and try what it must not be able to do."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch) / "submission"
        folder.mkdir()
        (folder / "engine.py").write_text(_PROBE, encoding="utf-8")
        try:
            sandbox = stack.enter_context(Sandbox(Path(scratch) / "sandbox"))
            sandbox.check()
        except SandboxError as error:
            return Finding("sandbox", False, str(error))
        transport = PipeTransport(partial(sandbox.start, folder, 10), folder)
        transport.start_item(10)
        probe = transport.load("engine", "Value")()
        could = []
        for name, said in _TRIED.items():
            try:
                getattr(probe, name)()
                could.append(said)
            except SubmissionError:
                continue
        transport.close()
    if could:
        return Finding("sandbox", False, f"a submission could {', '.join(could)} in it")
    return Finding("sandbox", True, "starts, and a submission could do nothing in it that it must not")


def _addresses() -> Finding:
    if keep_addresses():
        return Finding("equal bytes", True, "memory is laid out alike every time: one seed, one report")
    said = "memory is laid out by chance here: numbers in reports may differ in their last digits from run to run"
    return Finding("equal bytes", False, said, needed=False)


def _pytorch() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("PyTorch", False, "not installed; a private seed needs it: pip install torch", needed=False)
    return Finding("PyTorch", True, f"{importlib.metadata.version('torch')} (used to draw a private seed's graphs)")


def _packages() -> Iterator[Finding]:
    """What assignments ask for beside the standard library. The other assignments can be graded without."""
    for name in dict.fromkeys(name for assignment in assignments() for name in assignment.packages):
        asking = " and ".join(assignment.name for assignment in assignments() if name in assignment.packages)
        try:
            found = packages.find(name)
            with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch)) as sandbox:
                sandbox.check((name,))
        except packages.MissingPackageError:
            said = f"not installed; {asking} cannot be graded without it: pip install {name}"
            yield Finding(name, False, said, needed=False)
        except SandboxError as error:
            yield Finding(name, False, f"{found.version} is installed, but: {error}", needed=False)
        else:
            yield Finding(name, True, f"{found.version}, offered to {asking} in the sandbox")
