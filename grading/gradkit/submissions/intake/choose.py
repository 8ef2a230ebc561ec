"""Choose the files of a submission that count, in whatever folders and under whatever names they were handed in.

Students hand in nested folders, packages, downloads such as `engine (1).py`, a notebook under a name of their own, and
files of other assignments. The rules: only the outermost folder that has a file to grade counts. A file with a
download's name counts if there is none with the right name. An expected file that this folder does not have is taken
from another one, if only one has it. If two files could be meant, neither of them is chosen.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gradkit.catalogue.assignments import Notebook, assignments
from gradkit.submissions.outcome import Verdict

from .entries import Entry, UnfitError
from .file_names import has_any, join_paths, notebook_file, original_of, python_files
from .not_taken_in import ASK_WHICH, NotTakenIn
from .notebook import MAX_NOTEBOOK_BYTES, NotebookError, read_solutions

MAX_FILE_BYTES = 1 << 20
"""A hundred times the size of a long engine."""

MAX_OTHER_FILES = 50
"""Other .py files of a submission that are copied with the files to grade."""

MAX_DATA_FILES = 20
MAX_DATA_BYTES = 1 << 20
"""Size of all data files of a submission together."""

MAX_NOTEBOOKS = 10
"""Notebooks that are read to find the one that is meant."""

MAX_PART_BYTES = 200
"""Bytes of the name of a file or folder. File systems allow 255."""

MAX_LISTED = 4
"""Paths that a message lists."""

_MODULE = re.compile(r"[A-Za-z_]\w*\.py")
TIMESTAMP = "timestamp.txt"
"""Name of the file in which nbgrader leaves the time of submission."""

_PACKAGE = re.compile(r"[A-Za-z_]\w*")
_DATA = re.compile(r"\w[\w .()-]{0,100}\.(csv|tsv|json|txt|dat|npy|npz)", re.I)
"""Files with data that the code may read. The names hold nothing that a path or a terminal could take for more."""

_LIKELY_SOLUTION = re.compile(
    r".*\.(py|ipynb|txt|zip|rar|7z|gz|tar|tgz|docx?|pdf|rtf|url|webloc|icloud|gdoc|lnk)", re.I
)
"""Files that a message names if the file to grade is missing."""

_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig", ""),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
"""Byte order marks, with Python's name of the encoding and the name for the instructor. The mark of UTF-16 is the start
of UTF-32's."""

_Path = tuple[str, ...]
"""Path of an entry or a folder in a submission: the names of its parts."""


class ChosenFiles(NamedTuple):
    """The files of a submission that count.

    Attributes:
        files: Content by name. Files of sub-packages have a path, such as `helpers/plots.py`.
        warnings: Sentences for the instructor about the choice.
        not_taken_in: Files that could have been meant, and were not used.
    """

    files: dict[str, bytes]
    warnings: list[str]
    not_taken_in: list[NotTakenIn]


class _Renamed(NamedTuple):
    """Entries that are used under another name.

    Attributes:
        names: Name to use, by the entry's path.
        warnings: Sentences for the instructor.
        not_taken_in: Files that were not used.
    """

    names: dict[_Path, str]
    warnings: list[str]
    not_taken_in: list[NotTakenIn]


class _Folder(NamedTuple):
    """The folder of a submission that counts.

    Attributes:
        path: Its path, or None if no folder has a file to grade.
        renamed: The name of the file to grade, by the path of the entry that is used for it.
        warnings: Sentences for the instructor.
        others: The other folders that have a file to grade.
    """

    path: _Path | None
    renamed: dict[_Path, str]
    warnings: list[str]
    others: list[_Path]


class _Selection(NamedTuple):
    """Entries to read.

    Attributes:
        entries: Pairs of the name to use and the entry.
        not_taken_in: Files that are not read.
    """

    entries: list[tuple[str, Entry]]
    not_taken_in: list[NotTakenIn]


