"""What all commands share: where they print, how they stop with an error, and the packages that some need."""

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


_EXTRAS = {
    **dict.fromkeys(("jupytext", "nbformat", "nbconvert", "nbgrader", "sqlalchemy", "jinja2"), "nbgrader"),
    **dict.fromkeys(("libcst", "tomlkit"), "author"),
    "pygraphviz": "pictures",
    "torch": "torch",
}
"""The extra of gradkit that installs each optional package."""


def require(package: str) -> None:
    """Stop with what to install if an optional package is not installed."""
    if importlib.util.find_spec(package) is None:
        _stop_without(package)


def stop_if_optional(error: ModuleNotFoundError) -> None:
    """Stop with what to install if a module of an optional package is missing. Any other one is an internal error."""
    package = (error.name or "").partition(".")[0]
    if package in _EXTRAS:
        _stop_without(package)


def _stop_without(package: str) -> NoReturn:
    stop(f"This needs {package}, which is not installed here: pip install 'gradkit[{_EXTRAS[package]}]'")


def n_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
