"""What all commands share: where they print, how they stop with an error, and what they need."""

from __future__ import annotations

import importlib.util
import os
from typing import NoReturn

import typer
from rich.console import Console

from gradkit.submissions.exception_text import tidy

MAX_LINE_LENGTH = 2_000
"""Characters of a line of an error message."""

console = Console()


def stop(message: str, status: int = 1) -> NoReturn:
    """Print an error message to stderr and exit.

    Args:
        message: What happened, and what to do. It may quote a file or a student's name, so its lines are tidied.
        status: The exit status.
    """
    for line in message.splitlines():
        Console(stderr=True).print(tidy(line, MAX_LINE_LENGTH), style="red", markup=False)
    raise typer.Exit(status)


def require(module: str, extra: str) -> None:
    """Stop with what to install if a module is not installed.

    Args:
        module: The module's name.
        extra: What to hand to `pip install`.
    """
    if importlib.util.find_spec(module) is None:
        stop(f"This needs {module}, which is not installed here: pip install '{extra}'")


def n_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
