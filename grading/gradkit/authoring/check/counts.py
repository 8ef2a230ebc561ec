"""Check the figures that documents state: how many items, misconceptions, variants and attacks the course has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradkit.proof.specimens import read_misconceptions, read_variants

from .course import Course
from .finding import Finding

STATEMENTS = (
    ("README.md", "misconceptions", r"each\s+of\s+(\d+)\s+misconceptions"),
    ("README.md", "variants", r"(\d+)\s+right\s+designs"),
    ("README.md", "attacks", r"(\d+)\s+attacks"),
    ("README.md", "items", r"at\s+most\s+(\d+)\s+for\s+a\s+hand-in\s+of\s+the\s+whole\s+course"),
    ("README.md", "items of a1 to a3", r"a1\s+to\s+a3\s+have\s+(\d+)\s+items"),
    ("README.md", "assignments", r"All\s+(\w+)\s+assignments"),
    ("docs/security.md", "items", r"(\d+)\s+items,\s+so\s+at\s+most"),
    ("docs/security.md", "items", r"so\s+at\s+most\s+(\d+)\s+bits"),
    ("docs/security.md", "items of a1", r"bits;\s+of\s+a1,\s+(\d+)"),
)
"""Each sentence with a figure: its file, what it counts, and a pattern whose group is the figure.

Sentences that report a measurement are not among them: they say what the course had when it was measured.
"""

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def figures(course: Course) -> dict[str, int]:
    """Count what the documents state."""
    n_items = {assignment.short: len(course.tests.get(assignment.name, ())) for assignment in course.assignments}
    return {
        "assignments": len(course.assignments),
        "items": sum(n_items.values()),
        "items of a1": n_items.get("a1", 0),
        "items of a1 to a3": sum(n_items.get(short, 0) for short in ("a1", "a2", "a3")),
        "misconceptions": len(read_misconceptions()),
        "variants": len(read_variants()),
        "attacks": len(list((course.home / "tests" / "attacks").glob("*/attack.toml"))),
    }


def check_counts(course: Course) -> Iterator[Finding]:
    """Yield a finding for each figure that differs from the course, and for each that its document does not contain."""
    counted = figures(course)
    texts = {name: (course.home / name).read_text(encoding="utf-8") for name in {name for name, _, _ in STATEMENTS}}
    for name, what, pattern in STATEMENTS:
        stated = re.findall(pattern, texts[name])
        if not stated:
            yield Finding(
                name,
                f"The number of {what} is no longer stated in the words {pattern.replace(chr(92) + 's+', ' ')!r}.",
                "Restore the sentence, or correct STATEMENTS in grading/gradkit/authoring/check/counts.py.",
            )
        for figure in stated:
            if figure.lower() not in (str(counted[what]), _in_words(counted[what])):
                yield Finding(
                    name, f"It says {figure}, and the number of {what} is {counted[what]}.", "Correct the figure."
                )


def _in_words(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else ""
