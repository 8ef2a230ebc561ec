"""List the students of a class in what an instructor has downloaded: a learning platform's download, a folder or zip.

Files are listed where they are and nothing is unpacked. These layouts are known:

- a folder or an archive for each student, also with a folder for each assignment in it, as nbgrader's;
- the names that Canvas and Moodle give to files and folders (`platform_names`);
- Gradescope's export: a folder `submission_123` for each submission, and `submission_metadata.yml`;
- clones of GitHub repositories: folders that contain `.git`, called like the assignment and the student's login.

Each of the last three can be in a folder, as it is if a download was unpacked into one.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from gradkit.catalogue.assignments import assignments
from gradkit.submissions.bounded import READING, LimitReachedError, run_bounded
from gradkit.submissions.exception_text import tidy

from .archives import USE_ZIP, archive_stem, is_archive
from .choose import TIMESTAMP
from .entries import UnfitError, read_start
from .gradescope import MAX_METADATA_BYTES, METADATA, GradescopeSubmission, Submitter, read_metadata
from .not_taken_in import NotTakenIn
from .platform_names import PlatformName, match_platform
from .sources import Part, Source, Upload, list_class_zip, read_part
from .students import Student, StudentsError, safe_name
from .take_in import describe_error
from .times import parse_time

MAX_LEVELS = 3
"""Folders and zips around a platform's download that are looked into."""

MIN_CLONES = 3
"""Clones whose names must begin alike to say where a login begins. Two logins can begin alike by chance."""

MAX_ID_LENGTH = 200
MAX_TIMESTAMP_BYTES = 64

_GRADESCOPE = re.compile(r"submission_(?P<number>\d{1,18})")
_BRANCH_ZIP = re.compile(r"-(main|master)\.zip\Z")
"""End of the name of the zip that GitHub makes of a repository."""

_SUBMISSIONS = "-submissions"
"""End of the name of the folder that `gh classroom clone` makes. The rest is the assignment's name."""

_NAME_IT = "If it belongs to a student, put it into a folder with the student's name."


class ClassList(NamedTuple):
    """The students of a class.

    Attributes:
        students: The students, sorted by name.
        not_taken_in: What belongs to no student.
    """

    students: list[Student]
    not_taken_in: list[NotTakenIn]


def list_students(
    downloads: Path, leave_out: Path, assignment: str = "", make_name: Callable[[str], str] = safe_name
) -> ClassList:
    """List the students in a download.

    Args:
        downloads: A folder or a zip.
        leave_out: A folder that gradkit writes to. It may be inside `downloads`; the entry that contains it is not a
            student.
        assignment: Name of the assignment. In nbgrader's layout, only its folders count.
        make_name: Makes a name that is safe in a path from the name that a download has for a student.

    Raises:
        StudentsError: If the download contains no student's submission.
        OSError: If it cannot be read.
    """
    level = _unwrap(_list_level(downloads, leave_out), leave_out)
    finds, not_taken_in = _find_uploads(level)
    if not finds:
        raise StudentsError(_describe_missing_students(downloads, level.tops))
    students = [_enter_assignment(each, assignment) for each in _make_students(finds, make_name)]
    if len(students) == 1:
        not_taken_in += _suspect_class(students[0], leave_out)
    return ClassList(sorted(students, key=lambda student: student.name), not_taken_in)


def _suspect_class(student: Student, leave_out: Path) -> list[NotTakenIn]:
    """Say what to do if the only student of a download is a folder of folders, which can be those of a class."""
    folder = student.source
    if not isinstance(folder, Path) or not folder.is_dir():
        return []
    tops = _list_level(folder, leave_out).tops
    names = {each.name for each in assignments()}
    others = [top for top in tops if top.is_container and top.name not in names]
    if len(others) < 2 or len(others) < len(tops):
        return []
    reason = f"It is the only student of this download, and holds {len(others)} folders or archives."
    return [NotTakenIn(safe_name(folder.name), reason, "If these are students, name this folder in the command.")]


