"""The notebooks' texts: each has a heading and a test cell for every task, and a solution cell for every file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .course import Course
from .finding import Finding

_PARTS = {
    "heading": (re.compile(r"^<!-- task (\w+) -->$", re.M), "<!-- task {} -->"),
    "test cell": (re.compile(r'^```python task="(\w+)"$', re.M), '```python task="{}"'),
    "solution cell": (re.compile(r'^```python solution="(\w+)"$', re.M), '```python solution="{}"'),
}
"""How notebook.md writes each: a pattern, and a line to write."""


def check_notebooks(course: Course) -> Iterator[Finding]:
    """Yield a finding for each heading or cell that a notebook's text lacks, or has in a wrong order."""
    for assignment in course.assignments:
        path = course.home / "assignments" / assignment.name / "notebook.md"
        where = course.path(path)
        if not path.is_file():
            yield Finding(where, "The assignment has no text for its notebook.", "Write it.")
            continue

        text = path.read_text(encoding="utf-8")
        tasks = [task.name for task in assignment.tasks]
        wanted = {"heading": tasks, "test cell": tasks, "solution cell": list(assignment.modules)}
        for part, (pattern, line) in _PARTS.items():
            yield from _compare(where, part, line, pattern.findall(text), wanted[part])


def _compare(where: str, part: str, line: str, names: list[str], wanted: list[str]) -> Iterator[Finding]:
    """Compare the names of the headings, or of the cells, with those that the assignment wants.

    Args:
        where: The notebook's text.
        part: "heading", "test cell" or "solution cell".
        line: The line that a part of this kind begins with, with {} for the name.
        names: The names in the text.
        wanted: The names of the tasks, or of the files.
    """
    for name in wanted:
        if name not in names:
            yield Finding(where, f"There is no {part} for {name}.", f"Write the line {line.format(name)}")
    for name in names:
        if name not in wanted:
            yield Finding(where, f"The {part} {name} belongs to nothing in assignment.toml.", "Rename or remove it.")
    if set(names) == set(wanted) and names != wanted:
        yield Finding(where, f"Its {part}s are {', '.join(names)}.", f"Order them: {', '.join(wanted)}.")
