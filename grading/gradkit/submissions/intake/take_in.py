"""Copy the files of a submission that count to a new folder, in a bounded process.

Nothing is unpacked: the entries of the folder or zip are listed, the few that count are read within limits and written
to the new folder. `Intake` is the result.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from gradkit.catalogue.assignments import Notebook
from gradkit.submissions.bounded import READING, LastingProcess, LimitReachedError, WriteFailure, run_bounded
from gradkit.submissions.exception_text import tidy, tidy_warnings
from gradkit.submissions.outcome import SubmissionError, Verdict

from .choose import (
    ChosenFiles,
    choose_files,
    compile_patterns,
    notebook_file,
    open_nested_zip,
    python_files,
)
from .entries import MAX_ENTRIES, MAX_ZIP_BYTES, Entry, UnfitError, list_folder_entries, list_zip_entries, open_regular
from .notebook import NotebookError, convert_to_module, read_solutions


class NotTakenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was handed in and could not be used. All texts are safe to print.

    Attributes:
        file: The file's path in the submission.
        reason: Why it was not used, as a sentence.
        advice: What to do, as a sentence.
    """

    file: str
    reason: str
    advice: str


class Intake(msgspec.Struct, frozen=True, tag=True):
    """Result of the intake: the digest, warnings, and the reason if there is nothing to grade.

    Attributes:
        digest: Hash of the files that count; equal for submissions that are graded alike.
        verdict: Verdict of all items if the submission cannot be graded.
        message: The reason for this verdict.
        missing: Files to grade that were not handed in, without `.py`.
        not_taken_in: Files that were handed in and could not be used.
        warnings: Sentences for the instructor about what intake did, each safe to print.
    """

    digest: str = ""
    verdict: Verdict | None = None
    message: str = ""
    missing: tuple[str, ...] = ()
    not_taken_in: tuple[NotTakenIn, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def failure(self) -> SubmissionError | None:
        """The error that settles all items, if the submission cannot be graded."""
        return None if self.verdict is None else SubmissionError(self.verdict, self.message)


def take_in(
    source: Path,
    target: Path,
    modules: Sequence[str],
    notebook: Notebook | None = None,
    builds_on: Sequence[str] = (),
    reader: Reader | None = None,
) -> Intake:
    """Copy the files of a submission that count to a new folder, in a bounded process.

    No submission makes this raise: one that reaches a limit has a verdict in the result, like any other.

    Args:
        source: The submission, a folder or a zip.
        target: The folder to make.
        modules: Files to grade, without `.py`. The submission must have at least one of them.
        notebook: Notebook whose solution cells replace these files if the submission has it.
        builds_on: Files that the files to grade import, without `.py`.
        reader: Bounded process to use. By default, a new one is forked.

    Raises:
        OSError: If the folder cannot be written.
    """
    request = _Request(source, target, tuple(modules), notebook, tuple(builds_on))
    try:
        if reader:
            reply = reader.run(request)
        else:
            compile_patterns(modules, notebook, builds_on)
            reply = run_bounded(lambda: _take_in(request), _Reply, READING)
    except LimitReachedError as error:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        return _make_intake({}, describe_error(error))
    if isinstance(reply, WriteFailure):
        raise reply.to_error()
    return reply


class _Request(NamedTuple):
    """The arguments of `take_in`."""

    source: Path
    target: Path
    modules: tuple[str, ...]
    notebook: Notebook | None
    builds_on: tuple[str, ...]


_Reply = Intake | WriteFailure
Reader = LastingProcess[_Request, _Reply]
"""A bounded process that takes in one submission after another."""


def make_reader() -> Reader:
    """Return a bounded process for `take_in`, which starts when it is first used and ends with this process."""
    return LastingProcess(_take_in, _Reply, READING)


def describe_error(error: Exception) -> SubmissionError:
    """Make the failure of a submission that could not be read from the exception that reading it raised."""
    if isinstance(error, UnfitError):
        return SubmissionError(error.verdict, tidy(str(error)))
    if isinstance(error, LimitReachedError):
        return SubmissionError(error.verdict, f"Reading the submission {error.message}.")
    # A damaged zip can raise any of these, depending on where the damage is.
    expected = (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError)
    action = "read" if isinstance(error, expected) else "unpacked"
    return SubmissionError(Verdict.ERROR, f"The submission cannot be {action}: {type(error).__name__}.")


# --- in the bounded process ------------------------------------------------------------------------------------------


def _take_in(request: _Request) -> _Reply:
    """Read the files that count and write them to the new folder."""
    files: dict[str, bytes] = {}
    warnings: list[str] = []
    failure = None
    try:
        chosen = _choose(request)
        warnings += chosen.warnings
        extracted = _extract_solutions(chosen.files, request.notebook)
        warnings += extracted.warnings
        warnings += _warn_of_missing_imports(extracted.files, request)
        files = extracted.files
    except MemoryError:
        raise
    except Exception as error:
        failure = describe_error(error)

    try:
        request.target.mkdir(parents=True)
        for name, content in files.items():
            (request.target / name).write_bytes(content)
    except OSError as error:
        return WriteFailure.from_error(error, request.target)

    # If the submission has a file to grade that cannot be used, no file counts as missing.
    is_unusable = failure is not None and failure.verdict is not Verdict.NOT_IMPLEMENTED
    missing = () if is_unusable else tuple(module for module in request.modules if f"{module}.py" not in files)
    return _make_intake(files, failure, missing, warnings)


def _choose(request: _Request) -> ChosenFiles:
    """List the entries of the submission and read those that count."""
    with ExitStack() as open_until_read:
        entries = _list_entries(request, open_until_read)
        return choose_files(entries, request.modules, request.notebook, request.builds_on)


def _list_entries(request: _Request, stack: ExitStack) -> list[Entry]:
    """List the entries of a folder or a zip. The zip stays open until `stack` is closed."""
    if request.source.is_dir():
        return open_nested_zip(list(list_folder_entries(request.source)), request.modules, request.notebook)
    opened = stack.enter_context(open_regular(request.source))
    return list(list_zip_entries(opened, MAX_ZIP_BYTES, MAX_ENTRIES))


def _extract_solutions(files: Mapping[str, bytes], notebook: Notebook | None) -> ChosenFiles:
    """Replace the notebook, if it is one of these files, by the files that its solution cells make."""
    if notebook is None or notebook_file(notebook) not in files:
        return ChosenFiles(dict(files), [])

    page = notebook_file(notebook)
    try:
        solutions = read_solutions(files[page], notebook)
    except NotebookError as error:
        raise UnfitError(f"{page} {error}.") from None
    if not solutions.sources:
        raise UnfitError(f"{page} holds no solution cell.", Verdict.NOT_IMPLEMENTED)

    others = {name: content for name, content in files.items() if name != page}
    modules = {f"{id_}.py": convert_to_module(source) for id_, source in solutions.sources.items()}
    return ChosenFiles(others | modules, solutions.warnings)


def _warn_of_missing_imports(files: Mapping[str, bytes], request: _Request) -> list[str]:
    """Return a warning for every file that the files to grade import and that the submission does not have."""
    missing = sorted(python_files(request.builds_on) - files.keys())
    graded = f"{request.modules[0]}.py"
    return [f"{name} is missing. {graded} imports it, so these items cannot run." for name in missing]


def _make_intake(
    files: Mapping[str, bytes],
    failure: SubmissionError | None,
    missing: tuple[str, ...] = (),
    warnings: Sequence[str] = (),
) -> Intake:
    """Make the result, with the digest of the files and the failure."""
    digest = hashlib.sha256(repr(failure).encode())
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)} {name} {len(content)} ".encode() + content)
    verdict, message = (failure.verdict, failure.message) if failure else (None, "")
    return Intake(digest.hexdigest()[:32], verdict, message, missing, warnings=tuple(tidy_warnings(warnings)))
