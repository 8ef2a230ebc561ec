"""The figures of the hints: ratings of the hints on a set of independent mistakes, counted.

Whether a hint is right is not decided here: somebody who sees the edit and the screen alone rates it, and the ratings
are kept beside the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from gradkit.errors import UserError

from .hint_screens import Screen
from .independent_mistakes import IndependentSet, sets_folder
from .records import Figure, MeasuredSet, Record, Table, today

Rating = Literal["right", "incomplete", "wrong"]

RATINGS: tuple[Rating, ...] = get_args(Rating)

MIN_WITH_HINT_PERCENT, MIN_RIGHT_PERCENT, MAX_WRONG_PERCENT = 80, 95, 2
"""The goals: how many caught mistakes must have a hint, and how many hints must be right and may be wrong."""


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
        n_judged: Those of them that edit a function which items are about.
        n_named: Those of these that fail an item about that function.
        n_with_hint: The caught mistakes with a hint on the screen.
        by_rating: The mistakes with a right, incomplete and wrong hint, once for each such hint.
        without_hint: The mistakes that are caught without a hint.
        not_named: The judged mistakes that fail other items only.
        not_caught: The mistakes that cost nothing.
        unrated: The hints that nobody has rated, as (mistake, hint).
    """

    n_mistakes: int
    n_caught: int
    n_judged: int
    n_named: int
    n_with_hint: int
    by_rating: Mapping[Rating, Sequence[str]]
    without_hint: Sequence[str]
    not_named: Sequence[str]
    not_caught: Sequence[str]
    unrated: Sequence[tuple[str, str]]

    @property
    def n_rated(self) -> int:
        """How many hints have a rating."""
        return sum(len(mistakes) for mistakes in self.by_rating.values())

    def count(self, rating: Rating) -> int:
        """Return how many hints have a rating."""
        return len(self.by_rating[rating])


def count_hints(screens: Sequence[Screen], ratings: Mapping[tuple[str, str], RatedHint]) -> HintFigures:
    """Count the hints of a set's screens by their ratings. Mistakes are listed in the order of their names."""
    screens = sorted(screens, key=lambda each: each.mistake)  # they come as they are graded
    caught = [each for each in screens if each.is_caught]
    by_rating: dict[Rating, list[str]] = {rating: [] for rating in RATINGS}
    unrated = []
    for each in caught:
        for hint in each.hints:
            rated = ratings.get((each.mistake, hint))
            if rated:
                by_rating[rated.rating].append(each.mistake)
            else:
                unrated.append((each.mistake, hint))
    return HintFigures(
        len(screens),
        len(caught),
        sum(each.is_named is not None for each in caught),
        sum(each.is_named is True for each in caught),
        sum(bool(each.hints) for each in caught),
        by_rating,
        [each.mistake for each in caught if not each.hints],
        [each.mistake for each in caught if each.is_named is False],
        [each.mistake for each in screens if not each.is_caught],
        unrated,
    )


def find_missed_goals(figures: HintFigures) -> list[str]:
    """Return the goals that the hints of a set miss, in sentences. Rating the hints that have no rating is one."""
    missed = []
    if 100 * figures.n_with_hint < MIN_WITH_HINT_PERCENT * figures.n_caught:
        with_hint = _share(figures.n_with_hint, figures.n_caught)
        missed.append(f"Caught mistakes with a hint: {with_hint}. The goal is at least {MIN_WITH_HINT_PERCENT} %.")
    if figures.unrated:
        return [*missed, _ask_for_ratings(figures)]

    n_right, n_wrong = figures.count("right"), figures.count("wrong")
    if 100 * n_right < MIN_RIGHT_PERCENT * figures.n_rated:
        right = _share(n_right, figures.n_rated)
        missed.append(f"Hints that are right: {right}. The goal is at least {MIN_RIGHT_PERCENT} %.")
    if 100 * n_wrong > MAX_WRONG_PERCENT * figures.n_rated:
        wrong = _share(n_wrong, figures.n_rated)
        missed.append(f"Hints that are wrong: {wrong}. The goal is at most {MAX_WRONG_PERCENT} %.")
    return missed


def _ask_for_ratings(figures: HintFigures) -> str:
    mistake, hint = figures.unrated[0]
    return (
        f"{len(figures.unrated)} hints are not rated, as that of {mistake}: {hint!r}. Rate them from the edit and the "
        "screen alone, in the set's file of ratings."
    )


def make_record(chosen: IndependentSet, screens: Sequence[Screen], figures: HintFigures) -> Record:
    """Return the record of the hints for the proof's page.

    Args:
        chosen: The set.
        screens: Its screens.
        figures: What their ratings add up to.

    Raises:
        UserError: If the hints were improved with the set, or a hint is not rated yet.
    """
    chosen.refuse_development()
    if figures.unrated:
        raise UserError(_ask_for_ratings(figures))

    files = sorted({each.file for each in screens})
    return Record(
        part="hints",
        title="Hints are true",
        question="Of mistakes that nobody who wrote the hints had seen: how many get a hint, and is it right?",
        command=f"gradkit hints {chosen.name} --record",
        date=today(),
        set=MeasuredSet(
            size=figures.n_mistakes,
            what=f"mistakes, opened once, for the hints of commit {chosen.origin.opened_for}",
            author=chosen.origin.author,
            written=chosen.origin.written,
            digest=chosen.digest[:16],
        ),
        figures=[
            Figure("mistakes that cost points", "", _share(figures.n_caught, figures.n_mistakes)),
            Figure(
                "caught mistakes that fail an item about the function they edit",
                "",
                _share(figures.n_named, figures.n_judged),
            ),
            Figure("caught mistakes that edit no function with an item", "", str(figures.n_caught - figures.n_judged)),
            Figure(
                "caught mistakes with a hint",
                f"at least {MIN_WITH_HINT_PERCENT} %",
                _share(figures.n_with_hint, figures.n_caught),
            ),
            Figure(
                "hints that are right",
                f"at least {MIN_RIGHT_PERCENT} %",
                _share(figures.count("right"), figures.n_rated),
            ),
            Figure("hints that are incomplete", "", _share(figures.count("incomplete"), figures.n_rated)),
            Figure(
                "hints that are wrong",
                f"at most {MAX_WRONG_PERCENT} %",
                _share(figures.count("wrong"), figures.n_rated),
            ),
        ],
        tables=[
            Table(
                title="By file",
                columns=["file", "mistakes", "cost points", "of these with a hint"],
                rows=[_row_of_file(file, screens) for file in files],
            )
        ],
        misses=[
            *(f"{name} has a wrong hint" for name in figures.by_rating["wrong"]),
            *(f"{name} has an incomplete hint" for name in figures.by_rating["incomplete"]),
            *(f"{name} has no hint" for name in figures.without_hint),
            *(f"{name} fails no item about the edited function" for name in figures.not_named),
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
