"""Taking a submission in: from a folder or zip of any shape to a clean folder that holds the student's files alone.

Nothing is unpacked: the entries are listed, the few that are wanted are read under a cap and written anew.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Notebook
from gradkit.submissions.bounded import READING, LastingProcess, LimitReachedError, WriteFailure, run_bounded
from gradkit.submissions.exception_text import presentable, tidy
from gradkit.submissions.outcome import SubmissionError, Verdict

from .entries import MAX_ENTRIES, MAX_ZIP_BYTES, Entry, UnfitError, entries_of_folder, entries_of_zip, open_regular
from .notebook import MAX_NOTEBOOK_BYTES, NotebookError, as_module, solutions

MAX_FILE_BYTES = 1 << 20
"""A hundred times what a long engine needs."""
MAX_FILES_BESIDE = 50
"""So many .py files beside the one that is graded may come along."""

_COPY = r"(copy of )?{}([ _-]|\(\d{{1,4}}\)|copy|\d)*\.{}(\.txt|\.json)?"
"""How a download or a copy is called; each part begins with letters of its own, so that no name takes long to match."""
_MODULE = re.compile(r"[A-Za-z_]\w*\.py")
_TELLING = re.compile(r".*\.(py|ipynb|txt|zip|rar|7z|gz|tar|tgz)", re.I)


@dataclass
class TakenIn:
    """What became of a submission.

    digest:  equal for submissions that are graded alike.
    problem: why it cannot be graded, if it cannot; this settles all its items.
    missing: the files to grade that were not handed in, without `.py`.
    notes:   what was done on the way that the instructor should know.
    """

    digest: str = ""
    problem: SubmissionError | None = None
    missing: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def take_in(
    source: Path,
    target: Path,
    modules: Sequence[str],
    notebook: Notebook | None = None,
    builds_on: Sequence[str] = (),
    reader: Reader | None = None,
) -> TakenIn:
    """Copy a student's .py files into a folder that is made for them, in a bounded process.

    Raises nothing that a submission does: one that reaches a limit gets its verdict like any other. Raises OSError if
    the folder cannot be written.

    source:    a folder, or a zip.
    modules:   the files to grade, without `.py`; the first must be there.
    notebook:  the notebook whose solution cells stand for those files where it is there.
    builds_on: files that those need beside them, without `.py`.
    reader:    the bounded process; a new one, unless said.
    """
    request = (source, target, tuple(modules), notebook, tuple(builds_on))
    try:
        if reader:
            found = reader.run(request)
        else:
            for name in _names(modules, notebook) | _names(builds_on, None):
                _copies_of(name)  # compiled here, and not anew in every process that is forked: 1 ms
            found = run_bounded(lambda: _take_in(*request), _Reply, READING)
    except LimitReachedError as error:
        shutil.rmtree(target, ignore_errors=True)
        found = _found({}, problem_of(error), [], ())
        target.mkdir(parents=True)
    if isinstance(found, WriteFailure):
        raise found.to_error()
    problem = SubmissionError(found.verdict, found.message) if found.verdict else None
    return TakenIn(found.digest, problem, found.missing, found.notes)


class _Found(msgspec.Struct, tag=True):
    """TakenIn, as it leaves the bounded process."""

    digest: str
    verdict: Verdict | None
    message: str
    missing: tuple[str, ...]
    notes: list[str]


_Reply = _Found | WriteFailure


_Request = tuple[Path, Path, tuple[str, ...], Notebook | None, tuple[str, ...]]
Reader = LastingProcess[_Request, _Reply]
"""A bounded process that takes in one submission after another."""


def make_reader() -> Reader:
    """Return a bounded process for `take_in`, which starts when it is first used and ends with this process."""
    return LastingProcess(lambda request: _take_in(*request), _Reply, READING)


def _take_in(
    source: Path,
    target: Path,
    modules: Sequence[str],
    notebook: Notebook | None,
    builds_on: Sequence[str],
) -> _Reply:
    notes: list[str] = []
    problem = None
    try:
        with ExitStack() as stack:
            entries = _entries(source, modules, notebook, stack)
            files = submitted_files(entries, modules, notebook, notes, builds_on)
        if notebook and _page(notebook) in files:
            files = _of_notebook(files, notebook, notes)
        needed = sorted(_names(builds_on, None) - files.keys())
        notes += [f"there is no {name}, which {modules[0]}.py builds on" for name in needed]
    except MemoryError:
        raise
    except Exception as error:
        files, problem = {}, problem_of(error)
    try:
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
    except OSError as error:
        return WriteFailure.from_error(error, target)
    is_there = problem is not None and problem.verdict is not Verdict.NOT_IMPLEMENTED  # something was handed in
    missing = () if is_there else tuple(module for module in modules if f"{module}.py" not in files)
    return _found(files, problem, notes, missing)


def _found(
    files: Mapping[str, bytes], problem: SubmissionError | None, notes: Sequence[str], missing: tuple[str, ...]
) -> _Found:
    digest = hashlib.sha256(repr(problem).encode())
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)} {name} {len(content)} ".encode() + content)
    verdict, message = (problem.verdict, problem.message) if problem else (None, "")
    return _Found(digest.hexdigest()[:32], verdict, message, missing, presentable(notes))


def problem_of(error: Exception) -> SubmissionError:
    """What is said of a submission that could not be taken in, by the exception that it raised."""
    if isinstance(error, UnfitError):
        return SubmissionError(error.verdict, tidy(str(error)))
    if isinstance(error, LimitReachedError):
        return SubmissionError(error.verdict, f"Reading the submission {error.message}.")
    # A damaged zip can raise any of these, depending on where the damage is.
    expected = (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError)
    what = "read" if isinstance(error, expected) else "unpacked"
    return SubmissionError(Verdict.ERROR, f"The submission cannot be {what}: {type(error).__name__}.")


# --- which files -----------------------------------------------------------------------------------------------------


def submitted_files(
    entries: list[Entry],
    modules: Sequence[str],
    notebook: Notebook | None,
    notes: list[str],
    builds_on: Sequence[str] = (),
) -> dict[str, bytes]:
    """What counts of a submission, by name: the notebook or else the files to grade, and the .py files beside.

    notes: gets a line for what the instructor should know.
    Raises UnfitError, and whatever reading a broken zip raises: see `problem_of`.
    """
    assignment = notebook.name if notebook else ""
    wanted, needed = _names(modules, None), _names(builds_on, None)
    if notebook and any(_stands_for(entry.parts[-1], {_page(notebook)}) for entry in entries):
        files = _chosen(entries, {_page(notebook)}, needed, assignment, notes)
        for name in sorted(wanted & files.keys()):
            del files[name]
            notes.append(f"{name} was left alone, since {_page(notebook)} is there")
        return files
    files = _chosen(entries, wanted, needed, assignment, notes)
    if not wanted & files.keys():
        raise UnfitError(_nothing(entries, modules[0]), Verdict.NOT_IMPLEMENTED)
    return files


def _names(modules: Sequence[str], notebook: Notebook | None) -> set[str]:
    return {f"{module}.py" for module in modules} | ({_page(notebook)} if notebook else set())


def _page(notebook: Notebook) -> str:
    return f"{notebook.name}.ipynb"


def _of_notebook(files: dict[str, bytes], notebook: Notebook, notes: list[str]) -> dict[str, bytes]:
    """The files that a notebook's solution cells stand for, and the .py files beside it."""
    page = _page(notebook)
    try:
        found = solutions(files.pop(page), notebook, notes)
    except NotebookError as error:
        raise UnfitError(f"{page} {error}.") from None
    if not found:
        raise UnfitError(f"{page} holds no solution cell.", Verdict.NOT_IMPLEMENTED)
    return files | {f"{id_}.py": as_module(source) for id_, source in found.items()}


