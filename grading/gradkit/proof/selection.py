"""Select the items that a misconception can change, so that proving need not run the others.

An item that never enters an edited function runs the same code on a misconception as on the solution, and passes as it
does there. Which functions each item enters is traced once, on the solution, in a process of its own. The selection is
the whole suite where this argument does not hold: if code outside functions is edited, if an edited function runs while
its file is imported, or if it changes state that lasts longer than a call. `gradkit prove` runs all items as well, and
compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from gradkit.suite.results import Item

from .edited_functions import edited_functions
from .specimens import Misconception
from .tracing import Trace, trace_solution


class Selection:
    """Selects the items of misconceptions. Traces the solution at the first call, which takes some seconds."""

    def items(self, misconception: Misconception, items: Sequence[Item]) -> tuple[Item, ...]:
        """Return those of the items that a misconception can change, and what must be run with them, in order.

        A prerequisite between two selected items is selected too: without its result, the second would not be recorded
        as blocked by the first.
        """
        edited = edited_functions(misconception)
        if edited is None or edited & self._trace.at_import:
            return tuple(items)

        entering = {item.id for item in items if edited & self._trace.by_item[item.id]}
        by_id = {item.id: item for item in items}
        selected = entering.union(*(_between(by_id[name], entering, by_id) for name in entering))
        return tuple(item for item in items if item.id in selected)

    @cached_property
    def _trace(self) -> Trace:
        return trace_solution()


def _between(item: Item, entering: set[str], by_id: Mapping[str, Item]) -> set[str]:
    """Return the ids of all prerequisites on the paths from an item to prerequisites that enter an edited function."""
    between: set[str] = set()
    for name in item.needs:
        if name not in by_id:
            continue
        beyond = _between(by_id[name], entering, by_id)
        if beyond or name in entering:
            between |= {name} | beyond
    return between
