"""What a student sees of an independent mistake: the screen of self-check, and the hints on it.

A set of mistakes is opened once. Every mistake is graded as a submission of its author, whose other files are right,
and the screen is what the author would see in self-check.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.files import write_whole
from gradkit.grader.conditions import make_conditions
from gradkit.grader.report import Report
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.submissions.outcome import Verdict
from gradkit.suite import screen

from .edited_functions import Functions
from .independent_mistakes import IndependentSet
from .runs import grade_folders
from .solution_functions import find_functions_of_items

CLASS_SIZE = 20
"""How many mistakes are graded as one class."""

HINT = "Hint: "
"""What a hint's line on the screen begins with."""


@dataclass(frozen=True)
class Screen:
    """What a student with a mistake sees.

    Attributes:
        mistake: The mistake, as `author_1/name`.
        file: The file that has it.
        is_caught: Whether it costs points.
        is_named: Whether an item fails that is about a function which the mistake edits; None if no item is about any.
        text: The screen.
        hints: The hints on it, without repetition.
    """

    mistake: str
    file: str
    is_caught: bool
    is_named: bool | None
    text: str
    hints: tuple[str, ...]


def make_screens(
    chosen: IndependentSet, progress: Callable[[], None] = lambda: None, course: Sequence[Assignment] = ()
) -> Iterator[Screen]:
    """Grade every mistake of a set, and yield what its author would see in self-check.

    They run in the sandbox, whose workers lay out memory alike each time: the order of a set depends on addresses, and
    with it the hint on a mistake that puts parameters into one.

    Args:
        chosen: The set.
        progress: Called after each mistake.
        course: The assignments to grade them in; all, unless given.

    Raises:
        ProofError: If a mistake cannot be graded.
        SandboxError: If workers cannot be isolated on this machine.
    """
    graded = course or assignments()
    suite = load_suite(graded, Library(corpora_folder()), retries=False)
    about = find_functions_of_items(suite.tests, graded)
    conditions = make_conditions(suite, sandboxed=True)
    mistakes = list(chosen.mistakes)
    for start in range(0, len(mistakes), CLASS_SIZE):
        some = mistakes[start : start + CLASS_SIZE]
        students = {f"student{number}": mistake for number, mistake in enumerate(some)}
        with tempfile.TemporaryDirectory() as scratch:
            folders = {student: Path(scratch) / "class" / student for student in students}
            for student, folder in folders.items():
                folder.mkdir(parents=True)
                for file, text in chosen.files_of(students[student]).items():
                    (folder / file).write_text(text, encoding="utf-8")

            classroom = Classroom(suite, conditions, Path(scratch) / "reports", isolated=True)
            for student, report in grade_folders(classroom, folders):
                mistake = students[student]
                is_named = _is_named(report, chosen.edited_functions(mistake), about)
                yield _make_screen(mistake, chosen.mistakes[mistake].file, report, is_named)
                progress()


def _is_named(report: Report, edited: Functions, about: Mapping[str, Functions]) -> bool | None:
    """Return whether an item that is about an edited function fails; None if no item is about any of them."""
    naming = {item for item, functions in about.items() if functions & edited}
    if not naming:
        return None
    return any(each.id in naming and each.verdict not in (Verdict.PASSED, Verdict.BLOCKED) for each in report.items)


def _make_screen(name: str, file: str, report: Report, is_named: bool | None) -> Screen:
    lines = screen.summary(report.items, {}, assignments(), report.warnings)
    texts = [text for _style, text in lines]
    hints = tuple(dict.fromkeys(text.removeprefix(HINT) for text in texts if text.startswith(HINT)))
    return Screen(name, file, report.earned < report.points, is_named, "\n".join(texts), hints)


def write_screens(chosen: IndependentSet, screens: Sequence[Screen], folder: Path) -> None:
    """Write what a rater sees of each mistake: `<author>/<name>.txt`, with the edit and the screen.

    Args:
        chosen: The set.
        screens: The screens.
        folder: Where the files go.
    """
    for each in screens:
        text = f"{chosen.describe(each.mistake)}\n\n{'=' * 100}\n\n{each.text}\n"
        path = folder / f"{each.mistake}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
