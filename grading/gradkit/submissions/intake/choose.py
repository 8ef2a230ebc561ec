"""Choose the files of a submission that count, in whatever folders and under whatever names they were handed in.

Students hand in nested folders, downloads such as `engine (1).py` and files of other assignments. The rules: only the
outermost folder that has a file to grade counts. A file with a download's name counts if there is none with the right
name. If two files could be meant, neither of them is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import NamedTuple

from gradkit.catalogue.assignments import Notebook
from gradkit.submissions.outcome import Verdict

from .entries import MAX_ENTRIES, MAX_ZIP_BYTES, Entry, UnfitError, list_zip_entries
from .notebook import MAX_NOTEBOOK_BYTES

MAX_FILE_BYTES = 1 << 20
"""A hundred times the size of a long engine."""

MAX_OTHER_FILES = 50
"""Other .py files of a submission that are copied with the files to grade."""

MAX_LISTED = 4
"""Paths that a message lists."""

_COPY = r"(copy of )?{}([ _-]|\(\d{{1,4}}\)|copy|\d)*\.{}(\.txt|\.json)?"
"""Names of a download or a copy. The alternatives begin with different letters, so that matching takes linear time."""

_MODULE = re.compile(r"[A-Za-z_]\w*\.py")
_LIKELY_SOLUTION = re.compile(r".*\.(py|ipynb|txt|zip|rar|7z|gz|tar|tgz)", re.I)
"""Files that a message names if the file to grade is missing."""

_Path = tuple[str, ...]
"""Path of an entry or a folder in a submission: the names of its parts."""


class ChosenFiles(NamedTuple):
    """The files of a submission that count.

    Attributes:
        files: Content by name.
        warnings: Sentences for the instructor about the choice.
    """

    files: dict[str, bytes]
    warnings: list[str]


class _Renamed(NamedTuple):
    """Entries that are used under another name.

    Attributes:
        names: Name to use, by the entry's path.
        warnings: Sentences for the instructor.
    """

    names: dict[_Path, str]
    warnings: list[str]


class _Folder(NamedTuple):
    """The folder of a submission that counts.

    Attributes:
        path: Its path, or None if no folder has a file to grade.
        renamed: The name of the file to grade, by the path of the entry that is used for it.
        warnings: Sentences for the instructor.
    """

    path: _Path | None
    renamed: dict[_Path, str]
    warnings: list[str]


class _Selection(NamedTuple):
    """Entries to read.

    Attributes:
        entries: Pairs of the name to use and the entry.
        warnings: Sentences for the instructor about the entries that are not read.
    """

    entries: list[tuple[str, Entry]]
    warnings: list[str]


def choose_files(
    entries: Sequence[Entry],
    modules: Sequence[str],
    notebook: Notebook | None,
    builds_on: Sequence[str] = (),
) -> ChosenFiles:
    """Choose and read the files that count: the notebook or else the files to grade, and the .py files beside them.

    Args:
        entries: All files of the submission.
        modules: Files to grade, without `.py`.
        notebook: Notebook that replaces these files if the submission has it.
        builds_on: Files that the files to grade import, without `.py`.

    Raises:
        UnfitError: If no file can be chosen.
        Exception: If a zip is damaged. `take_in.describe_error` knows the exceptions.
    """
    assignment = notebook.name if notebook else ""
    graded, imported = python_files(modules), python_files(builds_on)

    if notebook and _has_any(entries, {notebook_file(notebook)}):
        page = notebook_file(notebook)
        chosen = _choose_beside(entries, {page}, imported, assignment)
        replaced = sorted(graded & chosen.files.keys())
        files = {name: content for name, content in chosen.files.items() if name not in graded}
        return ChosenFiles(files, chosen.warnings + [_ignored(name, page) for name in replaced])

    chosen = _choose_beside(entries, graded, imported, assignment)
    if not graded & chosen.files.keys():
        raise UnfitError(_describe_missing(entries, modules[0]), Verdict.NOT_IMPLEMENTED)
    return chosen


def open_nested_zip(entries: list[Entry], modules: Sequence[str], notebook: Notebook | None) -> list[Entry]:
    """Return a folder's entries or, if none of them can be graded, those of the only zip among them.

    Learning platforms put an uploaded zip into a folder for each student.

    Args:
        entries: Files of the folder.
        modules: Files to grade, without `.py`.
        notebook: Notebook that can replace these files.

    Raises:
        UnfitError: If there are several zips, or the zip is too large.
        Exception: If the zip is damaged. `take_in.describe_error` knows the exceptions.
    """
    if _has_any(entries, python_files(modules) | ({notebook_file(notebook)} if notebook else set())):
        return entries
    zips = [entry for entry in entries if entry.parts[-1].lower().endswith(".zip")]
    if len(zips) > 1:
        raise UnfitError(f"Which zip is meant? {_join_paths([entry.parts for entry in zips[:MAX_LISTED]])}")
    if not zips:
        return entries
    content = zips[0].read(MAX_ZIP_BYTES + 1)
    return list(list_zip_entries(BytesIO(content), MAX_ZIP_BYTES, MAX_ENTRIES))


def python_files(modules: Iterable[str]) -> set[str]:
    """Return the file names of modules."""
    return {f"{module}.py" for module in modules}


def notebook_file(notebook: Notebook) -> str:
    """Return the file name of a notebook."""
    return f"{notebook.name}.ipynb"


# --- the folder that counts ------------------------------------------------------------------------------------------


def _choose_beside(entries: Sequence[Entry], graded: set[str], imported: set[str], assignment: str) -> ChosenFiles:
    """Choose and read the files to grade and the files in the same folder.

    Args:
        entries: All files of the submission.
        graded: Names of the files to grade.
        imported: Names of the files that these import.
        assignment: Name of the assignment. A folder of this name is preferred to others of the same depth.
    """
    folder = _choose_folder(entries, graded, assignment)
    here = [entry for entry in entries if entry.parts[:-1] == folder.path]

    copies = _find_copies([entry.parts for entry in here], folder.renamed, graded | imported)
    names = folder.renamed | copies.names

    selection = _select(here, names, graded | imported)
    read = _read(selection.entries, graded | imported)

    files = dict(read.files)
    for parts, name in copies.names.items():
        if _MODULE.fullmatch(parts[-1]) and name in files:  # another file may import it under the name that it has
            files.setdefault(parts[-1], files[name])
    return ChosenFiles(files, folder.warnings + copies.warnings + selection.warnings + read.warnings)


def _choose_folder(entries: Sequence[Entry], graded: set[str], assignment: str) -> _Folder:
    """Choose the outermost folder that has a file to grade.

    Copies of the files to grade are considered only if no folder has such a file under its right name.

    Raises:
        UnfitError: If two files or two folders could be meant.
    """
    folders = {entry.parts[:-1] for entry in entries if entry.parts[-1] in graded}
    renamed = _Renamed({}, [])
    if not folders:
        renamed = _rename_copies(entries, graded)
        folders = {parts[:-1] for parts in renamed.names}
    if not folders:
        return _Folder(None, {}, [])

    rank = {folder: (len(folder), folder[-1:] != (assignment,)) for folder in folders}
    nearest = sorted(folders, key=lambda folder: (rank[folder], folder))
    warnings = list(renamed.warnings)
    if len(nearest) > 1:
        if rank[nearest[0]] == rank[nearest[1]]:
            raise UnfitError(f"Which folder is meant? {_join_paths(nearest[:MAX_LISTED])}")
        warnings.append(
            f"{len(nearest)} folders contain files to grade. The outermost was used: {_join_paths(nearest[:1])}"
        )
    return _Folder(nearest[0], renamed.names, warnings)


def _rename_copies(entries: Sequence[Entry], graded: set[str]) -> _Renamed:
    """Find the copies of the files to grade in all folders. Raises UnfitError if a file has several copies."""
    names = {}
    for entry in entries:
        original = _original_of(entry.parts[-1], graded)
        if original:
            names[entry.parts] = original
    if len(set(names.values())) < len(names):
        raise UnfitError(f"Which file is meant? {_join_paths(list(names)[:MAX_LISTED])}")
    return _Renamed(names, [_used_as(parts[-1], name) for parts, name in sorted(names.items())])


def _find_copies(here: Sequence[_Path], renamed: Mapping[_Path, str], expected: set[str]) -> _Renamed:
    """Find copies in the chosen folder for expected files that it does not have.

    Args:
        here: Paths of the entries in the folder.
        renamed: Entries that are used under another name already.
        expected: Names of the files to grade and of the files that they import.
    """
    present = {renamed.get(parts, parts[-1]) for parts in here}
    names: dict[_Path, str] = {}
    warnings = []
    for name in sorted(expected - present):
        copies = [parts for parts in here if parts not in renamed and _original_of(parts[-1], {name})]
        if len(copies) == 1:
            names[copies[0]] = name
            warnings.append(_used_as(copies[0][-1], name))
        elif copies:
            warnings.append(
                f"{name} is missing, and more than one file could be meant: {_join_paths(copies[:MAX_LISTED])}. "
                "None of them was used: ask the student which one is meant."
            )
    return _Renamed(names, warnings)


# --- the files in it -------------------------------------------------------------------------------------------------


def _select(here: Sequence[Entry], names: Mapping[_Path, str], expected: set[str]) -> _Selection:
    """Select the entries to read: the expected files, and other .py files up to MAX_OTHER_FILES.

    Args:
        here: The entries of the chosen folder.
        names: Names of the entries that are used under another name.
        expected: Names of the files to grade and of the files that they import.

    Raises:
        UnfitError: If an expected file exists twice.
    """
    present = {names.get(entry.parts, entry.parts[-1]) for entry in here} & expected
    selected: list[tuple[str, Entry]] = []
    seen: set[str] = set()
    warnings = []
    n_others = 0
    for entry in here:
        name = names.get(entry.parts, entry.parts[-1])
        if name in expected:
            if name in seen:
                raise UnfitError(f"The submission holds {name} twice.")
            seen.add(name)
            selected.append((name, entry))
        elif _MODULE.fullmatch(name):
            n_others += 1
            if n_others <= MAX_OTHER_FILES:
                selected.append((name, entry))
        elif _original_of(name, present):
            warnings.append(_ignored(name, _original_of(name, present)))

    if n_others > MAX_OTHER_FILES:
        warnings.append(f"The submission has {n_others} other .py files. Only the first {MAX_OTHER_FILES} were used.")
    return _Selection(selected, warnings)


def _read(selected: Iterable[tuple[str, Entry]], expected: set[str]) -> ChosenFiles:
    """Read entries up to their maximum size. Raises UnfitError if an expected file is larger."""
    files: dict[str, bytes] = {}
    warnings = []
    for name, entry in selected:
        max_bytes = MAX_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_FILE_BYTES
        content = entry.read(max_bytes + 1)
        if len(content) <= max_bytes:
            files[name] = content
        elif name in expected:
            raise UnfitError(
                f"{name} is larger than {'a megabyte' if max_bytes == MAX_FILE_BYTES else '20 megabytes'}."
            )
        else:
            warnings.append(f"{name} was left out because it is larger than a megabyte.")
    return ChosenFiles(files, warnings)


# --- names -----------------------------------------------------------------------------------------------------------


def compile_patterns(modules: Sequence[str], notebook: Notebook | None, builds_on: Sequence[str]) -> None:
    """Compile and cache the patterns for copies, which takes 1 ms, before a process is forked that needs them.

    Args:
        modules: Files to grade, without `.py`.
        notebook: Notebook that can replace these files.
        builds_on: Files that the files to grade import, without `.py`.
    """
    files = python_files(modules) | python_files(builds_on) | ({notebook_file(notebook)} if notebook else set())
    for name in files:
        _copy_pattern(name)


@cache
def _copy_pattern(file: str) -> re.Pattern[str]:
    """Return a pattern of the names of a download or a copy: `engine (1).py`, `Engine.py`, `engine.py.txt`."""
    stem, _, ending = file.rpartition(".")
    return re.compile(_COPY.format(re.escape(stem), ending), re.I)


def _original_of(name: str, files: Collection[str]) -> str:
    """Return which of the files `name` is a copy of, or an empty string."""
    for file in sorted(files):
        if _copy_pattern(file).fullmatch(name):
            return file
    return ""


def _has_any(entries: Iterable[Entry], files: set[str]) -> bool:
    """Return whether one of the entries is one of the files or a copy of one."""
    return any(entry.parts[-1] in files or _original_of(entry.parts[-1], files) for entry in entries)


# --- messages --------------------------------------------------------------------------------------------------------


def _used_as(name: str, original: str) -> str:
    return f"{original} is missing. {name} was used as {original}."


def _ignored(name: str, reason: str) -> str:
    return f"{name} was ignored because the submission has {reason}."


def _describe_missing(entries: Iterable[Entry], module: str) -> str:
    """Say that a file is missing and what the submission has instead, since only the name may be wrong."""
    likely = [entry.parts for entry in entries if _LIKELY_SOLUTION.fullmatch(entry.parts[-1])]
    message = f"There is no {module}.py in this submission"
    if not likely:
        return f"{message}."
    return f"{message}; it holds {_join_paths(likely[:5])}{', ...' if len(likely) > 5 else ''}."


def _join_paths(paths: Iterable[_Path]) -> str:
    return ", ".join("/".join(parts) or "." for parts in sorted(paths))