def _chosen(
    entries: list[Entry], wanted: set[str], needed: set[str], assignment: str, notes: list[str]
) -> dict[str, bytes]:
    """The files to grade, those that they need, and the other .py files beside them, by name."""
    home, renamed = _home(entries, wanted, assignment, notes)
    copies = _copies([entry.parts for entry in entries if entry.parts[:-1] == home], renamed, wanted | needed, notes)
    renamed |= copies
    wanted = wanted | needed
    files: dict[str, bytes] = {}
    beside = 0
    there = {renamed.get(entry.parts, entry.parts[-1]) for entry in entries if entry.parts[:-1] == home} & wanted
    for entry in entries:
        name = renamed.get(entry.parts, entry.parts[-1])
        if entry.parts[:-1] != home or not (name in wanted or _MODULE.fullmatch(name)):
            if entry.parts[:-1] == home and _meant(name, there):
                notes.append(f"{name} was left alone, since {_meant(name, wanted)} is there")
            continue
        if name in files and name in wanted:
            raise UnfitError(f"The submission holds {name} twice.")
        beside += name not in wanted
        if name not in wanted and beside > MAX_FILES_BESIDE:  # not even read: each may unpack to a megabyte
            if beside == MAX_FILES_BESIDE + 1:
                notes.append(f"only {MAX_FILES_BESIDE} .py files beside those that are graded came along")
            continue
        most = MAX_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_FILE_BYTES
        content = entry.read(most + 1)
        if len(content) > most:
            if name in wanted:
                raise UnfitError(f"{name} is larger than {'a megabyte' if most == MAX_FILE_BYTES else '20 megabytes'}.")
            notes.append(f"{name} was left out: it is larger than a megabyte")
        else:
            files[name] = content
    for parts, meant in copies.items():
        if _MODULE.fullmatch(parts[-1]) and meant in files:  # another file may import it by the name that it has
            files.setdefault(parts[-1], files[meant])
    return files