def find_student(name: str, downloads: Path, assignment: str = "") -> Student:
    """Return the student of this name in a download. Raises StudentsError if it has none."""
    for student in list_students(downloads, downloads / ".reports", assignment).students:
        if student.name == name:
            return student
    raise StudentsError(f"{name} has no submission in {downloads}: name the student's folder or zip with --submission.")


def is_left_out(path: Path, leave_out: Path) -> bool:
    """Return whether an entry of a folder of submissions is not a submission.

    Args:
        path: The entry.
        leave_out: A folder that gradkit writes to.

    Returns:
        True for hidden entries, for what macOS adds, and if `leave_out` is the entry or inside it.
    """
    is_noise = path.name.startswith(".") or path.name == "__MACOSX"
    # Path.resolve raises RuntimeError for a link to itself.
    return is_noise or Path(os.path.realpath(leave_out)).is_relative_to(os.path.realpath(path))


def _describe_missing_students(downloads: Path, tops: Iterable[_Top]) -> str:
    """Say what a download without students contains instead, and what to do."""
    name = safe_name(downloads.name)
    if any(top.name.endswith((".py", ".ipynb")) for top in tops):
        return (
            f"{name} contains files, and nothing says whose they are. Put each student's files into a folder with the "
            f"student's name, and these folders into {name}."
        )
    return (
        f"{name} holds no submissions. It should contain a folder or an archive for each student, or be a learning "
        "platform's download."
    )


