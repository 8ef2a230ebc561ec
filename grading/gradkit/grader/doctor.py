"""Find out what this machine can do for grading, by trying it, and what to install for what it cannot."""

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
from pathlib import Path

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.corpora.library import Library
from gradkit.submissions.exception_text import tidy
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox import packages, system_calls
from gradkit.submissions.sandbox.addresses import can_fix_addresses
from gradkit.submissions.sandbox.bubblewrap import INSTALL, find_bubblewrap
from gradkit.submissions.sandbox.image import MIN_FREE_BYTES
from gradkit.submissions.sandbox.sandbox import Sandbox, SandboxError

from .one_submission.public_phase import run_public_phase
from .one_submission.run_phases import check_workers, open_transport
from .phases import PUBLIC
from .suite import Suite, load_suite

PROBE_SECONDS = 10
"""How long the sandbox's probe can take."""

_N_SYSTEM_CALLS = 600
"""More than any kernel has."""

_KILLED = f"signal {signal.SIGSYS:d}"
"""Part of the message about a worker that made a refused call, if the filter is fatal for that call."""


@dataclass(frozen=True)
class Capability:
    """Something that grading needs of this machine or profits from, and whether the machine has it.

    Attributes:
        name: What it is.
        is_fine: Whether the machine has it.
        message: The result, and what to do if it is not fine.
        is_required: Whether submissions cannot be graded without it.
    """

    name: str
    is_fine: bool
    message: str
    is_required: bool = True


def examine() -> list[Capability]:
    """Examine everything that grading needs, by trying it."""
    return [
        Capability("gradkit", True, f"{importlib.metadata.version('gradkit')} on Python {platform.python_version()}"),
        _examine_bubblewrap(),
        *_examine_sandboxing(),
        _examine_addresses(),
        _examine_pytorch(),
        *_examine_packages(),
    ]


def _examine_bubblewrap() -> Capability:
    path = find_bubblewrap()
    if not path:
        return Capability("bubblewrap", False, f"not found: {INSTALL}")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Capability("bubblewrap", bool(version), f"{version} ({path})")


def _examine_sandboxing() -> Iterator[Capability]:
    yield examine_sandbox()
    if find_bubblewrap():
        yield _examine_shared_files()
        yield examine_filter()


# --- the system-call filter ------------------------------------------------------------------------------------------


def examine_filter() -> Capability:
    """Grade the reference. If that fails, find out which system calls the filter refused."""
    name, machine = "system-call filter", platform.machine()
    if machine not in system_calls.MACHINES:
        return Capability(name, False, f"there is none for {machine}, only for {', '.join(system_calls.MACHINES)}")

    failure = _first_failure_of_reference()
    if not failure:
        n_allowed = len(system_calls.allowed(machine))
        return Capability(name, True, f"{n_allowed} calls are allowed on {machine}, and the reference needs no other")

    calls = ", ".join(map(_name_of_call, find_refused_calls(_first_failure_of_reference)))
    cause = f"it made system calls that the filter refuses on {machine}: {calls}" if calls else "no call was refused"
    return Capability(name, False, f"the reference does not pass ({tidy(failure)}); {cause}")


def find_refused_calls(run: Callable[[range], str], numbers: range = range(_N_SYSTEM_CALLS)) -> list[int]:
    """Return the numbers of the refused system calls that a program makes, by bisection.

    Args:
        run: A function that runs the program with a filter that is fatal for these calls, and returns how it failed.
        numbers: The numbers to search.
    """
    if _KILLED not in run(numbers):
        return []
    if len(numbers) == 1:
        return [*numbers]
    middle = len(numbers) // 2
    return find_refused_calls(run, numbers[:middle]) + find_refused_calls(run, numbers[middle:])


def _name_of_call(number: int) -> str:
    """Return the name of an allowed call, which was refused because of its arguments, else the call's number."""
    names = {number: name for name, number in system_calls.allowed().items()}
    return f"{names[number]} with other arguments" if number in names else f"number {number}"


def _first_failure_of_reference(fatal: range = range(0)) -> str:
    """Grade the reference in every assignment whose packages are installed. Return its first failure, or an empty text.

    A release does not contain the reference. There only workers are started, which import the packages.

    Args:
        fatal: Numbers of system calls that end a worker by a signal if they are refused.
    """
    suite = _suite()
    solution = course_home() / "reference" / "solution"
    with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch, "sandbox"), fatal=fatal) as sandbox:
        try:
            check_workers(sandbox, suite)
        except SandboxError as error:
            return str(error)
        if not solution.is_dir():
            return ""

        folder = Path(scratch, "submission")
        intake = take_in(solution, folder, suite.modules)
        with closing(open_transport(sandbox, folder, PUBLIC.seconds(suite))) as transport:
            results = run_public_phase(suite, intake, transport, run_hidden=True)

    for result in results.all():
        if result.verdict is not Verdict.PASSED and result.evidence:
            return f"{result.id}: {result.evidence.message}"
    return ""


