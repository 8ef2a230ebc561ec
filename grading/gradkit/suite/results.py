"""Items and their results: the values that tests, reports and outputs share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from gradkit.submissions.outcome import Verdict
from gradkit.submissions.stopped_import import StoppedImport

from .evidence import Evidence


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A graded test.

    Attributes:
        id: Assignment and name of the test, as in "a1_expressions/test_addition".
        assignment: The assignment's name.
        title: What the student reads.
        points: A multiple of 0.5; all or nothing.
        needs: The ids of its prerequisites.
        hidden: Whether students see its title and verdict only.
        bonus: Whether its points are not part of the maximum.
    """

    id: str
    assignment: str
    title: str
    points: float
    needs: tuple[str, ...]
    hidden: bool = False
    bonus: bool = False


class ItemResult(Item, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An item and how it ended. Make one with `make_result`.

    Attributes:
        verdict: How it ended.
        earned: The item's points if it passed, else 0.
        blocked_by: The ids of the failed prerequisites, nearest first. Empty unless the verdict is blocked.
        evidence: What is shown of the failure; None if nothing is.
    """

    verdict: Verdict
    earned: float
    blocked_by: tuple[str, ...]
    evidence: Evidence | None

    def cause(self) -> tuple[object, ...] | None:
        """Return a key that is equal for failures with the same cause, as far as the evidence shows.

        Returns:
            None if there is no evidence.
        """
        evidence = self.evidence
        if evidence is None:
            return None
        if evidence.rows:
            return (self.verdict, evidence.code, evidence.rows)
        is_missing_name = evidence.message.startswith("NameError")  # one cause, in whichever line it is met
        return (self.verdict, evidence.message, "" if is_missing_name else evidence.traceback or evidence.code)


def make_result(
    item: Item, verdict: Verdict, evidence: Evidence | None = None, blocked_by: tuple[str, ...] = ()
) -> ItemResult:
    """Return the result of an item, or of an earlier result's item.

    Args:
        item: The item, or an earlier result of it.
        verdict: How the item ended.
        evidence: What is shown of the failure, if anything is.
        blocked_by: The ids of the failed prerequisites.
    """
    return ItemResult(
        item.id,
        item.assignment,
        item.title,
        item.points,
        item.needs,
        item.hidden,
        item.bonus,
        verdict=verdict,
        earned=item.points if verdict is Verdict.PASSED else 0.0,
        blocked_by=blocked_by,
        evidence=evidence,
    )


def has_failed(result: ItemResult) -> bool:
    """Return whether a result blocks the items that need it. A stub does not."""
    return result.verdict not in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED)


def strip_result(result: ItemResult) -> Item:
    """Return the item of a result, without the result's fields."""
    return Item(result.id, result.assignment, result.title, result.points, result.needs, result.hidden, result.bonus)


@dataclass
class Results:
    """The items that were collected, and the results so far, by item id and in the order in which they came.

    Not everything that was collected needs to run: a student can choose some (`-k tanh`) or stop early (`-x`).
    """

    collected: list[Item] = field(default_factory=list)
    by_id: dict[str, ItemResult] = field(default_factory=dict)
    earlier: dict[str, ItemResult] = field(default_factory=dict)
    """Results of items that are not graded, and were run because others need them: see earlier.py."""
    stopping: set[str] = field(default_factory=set)
    """The ids of earlier items that stop others: they stopped, and so did a graded item that needs them."""
    unblocked: dict[str, ItemResult] = field(default_factory=dict)
    """What some of the blocked items show if nothing blocks them: see `record_outcome`."""
    stopped: list[StoppedImport] = field(default_factory=list)
    """The files whose import ended with an exception."""

    def add(self, result: ItemResult) -> None:
        """Add the result of an item."""
        self.by_id[result.id] = result

    def all(self) -> Iterable[ItemResult]:
        """Return the results."""
        return self.by_id.values()

    def prerequisites(self, item: Item) -> list[ItemResult]:
        """Return the results of everything that an item needs, directly or not, nearest first, if it has run."""
        return _find_prerequisites(item, self.by_id)

    def failed_prerequisites(self, item: Item) -> tuple[str, ...]:
        """Return the ids of the prerequisites that failed, nearest first. A stub has not failed."""
        return tuple(result.id for result in self.prerequisites(item) if has_failed(result))

    def prerequisites_that_stop(self, item: Item) -> tuple[str, ...]:
        """Return the ids of the prerequisites because of which an item is not run: see `Verdict.stops_dependents`.

        They can be items that are not graded: if tanh() hangs, then the first item of a4 that calls it hangs, too, and
        the others are not run. An item that is not graded stops nothing by itself, because its program can contain what
        no graded item does.
        """
        found = _find_prerequisites(item, {**self.earlier, **self.by_id})
        can_stop = self.by_id.keys() | self.stopping
        return tuple(result.id for result in found if result.verdict.stops_dependents and result.id in can_stop)


def _find_prerequisites(item: Item, known: Mapping[str, ItemResult]) -> list[ItemResult]:
    """Return the known results of everything that an item needs, directly or not, nearest first."""
    results: dict[str, ItemResult] = {}
    waiting = list(item.needs)
    while waiting:
        name = waiting.pop(0)
        if name in known and name not in results:
            results[name] = known[name]
            waiting += known[name].needs
    return list(results.values())