# --- what is at the top ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Top:
    """A file or folder at the top of a download.

    Attributes:
        path: Its path on disk, or the zip of the class that contains it.
        inside: Its path in that zip; empty if it is on disk.
        is_folder: Whether it is a folder.
        files: Paths of the files in it, or of itself, if it is in a zip: see `list_class_zip`.
    """

    path: Path
    inside: tuple[str, ...]
    is_folder: bool
    files: tuple[tuple[str, ...], ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.inside[-1] if self.inside else self.path.name

    @property
    def is_link(self) -> bool:
        """Whether it is a link. Links are not followed."""
        return not self.inside and self.path.is_symlink()

    @property
    def is_container(self) -> bool:
        """Whether it is a folder or an archive, and not a link to one."""
        return self.is_folder or (is_archive(self.name) and not self.is_link)

    @property
    def is_clone(self) -> bool:
        """Whether it is a clone of a repository, or a zip that GitHub made of one."""
        if self.is_folder:
            return not self.inside and os.path.lexists(self.path / ".git")
        return _BRANCH_ZIP.search(self.name) is not None

    @property
    def stem(self) -> str:
        """Its name, that of an archive without the ending and, if GitHub made it, without the branch."""
        return self.name if self.is_folder else archive_stem(_BRANCH_ZIP.sub("", self.name))

    @property
    def is_gradescope(self) -> bool:
        """Whether it is a submission in Gradescope's export."""
        return self.is_folder and _GRADESCOPE.fullmatch(self.name) is not None

    def part(self, name: str = "") -> Part:
        """Return it as a part of an upload, under the name that the student gave it."""
        return Part(self.path, self.inside, "" if self.is_folder else name or self.name)


class _Level(NamedTuple):
    """A folder or zip that can be the download.

    Attributes:
        name: Its name.
        tops: What it contains.
        outside: Files beside it that are not in it.
    """

    name: str
    tops: list[_Top]
    outside: list[_Top]

    @property
    def is_platforms(self) -> bool:
        """Whether a platform has named what is in it."""
        if any(match_platform(top.name, top.is_folder) or top.is_gradescope for top in self.tops):
            return True
        n_clones = sum(top.is_clone for top in self.tops if top.is_folder)
        n_folders = sum(top.is_folder for top in self.tops)
        return n_clones > 1 or (self.name.endswith(_SUBMISSIONS) and n_folders > 0)


def _list_level(downloads: Path, leave_out: Path) -> _Level:
    """List a folder or a zip; the zip in a bounded process. Raises StudentsError if it is neither or cannot be read."""
    name = downloads.resolve().name
    if downloads.is_dir():
        items = sorted(os.scandir(downloads), key=lambda item: item.name)
        kept = [item for item in items if not is_left_out(Path(item.path), leave_out)]
        return _Level(name, [_Top(Path(item.path), (), item.is_dir(follow_symlinks=False)) for item in kept], [])
    if not downloads.is_file():
        raise StudentsError(f"There is no folder or zip {safe_name(str(downloads), 300)}.")
    if not name.lower().endswith(".zip"):
        raise StudentsError(
            f"{safe_name(downloads.name)} is neither a folder nor a zip. Unpack it, and name the folder."
        )

    path = downloads.resolve()
    try:
        reply = run_bounded(lambda: _try_to_list_zip(path), list[tuple[str, ...]] | str, READING)
    except LimitReachedError as error:
        reply = f"Reading it {error.message}."
    if isinstance(reply, str):
        raise StudentsError(f"{safe_name(downloads.name)} cannot be used: {reply} Unpack it, and name the folder.")
    return _Level(archive_stem(name), _tops_of_paths(path, (), reply), [])


def _try_to_list_zip(path: Path) -> list[tuple[str, ...]] | str:
    """List the paths in a class's zip, or return the reason why it cannot be read. Call it in a bounded process."""
    try:
        return list_class_zip(path)
    except MemoryError:
        raise
    except Exception as error:
        return describe_error(error).message


def _tops_of_paths(path: Path, folder: tuple[str, ...], files: Iterable[tuple[str, ...]]) -> list[_Top]:
    """Return the tops of a folder in a zip.

    Args:
        path: The zip.
        folder: The folder's path in the zip.
        files: The paths in the zip of all files below the folder.
    """
    n_parts = len(folder)
    tops = []
    for name, group in groupby(sorted(files), lambda parts: parts[n_parts]):
        if not name:  # the folder is empty
            continue
        with_name = list(group)
        below = tuple(parts for parts in with_name if len(parts) > n_parts + 1)
        if below:
            tops.append(_Top(path, (*folder, name), True, below))
        if len(below) < len(with_name):  # a file of this name
            tops.append(_Top(path, (*folder, name), False, (with_name[0],)))
    return tops


def _unwrap(level: _Level, leave_out: Path) -> _Level:
    """Return the platform's download that is the only folder or zip in this one, or else `level`."""
    inner, outside = level, list(level.outside)
    for _ in range(MAX_LEVELS):
        containers = [top for top in inner.tops if top.is_container]
        if inner.is_platforms or len(containers) != 1:
            break
        outside += [top for top in inner.tops if top not in containers]
        (container,) = containers
        try:
            if not container.inside:
                inner = _list_level(container.path, leave_out)
            elif container.is_folder:
                tops = _tops_of_paths(container.path, container.inside, container.files)
                inner = _Level(container.name, tops, [])
            else:
                break
        except (StudentsError, OSError):  # it is one student's submission, and that student's result says what is wrong
            break
    return inner._replace(outside=outside) if inner.is_platforms else level


# --- whose it is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Find:
    """What is known of something at the top of a download, which is all or a part of what a student handed in.

    Attributes:
        student: Equal for all parts of one student, different for different students.
        name: The student's name.
        unique_name: A name to use if another student has the same name.
        source: The file or folder.
        ids: Ids that the download has, by kind.
        submitted: When it was handed in, if that is known.
        is_late: Whether the platform marks it as late.
        is_numbered: Whether the platform numbers files that are uploaded again.
        warnings: Sentences for the instructor.
    """

    student: tuple[str, ...]
    name: str
    unique_name: str
    source: Path | Part | NotTakenIn
    ids: Mapping[str, str] = field(default_factory=dict)
    submitted: str = ""
    is_late: bool = False
    is_numbered: bool = False
    warnings: tuple[str, ...] = ()


def _find_uploads(level: _Level) -> tuple[list[_Find], list[NotTakenIn]]:
    """Find out whose the tops of a download are.

    Returns:
        What belongs to students, and what belongs to none.
    """
    finds: list[_Find] = []
    not_taken_in = [_describe_file(top) for top in level.outside]
    metadata: dict[str, GradescopeSubmission] = {}
    if any(top.is_gradescope for top in level.tops):
        metadata = _read_metadata(level.tops, not_taken_in)
    prefix = _clone_prefix(level)

    for top in level.tops:
        match = match_platform(top.name, top.is_folder)
        if match:
            finds.append(_find_of_platform(top, *match))
        elif top.is_gradescope:
            finds += _finds_of_gradescope(top, metadata.pop(top.name, None))
        elif top.is_container:
            finds.append(_find_of_student(top, prefix))
        elif top.name != METADATA:
            not_taken_in.append(_describe_file(top))

    reason = f"{METADATA} names this submission, and there is no such folder."
    not_taken_in += [NotTakenIn(name, reason, "Download the export again.") for name in sorted(metadata)]
    return _keep_newest_submissions(finds, not_taken_in), not_taken_in


def _describe_file(top: _Top) -> NotTakenIn:
    """Say why a file at the top of a download is not a submission."""
    name = safe_name(top.name)
    if top.is_link:
        return NotTakenIn(name, "It is a link, and links are not followed.", "Put the folder or file itself there.")
    if re.search(r"\.(rar|7z|gz|bz2|xz)\Z", name, re.I):
        return NotTakenIn(name, "It is an archive of a kind that is not opened here.", USE_ZIP)
    return NotTakenIn(name, "It is not in a student's folder or archive.", _NAME_IT)


def _find_of_student(top: _Top, prefix: str) -> _Find:
    """Describe a folder or archive that is called like a student.

    Args:
        top: The folder or archive.
        prefix: What precedes a login in the name of a clone; empty if that is not known.
    """
    name = top.name if top.is_folder else archive_stem(top.name)
    ids = {}
    if prefix and top.stem.startswith(prefix):
        name = top.stem.removeprefix(prefix)
        ids["github_login"] = name
    source = top.part() if top.inside else top.path
    return _Find((top.name, str(top.is_folder)), name, top.name, source, ids)


def _clone_prefix(level: _Level) -> str:
    """Return what precedes the login in the names of clones, or an empty string if that is not certain."""
    folders = [top.stem for top in level.tops if top.is_container]
    slug = level.name.removesuffix(_SUBMISSIONS)
    if slug != level.name and folders and all(re.match(f"{re.escape(slug)}-.", name) for name in folders):
        return f"{slug}-"
    clones = [top.stem for top in level.tops if top.is_clone]
    if len(clones) < MIN_CLONES or len(clones) < len(folders):
        return ""
    shared = os.path.commonprefix(clones)  # noqa: RUF071 (character by character, as is meant)
    prefix = shared[: shared.rfind("-") + 1]
    return prefix if all(len(name) > len(prefix) for name in clones) else ""


def _find_of_platform(top: _Top, platform: PlatformName, groups: Mapping[str, str]) -> _Find:
    """Describe a file or folder that a platform has named.

    Args:
        top: The file or folder.
        platform: How the platform names it.
        groups: Parts of its name, as `match_platform` returns them.
    """
    name, number = groups["name"].strip(), groups.get("number", "")
    source: Part | NotTakenIn
    if platform.has_file and (top.is_folder or "file" in groups):
        source = top.part(groups.get("file", ""))
    else:
        reason = "It is a text or a link that was typed into the platform."
        source = NotTakenIn(safe_name(top.name), reason, "Ask the student for a file.")
    ids = {platform.number_kind: number, platform.upload_kind: groups.get("upload", "")}
    return _Find(
        student=("", name, number),
        name=name,
        unique_name=f"{name}_{number}" if number else name,
        source=source,
        ids={kind: each for kind, each in ids.items() if kind and each},
        is_late="late" in groups,
        is_numbered=platform.is_numbered,
    )


# --- Gradescope ------------------------------------------------------------------------------------------------------


def _read_metadata(tops: Iterable[_Top], not_taken_in: list[NotTakenIn]) -> dict[str, GradescopeSubmission]:
    """Read who handed in what, in a bounded process. If that is not possible, add the reason to `not_taken_in`."""
    advice = "Each student is called like the folder. Download the export again to have names."
    files = [top for top in tops if top.name == METADATA and not top.is_folder]
    if not files:
        not_taken_in.append(NotTakenIn(METADATA, "It is missing.", advice))
        return {}
    try:
        reply = run_bounded(lambda: _try_to_read_metadata(files[0]), dict[str, GradescopeSubmission] | str, READING)
    except LimitReachedError as error:
        reply = f"Reading it {error.message}."
    if isinstance(reply, str):
        not_taken_in.append(NotTakenIn(METADATA, reply, advice))
        return {}
    return reply


def _try_to_read_metadata(top: _Top) -> dict[str, GradescopeSubmission] | str:
    """Read the metadata, or return the reason why it cannot be read."""
    try:
        return read_metadata(read_part(top.part(), MAX_METADATA_BYTES + 1))
    except MemoryError:
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, ValueError | UnfitError) else type(error).__name__
        return tidy(f"It cannot be read: {reason}.")


