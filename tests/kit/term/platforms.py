"""The shapes in which four learning platforms give a class's hand-ins and its roster to the instructor.

Each shape writes one download of one assignment, as the platform names files, and the platform's own export of the
class. Shapes of the two assignments differ where a platform (or the program that unpacks its zip) has more than one.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from people import CLASS, HandIn, Person
from works import A1, make_zip, pack

ZIP_TIME = (2026, 10, 20, 9, 0, 0)
"""When the instructor downloads: the times of a zip's entries are those of the zipping, not of handing in."""


@dataclass(frozen=True)
class Platform:
    """A learning platform.

    Attributes:
        name: Its name.
        id_kind: The kind of id in reports that says whose hand-in it is.
        find_id: Returns that id of a hand-in.
        write: Writes a download of an assignment into a folder, and returns the path to grade.
        roster: Returns the platform's own export of the class.
        list_times: Returns the platform's list of when hand-ins came, if the download does not say so.
        has_times: Whether its download says when something was handed in.
        marks_late: Whether its download marks what is late.
    """

    name: str
    id_kind: str
    find_id: Callable[[HandIn], str]
    write: Callable[[Path, str, Sequence[HandIn]], Path]
    roster: Callable[[], str]
    list_times: Callable[[Sequence[HandIn]], str] | None = None
    has_times: bool = False
    marks_late: bool = False

    @property
    def people(self) -> list[Person]:
        """Those of the class who use it."""
        return [person for person in CLASS if person.platform == self.name]

    def hand_ins(self, assignment: str) -> list[HandIn]:
        """What they hand in for an assignment, without those who hand in nothing."""
        return [person.hand_ins[assignment] for person in self.people if assignment in person.hand_ins]


def _write_all(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _write_zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content)
    return path


