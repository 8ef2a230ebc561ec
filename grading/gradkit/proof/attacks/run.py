"""Grade the corpus of attacks as classes, and collect the reasons why an attack did not go as it must."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.conditions import make_conditions
from gradkit.grader.report import Report, read
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom, GradedStudent
from gradkit.submissions.intake.downloads import list_students
from gradkit.submissions.intake.sources import Source

from .checks import check_attack, check_files, check_tables, check_text, reference_words
from .corpus import Attack, build_class
from .host import CANARY, temporary_canary, watched
from .secrets import find_leak, grade_under_a_secret


class AttackResult(msgspec.Struct, frozen=True):
    """How an attack was graded, and whether that is as it must be.

    Attributes:
        name: The name of the attack's folder.
        attack: The attack.
        report: The report; None if there is none.
        seconds: How long grading took.
        reason: Why the attack did not go as it must; empty if it did.
    """

    name: str
    attack: Attack
    report: Report | None
    seconds: float
    reason: str


class Run(msgspec.Struct, frozen=True):
    """The results of attacks that were graded together. `host` holds reasons that belong to no single attack."""

    results: tuple[AttackResult, ...]
    host: tuple[str, ...]

    @property
    def reasons(self) -> list[str]:
        """Why the run was not as it must be, in sentences."""
        return [f"{each.name}: {each.reason}" for each in self.results if each.reason] + list(self.host)


def run_attacks(
    chosen: Mapping[str, Attack],
    progress: Callable[[str], None] = lambda name: None,
    workers: int = 2,
    course: Sequence[Assignment] = (),
    compared: Collection[str] | None = None,
) -> Run:
    """Grade attacks as classes, under the limits and in the sandbox of any class.

    Args:
        chosen: The attacks, by name.
        progress: Called with the name of each attack that was graded.
        workers: How many to grade at a time.
        course: The assignments to grade them in; all, unless given.
        compared: The names of those that are graded under two secrets as well; all, unless given.

    Raises:
        SandboxError: If workers cannot be isolated on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="gradkit-class-") as home:
        classes = [
            _AttackClass(Path(home) / f"class{n}", suite, attacks)
            for n, (suite, attacks) in enumerate(group_by_suite(chosen, course or assignments()))
        ]
        folders = [each.folder for each in classes]
        canaries = [Path(home) / CANARY, temporary_canary(), *(folder / f"{CANARY}.txt" for folder in folders)]
        absent = [Path(path) for attack in chosen.values() for path in attack.untouched]

        with watched(canaries, folders, absent) as watch:
            graded = [list(each.grade(workers, progress)) for each in classes]
            host = watch.changes()
            created = watch.created()

        forbidden = [watch.secret, *reference_words()]
        results = {name: AttackResult(name, attack, None, 0.0, "nobody graded it") for name, attack in chosen.items()}
        for each, pairs in zip(classes, graded):
            students = [graded for graded, _ in pairs]
            host += check_tables(each.classroom, students)
            host += check_files(each.classroom.out, [graded.student for graded in students])
            for one, name in pairs:
                results[name] = _check_graded(each.classroom, one, name, chosen[name], forbidden, created)
            for name, leak in each.leaks(chosen if compared is None else compared, workers):
                results[name] = msgspec.structs.replace(results[name], reason=results[name].reason or leak)
    return Run(tuple(results[name] for name in sorted(results)), tuple(host))


def group_by_suite(
    chosen: Mapping[str, Attack], course: Sequence[Assignment]
) -> Iterator[tuple[tuple[Assignment, ...], dict[str, Attack]]]:
    """Yield groups of assignments that offer the same packages, each with the attacks on one of their files."""
    for packages in dict.fromkeys(each.packages for each in course):
        suite = tuple(each for each in course if each.packages == packages)
        modules = {module for each in suite for module in each.modules}
        attacks = {name: attack for name, attack in chosen.items() if attack.module in modules}
        if attacks:
            yield suite, attacks


class _AttackClass:
    """A class whose students are attacks, all graded in the same assignments.

    Their labels are about the public corpora and the hidden items, without reference retries.
    """

    def __init__(self, home: Path, suite: Sequence[Assignment], chosen: Mapping[str, Attack]) -> None:
        self.folder = home / "submissions"
        self.folder.mkdir(parents=True)
        self._attack_of: dict[Source, str] = dict(build_class(chosen, self.folder).items())
        self._home = home
        self._suite = load_suite(suite, Library(corpora_folder()), retries=False)
        self._conditions = make_conditions(self._suite, sandboxed=True)
        self.classroom = Classroom(self._suite, self._conditions, home / "reports")

    def grade(self, workers: int, progress: Callable[[str], None]) -> Iterator[tuple[GradedStudent, str]]:
        """Grade the class; yield each student, with the attack's name."""
        students, _ = list_students(self.folder, self.classroom.out)
        for graded in self.classroom.grade(students, workers):
            name = self._attack_of[graded.student.source]
            progress(name)
            yield graded, name

    def leaks(self, names: Collection[str], workers: int) -> Iterator[tuple[str, str]]:
        """Grade attacks under two secrets; yield each one's name and what shows that it carried something out."""
        everyone, _ = list_students(self.folder, self._home)
        students = [student for student in everyone if self._attack_of[student.source] in names]
        if not students:
            return
        runs = [
            grade_under_a_secret(number, self._suite, self._conditions, students, workers, self._home)
            for number in (0, 1)
        ]
        for student in students:
            yield self._attack_of[student.source], find_leak(read(self.classroom.report_path(student)), runs)


def _check_graded(
    classroom: Classroom,
    graded: GradedStudent,
    name: str,
    attack: Attack,
    forbidden: Collection[str],
    created: Collection[Path],
) -> AttackResult:
    """Check an attack that was graded without a secret, and return its result.

    Args:
        classroom: What graded it.
        graded: The student that it was.
        name: Its name.
        attack: Its label.
        forbidden: Words that no report may contain.
        created: The paths that exist and must not.
    """
    seconds = graded.seconds or 0.0
    if graded.reason:
        return AttackResult(name, attack, None, seconds, f"not graded: {graded.reason.strip().splitlines()[-1]}")
    report = read(classroom.report_path(graded.student))
    made = [path for path in attack.untouched if Path(path) in created]
    reason = check_attack(attack, report) or check_text(report, [*forbidden, *attack.unsaid])
    if made and not reason:
        reason = f"it made {', '.join(made)}"
    return AttackResult(name, attack, report, seconds, reason)