def _copies(
    here: list[tuple[str, ...]], renamed: dict[tuple[str, ...], str], due: set[str], notes: list[str]
) -> dict[tuple[str, ...], str]:
    """The entries in the folder of the files to grade that stand for such as are not there, under another name."""
    found: dict[tuple[str, ...], str] = {}
    for file in sorted(due - {renamed.get(parts, parts[-1]) for parts in here}):
        copies = [parts for parts in here if _meant(parts[-1], {file}) and parts not in renamed]
        if len(copies) == 1:
            found[copies[0]] = file
            notes.append(f"{copies[0][-1]} was taken for {file}")
        elif copies:
            notes.append(f"none of {_listed(copies[:4])} was taken for {file}: which is meant?")
    return found


def _home(
    entries: list[Entry], wanted: set[str], assignment: str, notes: list[str]
) -> tuple[tuple[str, ...] | None, dict[tuple[str, ...], str]]:
    """The folder that holds the files to grade, and the entries in it that stand for one under another name."""
    renamed: dict[tuple[str, ...], str] = {}
    folders = {entry.parts[:-1] for entry in entries if entry.parts[-1] in wanted}
    if not folders:
        for entry in entries:
            meant = _meant(entry.parts[-1], wanted)
            if meant:
                renamed[entry.parts] = meant
        folders = {parts[:-1] for parts in renamed}
        if len(set(renamed.values())) < len(renamed):
            raise UnfitError(f"Which file is meant? {_listed(list(renamed)[:4])}")
        notes += [f"{parts[-1]} was taken for {meant}" for parts, meant in sorted(renamed.items())]
    named = {folder: (len(folder), folder[-1:] != (assignment,)) for folder in folders}
    nearest = sorted(folders, key=lambda folder: (named[folder], folder))
    if len(nearest) > 1:
        if named[nearest[0]] == named[nearest[1]]:
            raise UnfitError(f"Which folder is meant? {_listed(nearest[:4])}")
        notes.append(f"of {len(nearest)} folders the outermost was taken: {_listed(nearest[:1])}")
    return (nearest[0] if nearest else None), renamed


def _meant(name: str, wanted: set[str]) -> str:
    """The file that a download's or a copy's name stands for: `engine (1).py`, `Engine.py`, `engine.py.txt`."""
    return next((file for file in sorted(wanted) if _copies_of(file).fullmatch(name)), "")


@cache
def _copies_of(file: str) -> re.Pattern[str]:
    stem, _, ending = file.rpartition(".")
    return re.compile(_COPY.format(re.escape(stem), ending), re.I)


def _stands_for(name: str, wanted: set[str]) -> bool:
    return name in wanted or bool(_meant(name, wanted))


def _nothing(entries: list[Entry], module: str) -> str:
    """What is said of a submission without the file: what it holds instead, for a name may be all that is wrong."""
    there = [entry.parts for entry in entries if _TELLING.fullmatch(entry.parts[-1])]
    said = f"There is no {module}.py in this submission"
    return f"{said}; it holds {_listed(there[:5])}{', ...' if len(there) > 5 else ''}." if there else f"{said}."


def _listed(paths: Sequence[tuple[str, ...]]) -> str:
    return ", ".join("/".join(parts) or "." for parts in sorted(paths))


# --- what is there ---------------------------------------------------------------------------------------------------


def _entries(source: Path, modules: Sequence[str], notebook: Notebook | None, stack: ExitStack) -> list[Entry]:
    """List a folder's or a zip's entries. stack: closes the zip when they are read."""
    if source.is_dir():
        return looked_into(list(entries_of_folder(source)), modules, notebook)
    return list(entries_of_zip(stack.enter_context(open_regular(source)), MAX_ZIP_BYTES, MAX_ENTRIES))


def looked_into(entries: list[Entry], modules: Sequence[str], notebook: Notebook | None) -> list[Entry]:
    """A folder's entries or, where they hold nothing to grade, those of the one zip among them.

    So do learning platforms hand uploads out. Raises as `submitted_files` does.
    """
    wanted = _names(modules, notebook)
    if any(_stands_for(entry.parts[-1], wanted) for entry in entries):
        return entries
    zips = [entry for entry in entries if entry.parts[-1].lower().endswith(".zip")]
    if len(zips) > 1:
        raise UnfitError(f"Which zip is meant? {_listed([entry.parts for entry in zips[:4]])}")
    if not zips:
        return entries
    return list(entries_of_zip(BytesIO(zips[0].read(MAX_ZIP_BYTES + 1)), MAX_ZIP_BYTES, MAX_ENTRIES))
