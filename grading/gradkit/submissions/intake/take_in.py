"""Copy the files of a submission that count to a new folder, in a bounded process.

Nothing is unpacked: the entries of the folder or archive are listed, the few that count are read within limits and
written to the new folder. `Intake` is the result.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
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

from .archives import open_archives
from .choose import ChosenFiles, choose_files
from .entries import UnfitError
from .file_names import compile_patterns, files_to_grade, notebook_file, python_files
from .not_taken_in import ASK_AGAIN, NotTakenIn, tidy_not_taken_in
from .notebook import NotebookError, convert_to_module, read_solutions
from .sources import Source, list_source


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
    source: Source,
    target: Path,
    modules: Sequence[str],
    notebook: Notebook | None = None,
    builds_on: Sequence[str] = (),
    reader: Reader | None = None,
) -> Intake:
    """Copy the files of a submission that count to a new folder, in a bounded process.

    No submission makes this raise: one that reaches a limit has a verdict in the result, like any other.

    Args:
        source: What the student handed in.
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
        failure = describe_error(error)
        return _make_intake({}, failure, not_taken_in=[NotTakenIn("", failure.message, ASK_AGAIN)])
    if isinstance(reply, WriteFailure):
        raise reply.to_error()
    return reply


class _Request(NamedTuple):
    """The arguments of `take_in`."""

    source: Source
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
    # A damaged archive can raise any of these, depending on where the damage is.
    expected = (OSError, zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError, ValueError, EOFError)
    action = "read" if isinstance(error, expected) else "unpacked"
    return SubmissionError(Verdict.ERROR, f"The submission cannot be {action}: {type(error).__name__}.")


def describe_not_taken_in(error: Exception) -> list[NotTakenIn]:
    """Return which files were not taken in if reading a submission raised this exception, the submission first."""
    if isinstance(error, UnfitError):
        return [NotTakenIn("", str(error), error.advice), *error.not_taken_in]
    return [NotTakenIn("", describe_error(error).message, ASK_AGAIN)]


# --- in the bounded process ------------------------------------------------------------------------------------------


def _take_in(request: _Request) -> _Reply:
    """Read the files that count and write them to the new folder."""
    files: dict[str, bytes] = {}
    warnings: list[str] = []
    not_taken_in: list[NotTakenIn] = []
    failure = None
    try:
        with ExitStack() as open_until_read:
            listing = list_source(request.source, open_until_read)
            not_taken_in += listing.not_taken_in
            opened = open_archives(listing.entries, files_to_grade(request.modules, request.notebook))
            not_taken_in += opened.not_taken_in
            warnings += listing.warnings + opened.warnings
            chosen = choose_files(opened.entries, request.modules, request.notebook, request.builds_on)
        warnings += chosen.warnings
        not_taken_in += chosen.not_taken_in
        extracted = _extract_solutions(chosen.files, request.notebook)
        warnings += extracted.warnings
        warnings += _warn_of_missing_imports(extracted.files, request)
        files = extracted.files
    except MemoryError:
        raise
    except Exception as error:
        failure = describe_error(error)
        not_taken_in = [*describe_not_taken_in(error), *not_taken_in]

    try:
        request.target.mkdir(parents=True)
        for name, content in files.items():
            path = request.target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        return WriteFailure.from_error(error, request.target)

    # If the submission has a file to grade that cannot be used, no file counts as missing.
    is_unusable = failure is not None and failure.verdict is not Verdict.NOT_IMPLEMENTED
    missing = () if is_unusable else tuple(module for module in request.modules if f"{module}.py" not in files)
    return _make_intake(files, failure, missing, warnings, not_taken_in)


def _extract_solutions(files: Mapping[str, bytes], notebook: Notebook | None) -> ChosenFiles:
    """Replace the notebook, if it is one of these files, by the files that its solution cells make."""
    if notebook is None or notebook_file(notebook) not in files:
        return ChosenFiles(dict(files), [], [])

    page = notebook_file(notebook)
    try:
        solutions = read_solutions(files[page], notebook)
    except NotebookError as error:
        raise UnfitError(f"{page} {error}.") from None
    if not solutions.sources:
        advice = "Ask the student for the notebook with the solution, or for the file."
        raise UnfitError(f"{page} holds no solution cell.", Verdict.NOT_IMPLEMENTED, advice)

    others = {name: content for name, content in files.items() if name != page}
    modules = {f"{id_}.py": convert_to_module(source) for id_, source in solutions.sources.items()}
    return ChosenFiles(others | modules, solutions.warnings, [])


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
    not_taken_in: Sequence[NotTakenIn] = (),
) -> Intake:
    """Make the result, with the digest of the files and the failure."""
    digest = hashlib.sha256(repr(failure).encode())
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)} {name} {len(content)} ".encode() + content)
    verdict, message = (failure.verdict, failure.message) if failure else (None, "")
    listed = tidy_not_taken_in(not_taken_in)
    return Intake(digest.hexdigest()[:32], verdict, message, missing, listed, tuple(tidy_warnings(warnings)))
