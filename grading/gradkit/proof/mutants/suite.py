"""The items that are run on mutants: all items of the course, and which of them run which code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.suite import Suite, load_suite
from gradkit.suite.collection import GradedTest

from ..solution_functions import find_functions_of_items
from ..tracing import Trace, trace_solution
from .generation import Mutant


@dataclass(frozen=True)
class MutantSuite:
    """The items of the course, and which of them run which code.

    Attributes:
        suite: All items.
        trace: The functions that each item enters on the solution.
        about: The functions that each item is about, with their files, by the item's id.
        seconds: The limit on processor time that each item has in grading, by the item's id.
    """

    suite: Suite
    trace: Trace
    about: Mapping[str, frozenset[str]]
    seconds: Mapping[str, float]

    def tests(self, mutant: Mutant) -> tuple[list[GradedTest], int]:
        """Return the tests to run on a mutant, in order, and how many of them are about its function."""
        code = f"{mutant.module}.{mutant.code}"
        runs_at_import = code in self.trace.at_import
        entering = [
            test for test in self.suite.tests if runs_at_import or _enters(self.trace.by_item[test.item.id], code)
        ]
        function = f"{mutant.module}.{mutant.function}"
        named = [test for test in entering if function in self.about[test.item.id]]
        return [*named, *(test for test in entering if test not in named)], len(named)


def _enters(entered: frozenset[str], code: str) -> bool:
    """Return whether an item enters a function, or a comprehension or lambda in it."""
    return any(name == code or name.startswith(f"{code}.<locals>") for name in entered)


def load_mutant_suite() -> MutantSuite:
    """Load all items, and trace the solution."""
    import numpy  # noqa: F401  (so that forked processes need not)

    course = assignments()
    suite = load_suite(course, Library(corpora_folder()), retries=False)
    about = find_functions_of_items(suite.tests, course)
    by_name = {assignment.name: assignment for assignment in course}
    seconds = {test.item.id: by_name[test.item.assignment].item_seconds for test in suite.tests}
    return MutantSuite(suite, trace_solution(), about, seconds)