def _finds_of_gradescope(top: _Top, metadata: GradescopeSubmission | None) -> list[_Find]:
    """Describe a submission in Gradescope's export, once for each of the people who handed it in together."""
    match = _GRADESCOPE.fullmatch(top.name)
    number = match["number"] if match else ""
    find = _Find((top.name, ""), top.name, top.name, top.part() if top.inside else top.path)
    find = replace(find, ids={"gradescope_submission": number}, submitted=metadata.submitted if metadata else "")
    submitters = metadata.submitters if metadata else ()
    if not submitters:
        warning = f"{METADATA} does not say who handed in {top.name}."
        return [replace(find, warnings=(warning,) if metadata else ())]
    finds = []
    for submitter in submitters:
        name = submitter.name or submitter.email or submitter.sid or top.name
        ids = {**find.ids, "gradescope_sid": submitter.sid, "email": submitter.email}
        others = ", ".join(other.name or other.email for other in submitters if other is not submitter)
        finds.append(
            replace(
                find,
                student=(top.name, name, submitter.sid, submitter.email),
                name=name,
                unique_name=f"{name}_{_distinguish(submitter) or number}",
                ids={kind: each for kind, each in ids.items() if each},
                warnings=(f"Handed in together with {others}.",) if others else (),
            )
        )
    return finds


