"""The made-up class: 60 students, 15 on each of four platforms, and what each hands in for two assignments.

All names are invented.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from works import A1, A2, WORKS, Work

DUE = {A1: datetime(2026, 10, 1, 21, 59, tzinfo=timezone.utc), A2: datetime(2026, 10, 15, 21, 59, tzinfo=timezone.utc)}
"""When the assignments are due: one minute before midnight in Berlin."""


@dataclass(eq=False)
class Person:
    """A student.

    Attributes:
        platform: The platform that the student uses.
        number: A number that no other student has.
        first: First name.
        last: Last name.
        section: "Mon" or "Wed".
        login: Login at GitHub and in the university.
        hand_ins: What the student hands in, by assignment; nothing for an assignment that is not here.
    """

    platform: str
    number: int
    first: str
    last: str
    section: str
    login: str
    hand_ins: dict[str, HandIn] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Number at the university. It begins with zeros, which a spreadsheet would drop."""
        return f"00{260_000 + self.number}"

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}".strip()

    @property
    def email(self) -> str:
        """E-mail address."""
        return f"{self.login}@uni.example"


@dataclass(eq=False)
class HandIn:
    """What a student hands in for an assignment.

    Attributes:
        person: The student.
        assignment: Name of the assignment.
        work_name: Its row in WORKS.
        hours_late: Hours after the due date; negative if in time.
        n_earlier: How often the student handed in before.
        group: All students of the group, the one who handed in first; empty if it is not a group's.
    """

    person: Person
    assignment: str
    work_name: str
    hours_late: float = -5.0
    n_earlier: int = 0
    group: tuple[Person, ...] = ()

    @property
    def work(self) -> Work:
        """What it consists of, and what must come of it."""
        return WORKS[self.work_name]

    @property
    def is_late(self) -> bool:
        """Whether it is late."""
        return self.hours_late > 0

    @property
    def submitted(self) -> datetime:
        """When it was handed in."""
        return DUE[self.assignment] + timedelta(hours=self.hours_late)


LONG_NAME = "Anneliese " + " ".join(["Wilhelmina"] * 12)

# First name, last name, what is handed in for a1 and for a2. "" is nothing.
# "late" in a work's name: hours late; "again": it was handed in before.
_TABLE: dict[str, list[tuple[str, str, str, str]]] = {
    "canvas": [
        ("Jane", "Doe", "right", "right"),
        ("Jane", "Doe", "wrong_minus", "right"),
        ("Eric", "Roe", "right late 30 again 1", "right"),
        ("Zoë", "O'Neil", "notebook", "notebook"),
        ("María José", "de la Cruz", "micrograd", "micrograd"),
        ("Al", "Smith-Jones", "utf_16", "stray_imports late 2"),
        ("伟", "李", "stray_imports", "zip_in_zip"),
        ("Tom", "Brown_12_", "try_out_at_the_end", "right again 2"),
        ("Ines", "Castro", "tar_gz", "right"),
        ("Omar", "Haddad", "helpers", "data_file"),
        ("Pia", "Quist", "class_value", "right"),
        ("Rolf", "Berg", "broken_zip", "right"),
        ("Sina", "Vogel", "", "right"),
        ("Uwe", "Lang", "nothing", ""),
        ("Björn", "Ångström", "old_folder", "engine_1"),
    ],
    "moodle": [
        ("Jane", "Doe", "right", "right"),
        ("Jane", "Doe", "right", "wrong_addition_gradient"),
        ("Nadia", "Haas", "nothing", "right"),
        ("Ole", "Dahl", "broken_zip", "tar_gz"),
        ("Petra", "Novák", "capital_engine late 26", "class_value"),
        ("Rui", "Costa e Silva", "zip_in_zip", "helpers"),
        ("Søren", "Kjær", "two_notebooks", "notebook"),
        ("Thea", "D'Angelo", "utf_16", "bom_and_crlf"),
        (LONG_NAME, "Zu Tiefenbach", "right", "right"),
        ("Viktor", "Popov", "rar", "right late 49"),
        ("Wanda", "Klein", "picture", "syntax_error"),
        ("Xaver", "Huber", "engine_py_txt", "capital_engine"),
        ("Yara", "Said", "", ""),
        ("Ziad", "Nasser", "guarded_import", "exit_at_the_end"),
        ("Bea", "Kurz, Dr.", "micrograd", "try_out_at_the_end"),
    ],
    "gradescope": [
        ("Ann", "Lee", "right", "right"),
        ("Ann", "Lee", "wrong_minus", "right"),
        ("Cem", "Yıldız", "right late 26", "right late 1"),
        ("Dora", "Weiss", "right late 50", "right"),
        ("Emil", "Sand", "micrograd", "micrograd late 144"),
        ("Fay", "Stone", "data_file", "helpers"),
        ("Gus", "Reed", "used_import late 26", "stray_imports late 1"),
        ("Hana", "Ito", "input_at_the_end", "right late 0.2"),
        ("Ivo", "Marek", "noise_of_macos", "zip_in_zip"),
        ("Jin", "Park", "notebook", "right"),
        ("Kai", "Lund", "nothing", "readme_alone"),
        ("Lia", "Rossi", "", "right"),
        ("Mia", "Blum", "right", "right"),
        ("Noa", "Blum", "right", "group of Mia"),
        ("Oz", "Keller: Jr.", "right again 3", "demo"),
    ],
    "github": [
        ("Paul", "Meier", "right", "right"),
        ("Quinn", "Frost", "demo", "wrong_minus"),
        ("Rosa", "Lima", "micrograd", "micrograd"),
        ("Sven", "Holm", "notebook", "two_notebooks"),
        ("Tess", "Moss", "nothing", "right"),
        ("Ugo", "Conti", "checkpoints", "checkpoints"),
        ("Vera", "Adler", "syntax_error", "right"),
        ("Will", "Ford", "stray_imports", "used_import"),
        ("Xenia", "Pavlova", "capital_engine", "utf_16"),
        ("Yves", "Blanc", "helpers", "data_file"),
        ("Zora", "Kovač", "tar_gz", "broken_zip"),
        ("Abel", "Stern", "", "right"),
        ("Britt", "Nygaard", "input_at_the_end", "guarded_import"),
        ("Carl", "Winter", "try_out_at_the_end late 73", "try_out_at_the_end"),
        ("Dina", "Falk", "zip", "right"),
    ],
}
"""What each student hands in for a1 and a2. An empty text is nothing at all: the student is absent."""


