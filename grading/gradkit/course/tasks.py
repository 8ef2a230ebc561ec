"""The tasks of an assignment: each item belongs to one of them, and each has a cell in the notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from gradkit.catalogue.assignments import Assignment


def find_task_faults(assignment: Assignment, items: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the tasks of an assignment, each in a sentence.

    Args:
        assignment: The assignment.
        items: The ids of all items of its suite.
    """
    counts = Counter(item for task in assignment.tasks for item in task.items)

    for task in assignment.tasks:
        for item in task.items:
            if item not in items:
                yield f"Task {task.name} has the item {item}, which the suite does not have."

    for item in items:
        if not counts[item]:
            yield f"{item} belongs to no task."

    for item, count in counts.items():
        if count > 1:
            yield f"{item} is in the tasks {count} times."

    cells = Counter([*assignment.modules, *(task.name for task in assignment.tasks)])
    for name, count in cells.items():
        if count > 1:
            yield f"{count} tasks and files have the name {name}: they need different names."
