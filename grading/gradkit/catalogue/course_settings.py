"""The settings of a course: the instructor's course.toml, and without one the kit's in assignments/.

docs/course.md describes every key. What a key names (assignments, items, tasks, sections) is checked when the file is
read, so that a misspelt name never changes grades silently.
"""

from __future__ import annotations

import datetime
import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from zoneinfo import ZoneInfo

import msgspec

from .assignments import Assignment, assignments
from .home import course_home
from .toml_files import SettingsError, read_toml

COURSE_FILE = "course.toml"

Count = Annotated[int, msgspec.Meta(ge=0)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Points = Annotated[float, msgspec.Meta(gt=0, le=1000, multiple_of=0.5)]


class LateRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a late submission loses.

    Attributes:
        grace_minutes: A submission is late if it comes more than so many minutes after the due date.
        percent_per_day: Percentage of the earned points that each late day takes, unless the day is free. A day that
            has begun counts as a whole day.
        max_days: A submission that is later than so many days, free ones included, earns 0 points. None: no such limit.
    """

    grace_minutes: Count = 0
    percent_per_day: Percent = 0.0
    max_days: Count | None = None


class TermLateRule(LateRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rule for every assignment without its own, and the free days of the term.

    Attributes:
        free_days: How many late days of a student cost nothing, in the whole term and in all assignments together.
            They are used up in the order of due dates.
    """

    free_days: Count = 0


class AssignmentPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a course changes in an assignment.

    Attributes:
        due: When submissions are due. It has a time zone.
        due_by_section: The same for the sections that have another date.
        points: Points of items, by the name of the item without `test_`.
        task_points: Points of tasks, by the name of the task. Its items, without bonus items, share what those in
            `points` leave.
        bonus: Items whose points are not part of the maximum.
        off: Items that are not graded, whatever else is said of them.
        late: The rule of this assignment. None: the rule of the course.
        times: When the class handed in, a CSV file with the columns of a roster and `submitted`. Its times count, and
            not those of the download.
    """

    due: datetime.datetime | None = None
    due_by_section: Mapping[str, datetime.datetime] = {}
    points: Mapping[str, Points] = {}
    task_points: Mapping[str, Points] = {}
    bonus: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    late: LateRule | None = None
    times: Path | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A later due date for one student.

    Attributes:
        student: The student's name in reports, or id in the roster.
        assignment: The name of the assignment.
        until: When the submission is due. It has a time zone.
        reason: Shown to the instructor only.
    """

    student: str
    assignment: str
    until: datetime.datetime
    reason: str = ""


class CourseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of course.toml.

    `read_course` checks the names in it, completes short names of assignments, makes paths relative to the file
    absolute, and gives every date a time zone.

    Attributes:
        engine_so_far: Whose code of earlier assignments the notebooks of a2 and later begin with: the reference's
            ("given") or the student's ("own").
        assignments: The names of the assignments that the course uses, in the order of the kit. Empty: all.
        sandbox: Whether submissions run in a sandbox.
        roster: The list of the class, a CSV file.
        seed_file: A file whose only line is the private seed.
        seed_env: The environment variable that holds the private seed.
        time_zone: The zone of dates without an offset, as in "Europe/Berlin".
        sections: The names of sections that the roster and `due_by_section` can have. Empty: any.
        late: The rule for late submissions. None: a late submission loses nothing.
        assignment: What the course changes in assignments, by name.
        extension: Later due dates of single students.
    """

    engine_so_far: Literal["given", "own"] = "given"
    assignments: tuple[str, ...] = ()
    sandbox: bool = True
    roster: Path | None = None
    seed_file: Path | None = None
    seed_env: str | None = None
    time_zone: str = "UTC"
    sections: tuple[str, ...] = ()
    late: TermLateRule | None = None
    assignment: Mapping[str, AssignmentPlan] = {}
    extension: tuple[Extension, ...] = ()

    def __post_init__(self) -> None:
        if self.seed_file is not None and self.seed_env is not None:
            raise ValueError("`seed_file` and `seed_env` both say where the private seed is. Keep one of them")

    @property
    def chosen_assignments(self) -> tuple[Assignment, ...]:
        """The assignments that the course uses, in order."""
        return tuple(each for each in assignments() if not self.assignments or each.name in self.assignments)

    @property
    def free_days(self) -> int:
        """How many late days of a student cost nothing in the whole term."""
        return self.late.free_days if self.late else 0

    def plan(self, assignment: str) -> AssignmentPlan:
        """Return what the course changes in an assignment, by its full name."""
        return self.assignment.get(assignment, AssignmentPlan())

    def late_rule(self, assignment: str) -> LateRule:
        """Return the rule for late submissions of an assignment, by its full name."""
        return self.plan(assignment).late or self.late or LateRule()

    def due(self, assignment: str, section: str = "") -> datetime.datetime | None:
        """Return when an assignment is due in a section, without extensions. None if it has no due date."""
        plan = self.plan(assignment)
        return plan.due_by_section.get(section, plan.due)

    def extension_for(self, assignment: str, names: Iterable[str]) -> Extension | None:
        """Return the extension of a student, or None. Of several, it is the latest.

        Args:
            assignment: The full name of the assignment.
            names: The student's name in reports, and id in the roster.
        """
        known = {name for name in names if name}
        found = [each for each in self.extension if each.assignment == assignment and each.student in known]
        return max(found, key=lambda each: each.until, default=None)


def find_course_file(given: Path | None = None) -> Path:
    """Return the course file to read: the given one, else the one in the current folder, else the kit's.

    Args:
        given: The file that the command line names.
    """
    if given is not None:
        return given
    here = Path(COURSE_FILE)
    return here if here.is_file() else course_home() / "assignments" / COURSE_FILE


def course_settings(given: Path | None = None) -> CourseSettings:
    """Read the settings of the course.

    Args:
        given: The file that the command line names. Without it: see `find_course_file`.

    Raises:
        SettingsError: If the file is missing, has an unknown key or a wrong value, or names something unknown.
    """
    return read_course(find_course_file(given))


def read_seed(settings: CourseSettings) -> str | None:
    """Read the private seed of a course. None if the course names none.

    Args:
        settings: The settings of the course.

    Raises:
        SettingsError: If the course names a file or an environment variable that does not hold a seed.
    """
    if settings.seed_env is not None:
        seed = os.environ.get(settings.seed_env, "")
        if not seed:
            raise SettingsError(f"`seed_env`: the environment variable {settings.seed_env} is not set. Set it.")
        return seed
    if settings.seed_file is None:
        return None
    try:
        lines = settings.seed_file.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise SettingsError(f"`seed_file`: {settings.seed_file} cannot be read: {error}") from None
    seed, *others = [line.strip() for line in lines if line.strip()] or [""]
    if not seed or others:
        raise SettingsError(f"`seed_file`: {settings.seed_file} should hold one line, the seed.")
    return seed


def read_course(path: Path) -> CourseSettings:
    """Read a course file, check every name in it, and complete names, paths and dates.

    Args:
        path: The file.

    Raises:
        SettingsError: If the file is missing, has an unknown key or a wrong value, or names something unknown.
    """
    settings = read_toml(path, CourseSettings, refused=_REFUSED_KEYS)
    return _Completion(path, settings).complete()


_REFUSED_KEYS = {
    "seed": "course.toml must not contain the private seed, because it is often shared. Write the seed into a file of "
    'its own and name that (seed_file = "seed.txt"), or name an environment variable (seed_env = "GRADKIT_SEED")'
}
"""Keys that are refused with an explanation of their own."""


class _Completion:
    """Checks and completes the settings of one file."""

    def __init__(self, path: Path, settings: CourseSettings) -> None:
        self.path = path
        self.settings = settings
        try:
            self.zone = ZoneInfo(settings.time_zone)
        except (KeyError, ValueError, OSError):
            self._refuse("time_zone", f'there is no time zone {settings.time_zone!r}. Write it as in "Europe/Berlin"')

    def complete(self) -> CourseSettings:
        """Return the settings with full names, absolute paths, and dates that have a time zone."""
        settings = self.settings
        chosen = {self._assignment("assignments", name).name for name in settings.assignments}
        plans = {}
        for name, plan in settings.assignment.items():
            assignment = self._assignment("assignment", name)
            if assignment.name in plans:
                self._refuse(f"assignment.{name}", f"{assignment.name} has two tables. Keep one of them")
            plans[assignment.name] = self._plan(f"assignment.{name}", assignment, plan)
        return msgspec.structs.replace(
            settings,
            assignments=tuple(each.name for each in assignments() if each.name in chosen),
            roster=self._absolute(settings.roster),
            seed_file=self._absolute(settings.seed_file),
            assignment=plans,
            extension=tuple(self._extension(number, each) for number, each in enumerate(settings.extension)),
        )

    def _plan(self, key: str, assignment: Assignment, plan: AssignmentPlan) -> AssignmentPlan:
        """Check a table [assignment.NAME] and complete its dates."""
        items = [id_.rpartition("/test_")[2] for task in assignment.tasks for id_ in task.items]
        for field in ("points", "bonus", "off"):
            for name in getattr(plan, field):
                self._check_name(f"{key}.{field}", "item", name, items)
        for name in plan.task_points:
            self._check_name(f"{key}.task_points", "task", name, [task.name for task in assignment.tasks])
        for section in plan.due_by_section:
            if self.settings.sections:
                self._check_name(f"{key}.due_by_section", "section", section, self.settings.sections)
        return msgspec.structs.replace(
            plan,
            due=plan.due and self._with_zone(plan.due),
            due_by_section={section: self._with_zone(due) for section, due in plan.due_by_section.items()},
            times=self._absolute(plan.times),
        )

    def _extension(self, number: int, extension: Extension) -> Extension:
        """Check one of [[extension]] and complete its date."""
        assignment = self._assignment(f"extension[{number}].assignment", extension.assignment)
        return msgspec.structs.replace(extension, assignment=assignment.name, until=self._with_zone(extension.until))

    def _assignment(self, key: str, name: str) -> Assignment:
        """Return the assignment with this name or short name."""
        for assignment in assignments():
            if name in (assignment.name, assignment.short):
                return assignment
        self._check_name(key, "assignment", name, [each.name for each in assignments()])
        raise AssertionError(name)

    def _with_zone(self, date: datetime.datetime) -> datetime.datetime:
        """Return a date in the time zone of the course, if it has no offset of its own."""
        return date if date.tzinfo else date.replace(tzinfo=self.zone)

    def _absolute(self, path: Path | None) -> Path | None:
        """Return a path that the file names, relative to the folder of the file."""
        return path and (self.path.absolute().parent / path)

    def _check_name(self, key: str, kind: str, name: str, allowed: Iterable[str]) -> None:
        """Refuse a name that does not exist, with the nearest one that does."""
        known = list(allowed)
        if name not in known:
            nearest = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"Did you mean {nearest[0]}?" if nearest else f"Choose from: {', '.join(known)}"
            self._refuse(key, f"there is no {kind} {name!r}. {hint}")

    def _refuse(self, key: str, explanation: str) -> NoReturn:
        end = "" if explanation.endswith("?") else "."
        raise SettingsError(f"{self.path}: `{key}`: {explanation}{end}")
