"""Numbers about reports that several outputs show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradkit.grader.report import Report
from gradkit.grades.class_grades import Grade
from gradkit.submissions.outcome import Verdict

N_FAILED_ITEMS = 3
"""Items that are named as the ones that most students failed."""


def summarize_verdicts(report: Report) -> str:
    """Return how many items ended in each way, in words: `80 passed, 1 failed, 5 blocked`."""
    counts = report.verdict_counts()
    return ", ".join(f"{counts[verdict]} {verdict.value.replace('_', ' ')}" for verdict in Verdict if counts[verdict])


def describe_lateness(grade: Grade) -> str:
    """Return how late a submission is, in words; for several assignments, each with its name."""
    late = {assignment: str(lateness) for assignment, lateness in grade.lateness.items() if str(lateness)}
    if len(grade.lateness) == 1:
        return "".join(late.values())
    return " / ".join(f"{assignment}: {words}" for assignment, words in late.items())


def find_intake_failure(report: Report) -> str:
    """Return why nothing of a submission could be graded; empty if something could."""
    return next((each.reason for each in report.not_taken_in if not each.file), "")


def find_most_failed_items(reports: Sequence[Report]) -> list[tuple[str, int]]:
    """Return the titles of the items that the largest numbers of students got wrong, and these numbers.

    Items that were blocked, not written yet, or in a file that could not be used do not count.
    """
    counts: Counter[str] = Counter()
    not_wrong = (Verdict.PASSED, Verdict.BLOCKED, Verdict.NOT_IMPLEMENTED)
    for report in reports:
        for item in report.items:
            is_unusable = item.evidence is not None and item.evidence.heading != ""
            if item.verdict not in not_wrong and not is_unusable:
                counts[item.title] += 1
    return counts.most_common(N_FAILED_ITEMS)
