"""Read the roster: the instructor's list of who is in the class, as a CSV file.

Its columns may be gradkit's own (id, name, email, section, group), or those of a learning platform's export: `_HEADERS`
says which headers mean which column. The same reader reads lists of when a class handed in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from gradkit.errors import UserError
from gradkit.submissions.exception_text import tidy

MAX_ROSTER_BYTES = 8 << 20
"""Size of the file. A row of 400 bytes for each of 20,000 students."""

MAX_ENTRIES = 20_000

MAX_CELL_LENGTH = 200
"""Characters of a cell that are used."""

_SEPARATORS = (",", ";", "\t", ":")
"""What separates cells: Canvas and spreadsheets write `;` in some countries, and Moodle asks."""

_HEADERS = {
    "id": ("id", "student id", "id number", "sis user id", "sid", "roster identifier", "identifier"),
    "login": ("login", "username", "user name", "sis login id", "login id"),
    "email": ("email", "e mail", "email address", "e mail address", "mail"),
    "name": ("name", "full name", "student name", "student"),
    "first_name": ("first name", "firstname", "given name"),
    "last_name": ("last name", "lastname", "surname", "family name"),
    "section": ("section", "sections", "section name"),
    "group": ("group", "groups", "group name"),
    "role": ("role", "roles"),
    "submitted": ("submitted", "last modified (submission)", "submission time", "submission timestamp"),
    "lms_user_id": ("lms user id",),
    "canvas_user": ("canvas user", "canvas user id"),
    "moodle_participant": ("moodle participant",),
    "gradescope_sid": ("sid",),
    "github_login": ("github login", "github username"),
}
"""Headers of each column, the preferred first: in small letters, with spaces for `_` and `-`."""

_OTHER_MEANINGS = (
    ({"sis user id", "sis login id", "current score"}, "id", "canvas_user"),
    ({"grade can be changed"}, "identifier", "moodle_participant"),
)
"""Headers that mean something else in an export: those that show which export it is, the header, and its column.

Canvas' gradebook has its own numbers under ID. Moodle's grading worksheet has `Participant 123` under Identifier."""

_ID_COLUMNS = ("id", "login", "email", "canvas_user", "moodle_participant", "github_login")
"""Columns that can identify a student. The first one that every student has is the id."""

_DOWNLOADED_IDS = ("canvas_user", "moodle_participant", "gradescope_sid", "github_login")
"""Columns that are ids of a download, too: see `students.ID_KINDS`."""

_NOT_A_NAME = ("points possible", "student, test")
"""Names of rows of Canvas' gradebook that are not students: the maximum points, and the test student."""

_NOTHING = ("", "-", "no groups", "none")
"""Cells that say that there is nothing."""

_NOT_STUDENTS = (
    *("instructor", "teacher", "non-editing teacher", "ta", "teaching assistant", "assistant", "designer", "grader"),
    *("reader", "observer", "manager"),
)
"""Roles of people who hand in nothing."""


class RosterError(UserError):
    """A roster cannot be used. The message names the file, the line, and what to do."""


@dataclass(frozen=True)
class RosterEntry:
    """A student of the class, as the roster describes them. What it does not say is empty.

    Attributes:
        id: The student's id, which no other entry has.
        name: The student's name, as the roster writes it.
        first_name: First name.
        last_name: Last name.
        email: E-mail address.
        login: Name under which the student logs in, or hands in.
        section: Sections, as the roster writes them.
        group: Groups, as the roster writes them.
        ids: What identifies the student in downloads, by kind: see `students.ID_KINDS`.
        lms_user_id: The student's id in the learning platform.
        submitted: When the student handed in, as the file writes it.
        line: The number of the line.
    """

    id: str
    name: str
    first_name: str
    last_name: str
    email: str
    login: str
    section: str
    group: str
    ids: Mapping[str, str]
    lms_user_id: str
    submitted: str
    line: int

    def __str__(self) -> str:
        """Return the name with the id, as lists show it."""
        return self.name if self.name == self.id else f"{self.name} ({self.id})"

    @property
    def sections(self) -> list[str]:
        """The section as it is written, and what it consists of if it names several: `Monday and Lab 2`."""
        return _take_apart(self.section)

    @property
    def groups(self) -> list[str]:
        """The same for the group."""
        return _take_apart(self.group)


def _take_apart(text: str) -> list[str]:
    parts = re.split(r"\s*[,;|]\s*(?:and\s+)?|\s+and\s+", text)
    return list(dict.fromkeys(part for part in (text, *parts) if part))


def read_roster(path: Path, needs_names: bool = True) -> list[RosterEntry]:
    """Read a roster, or another list of students that has the same columns.

    Args:
        path: The CSV file, in UTF-8, or in UTF-16 with a byte order mark.
        needs_names: Whether it must have the students' names.

    Raises:
        RosterError: If the file has no column for the id or the name, a student has no id, or two students have
            the same.
    """
    table = _read_table(path)
    rows = [row for row in table.rows if _is_student(row)]
    if not rows:
        raise RosterError(f"{path.name} lists no student.")
    if needs_names and not table.columns.keys() & {"name", "first_name", "last_name"}:
        raise RosterError(f"{path.name} has no column for the student's name. {_name_headers('name')}")

    ids = _find_ids(path, table, rows)
    first_lines: dict[str, int] = {}
    for row, id_ in zip(rows, ids):
        first = first_lines.setdefault(id_.casefold(), row.line)
        if first != row.line:
            raise RosterError(f"{path.name} has the id {id_} in lines {first} and {row.line}: give each student one.")
    return [_make_entry(row, id_) for row, id_ in zip(rows, ids)]


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """A row of the file: the cells that are not empty, by header, and by column of _HEADERS."""

    line: int
    by_header: Mapping[str, str]
    by_column: Mapping[str, str]