@functools.cache
def _suite() -> Suite:
    """Return the suite of the assignments whose packages are installed."""
    gradable = [assignment for assignment in assignments() if all(map(_is_installed, assignment.packages))]
    return load_suite(gradable, Library(corpora_folder()))


def _is_installed(package: str) -> bool:
    try:
        packages.find(package)
    except packages.MissingPackageError:
        return False
    return True


# --- the sandbox -----------------------------------------------------------------------------------------------------

_PROBE = """
import fcntl, os, socket
class Value:
    def fork(self): os.fork()
    def connect(self): socket.socket()
    def write(self): open("/submission/here", "w")
    def read(self): open("/etc/passwd")
    def change_mode(self): os.chmod("/dev/null", os.stat("/dev/null").st_mode & 0o777)
    def leak_by_lock(self): fcntl.flock(open(os.__file__), fcntl.LOCK_SH)
"""
"""A submission that tries what the sandbox must refuse, one thing in each method."""

_PROBED = {
    "fork": "start processes",
    "connect": "open sockets",
    "write": "write files",
    "read": "read this machine's files",
    "change_mode": "change modes",
    "leak_by_lock": "lock files that other workers see",
}
"""What each method of the probe tries, for a message."""


def examine_sandbox() -> Capability:
    """Start a worker and try what it must not be able to do."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch) / "submission"
        folder.mkdir()
        (folder / "engine.py").write_text(_PROBE, encoding="utf-8")
        try:
            sandbox = stack.enter_context(Sandbox(Path(scratch) / "sandbox"))
            sandbox.check()
        except SandboxError as error:
            return Capability("sandbox", False, str(error))

        transport = stack.enter_context(closing(open_transport(sandbox, folder, PROBE_SECONDS)))
        transport.start_item(PROBE_SECONDS)
        probe = transport.load("engine", "Value")()
        possible = []
        for method, description in _PROBED.items():
            try:
                getattr(probe, method)()
            except SubmissionError:
                continue
            possible.append(description)

    if possible:
        return Capability("sandbox", False, f"it does not keep a submission from these: {', '.join(possible)}")
    return Capability("sandbox", True, "starts, and refuses everything that a submission must not do")


def _examine_shared_files() -> Capability:
    """Examine whether the files that workers share are copied to memory."""
    name = "shared files"
    with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch)) as sandbox:
        if sandbox.in_memory:
            return Capability(name, True, "copied to memory: no worker can leave a trace in the page cache")
    message = (
        f"copied to disk, because no tmpfs has {MIN_FREE_BYTES >> 20} MB free and lets programs run. If memory gets "
        "short, two workers could exchange bits through the page cache. In Docker: --tmpfs /dev/shm:exec,size=1g"
    )
    return Capability(name, False, message, is_required=False)


def _examine_addresses() -> Capability:
    if can_fix_addresses():
        return Capability("equal bytes", True, "memory addresses are the same in every run: one seed, one report")
    message = "memory addresses are random here: numbers in reports can differ in their last digits between runs"
    return Capability("equal bytes", False, message, is_required=False)


# --- packages --------------------------------------------------------------------------------------------------------


def _examine_pytorch() -> Capability:
    if importlib.util.find_spec("torch") is None:
        message = "not installed. It is needed for a private seed only: pip install torch"
        return Capability("PyTorch", False, message, is_required=False)
    return Capability("PyTorch", True, f"{importlib.metadata.version('torch')} (used to draw a private seed's graphs)")


def _examine_packages() -> Iterator[Capability]:
    """Examine the packages that assignments use. The other assignments can be graded without them."""
    for name in dict.fromkeys(name for assignment in assignments() for name in assignment.packages):
        users = " and ".join(assignment.name for assignment in assignments() if name in assignment.packages)
        try:
            package = packages.find(name)
            with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch)) as sandbox:
                sandbox.check((name,))
        except packages.MissingPackageError:
            message = f"not installed; {users} cannot be graded without it: pip install {name}"
            yield Capability(name, False, message, is_required=False)
        except SandboxError as error:
            message = f"{package.version} is installed, but a worker cannot import it: {error}"
            yield Capability(name, False, message, is_required=False)
        else:
            yield Capability(name, True, f"{package.version}, available to {users} in the sandbox")