def choose_files(
    entries: Sequence[Entry],
    modules: Sequence[str],
    notebook: Notebook | None,
    builds_on: Sequence[str] = (),
) -> ChosenFiles:
    """Choose and read the files that count: the notebook or else the files to grade, and the files beside them.

    The other files are helpers (.py files, also in sub-packages) and small data files.

    Args:
        entries: All files of the submission.
        modules: Files to grade, without `.py`.
        notebook: Notebook that replaces these files if the submission has it.
        builds_on: Files that the files to grade import, without `.py`.

    Raises:
        UnfitError: If no file can be chosen.
        Exception: If an archive is damaged. `take_in.describe_error` knows the exceptions.
    """
    graded, imported = python_files(modules), python_files(builds_on)
    found = _find_notebook(entries, notebook, graded) if notebook else _Renamed({}, [], [])
    entries = [Entry((*each.parts[:-1], found.names.get(each.parts, each.parts[-1])), each.read) for each in entries]

    if notebook and has_any(entries, {notebook_file(notebook)}):
        page = notebook_file(notebook)
        chosen = _choose_beside(entries, [page], imported, notebook.name)
        files = {name: content for name, content in chosen.files.items() if name not in graded}
        replaced = [_ignored(name, page) for name in sorted(graded & chosen.files.keys())]
    else:
        chosen = _choose_beside(
            entries, [f"{module}.py" for module in modules], imported, notebook.name if notebook else ""
        )
        files, replaced = chosen.files, []
        if not graded & files.keys():
            raise _make_missing_error(entries, modules[0], notebook, found.not_taken_in)
    return ChosenFiles(files, found.warnings + chosen.warnings, found.not_taken_in + chosen.not_taken_in + replaced)


# --- a notebook under another name -----------------------------------------------------------------------------------


def _find_notebook(entries: Sequence[Entry], notebook: Notebook, graded: set[str]) -> _Renamed:
    """Find the notebook that is meant if none has the right name: the only one, or the only one with a solution.

    A notebook of another assignment is never meant: its name, or the name of its folder, begins with that of the
    assignment.

    Raises:
        UnfitError: If several notebooks could be meant.
    """
    page = notebook_file(notebook)
    notebooks = [entry for entry in entries if entry.parts[-1].lower().endswith(".ipynb")]
    if has_any(entries, {page}) or not notebooks:
        return _Renamed({}, [], [])

    others = [each.name for each in assignments() if each.name != notebook.name]
    of_others = [entry for entry in notebooks if any(part.startswith(name) for part in entry.parts for name in others)]
    not_taken_in = [
        NotTakenIn(
            _show(entry.parts), f"It is called like another assignment, not {page}.", f"Is it {page}? Rename it."
        )
        for entry in of_others
    ]
    candidates = [entry for entry in notebooks if entry not in of_others][:MAX_NOTEBOOKS]
    if has_any(entries, graded):
        solved = [entry for entry in candidates if _holds_solution(entry, notebook)]
        advice = f"If it is meant, rename it to {page}."
        reason = "It was not used because the submission has files to grade."
        return _Renamed({}, [], not_taken_in + [NotTakenIn(_show(entry.parts), reason, advice) for entry in solved])

    if len(candidates) > 1:
        solved = [entry for entry in candidates if _holds_solution(entry, notebook)]
        if len(solved) > 1:
            raise UnfitError(
                f"Which notebook is meant? {_list_paths(solved)}",
                advice=f"Ask the student which one is meant, and rename it to {page}.",
                not_taken_in=not_taken_in,
            )
        unsolved = [entry for entry in candidates if entry not in solved]
        reason = f"It holds no solution cell of {notebook.name}, and is not called {page}."
        not_taken_in += [NotTakenIn(_show(entry.parts), reason, f"Is it {page}? Rename it.") for entry in unsolved]
        candidates = solved
    if not candidates:
        return _Renamed({}, [], not_taken_in)
    return _Renamed({candidates[0].parts: page}, [_used_as(_show(candidates[0].parts), page)], not_taken_in)


def _holds_solution(entry: Entry, notebook: Notebook) -> bool:
    """Return whether a notebook can be read and holds a solution cell, or defines what a solution cell defines."""
    try:
        raw, _ = decode_source(entry.read(MAX_NOTEBOOK_BYTES + 1))
        return bool(read_solutions(raw, notebook).sources)
    except NotebookError:
        return False


# --- the folder that counts ------------------------------------------------------------------------------------------


