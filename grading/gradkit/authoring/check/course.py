"""The course as the checks see it: its assignments, and the graded tests of their suites, collected once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.catalogue.home import course_home
from gradkit.suite.collection import GradedTest, graded_tests
from gradkit.suite.rules import SuiteError

from .finding import Finding


@dataclass(frozen=True)
class Course:
    """What the checks read.

    Attributes:
        home: The folder that holds tests/ and assignments/.
        assignments: All of them, in order.
        tests: The graded tests by the name of the assignment, in the order of their files. An assignment whose suite
            cannot be collected is missing.
    """

    home: Path
    assignments: tuple[Assignment, ...]
    tests: Mapping[str, tuple[GradedTest, ...]]

    def all_tests(self) -> Iterator[GradedTest]:
        """Yield the graded tests of all assignments, in order."""
        for tests in self.tests.values():
            yield from tests

    def path(self, path: Path) -> str:
        """Return a file's path from the course's folder, for a finding."""
        return path.relative_to(self.home).as_posix()


def load_course() -> tuple[Course, list[Finding]]:
    """Read the course.

    Returns:
        The course, and a finding for each suite that cannot be collected.

    Raises:
        SettingsError: If an assignment.toml cannot be used.
    """
    tests, findings = {}, []
    for assignment in assignments():
        try:
            tests[assignment.name] = tuple(graded_tests(assignment))
        except SuiteError as error:
            findings.append(Finding(f"tests/{assignment.name}", str(error), "Mend the file, then check again."))
    return Course(course_home(), assignments(), tests), findings
