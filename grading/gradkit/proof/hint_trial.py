"""Measure the hints on mistakes that were written independently of them.

A set of mistakes is opened once. Every mistake is graded as a submission of its author, whose other files are right,
and the screen is what the author would see in self-check. Whether each hint on it is right is not decided here:
somebody who sees the edit and the screen alone rates it, and the ratings are kept beside the set.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.grader.conditions import make_conditions
from gradkit.grader.report import Report, read
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.submissions.intake.roster import Student
from gradkit.suite import screen

from .independent_mistakes import IndependentSet, sets_folder
from .records import Figure, MeasuredSet, Record, Table, today

CLASS_SIZE = 20
"""How many mistakes are graded as one class."""

HINT = "Hint: "
"""What a hint's line on the screen begins with."""

Rating = Literal["right", "incomplete", "wrong"]


class RatedHint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rating of one hint on the screen of one mistake.

    Attributes:
        mistake: The mistake, as `author_1/name`.
        hint: The hint, as the screen has it.
        rating: Whether it is right, incomplete or wrong.
        reason: Why, in one sentence; may be empty if it is right.
    """

    mistake: str
    hint: str
    rating: Rating
    reason: str = ""


@dataclass(frozen=True)
class Screen:
    """What a student with a mistake sees.

    Attributes:
        mistake: The mistake, as `author_1/name`.
        file: The file that has it.
        is_caught: Whether it costs points.
        text: The screen.
        hints: The hints on it, without repetition.
    """

    mistake: str
    file: str
    is_caught: bool
    text: str
    hints: tuple[str, ...]


def make_screens(chosen: IndependentSet, progress: Callable[[], None] = lambda: None) -> Iterator[Screen]:
    """Grade every mistake of a set in all assignments, and yield what its author would see in self-check.

    The mistakes are the course's own files, so they run without a sandbox.

    Args:
        chosen: The set.
        progress: Called after each mistake.

    Raises:
        RuntimeError: If a mistake cannot be graded.
    """
    suite = load_suite(assignments(), Library(corpora_folder()), retries=False)
    conditions = make_conditions(suite, sandboxed=False)
    names = list(chosen.mistakes)
    for start in range(0, len(names), CLASS_SIZE):
        with tempfile.TemporaryDirectory() as scratch:
            students = {}
            for number, name in enumerate(names[start : start + CLASS_SIZE]):
                folder = Path(scratch) / "class" / f"student{number:02}"
                folder.mkdir(parents=True)
                for file, text in chosen.files_of(name).items():
                    (folder / file).write_text(text, encoding="utf-8")
                students[folder.name] = name

            classroom = Classroom(suite, conditions, Path(scratch) / "reports", isolated=False)
            roster = [Student(student, (Path(scratch) / "class" / student).resolve()) for student in students]
            for graded in classroom.grade(roster, n_workers=2):
                name = students[graded.student.name]
                if graded.reason:
                    raise RuntimeError(f"{name}: {graded.reason}")
                yield _make_screen(name, chosen.mistakes[name].file, read(classroom.report_path(graded.student)))
                progress()


def _make_screen(name: str, file: str, report: Report) -> Screen:
    lines = screen.summary(report.items, report.items, assignments(), report.warnings)
    texts = [text for _style, text in lines]
    hints = tuple(dict.fromkeys(text.removeprefix(HINT) for text in texts if text.startswith(HINT)))
    return Screen(name, file, report.earned < report.points, "\n".join(texts), hints)


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


def read_ratings(name: str) -> dict[tuple[str, str], RatedHint]:
    """Return the ratings of a set's hints by mistake and hint; none if it is not rated yet."""
    path = sets_folder() / f"{name}_ratings.json"
    if not path.is_file():
        return {}
    ratings = msgspec.json.decode(path.read_bytes(), type=list[RatedHint])
    return {(each.mistake, each.hint): each for each in ratings}


