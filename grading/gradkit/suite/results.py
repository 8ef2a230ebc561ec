"""What became of each item, and what that adds up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gradkit.submissions.outcome import Verdict

from .evidence import Evidence


@dataclass(frozen=True)
class Item:
    """A graded test. `needs` holds the ids of its prerequisites; of a hidden one students see title and verdict."""

    id: str
    assignment: str
    title: str
    points: float
    needs: tuple[str, ...]
    hidden: bool = False


@dataclass(frozen=True)
class ItemResult:
    """An item's verdict. `blocked_by` names the failed prerequisites, nearest first."""

    item: Item
    verdict: Verdict
    evidence: Evidence | None = None
    blocked_by: tuple[str, ...] = ()

    @property
    def earned(self) -> float:
        return self.item.points if self.verdict is Verdict.PASSED else 0.0


def follows_from_others(item: Item, by_id: Mapping[str, ItemResult]) -> bool:
    """Return whether a hidden item needs one that did not pass.

    A report never calls a hidden item blocked, because what its worker did may decide about nothing but whether it
    passed. Whoever shows what to mend first leaves such an item out.
    """
    return item.hidden and any(name in by_id and by_id[name].verdict is not Verdict.PASSED for name in item.needs)


@dataclass
class Results:
    """What was collected, and the results so far, by item id and in the order in which they came.

    Not everything that was collected needs to run: a student may pick some (`-k tanh`) or stop early (`-x`).
    """

    collected: list[Item] = field(default_factory=list)
    by_id: dict[str, ItemResult] = field(default_factory=dict)

    def prerequisites(self, item: Item) -> list[ItemResult]:
        """The results of everything that an item needs, directly or not, nearest first, as far as they were run."""
        found: dict[str, ItemResult] = {}
        waiting = list(item.needs)
        while waiting:
            name = waiting.pop(0)
            if name in self.by_id and name not in found:
                found[name] = self.by_id[name]
                waiting += self.by_id[name].item.needs
        return list(found.values())

    def must_not_run(self, item: Item) -> tuple[str, ...]:
        """The prerequisites after whose end this item is not run."""
        return tuple(r.item.id for r in self.prerequisites(item) if r.verdict.stops_dependents)

    def add(self, item: Item, verdict: Verdict, explain: Callable[[], Evidence] | None = None) -> ItemResult:
        """Note an item's end. One that fails while a prerequisite is wrong is blocked; a stub stays a stub.

        `explain` makes the evidence, which a blocked item does without.
        """
        fine = (Verdict.PASSED, Verdict.NOT_IMPLEMENTED)
        blocked_by = tuple(r.item.id for r in self.prerequisites(item) if r.verdict not in fine)
        if blocked_by and verdict not in fine:
            result = ItemResult(item, Verdict.BLOCKED, None, blocked_by)
        else:
            result = ItemResult(item, verdict, explain() if explain else None)
        self.by_id[item.id] = result
        return result

    def all(self) -> Iterable[ItemResult]:
        return self.by_id.values()
