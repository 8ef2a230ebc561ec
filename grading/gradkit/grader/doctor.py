"""What this machine can do for grading, and what to install where it cannot."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..submissions import packages, seccomp
from ..submissions.outcome import SubmissionError
from ..submissions.pipe import PipeTransport
from ..submissions.sandbox import INSTALL, Sandbox, SandboxError, find_bubblewrap, keep_addresses
from ..suite.assignments import assignments


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
        _filter(),
        _sandbox(),
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


def _filter() -> Finding:
    machine = platform.machine()
    if machine not in seccomp.MACHINES:
        return Finding("system-call filter", False, f"none for {machine}: only for {', '.join(seccomp.MACHINES)}")
    return Finding("system-call filter", True, f"{len(seccomp.allowed(machine))} calls are allowed on {machine}")


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
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "submission"
        folder.mkdir()
        (folder / "engine.py").write_text(_PROBE, encoding="utf-8")
        try:
            sandbox = Sandbox(Path(scratch))
            sandbox.check()
        except SandboxError as error:
            return Finding("sandbox", False, str(error))
        transport = PipeTransport(partial(sandbox.start, folder, 10), folder)
        transport.begin(10)
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
            with tempfile.TemporaryDirectory() as scratch:
                Sandbox(Path(scratch)).check((name,))
        except packages.MissingPackageError:
            said = f"not installed; {asking} cannot be graded without it: pip install {name}"
            yield Finding(name, False, said, needed=False)
        except SandboxError as error:
            yield Finding(name, False, f"{found.version} is installed, but: {error}", needed=False)
        else:
            yield Finding(name, True, f"{found.version}, offered to {asking} in the sandbox")