def _distinguish(submitter: Submitter) -> str:
    """Return what distinguishes a person from others of the same name; empty if nothing does."""
    return submitter.sid or submitter.email


def _keep_newest_submissions(finds: list[_Find], not_taken_in: list[NotTakenIn]) -> list[_Find]:
    """Keep the newest of several Gradescope submissions of one person, and add the others to `not_taken_in`.

    If their times do not say which one is the newest, all are kept.
    """
    by_person: dict[str, list[_Find]] = {}
    for find in finds:
        person = find.ids.get("gradescope_sid") or find.ids.get("email")
        if person and "gradescope_submission" in find.ids:
            by_person.setdefault(person, []).append(find)
    older: set[int] = set()
    for submissions in by_person.values():
        times = {datetime.fromisoformat(find.submitted) if find.submitted else None for find in submissions}
        if len(submissions) > 1 and len(times) == len(submissions) and None not in times:
            newest = max(submissions, key=lambda find: datetime.fromisoformat(find.submitted))
            for find in submissions:
                if find is not newest:
                    older.add(id(find))
                    reason = f"submission_{newest.ids['gradescope_submission']} of the same student is newer."
                    name = f"submission_{find.ids['gradescope_submission']}"
                    not_taken_in.append(NotTakenIn(name, reason, "If it is meant, remove the newer one."))
    return [find for find in finds if id(find) not in older]


