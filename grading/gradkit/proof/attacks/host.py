"""What of this machine no submission may change, read, reach or leave behind; Linux only."""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gradkit.catalogue.home import course_home

CANARY = "gradkit-canary"
"""How the files begin that hold the secret, and what its variable in the environment is called. Attacks look for it."""

REPOSITORY = ("student_template", "reference", "tests", "assignments", "grading", "pyproject.toml")

NULL_DEVICE = Path("/dev/null")
"""All that is shared with the sandbox and not read-only."""

_PR_SET_CHILD_SUBREAPER = 36
_SECONDS_TO_END = 3.0

State = Mapping[Path, tuple[int, int, int]]


class Watch:
    """Notes how this machine is before a run, and complains of what has changed after it.

    canaries: files that get the secret.
    folders:  what must stay as it is, beside the repository and the canaries.
    absent:   paths that must not come into being.
    """

    def __init__(self, canaries: Sequence[Path], folders: Sequence[Path], absent: Sequence[Path]) -> None:
        self.secret = secrets.token_hex(16)
        for canary in canaries:
            canary.write_text(self.secret, encoding="utf-8")
        self._places = [*canaries, *folders, NULL_DEVICE, *(course_home() / name for name in REPOSITORY)]
        self._absent = absent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._processes = set(_descendants())
        self._state = state_of(self._places)
        self._there_before = {path for path in absent if os.path.lexists(path)}

    def complaints(self) -> list[str]:
        """What was touched since, in sentences."""
        found = [f"{path} was {how}" for path, how in changes(self._state, state_of(self._places))]
        found += [f"{path} came into being" for path in self.came_into_being()]
        found += [f"{path} was there before: remove it" for path in self._there_before]
        if self._was_called():
            found.append("somebody connected to a port of this machine")
        found += [f"a process was left over: {name}" for name in self._left_over()]
        return found

    def came_into_being(self) -> list[Path]:
        """Those of the absent paths that exist now."""
        return [path for path in self._absent if os.path.lexists(path) and path not in self._there_before]

    def close(self) -> None:
        self._listener.close()

    def _was_called(self) -> bool:
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def _left_over(self) -> list[str]:
        """The processes that descend from this one and did not before, once those on their way out are gone."""
        deadline = time.monotonic() + _SECONDS_TO_END
        while True:
            left = {pid: name for pid, name in _descendants().items() if pid not in self._processes}
            if not left or time.monotonic() > deadline:
                return list(left.values())
            for pid in left:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)


@contextmanager
def watched(canaries: Sequence[Path], folders: Sequence[Path], absent: Sequence[Path]) -> Iterator[Watch]:
    """Watch this machine, with the secret in the environment too, and orphans handed to this process."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    watch = Watch(canaries, folders, absent)
    os.environ[CANARY] = watch.secret
    try:
        yield watch
    finally:
        del os.environ[CANARY]
        watch.close()
        for canary in canaries:
            canary.unlink(missing_ok=True)
        prctl(_PR_SET_CHILD_SUBREAPER, 0)


def temporary_canary() -> Path:
    """A canary's path where any user's files lie."""
    return Path(tempfile.gettempdir()) / f"{CANARY}-{os.getpid()}"


def state_of(places: Iterable[Path]) -> State:
    """Kind, size and time of change of everything below these places, but for what Python and tools keep there."""
    found = {}
    for path in _all_paths(places):
        status = path.lstat()
        is_folder = stat.S_ISDIR(status.st_mode)
        found[path] = (status.st_mode, 0 if is_folder else status.st_size, 0 if is_folder else status.st_mtime_ns)
    return found


def changes(before: State, after: State) -> list[tuple[Path, str]]:
    """What happened to each path between two states."""
    found = [(path, "removed") for path in before if path not in after]
    found += [(path, "created") for path in after if path not in before]
    return found + [(path, "changed") for path in before if path in after and before[path] != after[path]]


def _all_paths(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if os.path.lexists(place):
            yield place
        for folder, below, names in os.walk(place):
            below[:] = [name for name in below if name != "__pycache__" and not name.startswith(".")]
            yield from (Path(folder, name) for name in [*below, *names] if not name.startswith("."))


def _descendants() -> dict[int, str]:
    """The processes that this one has started, directly or not, by number; with their names."""
    parents, names = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = entry.read_text(encoding="utf-8", errors="replace").partition(" ")
        except OSError:
            continue  # it has just ended
        name, _, rest = rest.rpartition(") ")
        parents[int(pid)], names[int(pid)] = int(rest.split()[1]), name.lstrip("(")
    found: dict[int, str] = {}
    waiting = [os.getpid()]
    while waiting:
        parent = waiting.pop()
        children = [pid for pid, its_parent in parents.items() if its_parent == parent]
        found.update((pid, names[pid]) for pid in children)
        waiting += children
    return found
