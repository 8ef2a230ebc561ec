"""Join what was handed in with the roster: who is who, who is absent, and what belongs to nobody in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from gradkit.submissions.intake.students import Student, safe_name

from .roster import RosterEntry

_OTHER_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
"""Letters that Unicode does not decompose into a plain one and an accent."""


NUMBERS_OF_PEOPLE = ("canvas_user", "gradescope_sid", "github_login")
"""Kinds of ids that a person keeps on a platform. (Moodle's number of a participant is another in each assignment.)"""


@dataclass(frozen=True)
class Unjoined:
    """A student's submission that belongs to nobody in the roster, or to one of several.

    Attributes:
        student: The student's name in reports.
        candidates: The entries that it could belong to.
    """

    student: str
    candidates: tuple[RosterEntry, ...] = ()


@dataclass(frozen=True)
class JoinedClass:
    """The students who handed in, and what the roster says of them.

    Attributes:
        students: The students, with the id and e-mail address that the roster gives them.
        entries: The roster's entry of each student who is in it, by the student's name in reports.
        groups: The members of each group that handed in under its name, without those who handed in alone.
        absent: The entries of those who handed in nothing.
        unclear: The entries that an unjoined submission could belong to.
        unjoined: The submissions that are not joined with an entry. Empty without a roster.
        has_roster: Whether there is a roster.
    """

    students: tuple[Student, ...]
    entries: Mapping[str, RosterEntry]
    groups: Mapping[str, Sequence[RosterEntry]] = field(default_factory=dict)
    absent: tuple[RosterEntry, ...] = ()
    unclear: tuple[RosterEntry, ...] = ()
    unjoined: tuple[Unjoined, ...] = ()
    has_roster: bool = True

    def entries_of(self, student: str) -> Sequence[RosterEntry]:
        """Return whose submission it is: one student's, that of all members of a group, or nobody's in the roster.

        Args:
            student: The name in reports.
        """
        return [self.entries[student]] if student in self.entries else self.groups.get(student, ())


def join_class(students: Sequence[Student], roster: Sequence[RosterEntry]) -> JoinedClass:
    """Join students with the roster, each with the only entry that their ids, or else their name, agree with.

    An entry is joined with one student only. If several agree with it equally well, none of them is. What is nobody's
    but called like a group is handed in by all members of the group.

    Args:
        students: The students who handed in: all of them, since the others in the roster are absent.
        roster: The roster; empty if there is none.
    """
    if not roster:
        return JoinedClass(tuple(students), {}, has_roster=False)

    ways = _list_ways(roster)
    matches = {student.name: _find_match(student, ways) for student in students}
    claims: dict[str, list[tuple[int, str]]] = {}
    for name, match in matches.items():
        if len(match.entries) == 1:
            claims.setdefault(match.entries[0].id, []).append((match.way, name))
    entries = {}
    for match_claims in claims.values():
        best = min(match_claims)
        if sum(way == best[0] for way, _ in match_claims) == 1:
            entries[best[1]] = matches[best[1]].entries[0]

    joined_ids = {entry.id for entry in entries.values()}
    groups = {}
    for student in [student for student in students if not matches[student.name].entries]:
        name, group = student.name, _letters(_without_number_of_download(student))
        members = [entry for entry in roster if group in map(_letters, entry.groups)]
        alone = [entry for entry in members if entry.id in joined_ids]
        if len(members) > len(alone):
            groups[name] = [entry for entry in members if entry not in alone]
    joined_ids |= {entry.id for members in groups.values() for entry in members}

    no_entry = [name for name in matches if name not in entries and name not in groups]
    unjoined = [Unjoined(name, matches[name].entries) for name in no_entry]
    candidates = {entry.id for each in unjoined for entry in each.candidates}
    left = [entry for entry in roster if entry.id not in joined_ids]
    return JoinedClass(
        students=tuple(_add_ids(student, entries.get(student.name)) for student in students),
        entries=entries,
        groups=groups,
        absent=tuple(entry for entry in left if entry.id not in candidates),
        unclear=tuple(entry for entry in left if entry.id in candidates),
        unjoined=tuple(unjoined),
    )


def _add_ids(student: Student, entry: RosterEntry | None) -> Student:
    """Return a student with the ids of the roster's entry. Those that the download gave stay."""
    if entry is None:
        return student
    known = {"id": entry.id, "email": entry.email, **entry.ids}
    return replace(student, ids={**{kind: id_ for kind, id_ in known.items() if id_}, **student.ids, "id": entry.id})


# --- ways of agreeing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Way:
    """A way in which a student and an entry can agree: they have a key in common.

    Attributes:
        keys_of: Returns the keys of a student.
        entries: The entries by key.
    """

    keys_of: Callable[[Student], set[str]]
    entries: Mapping[str, Sequence[RosterEntry]]


@dataclass(frozen=True)
class _Match:
    """The entries that a student agrees with in the surest way in which there is one, and the number of this way."""

    way: int
    entries: tuple[RosterEntry, ...]


def _list_ways(roster: Sequence[RosterEntry]) -> list[_Way]:
    """Return the ways of agreeing with an entry of the roster, the surest first."""
    return [
        _Way(_downloaded_ids, _by_key(roster, _ids_in_downloads)),
        _Way(lambda student: {_fold_case(student.name)}, _by_key(roster, _folder_names)),
        _Way(lambda student: {_name_letters(student.name)}, _by_key(roster, _orders_of_name)),
        _Way(lambda student: {_fold_accents(student.name)}, _by_key(roster, _orders_without_accents)),
    ]


def _by_key(
    roster: Sequence[RosterEntry], keys_of: Callable[[RosterEntry], Iterable[str]]
) -> dict[str, list[RosterEntry]]:
    found: dict[str, list[RosterEntry]] = {}
    for entry in roster:
        for key in sorted(set(keys_of(entry)) - {""}):
            found.setdefault(key, []).append(entry)
    return found


def _find_match(student: Student, ways: Sequence[_Way]) -> _Match:
    for number, way in enumerate(ways):
        agreeing = [entry for key in way.keys_of(student) for entry in way.entries.get(key, ())]
        if number > 0:  # the first way is that of the ids: if these disagree among themselves, nothing is joined
            agreeing = [entry for entry in agreeing if not _has_other_number(student, entry)]
        entries = {entry.id: entry for entry in agreeing}
        if entries:
            return _Match(number, tuple(sorted(entries.values(), key=lambda entry: entry.line)))
    return _Match(len(ways), ())


def _has_other_number(student: Student, entry: RosterEntry) -> bool:
    """Return whether a platform has one number for the student who handed in, and another for the entry."""
    both = [kind for kind in NUMBERS_OF_PEOPLE if kind in student.ids and kind in entry.ids]
    return any(_fold_case(student.ids[kind]) != _fold_case(entry.ids[kind]) for kind in both)


def _downloaded_ids(student: Student) -> set[str]:
    """Return the ids that a student's download has, each with its kind. Gradescope's ids are those of the roster."""
    ids = {f"{kind} {_fold_case(id_)}" for kind, id_ in student.ids.items() if id_}
    if student.ids.get("gradescope_sid"):
        ids.add(f"id {_fold_case(student.ids['gradescope_sid'])}")
    return ids


def _ids_in_downloads(entry: RosterEntry) -> Iterable[str]:
    known = {"github_login": entry.login, **entry.ids, "id": entry.id, "email": entry.email}
    return {f"{kind} {_fold_case(id_)}" for kind, id_ in known.items() if id_}


def _folder_names(entry: RosterEntry) -> Iterable[str]:
    """Return what a student's folder can be called if it is not called by the name."""
    names = (entry.id, entry.email, entry.login, entry.ids.get("github_login", ""))
    return {_fold_case(safe_name(name)) for name in names if name}


def _orders_of_name(entry: RosterEntry) -> Iterable[str]:
    """Return the letters of an entry's name, beginning with each of its words: `janedoe` and `doejane`."""
    names = (entry.name, f"{entry.first_name} {entry.last_name}")
    return {_name_letters(turned) for name in names for turned in _turn(name)}


def _orders_without_accents(entry: RosterEntry) -> Iterable[str]:
    return {_fold_accents(letters) for letters in _orders_of_name(entry)}


def _turn(name: str) -> Iterable[str]:
    words = name.split()
    return (" ".join(words[start:] + words[:start]) for start in range(len(words)))


def _fold_case(text: str) -> str:
    """Return a text in one form: macOS decomposes letters in file names."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _name_letters(name: str) -> str:
    """Return the letters and digits of a name, as Canvas does, without the number of a student of the same name."""
    return _letters(re.sub(r"_\d+$", "", unquote(name)))


def _letters(name: str) -> str:
    return "".join(letter for letter in _fold_case(unquote(name)) if letter.isalnum())


def _without_number_of_download(student: Student) -> str:
    """Return a student's name without the number of the download behind it. The number of `team_1` is its own."""
    start, _, number = student.name.rpartition("_")
    return start if number and number in student.ids.values() else student.name


def _fold_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _name_letters(name))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_OTHER_LETTERS)
