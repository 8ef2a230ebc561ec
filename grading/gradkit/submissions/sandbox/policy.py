"""What an isolated worker may see and use, as tables. system_calls.py has the table of what it may call.

bubblewrap.py turns these tables into a command, and the worker sets the resource limits itself before it reads the
submission. Nothing here is decided elsewhere: to review the sandbox, read this file and system_calls.py.
"""

from __future__ import annotations

from typing import NamedTuple

SUBMISSION = "/submission"
"""Where a worker finds the submission, which is also its working folder."""

KIT = "/kit"
"""Where it finds the files of gradkit that it needs."""

PACKAGES = "/packages"
"""Where it finds the packages that the assignment offers."""

NOBODY = "65534"
"""The user and group that a worker runs as, inside its namespace."""

ISOLATION: dict[str, tuple[str, ...]] = {
    "namespaces of its own (users, processes, mounts, network and the rest)": ("--unshare-user", "--unshare-all"),
    "no capabilities": ("--cap-drop", "ALL"),
    "an unprivileged user and group": ("--uid", NOBODY, "--gid", NOBODY),
    "a host name that says nothing": ("--hostname", "worker"),
    "no environment variables but those below": ("--clearenv",),
    "no terminal": ("--new-session",),
    "end when the grader ends": ("--die-with-parent",),
}
"""By purpose: options of bubblewrap. (--disable-userns needs --unshare-user before --unshare-all.)"""

NO_NESTED_NAMESPACES = ("--disable-userns",)
"""Used where it works: see bubblewrap.can_disable_userns. A second barrier, because the filter refuses these calls."""


class Mount(NamedTuple):
    """A path of this machine that a worker sees.

    Attributes:
        option: How bubblewrap mounts it.
        source: The path; ROOT or SUBMISSION_FOLDER for one that differs from worker to worker.
        target: The worker's path.
    """

    option: str
    source: str
    target: str


ROOT = "{root}"
"""The copy of the interpreter, its libraries, packages and our files: see image.py."""

SUBMISSION_FOLDER = "{submission}"
"""The files of the submission, as the intake has copied them."""

MOUNTS = (
    Mount("--ro-bind", ROOT, "/"),
    Mount("--dev-bind", "/dev/null", "/dev/null"),
    Mount("--ro-bind", SUBMISSION_FOLDER, SUBMISSION),
)
"""All that a worker sees. It can write to /dev/null and nowhere else."""

MAX_MEMORY_BYTES = 1 << 30
"""Address space of a worker: about twenty times what a right engine needs for the deepest graph."""

RESOURCE_LIMITS: dict[str, int] = {
    "RLIMIT_AS": MAX_MEMORY_BYTES,
    "RLIMIT_FSIZE": 0,
    "RLIMIT_NOFILE": 64,
    "RLIMIT_CORE": 0,
    # The kernel counts these per user, so one worker could observe what another uses. The calls are refused, too.
    "RLIMIT_SIGPENDING": 0,
    "RLIMIT_MEMLOCK": 0,
    "RLIMIT_MSGQUEUE": 0,
}
"""Limits of every worker, by their names in the resource module. RLIMIT_CPU is added for each submission: the time of
its phase. It is a second barrier behind the limits of the items, which the grader enforces."""

ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""Environment variables of every worker. The same hash seed gives the same bytes in every report."""

PACKAGE_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Environment variables of workers that are offered packages. Without them numerical libraries start a thread for each
core when they are loaded. A worker can start none, and a sum that is divided among threads is rounded differently."""

COPIED_ENVIRONMENT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Environment variables that these workers have if the grader has them. They override how OpenBLAS identifies the
processor, which computes wrong results if it identifies it wrongly."""

INTERPRETER_OPTIONS = ("-s", "-S", "-B", "-X", "utf8")
"""Options of Python: no user's packages, no site module, no compiled files written, UTF-8."""
