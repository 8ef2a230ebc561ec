"""The entry point of the pytest plugin: decide whether a run is a self-check.

Where pytest has found settings and they are not gradkit's, a run stays what it is. Where pytest has found none, this
reads the settings in the folders below; if one of them is a student's, it also searches for other tests.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Generator
from fnmatch import fnmatch
from pathlib import Path

import pytest

SETTINGS_FILES = ("pytest.ini", "pyproject.toml")
"""The files whose line `gradkit_submission = ...` makes a folder a student's."""

MAX_SETTINGS_BYTES = 100_000

MAX_SEARCHED_FOLDERS = 2_000
"""Folders that are searched for other tests: some 0.1 seconds. With more folders, pytest searches them itself."""

SPELLINGS = ("--items", "--fresh", "--fresh-seed")
"""What students write for `--gradkit-items` and so on. Another project can have options of these names."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradkit", "gradkit: check an engine against PyTorch")
    group.addoption("--submission", metavar="DIR", help="the folder with engine.py (default: as the settings say)")
    group.addoption("--gradkit-items", action="store_true", help="--items: list the items with titles, and run none")
    group.addoption("--gradkit-fresh", metavar="N", type=int, help="--fresh N: draw N new graphs an item for PyTorch")
    group.addoption("--gradkit-fresh-seed", metavar="S", help="--fresh-seed S: draw an earlier run's graphs again")
    group.addoption("--gradkit-results", metavar="FILE", help="write every item's verdict to FILE, as JSON")
    parser.addini("gradkit_submission", "the folder with engine.py, relative to this file")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    """Read `--items` as `--gradkit-items`, and so on, unless a plugin or conftest.py has an option of that name."""
    yield
    if any(arg.partition("=")[0] in SPELLINGS for arg in args):
        _, unknown = parser.parse_known_and_unknown_args(args, copy.copy(early_config.option))
        ours = [arg for arg in unknown if arg.partition("=")[0] in SPELLINGS]
        args[:] = [f"--gradkit-{arg.removeprefix('--')}" if arg in ours else arg for arg in args]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist starts workers
def pytest_cmdline_main(config: pytest.Config) -> None:
    """List items without workers: it is the process that shows the screen which lists what it has collected."""
    if config.option.gradkit_items and hasattr(config.option, "numprocesses"):
        config.option.numprocesses = 0


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("--submission")
    setting = config.getini("gradkit_submission")
    folder: Path | None
    if chosen:
        folder = config.invocation_params.dir / chosen
    else:
        folder = config.rootpath / setting if setting else _folder_elsewhere(config)
    if folder:
        from .self_check import register

        register(config, folder)
    elif config.option.gradkit_items:
        raise pytest.UsageError("--items lists the items of a course: start pytest in the folder with your engine.py.")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    """Above students' folders, say where to start pytest, if no self-check ran and no other tests were asked for."""
    if config.inipath is not None or config.pluginmanager.hasplugin("gradkit-screen"):
        return
    start = config.invocation_params.dir
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED or all(_names_nothing_else(start, p) for p in _paths(config)):
        names = [folder.name for folder in _folders_in(start) if _student_folder(folder)]
        if names:
            terminalreporter.line("")
            terminalreporter.line(f"To check the code in {', '.join(names)}: cd {names[0]} && pytest")


# --- pytest has not found the settings -------------------------------------------------------------------------------


def _folder_elsewhere(config: pytest.Config) -> Path | None:
    """Return the student's folder if pytest looked for settings where there are none, but a self-check is meant.

    pytest looks above its arguments. A suite lies among the installed packages, which is where an editor's test
    explorer runs an item; and a student may start pytest in the folder above the course's.
    """
    start = config.invocation_params.dir
    paths = _paths(config)
    if paths and all(f"{os.sep}_course{os.sep}tests{os.sep}" in path for path in paths):
        below = _only_folder_below(start)
        return _student_folder(config.rootpath) or _student_folder(start) or (_student_folder(below) if below else None)
    if config.inipath is None and all(_names_nothing_else(start, path) for path in paths):
        below = _only_folder_below(start)
        return _student_folder(below) if below and not _can_have_tests(start, below.name) else None
    return None


def _paths(config: pytest.Config) -> list[str]:
    """Return the paths on the command line, without names of tests."""
    are_given = config.args_source is pytest.Config.ArgsSource.ARGS
    return [argument.partition("::")[0] for argument in config.args] if are_given else []


def _names_nothing_else(start: Path, path: str) -> bool:
    return os.path.abspath(start / path) == os.path.abspath(start) or not os.path.exists(start / path)


def _student_folder(folder: Path) -> Path | None:
    """Return where a folder's settings say that the student's files are; None without gradkit's settings."""
    for name in SETTINGS_FILES:
        try:
            with open(folder / name, encoding="utf-8", errors="replace") as file:
                lines = file.read(MAX_SETTINGS_BYTES).splitlines()
        except OSError:
            continue
        for line in lines:
            key, equals, value = line.partition("=")
            if equals and key.strip() == "gradkit_submission":
                return Path(os.path.abspath(folder / value.strip(" \t\"'")))
    return None


def _only_folder_below(start: Path) -> Path | None:
    """Return the only direct sub-folder with gradkit's settings; None if there are several."""
    found = [folder for folder in _folders_in(start) if _student_folder(folder)]
    return found[0] if len(found) == 1 else None


def _can_have_tests(start: Path, except_folder: str) -> bool:
    """Return whether pytest would find tests in a folder, at any depth, or there are too many folders to tell.

    Args:
        start: The folder.
        except_folder: The name of the folder in it that is the student's.
    """
    for n_searched, (path, folders, files) in enumerate(os.walk(start), start=1):
        has_test = any(fnmatch(file, "test_*.py") or fnmatch(file, "*_test.py") for file in files)
        if has_test or n_searched > MAX_SEARCHED_FOLDERS:
            return True
        folders[:] = [name for name in folders if _is_searched(path, name)]
        if n_searched == 1:
            folders[:] = [name for name in folders if name != except_folder]
    return False


def _folders_in(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / name for name in names if os.path.isdir(folder / name) and _is_searched(folder, name)]


def _is_searched(folder: str | Path, name: str) -> bool:
    """Return whether a sub-folder can be somebody's work: it is neither hidden nor full of installed packages."""
    is_foreign = name.startswith(".") or name in ("venv", "node_modules", "__pycache__")
    return not is_foreign and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