def _as_csv(rows: Sequence[Sequence[object]], separator: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


# --- Canvas: flat files -----------------------------------------------------------------------------------------------


def canvas_user(person: Person) -> str:
    """Return Canvas' number of a person."""
    return str(12000 + person.number)


def _write_canvas(folder: Path, assignment: str, hand_ins: Sequence[HandIn]) -> Path:
    """a1: the zip as it was downloaded. a2: unpacked on a Mac, in a folder below the one that is graded."""
    files: dict[str, bytes] = {}
    for position, hand_in in enumerate(hand_ins):
        person = hand_in.person
        sortable_name = re.sub(r"_(\d+)_", r"\1", f"{person.last}, {person.first}")
        who = re.sub(r"\W", "", sortable_name.lower())
        head = f"{who}{'_LATE' if hand_in.is_late else ''}_{canvas_user(person)}"
        uploaded = pack(hand_in.work)
        if any("/" in name for name in uploaded):
            uploaded = {"homework.zip": make_zip(uploaded)}
        if not uploaded:
            files[f"{head}_text.html"] = b"<h1>I have no file yet.</h1>"
        for name, content in uploaded.items():
            stem, dot, ending = name.partition(".")
            again = f"-{hand_in.n_earlier}" if hand_in.n_earlier else ""
            files[f"{head}_{670000 + position}_{stem}{again}{dot}{ending}"] = content
            for earlier in range(
                1, hand_in.n_earlier
            ):  # an earlier upload, from a second download into the same folder
                files[f"{head}_{650000 + position}_{stem}-{earlier}{dot}{ending}"] = b"class Value:\n    pass\n"
    if assignment == A1:
        return _write_zip(folder / "engines-expressions_submissions.zip", files)
    files = {unicodedata.normalize("NFD", name): content for name, content in files.items()}
    noise = {f"__MACOSX/._{name}": b"\0\5\26\7" for name in files}
    _write_all(folder / "downloads", {**{f"submissions/{name}": text for name, text in files.items()}, **noise})
    return folder / "downloads"


def _canvas_roster() -> str:
    rows: list[list[object]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Expressions (771)", "Final Score"],
        ["    Points Possible", "", "", "", "", "19.50", "(read only)"],
    ]
    for person in PLATFORMS["canvas"].people:
        name = f"{person.last}, {person.first}"
        rows.append([name, canvas_user(person), person.id, person.login, person.section, "", ""])
    rows.append(["Student, Test", "12999", "", "0123456789abcdef0123456789abcdef01234567", "Mon", "", ""])
    return "\ufeff" + _as_csv(rows)


# --- Moodle: a folder for each student --------------------------------------------------------------------------------


def moodle_participant(hand_in: HandIn) -> str:
    """Return Moodle's number of a participant, which is another one in each assignment."""
    return str((1_310_000 if hand_in.assignment == A1 else 1_420_000) + hand_in.person.number)


def _write_moodle(folder: Path, assignment: str, hand_ins: Sequence[HandIn]) -> Path:
    """a1: the zip as it was downloaded. a2: unpacked, from an older Moodle, whose names end in an underscore."""
    ending = "" if assignment == A1 else "_"
    files: dict[str, bytes] = {}
    for hand_in in hand_ins:
        head = f"{hand_in.person.full_name}_{moodle_participant(hand_in)}_assignsubmission"
        uploaded = pack(hand_in.work)
        if not uploaded:
            files[f"{head}_onlinetext{ending}/onlinetext.html"] = b"<p>I have no file yet.</p>"
        for name, content in uploaded.items():
            files[f"{head}_file{ending}/{name}"] = content
    if assignment == A1:
        return _write_zip(folder / "CS101-Expressions-4711.zip", files)
    _write_all(folder / "CS101-Backpropagation-4712", files)
    return folder / "CS101-Backpropagation-4712"


def _moodle_roster() -> str:
    rows: list[list[object]] = [["First name", "Last name", "ID number", "Email address", "Groups"]]
    for person in PLATFORMS["moodle"].people:
        rows.append([person.first, person.last, person.id, person.email, person.section])
    return "\ufeff" + _as_csv(rows, ";")


def _moodle_times(hand_ins: Sequence[HandIn]) -> str:
    """Return the grading worksheet, with times in Moodle's words."""
    heads = ["Identifier", "Full name", "ID number", "Email address", "Status", "Grade", "Maximum grade"]
    rows: list[list[object]] = [[*heads, "Grade can be changed", "Last modified (submission)", "Feedback comments"]]
    for each in hand_ins:
        person = each.person
        time = each.submitted.astimezone(ZoneInfo("Europe/Berlin")).strftime("%A, %d %B %Y, %I:%M %p")
        start = [f"Participant {moodle_participant(each)}", person.full_name, person.id, person.email]
        rows.append([*start, "Submitted for grading", "", "19.50", "Yes", time, ""])
    return "\ufeff" + _as_csv(rows)


# --- Gradescope: folders and one file of metadata ---------------------------------------------------------------------


def gradescope_submission(hand_in: HandIn) -> str:
    """Return Gradescope's number of a submission. A group has one."""
    leader = hand_in.group[0] if hand_in.group else hand_in.person
    return str((350_000_000 if hand_in.assignment == A1 else 360_000_000) + leader.number)


def _gradescope_metadata(hand_ins: Sequence[HandIn]) -> str:
    lines = ["---"]
    for hand_in in hand_ins:
        lines += [f"submission_{gradescope_submission(hand_in)}:", "  :submitters:"]
        for person in hand_in.group or (hand_in.person,):
            quoted = person.full_name.replace("'", "''")
            lines += [f"  - :name: '{quoted}'", f"    :sid: '{person.id}'", f"    :email: {person.email}"]
        handed_in = hand_in.submitted.strftime("%Y-%m-%d %H:%M:%S.861687000 Z")
        lines += [f"  :created_at: {handed_in}", "  :score: 0.0", "  :status: processed"]
        lines += ["  :results:", "    output: |-", "      hello: from the autograder", "      :submitters: none"]
        lines += ["  :history:"] if hand_in.n_earlier else ["  :history: []"]
        for attempt in range(hand_in.n_earlier):
            lines += [f"  - :id: {340_000_000 + attempt}", "    :created_at: 2026-09-20 10:00:00.000000000 Z"]
    return "\n".join(lines) + "\n"


def _write_gradescope(folder: Path, assignment: str, hand_ins: Sequence[HandIn]) -> Path:
    """a1: the folder with the metadata. a2: one level too high, as most programs unpack the zip."""
    number = "8046601" if assignment == A1 else "8046602"
    export = folder / f"assignment_{number}_export"
    if assignment != A1:
        folder, export = export, export / export.name
    led = [hand_in for hand_in in hand_ins if not hand_in.group or hand_in.group[0] is hand_in.person]
    for hand_in in led:
        target = export / f"submission_{gradescope_submission(hand_in)}"
        target.mkdir(parents=True)
        # Gradescope unpacks a zip that is uploaded, but not one within it.
        work = hand_in.work
        files = work.files if work.packing == "zip" else pack(work)
        if work.packing == "zip in zip":
            files = {"homework/final.zip": make_zip(work.files)}
        _write_all(target, dict(files))
    (export / "submission_metadata.yml").write_text(_gradescope_metadata(led), encoding="utf-8")
    return export if assignment == A1 else folder


def _gradescope_roster() -> str:
    rows: list[list[object]] = [
        ["First Name", "Last Name", "SID", "Email", "Sections", "Expressions", "Total Lateness (H:M:S)"]
    ]
    for person in PLATFORMS["gradescope"].people:
        rows.append([person.first, person.last, person.id, person.email, person.section, "", "00:00:00"])
    return _as_csv(rows)


# --- GitHub Classroom: clones -----------------------------------------------------------------------------------------


def _write_github(folder: Path, assignment: str, hand_ins: Sequence[HandIn]) -> Path:
    """a1: the folder of clones. a2: the folder that holds it."""
    slug = assignment.replace("_", "-")
    clones = folder / "clones" / f"{slug}-submissions"
    for hand_in in hand_ins:
        clone = clones / f"{slug}-{hand_in.person.login}"
        git = {".git/HEAD": b"ref: refs/heads/main\n", ".git/config": b"[core]\n\tbare = false\n"}
        _write_all(clone, git)
        uploaded = pack(hand_in.work)
        if uploaded:
            template = {".gitignore": b"__pycache__/\n", ".github/classroom/autograding.json": b"{}\n"}
            _write_all(clone, {"README.md": b"# Homework\n", **template, **uploaded})
    return clones if assignment == A1 else folder / "clones"


def _github_roster() -> str:
    rows: list[list[object]] = [["identifier", "github_username", "github_id", "name"]]
    for person in PLATFORMS["github"].people:
        rows.append([person.id, person.login, 40_000 + person.number, person.full_name])
    return _as_csv(rows)


def _github_times(hand_ins: Sequence[HandIn]) -> str:
    """Return the grades that GitHub Classroom exports."""
    heads = ["assignment_name", "github_username", "roster_identifier", "student_repository_name"]
    rows: list[list[object]] = [[*heads, "submission_timestamp", "points_awarded", "points_available"]]
    for each in hand_ins:
        repository = f"{each.assignment.replace('_', '-')}-{each.person.login}"
        time = each.submitted.strftime("%Y-%m-%d %H:%M:%S UTC")
        rows.append([each.assignment, each.person.login, each.person.id, repository, time, "0", "0"])
    return _as_csv(rows)


PLATFORMS = {
    platform.name: platform
    for platform in (
        Platform(
            "canvas",
            "canvas_user",
            lambda hand_in: canvas_user(hand_in.person),
            _write_canvas,
            _canvas_roster,
            marks_late=True,
        ),
        Platform("moodle", "moodle_participant", moodle_participant, _write_moodle, _moodle_roster, _moodle_times),
        Platform(
            "gradescope",
            "gradescope_sid",
            lambda hand_in: hand_in.person.id,
            _write_gradescope,
            _gradescope_roster,
            has_times=True,
        ),
        Platform(
            "github",
            "github_login",
            lambda hand_in: hand_in.person.login,
            _write_github,
            _github_roster,
            _github_times,
        ),
    )
}


def list_uploads(path: Path) -> list[str]:
    """List the names at the top of a download: each must be somebody's, or be named on the screen."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            return sorted({name.partition("/")[0] for name in archive.namelist()})
    names = sorted(item.name for item in path.iterdir() if not _is_noise(item.name))
    # A download that was unpacked one level too deep.
    return list_uploads(path / names[0]) if len(names) == 1 else names


def _is_noise(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name == "submission_metadata.yml"