@dataclass(frozen=True)
class HintFigures:
    """What the ratings of a set's screens add up to.

    Attributes:
        n_mistakes: The mistakes of the set.
        n_caught: Those that cost points.
        n_with_hint: Those of them with a hint on the screen.
        ratings: How many hints are right, incomplete and wrong.
        wrong: The mistakes with a wrong hint.
        without_hint: The mistakes that are caught without a hint.
        not_caught: The mistakes that cost nothing.
        unrated: The hints that nobody has rated, as (mistake, hint).
    """

    n_mistakes: int
    n_caught: int
    n_with_hint: int
    ratings: Counter[Rating]
    wrong: list[str]
    without_hint: list[str]
    not_caught: list[str]
    unrated: list[tuple[str, str]]


def count_hints(screens: Sequence[Screen], ratings: Mapping[tuple[str, str], RatedHint]) -> HintFigures:
    """Count the hints of a set's screens by their ratings."""
    caught = [each for each in screens if each.is_caught]
    counts: Counter[Rating] = Counter()
    wrong, unrated = [], []
    for each in caught:
        for hint in each.hints:
            rated = ratings.get((each.mistake, hint))
            if rated is None:
                unrated.append((each.mistake, hint))
                continue
            counts[rated.rating] += 1
            if rated.rating == "wrong":
                wrong.append(each.mistake)
    return HintFigures(
        len(screens),
        len(caught),
        sum(bool(each.hints) for each in caught),
        counts,
        wrong,
        [each.mistake for each in caught if not each.hints],
        [each.mistake for each in screens if not each.is_caught],
        unrated,
    )


def make_record(chosen: IndependentSet, screens: Sequence[Screen], figures: HintFigures) -> Record:
    """Return the record of the hints for the proof's page.

    Args:
        chosen: The set.
        screens: Its screens.
        figures: What their ratings add up to.

    Raises:
        UserError: If a hint is not rated yet.
    """
    if figures.unrated:
        mistake, hint = figures.unrated[0]
        raise UserError(
            f"{len(figures.unrated)} hints of {chosen.name} are not rated, as that of {mistake}: {hint!r}. Rate them "
            f"from the edit and the screen alone, in {chosen.name}_ratings.json."
        )

    n_rated = sum(figures.ratings.values())
    files = sorted({each.file for each in screens})
    return Record(
        part="hints",
        title="Hints are true",
        question="Of mistakes that nobody who wrote the hints had seen: how many get a hint, and is it right?",
        command=f"gradkit hints {chosen.name} --record",
        date=today(),
        set=MeasuredSet(
            size=figures.n_mistakes,
            what="mistakes",
            author="three authors who saw the template, the course's story and the field notes alone",
            written="2026-11-30",
            digest=chosen.digest[:16],
        ),
        figures=[
            Figure("mistakes that cost points", "", _share(figures.n_caught, figures.n_mistakes)),
            Figure("caught mistakes with a hint", "at least 80 %", _share(figures.n_with_hint, figures.n_caught)),
            Figure("hints that are right", "at least 95 %", _share(figures.ratings["right"], n_rated)),
            Figure("hints that are incomplete", "", _share(figures.ratings["incomplete"], n_rated)),
            Figure("hints that are wrong", "at most 2 %", _share(figures.ratings["wrong"], n_rated)),
        ],
        tables=[
            Table(
                title="By file",
                columns=["file", "mistakes", "cost points", "of these with a hint"],
                rows=[_row_of_file(file, screens) for file in files],
            )
        ],
        misses=[
            *(f"{name} has a wrong hint" for name in figures.wrong),
            *(f"{name} has no hint" for name in figures.without_hint),
            *(f"{name} costs nothing" for name in figures.not_caught),
        ],
    )


def _row_of_file(file: str, screens: Sequence[Screen]) -> list[str]:
    mine = [each for each in screens if each.file == file]
    caught = [each for each in mine if each.is_caught]
    return [file, str(len(mine)), str(len(caught)), str(sum(bool(each.hints) for each in caught))]


def _share(number: int, total: int) -> str:
    percent = 100 * number / total if total else 0.0
    return f"{number} of {total} ({percent:.1f} %)"