def _choose_beside(entries: Sequence[Entry], graded: Sequence[str], imported: set[str], assignment: str) -> ChosenFiles:
    """Choose and read the files to grade, the files that belong to them, and those of other folders that are missing.

    Args:
        entries: All files of the submission.
        graded: Names of the files to grade, the most important first.
        imported: Names of the files that these import.
        assignment: Name of the assignment. A folder of this name is preferred to others of the same depth.
    """
    expected = imported | set(graded)
    folder = _choose_folder(entries, graded, assignment)
    if folder.path is None:
        return ChosenFiles({}, [], [])
    here = [entry for entry in entries if entry.parts[:-1] == folder.path]

    copies = _find_copies([entry.parts for entry in here], folder.renamed, expected)
    names = folder.renamed | copies.names
    present = {names.get(entry.parts, entry.parts[-1]) for entry in here} & expected
    elsewhere = _find_elsewhere(entries, expected - present, folder.path)
    unused = [other for other in folder.others if other not in {parts[:-1] for parts in elsewhere.names}]

    below = _list_below(entries, folder.path, expected)
    helpers = _find_helpers(entries, elsewhere.names, expected | {entry.parts[-1] for entry in here})
    names = {**names, **elsewhere.names, **helpers}
    filling = [entry for entry in entries if entry.parts in elsewhere.names or entry.parts in helpers]
    selection = _select([*here, *below, *filling], folder.path, names, expected)
    read = _read(selection.entries, expected)

    files = dict(read.files)
    for parts, name in copies.names.items():
        if _MODULE.fullmatch(parts[-1]) and name in files:  # another file may import it under the name that it has
            files.setdefault(parts[-1], files[name])
    warnings = list(folder.warnings)
    if unused:
        n_folders = len(unused) + 1
        warnings.append(
            f"{n_folders} folders contain files to grade. The outermost was used: {_show_folder(folder.path)}."
        )
    if folder.path and any(entry.parts[-1] == "__init__.py" for entry in here):
        warnings.append(f"{_show(folder.path)} is a package: its files were used without the folder.")
    return ChosenFiles(
        files,
        warnings + copies.warnings + elsewhere.warnings + read.warnings,
        [
            *(_describe_unused(other, entries, folder.path, expected) for other in unused),
            *copies.not_taken_in,
            *elsewhere.not_taken_in,
            *selection.not_taken_in,
            *read.not_taken_in,
        ],
    )


def _choose_folder(entries: Sequence[Entry], graded: Sequence[str], assignment: str) -> _Folder:
    """Choose the outermost folder that has a file to grade.

    Copies of the files to grade are considered only if no folder has such a file under its right name. If no folder is
    outermost, but each file to grade exists only once, then the folder with the first of them is chosen.

    Raises:
        UnfitError: If two files or two folders could be meant.
    """
    files = [entry.parts for entry in entries if entry.parts[-1] in graded]
    folders = {parts[:-1] for parts in files}
    renamed = _Renamed({}, [], [])
    if not folders:
        renamed = _rename_copies(entries, set(graded))
        folders = {parts[:-1] for parts in renamed.names}
    if not folders:
        return _Folder(None, {}, [], [])

    rank = {folder: (len(folder), folder[-1:] != (assignment,)) for folder in folders}
    nearest = sorted(folders, key=lambda folder: (rank[folder], folder))
    if len(nearest) > 1 and rank[nearest[0]] == rank[nearest[1]]:
        if renamed.names or len({parts[-1] for parts in files}) < len(files):
            raise UnfitError(f"Which folder is meant? {join_paths(nearest[:MAX_LISTED])}", advice=ASK_WHICH)
        first = min(files, key=lambda parts: graded.index(parts[-1]))[:-1]
        nearest = [first, *(folder for folder in nearest if folder != first)]
    return _Folder(nearest[0], renamed.names, renamed.warnings, nearest[1:])


def _rename_copies(entries: Sequence[Entry], graded: set[str]) -> _Renamed:
    """Find the copies of the files to grade in all folders. Raises UnfitError if a file has several copies."""
    names = {}
    for entry in entries:
        original = original_of(entry.parts[-1], graded)
        if original:
            names[entry.parts] = original
    if len(set(names.values())) < len(names):
        raise UnfitError(f"Which file is meant? {join_paths(list(names)[:MAX_LISTED])}", advice=ASK_WHICH)
    return _Renamed(names, [_used_as(parts[-1], name) for parts, name in sorted(names.items())], [])


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
    not_taken_in = []
    for name in sorted(expected - present):
        copies = [parts for parts in here if parts not in renamed and original_of(parts[-1], {name})]
        if len(copies) == 1:
            names[copies[0]] = name
            warnings.append(_used_as(copies[0][-1], name))
        elif copies:
            not_taken_in.append(_ambiguous(name, copies))
    return _Renamed(names, warnings, not_taken_in)


