"""The names of files that are due, and the names that browsers, editors and file managers make of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache

from gradkit.catalogue.assignments import Notebook

from .entries import Entry

_COPY = r"(copy of )?{}([ _-]|\(\d{{1,4}}\)|copy|\d)*\.{}(\.txt|\.json|\.download)?"
"""Names of a download or a copy. The alternatives begin with different letters, so that matching takes linear time."""


def python_files(modules: Iterable[str]) -> set[str]:
    """Return the file names of modules."""
    return {f"{module}.py" for module in modules}


def notebook_file(notebook: Notebook) -> str:
    """Return the file name of a notebook."""
    return f"{notebook.name}.ipynb"


def files_to_grade(modules: Iterable[str], notebook: Notebook | None) -> set[str]:
    """Return the names of the files to grade, and of the notebook that can replace them."""
    return python_files(modules) | ({notebook_file(notebook)} if notebook else set())


def compile_patterns(modules: Sequence[str], notebook: Notebook | None, builds_on: Sequence[str]) -> None:
    """Compile and cache the patterns for copies, which takes 1 ms, before a process is forked that needs them.

    Args:
        modules: Files to grade, without `.py`.
        notebook: Notebook that can replace these files.
        builds_on: Files that the files to grade import, without `.py`.
    """
    for name in files_to_grade(modules, notebook) | python_files(builds_on):
        _copy_pattern(name)


@cache
def _copy_pattern(file: str) -> re.Pattern[str]:
    """Return a pattern of the names of a download or a copy: `engine (1).py`, `Engine.py`, `engine.py.txt`."""
    stem, _, ending = file.rpartition(".")
    return re.compile(_COPY.format(re.escape(stem), ending), re.I)


def original_of(name: str, files: Collection[str]) -> str:
    """Return which of the files `name` is a copy of, or an empty string."""
    for file in sorted(files):
        if _copy_pattern(file).fullmatch(name):
            return file
    return ""


def has_any(entries: Iterable[Entry], files: Collection[str]) -> bool:
    """Return whether one of the entries is one of the files or a copy of one."""
    return any(entry.parts[-1] in files or original_of(entry.parts[-1], files) for entry in entries)


def join_paths(paths: Iterable[tuple[str, ...]]) -> str:
    """Return paths as a text, sorted."""
    return ", ".join("/".join(parts) or "." for parts in sorted(paths))