@dataclass(frozen=True)
class _Table:
    """The file: the headers, the column of each as far as it is known, and the rows."""

    columns: Mapping[str, list[str]]
    rows: Sequence[_Row]


def _read_table(path: Path) -> _Table:
    """Read the file as a table, with the separator under which most headers are known."""
    text = _read_text(path)
    first_line = next(iter(text.lstrip().splitlines()), "")
    try:
        separator = max(_SEPARATORS, key=lambda each: len(_columns_of(_headers_of(first_line, each))))
        lines = list(_rows_of(text, separator))
    except csv.Error as error:
        raise RosterError(f"{path.name} cannot be read as CSV: {error}.") from None
    if not lines:
        raise RosterError(f"{path.name} is empty.")
    if len(lines) > MAX_ENTRIES:
        raise RosterError(f"{path.name} has more than {MAX_ENTRIES:,} rows.")

    headers = [_plain_header(cell) for cell in lines[0][1]]
    columns = _columns_of(headers)
    return _Table(columns, [_make_row(line, headers, cells, columns) for line, cells in lines[1:]])


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ROSTER_BYTES + 1)
    except OSError as error:
        raise RosterError(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_ROSTER_BYTES:
        raise RosterError(f"{path.name} is larger than {MAX_ROSTER_BYTES >> 20} MB: is it the roster?")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise RosterError(f"{path.name} is not UTF-8: save it as CSV UTF-8.") from None


def _rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its last line."""
    reader = csv.reader(StringIO(text.replace("\0", ""), newline=""), delimiter=separator)
    for row in reader:
        cells = [tidy(cell.strip(), MAX_CELL_LENGTH) for cell in row]
        if any(cells):
            yield reader.line_num, cells


def _headers_of(line: str, separator: str) -> list[str]:
    return [_plain_header(cell) for cell in next(csv.reader([line], delimiter=separator), [])]


def _plain_header(cell: str) -> str:
    """Return a header in small letters, with single spaces."""
    return " ".join(re.sub(r"[_-]", " ", cell).casefold().split())


def _columns_of(headers: Sequence[str]) -> dict[str, list[str]]:
    """Return which headers of a file belong to each column, the preferred first."""
    meanings = {column: list(known) for column, known in _HEADERS.items()}
    for signs, header, column in _OTHER_MEANINGS:
        if signs & set(headers):
            meanings["id"].remove(header)
            meanings[column].insert(0, header)
    found = {column: [header for header in known if header in headers] for column, known in meanings.items()}
    return {column: known for column, known in found.items() if known}


def _make_row(line: int, headers: Sequence[str], cells: Sequence[str], columns: Mapping[str, list[str]]) -> _Row:
    by_header: dict[str, str] = {}
    for header, cell in zip(headers, cells):
        if cell.casefold() not in _NOTHING:
            by_header.setdefault(header, cell)
    by_column = {}
    for column, known in columns.items():
        filled = [by_header[header] for header in known if header in by_header]
        if filled:
            by_column[column] = filled[0]
    if "moodle_participant" in by_column:  # "Participant 123"
        by_column["moodle_participant"] = by_column["moodle_participant"].rpartition(" ")[2]
    return _Row(line, by_header, by_column)


def _is_student(row: _Row) -> bool:
    """Return whether a row is a student's: not empty, not one of Canvas' own rows, and not of someone who teaches."""
    if not row.by_column.keys() - {"section", "group", "role", "submitted"}:
        return False
    is_canvas_row = row.by_column.get("name", "").casefold() in _NOT_A_NAME
    roles = [role.strip() for role in row.by_column.get("role", "").casefold().split(",")]
    return not is_canvas_row and not any(role in _NOT_STUDENTS for role in roles)


def _find_ids(path: Path, table: _Table, rows: Sequence[_Row]) -> list[str]:
    """Return the id of every student, from the first column that every student has."""
    headers = [header for column in _ID_COLUMNS for header in table.columns.get(column, ())]
    if not headers:
        raise RosterError(f"{path.name} has no column for the student's id. {_name_headers('id')}")
    for header in headers:
        if all(header in row.by_header for row in rows):
            return [row.by_header[header] for row in rows]
    line = next(row.line for row in rows if headers[0] not in row.by_header)
    raise RosterError(f"{path.name}, line {line}: there is no {headers[0]}. Each student needs one.")


def _name_headers(column: str) -> str:
    return f"Call it one of: {', '.join(_HEADERS[column])}."


def _make_entry(row: _Row, id_: str) -> RosterEntry:
    cells = row.by_column
    first, last = cells.get("first_name", ""), cells.get("last_name", "")
    name = cells.get("name", "") or f"{first} {last}".strip() or id_
    if not (first or last):
        first, last = _split_name(name)
    email = cells.get("email", "") or (id_ if re.fullmatch(r"\S+@\S+\.\S+", id_) else "")
    return RosterEntry(
        id=id_,
        name=name,
        first_name=first,
        last_name=last,
        email=email,
        login=cells.get("login", ""),
        section=cells.get("section", ""),
        group=cells.get("group", ""),
        ids={kind: cells[kind] for kind in _DOWNLOADED_IDS if kind in cells},
        lms_user_id=cells.get("lms_user_id", "") or cells.get("canvas_user", "") or id_,
        submitted=cells.get("submitted", ""),
        line=row.line,
    )


def _split_name(name: str) -> tuple[str, str]:
    """Return the first and the last name of a name: `Doe, Jane`, as Canvas writes it, or else the last word is last."""
    if name.count(",") == 1:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()