def _find_elsewhere(entries: Sequence[Entry], missing: set[str], folder: _Path) -> _Renamed:
    """Find expected files that the chosen folder does not have in the other folders of the submission.

    Args:
        entries: All files of the submission.
        missing: Names of the files.
        folder: The chosen folder.
    """
    names: dict[_Path, str] = {}
    warnings = []
    not_taken_in = []
    for name in sorted(missing):
        found = [entry.parts for entry in entries if entry.parts[-1] == name and entry.parts[:-1] != folder]
        if len(found) == 1:
            names[found[0]] = name
            warnings.append(f"{name} was taken from another folder: {_show(found[0])}.")
        elif found:
            not_taken_in.append(_ambiguous(name, found))
    return _Renamed(names, warnings, not_taken_in)


def _find_helpers(entries: Sequence[Entry], elsewhere: Mapping[_Path, str], used: set[str]) -> dict[_Path, str]:
    """Find the .py files beside expected files of other folders, which these may import.

    Args:
        entries: All files of the submission.
        elsewhere: Names of the expected files of other folders, by path.
        used: Names of files that are used already.

    Returns:
        The name to use, by path.
    """
    folders = {parts[:-1] for parts in elsewhere}
    helpers: dict[str, _Path] = {}
    for entry in entries:
        name = entry.parts[-1]
        if (
            entry.parts[:-1] in folders
            and entry.parts not in elsewhere
            and name not in used
            and _MODULE.fullmatch(name)
        ):
            helpers.setdefault(name, entry.parts)
    return {parts: name for name, parts in helpers.items()}


def _describe_unused(other: _Path, entries: Sequence[Entry], folder: _Path, expected: set[str]) -> NotTakenIn:
    """Say that the files to grade in another folder were not used."""
    files = [each.parts for each in entries if each.parts[:-1] == other and each.parts[-1] in expected]
    reason = f"The files to grade in {_show_folder(folder)} were used."
    return NotTakenIn(join_paths(files or [other]), reason, "If these are meant, remove the others.")


# --- the files in it -------------------------------------------------------------------------------------------------


def _list_below(entries: Sequence[Entry], folder: _Path, expected: set[str]) -> list[Entry]:
    """List the helpers and data in subfolders of the chosen folder, without those that have an expected file."""
    with_expected = {entry.parts[:-1] for entry in entries if entry.parts[-1] in expected} - {folder}
    n_folders = len(folder)
    below = []
    for entry in entries:
        subfolders = entry.parts[n_folders:-1]
        if entry.parts[:n_folders] != folder or not subfolders or not all(map(_PACKAGE.fullmatch, subfolders)):
            continue
        above = {entry.parts[:length] for length in range(n_folders + 1, len(entry.parts))}
        if not above & with_expected and (_MODULE.fullmatch(entry.parts[-1]) or _DATA.fullmatch(entry.parts[-1])):
            below.append(entry)
    return below


def _select(entries: Sequence[Entry], folder: _Path, names: Mapping[_Path, str], expected: set[str]) -> _Selection:
    """Select the entries to read: the expected files, other .py files and data files up to their maximum numbers.

    Args:
        entries: The entries of the chosen folder, those below it, and expected files of other folders.
        folder: The chosen folder.
        names: Names of the entries that are used under another name.
        expected: Names of the files to grade and of the files that they import.

    Raises:
        UnfitError: If an expected file exists twice.
    """
    present = {names.get(entry.parts, entry.parts[-1]) for entry in entries} & expected
    selected: list[tuple[str, Entry]] = []
    seen: set[str] = set()
    not_taken_in = []
    others: list[tuple[str, Entry]] = []
    data: list[tuple[str, Entry]] = []
    for entry in entries:
        name = names.get(entry.parts) or "/".join(entry.parts[len(folder) :])
        file_name = name.rpartition("/")[2]
        if any(len(part.encode("utf-8", "replace")) > MAX_PART_BYTES for part in name.split("/")):
            if file_name.endswith(".py"):
                not_taken_in.append(
                    NotTakenIn(name, "Its name is too long.", "If the code needs it, shorten the name.")
                )
            continue
        original = original_of(name, present)
        if name in expected:
            if name in seen:
                raise UnfitError(f"The submission holds {name} twice.", advice=ASK_WHICH)
            seen.add(name)
            selected.append((name, entry))
        elif _MODULE.fullmatch(file_name):
            others.append((name, entry))
        elif original:
            not_taken_in.append(_ignored(name, original))
        elif _DATA.fullmatch(file_name) and file_name != TIMESTAMP:
            data.append((name, entry))

    for files, most, kind in ((others, MAX_OTHER_FILES, "other .py"), (data, MAX_DATA_FILES, "data")):
        selected += files[:most]
        if len(files) > most:
            listed = ", ".join(name for name, _ in files[most : most + MAX_LISTED])
            reason = f"The submission has {len(files)} {kind} files. Only the first {most} were used."
            not_taken_in.append(NotTakenIn(f"{listed}, ...", reason, "If the code needs these, remove others."))
    return _Selection(selected, not_taken_in)


