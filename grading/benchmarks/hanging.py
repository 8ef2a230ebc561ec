"""Grade a class in which every submission hangs in every item.

Print as JSON how long it took, and the bound that the progress bar showed. The limits are small, and the items have no
prerequisites, because an item whose prerequisite timed out would not be run.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import common
import msgspec
from gradkit.grader.suite import Suite
from gradkit.grader.whole_class.results import grade_class
from gradkit.outputs.terminal import show_progress
from gradkit.submissions.outcome import Verdict
from rich.console import Console

ITEM_SECONDS, SUBMISSION_SECONDS = 0.2, 1.0
"""The time limits of an item, and of a submission in one assignment."""

HANGS = {"engine": "class Value:\n    def __init__(self, data):\n        while True:\n            pass\n"}


def with_small_limits(suite: Suite) -> Suite:
    """Return a suite with small limits and without prerequisites."""
    return Suite(
        tuple(
            msgspec.structs.replace(a, item_seconds=ITEM_SECONDS, submission_seconds=SUBMISSION_SECONDS)
            for a in suite.assignments
        ),
        tuple(replace(test, item=msgspec.structs.replace(test.item, needs=())) for test in suite.tests),
        suite.library,
    )


def main(students: int, workers: int) -> None:
    """Grade the class and print the results. Raises RuntimeError if an item ends in another way than by a timeout."""
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with common.classroom(students, with_small_limits(common.suite()), HANGS) as (room, group):
        began = time.perf_counter()
        with show_progress(console, students) as observe_progress:
            results = grade_class(room, group, workers, observe_progress, lambda _graded: None)
        took = time.perf_counter() - began
        timeouts = 0
        for each in results:
            if each.report is None:
                raise RuntimeError(each.reason)
            verdicts = Counter(item.verdict for item in each.report.items if not item.hidden)
            if set(verdicts) != {Verdict.TIMEOUT}:
                raise RuntimeError(f"an item did not end by a timeout: {verdicts}")
            timeouts += verdicts[Verdict.TIMEOUT]
    print(json.dumps({"took": took, "bar": _shown_bound(screen.getvalue()), "timeouts": timeouts}))


def _shown_bound(screen: str) -> float:
    """Return the first bound in seconds that the progress bar showed."""
    hours, minutes, seconds = map(int, re.findall(r"at most (\d+):(\d+):(\d+)", screen)[0])
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
