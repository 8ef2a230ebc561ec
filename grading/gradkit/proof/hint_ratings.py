"""The figures of the hints: ratings of the hints on a set of independent mistakes, counted.

Whether a hint is right is not decided here: somebody who sees the edit and the screen alone rates it, and the ratings
are kept beside the set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from gradkit.errors import UserError

from .hint_screens import Screen
from .independent_mistakes import IndependentSet, sets_folder
from .records import Figure, MeasuredSet, Record, Table, today

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