def _read(selected: Iterable[tuple[str, Entry]], expected: set[str]) -> ChosenFiles:
    """Read entries up to their maximum size, as UTF-8. Raises UnfitError if an expected file is larger."""
    files: dict[str, bytes] = {}
    warnings = []
    not_taken_in = []
    n_data_bytes = 0
    for name, entry in selected:
        is_data = not name.endswith((".py", ".ipynb"))
        max_bytes = MAX_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_FILE_BYTES
        if is_data:
            max_bytes = MAX_DATA_BYTES - n_data_bytes
        content = entry.read(max_bytes + 1)
        if len(content) > max_bytes:
            if name in expected:
                size = "a megabyte" if max_bytes == MAX_FILE_BYTES else "20 megabytes"
                raise UnfitError(f"{name} is larger than {size}.", advice="Ask the student for a smaller file.")
            reason = "The data files are larger than a megabyte." if is_data else "It is larger than a megabyte."
            not_taken_in.append(NotTakenIn(name, reason, "If the code needs it, ask the student for less."))
            continue
        if is_data:
            n_data_bytes += len(content)
        else:
            content, encoding = decode_source(content)
            if encoding:
                warnings.append(f"{name} was saved as {encoding}, and was read as such. Python reads UTF-8 only.")
        files[name] = content
    return ChosenFiles(files, warnings, not_taken_in)


def decode_source(content: bytes) -> tuple[bytes, str]:
    """Convert a file that begins with a byte order mark to UTF-8 without one.

    Returns:
        The content, and the name of its encoding if Python could not have read it; empty if it could.
    """
    for mark, encoding, name in _ENCODINGS:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode(), name
            except UnicodeError:
                return content, ""
    return content, ""


# --- messages --------------------------------------------------------------------------------------------------------


def _used_as(name: str, original: str) -> str:
    return f"{original} is missing. {name} was used as {original}."


def _ignored(name: str, reason: str) -> NotTakenIn:
    return NotTakenIn(name, f"The submission has {reason}.", f"If it is meant, remove {reason}.")


def _ambiguous(name: str, paths: Sequence[_Path]) -> NotTakenIn:
    return NotTakenIn(
        join_paths(paths[:MAX_LISTED]), f"{name} is missing, and each of these could be meant.", ASK_WHICH
    )


def _make_missing_error(
    entries: Iterable[Entry], module: str, notebook: Notebook | None, not_taken_in: list[NotTakenIn]
) -> UnfitError:
    """Say that a file is missing and what the submission has instead, since only the name may be wrong."""
    everything = [entry.parts for entry in entries]
    likely = [parts for parts in everything if _LIKELY_SOLUTION.fullmatch(parts[-1])] or everything
    due = f"{module}.py or {notebook_file(notebook)}" if notebook else f"{module}.py"
    message = f"There is no {due} in this submission"
    if not likely:
        return UnfitError(f"{message}.", Verdict.NOT_IMPLEMENTED, f"Ask the student for {due}.", not_taken_in)
    listed = f"{join_paths(likely[:5])}{', ...' if len(likely) > 5 else ''}"
    advice = f"Ask the student for {due}."
    if any(parts[-1].lower().endswith((".py", ".ipynb", ".txt")) for parts in likely):
        advice = f"If one of these is {due}, rename it. If not, ask the student for it."
    return UnfitError(f"{message}; it holds {listed}.", Verdict.NOT_IMPLEMENTED, advice, not_taken_in)


def _show(path: _Path) -> str:
    return "/".join(path) or "."


def _show_folder(path: _Path) -> str:
    return "/".join(path) or "the submission's own folder"


def _list_paths(entries: Sequence[Entry]) -> str:
    return join_paths([entry.parts for entry in entries[:MAX_LISTED]])
