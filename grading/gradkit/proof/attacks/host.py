"""Watch what no submission may change, read, reach or leave behind on this machine; Linux only."""

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
"""The prefix of the files that contain the secret, and the environment variable that does. Attacks look for it."""

REPOSITORY = ("student_template", "reference", "tests", "assignments", "grading", "pyproject.toml")

NULL_DEVICE = Path("/dev/null")
"""The only thing that a sandbox can write to and that exists outside it."""

_PR_SET_CHILD_SUBREAPER = 36
"""linux/prctl.h"""

END_SECONDS = 3.0
"""How long a process that is ending may take before it counts as left over."""

POLL_SECONDS = 0.05

State = Mapping[Path, tuple[int, int, int]]
"""Mode, size in bytes and modification time in nanoseconds of each path; of a folder the mode alone."""


class Watch:
    """Records the state of this machine before a run, and reports afterwards what has changed.

    Args:
        canaries: Files to write the secret to.
        folders: What must stay as it is, beside the repository and the canaries.
        absent: Paths that must not be created.
    """

    def __init__(self, canaries: Sequence[Path], folders: Sequence[Path], absent: Sequence[Path]) -> None:
        self.secret = secrets.token_hex(16)
        for canary in canaries:
            canary.write_text(self.secret, encoding="utf-8")
        self._watched = [*canaries, *folders, NULL_DEVICE, *(course_home() / name for name in REPOSITORY)]
        self._absent = absent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._processes = set(_descendants())
        self._state = read_state(self._watched)
        self._existed_before = {path for path in absent if os.path.lexists(path)}

    def changes(self) -> list[str]:
        """Return what has changed since, in sentences."""
        changed = [f"{path} was {how}" for path, how in changes(self._state, read_state(self._watched))]
        changed += [f"{path} was created" for path in self.created()]
        changed += [f"{path} existed before the run: remove it" for path in self._existed_before]
        if self._was_called():
            changed.append("somebody connected to a port of this machine")
        changed += [f"a process was left over: {name}" for name in self._left_over()]
        return changed

    def created(self) -> list[Path]:
        """Return the paths that must not be created and were."""
        return [path for path in self._absent if os.path.lexists(path) and path not in self._existed_before]

    def close(self) -> None:
        self._listener.close()

    def _was_called(self) -> bool:
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def _left_over(self) -> list[str]:
        """Return the names of processes that descend from this one and did not before.

        Wait up to END_SECONDS for those that are ending.
        """
        deadline = time.monotonic() + END_SECONDS
        while True:
            left = {pid: name for pid, name in _descendants().items() if pid not in self._processes}
            if not left or time.monotonic() > deadline:
                return list(left.values())
            for pid in left:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(POLL_SECONDS)


@contextmanager
def watched(canaries: Sequence[Path], folders: Sequence[Path], absent: Sequence[Path]) -> Iterator[Watch]:
    """Watch this machine. Meanwhile the secret is in the environment too, and this process adopts orphans.

    Args:
        canaries: Files to write the secret to.
        folders: What must stay as it is, beside the repository and the canaries.
        absent: Paths that must not be created.
    """
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
    """Return the path of a canary in the folder of temporary files, which all users share."""
    return Path(tempfile.gettempdir()) / f"{CANARY}-{os.getpid()}"


def read_state(folders: Iterable[Path]) -> State:
    """Return the state of everything in these folders, except what Python and tools keep there."""
    state = {}
    for path in _all_paths(folders):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            state[path] = (status.st_mode, 0, 0)
        else:
            state[path] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return state


def changes(before: State, after: State) -> list[tuple[Path, str]]:
    """Return the paths that differ between two states, each with what happened to it."""
    removed = [(path, "removed") for path in before if path not in after]
    created = [(path, "created") for path in after if path not in before]
    changed = [(path, "changed") for path in before if path in after and before[path] != after[path]]
    return removed + created + changed


def _all_paths(folders: Iterable[Path]) -> Iterator[Path]:
    for top in folders:
        if os.path.lexists(top):
            yield top
        for folder, below, names in os.walk(top):
            below[:] = [name for name in below if name != "__pycache__" and not name.startswith(".")]
            yield from (Path(folder, name) for name in [*below, *names] if not name.startswith("."))


def _descendants() -> dict[int, str]:
    """Return the name of each process that this one has started, directly or not, by process id."""
    parents, names = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = entry.read_text(encoding="utf-8", errors="replace").partition(" ")
        except OSError:
            continue  # it has just ended
        name, _, rest = rest.rpartition(") ")
        parents[int(pid)], names[int(pid)] = int(rest.split()[1]), name.lstrip("(")

    descendants: dict[int, str] = {}
    waiting = [os.getpid()]
    while waiting:
        parent = waiting.pop()
        children = [pid for pid, its_parent in parents.items() if its_parent == parent]
        descendants.update((pid, names[pid]) for pid in children)
        waiting += children
    return descendants
