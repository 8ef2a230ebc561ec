"""Start workers: an interpreter with the submission, a few files of ours, Python's standard library and the packages
that an assignment offers.

bubblewrap isolates a worker as policy.py says, with the system-call filter of filter.py. What it reads beside the
submission is the copy that image.py makes. It sets its own resource limits before it reads the submission. Linux only.
"""

from __future__ import annotations

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

from gradkit.errors import UserError, describe_os_error
from gradkit.submissions.bounded import prefer_children_for_oom_kill
from gradkit.submissions.transport.link import EndedError, Link, LinkError
from gradkit.submissions.transport.time_limit import TimeLimit

from . import filter as system_call_filter
from . import packages as installed
from . import policy
from .addresses import fix_addresses
from .bubblewrap import INSTALL, find_bubblewrap, make_isolating_command
from .image import Image, compile_kit, interpreter
from .namespaces import advice
from .system_calls import MACHINES

START_SECONDS = 20.0
"""How long a worker may take to start, which usually takes 20 ms."""


class SandboxError(UserError):
    """No worker can be started here. The message says why and what to do."""


@dataclass(frozen=True)
class _Setup:
    """What workers with the same packages have in common.

    Attributes:
        packages: The names of the packages.
        root: The folder that is `/` for them; None if they are not isolated.
        package_folders: Where they find packages, as sys.path takes it.
        environment: Their environment variables.
    """

    packages: tuple[str, ...]
    root: Path | None
    package_folders: list[str]
    environment: Mapping[str, str]


