"""The suite that a class is graded with: its items, fixed before any submission is opened, and their corpora."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradkit.catalogue.assignments import Assignment, Notebook
from gradkit.catalogue.assignments import assignments as course_assignments
from gradkit.corpora.library import Library
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.errors import UserError
from gradkit.suite.collection import GradedTest, graded_tests
from gradkit.suite.course_plan import TestSource
from gradkit.suite.earlier import find_earlier_tests
from gradkit.suite.results import Item

from .reference_retry import reference_folder


class GraderError(UserError):
    """A test ended in a way that is not a verdict: an error in the suite or in gradkit, not in the submission."""


@dataclass(frozen=True)
class Suite:
    """The items of some assignments, and where their corpora come from.

    Attributes:
        assignments: The assignments, in the order of the course.
        tests: Their graded tests, one for each item.
        library: The public corpora, which students have.
        private: The corpora of a private seed, if the class is graded with one.
        reference: The folder of the reference's files, if assignments with `retry_with` get a reference retry.
        earlier: The tests of other assignments that these need. They are not graded: see `gradkit.suite.earlier`.
        retry_tests: The public tests of other assignments whose files a reference retry replaces. They are not graded:
            only if one fails, there is a retry.
    """

    assignments: tuple[Assignment, ...]
    tests: tuple[GradedTest, ...]
    library: Library
    private: Library | None = None
    reference: Path | None = None
    earlier: tuple[GradedTest, ...] = ()
    retry_tests: tuple[GradedTest, ...] = ()

    @property
    def modules(self) -> tuple[str, ...]:
        """The files to grade, without `.py`."""
        return tuple(dict.fromkeys(module for assignment in self.assignments for module in assignment.modules))

    @property
    def builds_on(self) -> tuple[str, ...]:
        """The files that the graded ones import and that are not graded themselves, without `.py`."""
        imported = (module for assignment in self.assignments for module in assignment.builds_on)
        return tuple(module for module in dict.fromkeys(imported) if module not in self.modules)

    @property
    def notebook(self) -> Notebook | None:
        """The notebook that students may hand in instead of files. None if there is more than one assignment."""
        return self.assignments[0].notebook if len(self.assignments) == 1 else None

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages outside the standard library that the assignments use."""
        return tuple(dict.fromkeys(package for assignment in self.assignments for package in assignment.packages))

    @property
    def items(self) -> tuple[Item, ...]:
        """The items, in order."""
        return tuple(test.item for test in self.tests)

    @property
    def points(self) -> float:
        """The maximum number of points, without bonus items."""
        return sum(test.item.points for test in self.tests if not test.item.bonus)

    @property
    def seed(self) -> str:
        """The private seed if there is one, else the public seed."""
        return self.private.seed if self.private else PUBLIC_SEED

    @property
    def all_assignments(self) -> tuple[Assignment, ...]:
        """The graded assignments, and those of the course that are not graded."""
        names = {assignment.name for assignment in self.assignments}
        return self.assignments + tuple(each for each in course_assignments() if each.name not in names)

    def assignment(self, name: str) -> Assignment:
        """Return the assignment of this name, graded or not."""
        return next(assignment for assignment in self.all_assignments if assignment.name == name)

    def has_retry(self, assignment: Assignment) -> bool:
        """Return whether items of an assignment get a reference retry."""
        return self.reference is not None and bool(assignment.retry_with)

    def has_private_corpus(self, test: GradedTest) -> bool:
        """Return whether a test's private corpus differs from the public one."""
        spec = test.settings.corpus
        return self.private is not None and spec is not None and self.private.has_private_corpus(spec)


def load_suite(
    assignments: Sequence[Assignment],
    library: Library,
    private: Library | None = None,
    retries: bool = True,
    tests_of: TestSource = graded_tests,
) -> Suite:
    """Return the suite of some assignments, with every corpus loaded.

    Args:
        assignments: The assignments, in the order of the course.
        library: The public corpora.
        private: The corpora of a private seed.
        retries: Whether assignments with `retry_with` get a reference retry.
        tests_of: Returns the tests of an assignment: a course can change their points, or leave some out.

    Raises:
        CoursePlanError: If a course's points cannot be given.
        MissingCorpusError: If a corpus is not recorded.
        SuiteError: If a test file cannot be graded as it is.
    """
    tests = tuple(test for assignment in assignments for test in tests_of(assignment))
    earlier = find_earlier_tests((test.item for test in tests), assignments, tests_of)
    reference = reference_folder() if retries else None
    retry_tests = _find_retry_tests(assignments, tests_of) if reference else ()
    suite = Suite(tuple(assignments), tests, library, private, reference, earlier, retry_tests)
    for test in (*earlier, *retry_tests):
        if test.settings.corpus:
            library.corpus(test.settings.corpus)
    for test in tests:
        if test.settings.corpus:
            library.corpus(test.settings.corpus)
        if private and test.settings.corpus and suite.has_private_corpus(test):
            private.corpus(test.settings.corpus)
    return suite


def _find_retry_tests(assignments: Sequence[Assignment], tests_of: TestSource) -> tuple[GradedTest, ...]:
    """Return the public tests of assignments that are not among these, and whose files their retries replace."""
    replaced = {module for assignment in assignments for module in assignment.retry_with}
    graded = {assignment.name for assignment in assignments}
    others = [each for each in course_assignments() if each.name not in graded and replaced & set(each.modules)]
    return tuple(test for other in others for test in tests_of(other) if not test.item.hidden)