def _make_class() -> list[Person]:
    people: list[Person] = []
    for platform, rows in _TABLE.items():
        for first, last, *works in rows:
            number = len(people) + 1
            person = Person(platform, number, first, last, "Wed" if number % 3 == 0 else "Mon", _login(first, number))
            people.append(person)
            for assignment, text in zip((A1, A2), works, strict=True):
                if text:
                    person.hand_ins[assignment] = _read_hand_in(person, assignment, text, people)
    return people


def _login(first: str, number: int) -> str:
    plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode().lower()
    # Some logins end like a repository that was made twice.
    return f"{plain.split(' ')[0] or 'student'}{'-' if number % 7 == 1 else ''}{number}"


def _read_hand_in(person: Person, assignment: str, text: str, people: list[Person]) -> HandIn:
    """Read a cell of the table: `right late 26 again 1`, or `group of Mia`."""
    if text.startswith("group of "):
        (leader,) = (each for each in people if each.first == text.removeprefix("group of "))
        with_leader = leader.hand_ins[assignment]
        with_leader.group = (leader, person)
        return HandIn(person, assignment, with_leader.work_name, group=(leader, person))
    name, *words = text.split()
    numbers = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    return HandIn(person, assignment, name, numbers.get("late", -5.0), int(numbers.get("again", 0)))


CLASS = _make_class()


class Lateness(NamedTuple):
    """What must come of a late hand-in: late days, how many of them are free, and the points that are left."""

    days: int
    free_days: int
    points: float


LATENESS = {
    ("Gus Reed", A1): Lateness(2, 2, 19.0),
    ("Gus Reed", A2): Lateness(1, 0, 28.8),  # the free days are used up
    ("Cem Yıldız", A1): Lateness(0, 0, 19.5),  # on Wednesdays, a1 is due two days later
    ("Cem Yıldız", A2): Lateness(1, 1, 32.0),
    ("Dora Weiss", A1): Lateness(0, 0, 19.5),  # an extension
    ("Hana Ito", A2): Lateness(0, 0, 32.0),  # within the minutes of grace
    ("Emil Sand", A2): Lateness(6, 0, 0.0),  # later than the last day
    ("Petra Novák", A1): Lateness(2, 2, 19.5),
    ("Viktor Popov", A2): Lateness(3, 2, 28.8),
    ("Carl Winter", A1): Lateness(4, 2, 15.6),
}
"""What must come of late hand-ins under the rules of conftest.COURSE, by student and assignment."""