class Sandbox:
    """Starts workers for a class of submissions. A context manager: `close` deletes the files that they share.

    It can be used from processes that were forked after it was made.

    Args:
        scratch: A folder for what the workers need. It is made if missing, and `close` deletes it.
        isolated: Whether workers are isolated. Otherwise they run in processes of their own with resource limits, but
            can do what this user can do.
        fatal: Numbers of system calls that end a worker by SIGSYS if they are refused: see filter.program.

    Raises:
        SandboxError: If no worker can be isolated on this machine.
    """

    def __init__(self, scratch: Path, isolated: bool = True, fatal: range = range(0)) -> None:
        self.isolated = isolated
        self._fatal = fatal
        self._scratch = scratch
        self._empty = scratch / "empty"
        self._empty.mkdir(parents=True, exist_ok=True)
        self._filter = scratch / "filter"
        self._bubblewrap = self._prepare_bubblewrap() if isolated else ""
        self._image: Image | None = None
        if isolated:
            with _errors_of_copying():
                self._image = Image(scratch)
        else:
            compile_kit(scratch / "kit")
        self._setups: dict[tuple[str, ...], _Setup] = {(): self._setup(())}
        fix_addresses()

    @property
    def in_memory(self) -> bool:
        """Whether the files that workers share are on a tmpfs, so that the page cache carries nothing between them."""
        return self._image is not None and self._image.in_memory

    def close(self) -> None:
        """Delete the files that workers share. No worker may be alive, and no other can be started."""
        if self._image:
            self._image.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self, packages: tuple[str, ...]) -> None:
        """Make what workers with these packages share, so that processes that are forked from now on share it too.

        Raises:
            SandboxError: If the files cannot be copied.
            MissingPackageError: If a package is not installed.
        """
        if packages not in self._setups:
            self._setups[packages] = self._setup(packages)

    def start(
        self,
        submission: Path,
        cpu_seconds: float,
        packages: tuple[str, ...] = (),
        errors: int = subprocess.DEVNULL,
    ) -> Link:
        """Start a worker, which has not imported anything of the submission yet.

        Args:
            submission: A folder with nothing in it that the worker must not see.
            cpu_seconds: Processor time after which the kernel ends the worker, if the grader has not ended it before.
            packages: What it can import beside the standard library.
            errors: Where its stderr goes, as subprocess takes it.

        Raises:
            SandboxError: If the worker does not start.
            MissingPackageError: If a package is not installed.
        """
        self.prepare(packages)
        setup = self._setups[packages]
        ours, theirs = socket.socketpair()
        command = self._worker_command(setup, submission, theirs.fileno())
        inherited = [theirs.fileno()]
        if setup.root:
            inherited.append(os.open(self._filter, os.O_RDONLY))
            isolation = make_isolating_command(
                self._bubblewrap, setup.root, submission, setup.environment, filter_descriptor=inherited[-1]
            )
            command = [*isolation, *command]
        with prefer_children_for_oom_kill():
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=setup.environment,
                cwd="/" if setup.root else submission,
                pass_fds=inherited,
            )
        theirs.close()
        for descriptor in inherited[1:]:
            os.close(descriptor)
        link = Link(process, ours)
        try:
            link.set_up(_limits(cpu_seconds), START_SECONDS)
        except (LinkError, TimeoutError) as error:
            written = process.stderr.read(2000).decode("utf-8", "replace").strip() if process.stderr else ""
            ending = link.describe_end() if isinstance(error, EndedError) else ""
            link.close()
            details = "; ".join(filter(None, [written or str(error) or "no answer", ending, advice(written)]))
            raise SandboxError(f"The sandbox does not start: {details}") from None
        return link

    def check(self, packages: tuple[str, ...] = ()) -> None:
        """Start a worker, import packages in it and end it. This also prepares what workers with these packages share.

        Raises:
            SandboxError: If the worker does not start, or an import fails. The message quotes bubblewrap or the import.
            MissingPackageError: If a package is not installed.
        """
        link = self.start(self._empty, 5, packages, errors=subprocess.PIPE)
        try:
            for name in packages:
                reply = link.request((True, "load", name, "__name__"), TimeLimit(START_SECONDS))
                if reply.verdict:
                    raise SandboxError(f"{name} cannot be imported where submissions run: {reply.message}")
        except (LinkError, TimeoutError) as error:
            cause = f"{error}; {link.describe_end()}" if isinstance(error, EndedError) else str(error)
            names = " and ".join(packages)
            raise SandboxError(f"{names} cannot be imported where submissions run: {cause}") from None
        finally:
            link.close()

    def _prepare_bubblewrap(self) -> str:
        """Write the system-call filter; return the path of bwrap. Raises SandboxError if that is impossible here."""
        if sys.platform != "linux":
            raise SandboxError("Sandboxed grading needs Linux: grade in a virtual machine or container that runs it.")
        bubblewrap = find_bubblewrap()
        if not bubblewrap:
            raise SandboxError(f"Grading runs each submission in a sandbox, which is missing here: {INSTALL}.")
        try:
            self._filter.write_bytes(system_call_filter.program(fatal=self._fatal))
        except KeyError:
            known = " and ".join(MACHINES)
            raise SandboxError(f"The sandbox knows {known}, and not this processor ({platform.machine()}).") from None
        return bubblewrap

    def _setup(self, names: tuple[str, ...]) -> _Setup:
        """Make what workers with these packages share. Raises as `prepare` does."""
        packages = tuple(installed.find(name) for name in names)
        environment = {**policy.ENVIRONMENT, **(installed.environment() if packages else {})}
        if self._image:
            with _errors_of_copying():
                root = self._image.root(packages)
            return _Setup(names, root, [policy.PACKAGES] if packages else [], environment)
        if not packages:
            return _Setup(names, None, [], environment)
        folder = self._scratch / "-".join(["packages", *names])  # not a random name: a student's message may hold it
        installed.link(packages, folder)
        return _Setup(names, None, [str(folder)], environment)

    def _worker_command(self, setup: _Setup, submission: Path, descriptor: int) -> list[str]:
        """Return the command of a worker that serves the requests of a socket."""
        kit = policy.KIT if setup.root else str(self._scratch / "kit")
        folder = policy.SUBMISSION if setup.root else str(submission)
        # The packages are between the standard library and the submission, which so shadows neither.
        program = (
            f"import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append({kit!r})\n"
            "from gradkit.inside.worker import main\n"
            f"sys.path.remove({kit!r}); sys.path += {setup.package_folders!r}; "
            f"main({descriptor}, {folder!r}, {setup.packages!r})"
        )
        return [interpreter(), *policy.INTERPRETER_OPTIONS, "-c", program]


@contextmanager
def _errors_of_copying() -> Iterator[None]:
    """Raise SandboxError if the files that workers share cannot be copied."""
    try:
        yield
    except OSError as error:
        raise SandboxError(f"The files that workers share cannot be copied: {describe_os_error(error)}") from None


def _limits(cpu_seconds: float) -> tuple[object, ...]:
    """Return a worker's resource limits, each no higher than that of this process, which it could not exceed."""
    import resource  # not on Windows, where self-check imports this package

    limits = []
    for name, value in {**policy.RESOURCE_LIMITS, "RLIMIT_CPU": math.ceil(cpu_seconds)}.items():
        _, hard = resource.getrlimit(getattr(resource, name))
        limits.append((name, value if hard == resource.RLIM_INFINITY else min(value, hard)))
    return tuple(limits)
