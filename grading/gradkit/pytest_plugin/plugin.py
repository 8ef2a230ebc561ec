"""The entry point of the pytest plugin. Without gradkit's settings or options it does nothing, and costs no time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SETTINGS_FILES = ("pytest.ini", "pyproject.toml")
"""The files whose line `gradkit_submission = ...` makes a folder a student's."""

MAX_SETTINGS_BYTES = 100_000


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradkit", "gradkit: check an engine against PyTorch")
    group.addoption("--submission", metavar="DIR", help="the folder with engine.py (default: as the settings say)")
    group.addoption("--items", action="store_true", help="list the items with their titles, and run none")
    group.addoption("--fresh", metavar="N", type=int, help="draw N new graphs an item, and ask live PyTorch")
    group.addoption("--fresh-seed", metavar="S", help="draw the graphs of an earlier --fresh run again")
    group.addoption("--gradkit-results", metavar="FILE", help="write every item's verdict to FILE, as JSON")
    parser.addini("gradkit_submission", "the folder with engine.py, relative to this file")


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


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    """If nothing was found in a folder with several students' folders, say where to start pytest."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and config.inipath is None:
        start = config.invocation_params.dir
        names = [folder.name for folder in _folders_in(start) if _student_folder(folder)]
        if names and not config.pluginmanager.hasplugin("gradkit-screen"):
            terminalreporter.line("")
            terminalreporter.line(f"To check the code in {', '.join(names)}: cd {names[0]} && pytest")


# --- pytest has not found the settings -------------------------------------------------------------------------------


def _folder_elsewhere(config: pytest.Config) -> Path | None:
    """Return the student's folder if pytest looked for settings where there are none, but a self-check is meant.

    pytest looks above its arguments. A suite lies among the installed packages, which is where an editor's test
    explorer runs an item; and a student may start pytest in the folder above the course's.
    """
    start = config.invocation_params.dir
    are_given = config.args_source is pytest.Config.ArgsSource.ARGS
    paths = [argument.partition("::")[0] for argument in config.args] if are_given else []
    if paths and all(f"{os.sep}_course{os.sep}tests{os.sep}" in path for path in paths):
        return _student_folder(config.rootpath) or _student_folder(start) or _only_folder_below(start)
    if config.inipath is None and all(_names_nothing_else(start, path) for path in paths):
        folder = _only_folder_below(start)
        return folder if folder and not _has_tests(start, folder.name) else None
    return None


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
    """Return the student's folder of the only direct sub-folder with gradkit's settings; None if there are several."""
    found = [folder for folder in map(_student_folder, _folders_in(start)) if folder]
    return found[0] if len(found) == 1 else None


def _has_tests(start: Path, except_folder: str) -> bool:
    """Return whether pytest would find tests in a folder or in those below it, two deep, without a student's."""
    below = [folder for folder in _folders_in(start) if folder.name != except_folder]
    deeper = [folder for each in below for folder in _folders_in(each)]
    names = [name for folder in (start, *below, *deeper) for name in _names_in(folder)]
    return any(name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")) for name in names)


def _folders_in(folder: Path) -> list[Path]:
    hidden = (".", "venv", "node_modules", "__pycache__")
    return [folder / name for name in _names_in(folder) if not name.startswith(hidden) and (folder / name).is_dir()]


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
