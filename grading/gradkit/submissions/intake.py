"""Taking a submission in: from a folder or zip of any shape to a clean folder that holds the student's files alone.

Nothing is unpacked: the entries are listed, the few that are wanted are read under a cap and written anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from .accounts import tidy
from .notebook import MOST_NOTEBOOK, Notebook, NotebookError, as_module, solutions
from .outcome import SubmissionError, Verdict

MOST_FILE = 1 << 20
"""Bytes of one file: a thousand times what a long engine needs."""
MOST_ZIP = 64 << 20
MOST_ENTRIES = 10_000
MOST_FILES = 50
"""So many .py files beside the one that is graded may come along."""
_DEEPEST = 12
_ENTRY = b"PK\x01\x02"
"""How each entry in a zip's directory begins."""

_NOISE = re.compile(r"\..*|__MACOSX|__pycache__|site-packages|node_modules", re.I)
_COPY = r"(copy of )?{}([ _-]|\(\d{{1,4}}\)|copy|\d)*\.{}(\.txt|\.json)?"
"""How a download or a copy is called; each part begins with letters of its own, so that no name takes long to match."""
_MODULE = re.compile(r"[A-Za-z_]\w*\.py")
_TELLING = re.compile(r".*\.(py|ipynb|txt|zip|rar|7z|gz|tar|tgz)", re.I)


class UnfitError(Exception):
    """The submission cannot be used; the message says why."""

    def __init__(self, message: str, verdict: Verdict = Verdict.ERROR) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True)
class Entry:
    """A regular file of a submission. parts: its path.   read: its first bytes, up to the number asked for."""

    parts: tuple[str, ...]
    read: Callable[[int], bytes]


@dataclass
class TakenIn:
    """What became of a submission.

    digest:  equal for submissions that are graded alike.
    problem: why it cannot be graded, if it cannot; this settles all its items.
    notes:   what was done on the way that the instructor should know.
    """

    digest: str = ""
    problem: SubmissionError | None = None
    notes: list[str] = field(default_factory=list)


def take_in(
    source: Path,
    target: Path,
    modules: Sequence[str],
    notebook: Notebook | None = None,
    builds_on: Sequence[str] = (),
) -> TakenIn:
    """Copy a student's .py files into a folder that is made for them. Raises nothing that a submission does.

    source:    a folder, or a zip.
    modules:   the files to grade, without `.py`; the first must be there.
    notebook:  the notebook whose solution cells stand for those files where it is there.
    builds_on: files that those need beside them, without `.py`.
    """
    target.mkdir(parents=True)
    taken = TakenIn()
    files: dict[str, bytes] = {}
    try:
        entries = _entries(source, modules, notebook)
        files = submitted_files(entries, modules, notebook, taken.notes, builds_on)
        if notebook and _page(notebook) in files:
            files = _of_notebook(files, notebook, taken.notes)
        missing = sorted(_names(builds_on, None) - files.keys())
        taken.notes += [f"there is no {name}, which {modules[0]}.py builds on" for name in missing]
    except Exception as error:
        files = {}
        taken.problem = problem_of(error)
    digest = hashlib.sha256(repr(taken.problem).encode())
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)} {name} {len(content)} ".encode() + content)
        (target / name).write_bytes(content)
    taken.digest = digest.hexdigest()[:32]
    return taken


def problem_of(error: Exception) -> SubmissionError:
    """What is said of a submission that could not be taken in, by the exception that it raised."""
    if isinstance(error, UnfitError):
        return SubmissionError(error.verdict, tidy(str(error)))
    # zlib and lzma have errors of their own, and a broken zip finds them all
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
        if name not in wanted and beside > MOST_FILES:  # not even read: each may unpack to a megabyte
            if beside == MOST_FILES + 1:
                notes.append(f"only {MOST_FILES} .py files beside those that are graded came along")
            continue
        most = MOST_NOTEBOOK if name.endswith(".ipynb") else MOST_FILE
        content = entry.read(most + 1)
        if len(content) > most:
            if name in wanted:
                raise UnfitError(f"{name} is larger than {'a megabyte' if most == MOST_FILE else '20 megabytes'}.")
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
    for file in sorted(wanted):
        stem, _, ending = file.rpartition(".")
        if re.fullmatch(_COPY.format(re.escape(stem), ending), name, re.I):
            return file
    return ""


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


def _entries(source: Path, modules: Sequence[str], notebook: Notebook | None) -> list[Entry]:
    if source.is_dir():
        return looked_into(list(entries_of_folder(source)), modules, notebook)
    with source.open("rb") as opened:
        return list(_unzipped(opened.read(MOST_ZIP + 1)))


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
    return list(_unzipped(zips[0].read(MOST_ZIP + 1))) if zips else entries


def entries_of_folder(source: Path) -> Iterator[Entry]:
    """The regular files below a folder. Links are not followed, and what is no file is not opened.

    Raises UnfitError where there are too many, and OSError.
    """
    seen = 0
    for folder, below, names in os.walk(source, followlinks=False):
        parts = Path(folder).relative_to(source).parts
        below[:] = sorted(name for name in below if not _NOISE.fullmatch(name) and len(parts) < _DEEPEST)
        for name in sorted(names):
            seen += 1
            if seen > MOST_ENTRIES:
                raise UnfitError(f"The submission holds more than {MOST_ENTRIES:,} files.")
            path = Path(folder) / name
            if not _NOISE.fullmatch(name) and stat.S_ISREG(path.lstat().st_mode):
                yield Entry((*parts, name), lambda most, path=path: start_of(path, most))  # type: ignore[misc]


def start_of(path: Path, most: int) -> bytes:
    """The first bytes of a file that is no link. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(most)


def _unzipped(whole: bytes) -> Iterator[Entry]:
    if len(whole) <= MOST_ZIP and whole.count(_ENTRY) > MOST_ENTRIES:  # before zipfile makes an object of each
        raise UnfitError(f"The zip holds more than {MOST_ENTRIES:,} files.")
    return entries_of_zip(BytesIO(whole), MOST_ZIP)


def entries_of_zip(opened: BinaryIO, most_bytes: int) -> Iterator[Entry]:
    """The regular files in a zip, which must stay open while they are read.

    Raises UnfitError where it is too large, and whatever a broken zip raises.
    """
    if opened.seek(0, os.SEEK_END) > most_bytes:
        raise UnfitError(f"The zip is larger than {most_bytes >> 20} megabytes.")
    archive = zipfile.ZipFile(opened)
    for info in archive.infolist():
        parts = tuple(part for part in info.filename.replace("\\", "/").split("/") if part not in ("", "."))
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or not parts or ".." in parts or kind not in (0, stat.S_IFREG):
            continue
        if not any(_NOISE.fullmatch(part) for part in parts) and len(parts) <= _DEEPEST:
            yield Entry(parts, lambda most, info=info: _unpacked(archive, info, most))  # type: ignore[misc]


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """The first bytes of a zip's file, whatever size it claims: a bomb unpacks no further."""
    if info.flag_bits & 1:
        raise UnfitError("The zip is locked by a password.")
    with archive.open(info) as opened:
        return opened.read(most)