# --- the students ----------------------------------------------------------------------------------------------------


def _make_students(finds: Iterable[_Find], make_name: Callable[[str], str]) -> list[Student]:
    """Give each student a different name: with the platform's number if several students have the same name."""
    groups: dict[tuple[str, ...], list[_Find]] = {}
    for find in finds:
        groups.setdefault(find.student, []).append(find)
    n_called = Counter(make_name(group[0].name) for group in groups.values())

    students = []
    used_names: set[str] = set()
    for group in groups.values():
        shared_name = make_name(group[0].name)
        warnings = list(dict.fromkeys(warning for find in group for warning in find.warnings))
        name = shared_name
        if n_called[shared_name] > 1:
            name = make_name(group[0].unique_name)
            warnings.append(f"{n_called[shared_name]} students are called {shared_name}.")
        while name in used_names:
            name += "~"
        used_names.add(name)
        students.append(
            Student(
                name,
                _make_source(group),
                _merge_ids(group),
                max(find.submitted for find in group),
                any(find.is_late for find in group),
                tuple(tidy(warning) for warning in warnings),
            )
        )
    return students


def _make_source(group: Sequence[_Find]) -> Source:
    """Return what a student handed in, and what was typed into the platform, which is not taken in."""
    if len(group) == 1 and isinstance(group[0].source, Path):
        return group[0].source
    parts = tuple(find.source for find in group if isinstance(find.source, Part))
    typed = tuple(find.source for find in group if isinstance(find.source, NotTakenIn))
    if parts:
        advice = "Files were handed in with it, and these count: read it if they do not run."
        typed = tuple(msgspec.structs.replace(each, advice=advice) for each in typed)
    return Upload(parts, group[0].is_numbered, typed)


def _merge_ids(group: Sequence[_Find]) -> dict[str, str]:
    """Return the ids of all parts of a submission. Of several numbers of uploads, the largest is the newest."""
    ids: dict[str, str] = {}
    for find in group:
        for kind, each in find.ids.items():
            ids[kind] = max(ids.get(kind, ""), tidy(each, MAX_ID_LENGTH), key=lambda text: (len(text), text))
    return ids


def _enter_assignment(student: Student, assignment: str) -> Student:
    """Return a student with the folder of one assignment and its time of submission, if the layout is nbgrader's.

    That is a folder on disk with nothing but folders of assignments. In other layouts a student can have handed in the
    file with the time.

    Args:
        student: The student.
        assignment: Name of the assignment; empty for several assignments.
    """
    folder = student.source
    if not assignment or not isinstance(folder, Path) or folder.is_symlink() or not folder.is_dir():
        return student
    names = {each.name for each in assignments()}
    try:
        items = [item for item in islice(os.scandir(folder), 100) if not item.name.startswith(".")]
    except OSError:  # reading the submission says so
        return student
    if not items or not all(item.is_dir(follow_symlinks=False) and item.name in names for item in items):
        return student

    present = sorted(item.name for item in items)
    if assignment not in present:
        reason = f"Nothing was handed in for {assignment}, only for other assignments."
        nothing = [NotTakenIn(name, reason, "If it is meant, rename the folder.") for name in present]
        return replace(student, source=Upload((), not_taken_in=tuple(nothing)))
    try:
        content = read_start(folder / assignment / TIMESTAMP, MAX_TIMESTAMP_BYTES)
    except OSError:  # missing, or not a regular file
        content = b""
    return replace(student, source=folder / assignment, submitted=parse_time(content.decode("utf-8", "replace")))
