"""Earlier items: what graded items need from assignments that are not graded at the same time.

If a3 is graded alone, then a wrong `+` of a1 fails items about exp. So when an item fails, the items of other
assignments that it needs are run too: silently, on the public corpora, and without points. One that fails blocks the
item, and the evidence is about the earlier one. Nothing is run for a submission that passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.corpora.library import Library
from gradkit.errors import UserError
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.protocol import Transport

from .collection import GradedTest, graded_tests, run_test
from .course_plan import TestSource
from .diagnosis.find_hint import HintSource
from .diagnosis.student import Student
from .evidence import Evidence
from .loading import Loader
from .outcomes import STUDENT_ERRORS, Block, reason_to_skip, record_outcome
from .reproduction import Programs
from .results import Item, Results, has_failed


class EarlierItemError(Exception):
    """An error in the test of an earlier item, or in gradkit: not a verdict. The message names the item."""


def find_earlier_tests(
    items: Iterable[Item], graded: Sequence[Assignment], tests_of: TestSource = graded_tests
) -> tuple[GradedTest, ...]:
    """Return the tests of other assignments that items need, directly or not, in the order of the course.

    Hidden tests are left out: a student is shown nothing of them, and a release does not contain them.

    Args:
        items: The items.
        graded: The assignments that are graded.
        tests_of: Returns the tests of an assignment.
    """
    names = {assignment.name for assignment in graded}
    needed = {need for item in items for need in item.needs if need.partition("/")[0] not in names}
    found: list[GradedTest] = []
    for assignment in reversed(assignments()):  # an item needs items of its own or of earlier assignments only
        if assignment.name in names or not any(need.startswith(f"{assignment.name}/") for need in needed):
            continue
        for test in reversed(list(tests_of(assignment))):
            if test.item.id in needed and not test.item.hidden:
                needed.update(test.item.needs)
                found.append(test)
    return tuple(reversed(found))


class EarlierItems:
    """The earlier items of a run on one submission, which are run when an item that needs them fails.

    Args:
        tests: What `find_earlier_tests` returned.
        transport: The submission.
        library: The public corpora.
    """

    def __init__(self, tests: Sequence[GradedTest], transport: Transport, library: Library) -> None:
        self._tests = {test.item.id: test for test in tests}
        self._transport = transport
        # Not the graded items' loader: they have other packages and limits, with which an import can succeed.
        self._loader = Loader(transport)
        self._programs = Programs(transport)
        self._student = Student(transport)
        self._library = library
        self._seconds_left = {each.name: each.submission_seconds for each in assignments()}
        self.spent_seconds = 0.0
        """Seconds that the student's code has run in earlier items. They do not count for the graded assignments."""

    def find_block(self, results: Results, item: Item) -> Block | None:
        """Run the earlier items that an item needs, unless they have been run, and return what blocks the item.

        Running them starts new items, which invalidates the subjects of the failed one. An item is not run if less
        time is left for its assignment than one item may take: then it blocks nothing.

        Args:
            results: The results so far. Those of earlier items are added to `results.earlier`.
            item: An item that failed.

        Returns:
            The earlier items that failed, and the evidence of the first one. None if no earlier item failed.

        Raises:
            EarlierItemError: If an earlier item ended in a way that is not a verdict.
            UserError, OSError: If no worker can be started.
        """
        needed = self._needed_by(results, item)
        for test in needed:
            if test.item.id not in results.earlier:
                try:
                    self._run(results, test)
                except (UserError, OSError):
                    raise
                except Exception as error:
                    raise EarlierItemError(f"{test.item.id} ended with {type(error).__name__}: {error}") from error
        known = (results.earlier.get(test.item.id) for test in needed)
        failed = [each for each in known if each and has_failed(each)]
        if not failed:
            return None
        first = next(each for each in failed if each.verdict is not Verdict.BLOCKED)
        heading = f"Needed from {first.assignment}, and wrong: {first.title}"
        evidence = msgspec.structs.replace(first.evidence or Evidence(""), heading=heading)
        return Block(tuple(each.id for each in failed), evidence)

    def _needed_by(self, results: Results, item: Item) -> list[GradedTest]:
        """Return the earlier tests that an item needs, directly or not, in the order of the course."""
        graded = {each.id: each.needs for each in results.collected}
        waiting, seen = list(item.needs), set[str]()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self._tests[name].item.needs if name in self._tests else graded.get(name, ())
        return [test for name, test in self._tests.items() if name in seen]

    def _run(self, results: Results, test: GradedTest) -> None:
        """Run one earlier item, if there is time for it, and add its result to `results.earlier`."""
        assignment = next(each for each in assignments() if each.name == test.item.assignment)
        earlier = Results(by_id=results.earlier)
        if self._seconds_left[assignment.name] < assignment.item_seconds:
            return  # with less time it could fail because of that
        spent_before = self._transport.spent_seconds
        error: BaseException | None = reason_to_skip(earlier, test.item)
        if error is None:
            self._transport.start_item(assignment.item_seconds, assignment.packages)
            try:
                subjects = {name: self._loader.subject(name, is_short_of_time=False) for name in test.subjects}
                run_test(test, subjects, self._library)
                self._transport.finish_item()
            except STUDENT_ERRORS as raised:
                error = raised
        hint_source = HintSource(self._student, test.settings.about, assignment.packages)
        record_outcome(earlier, test.item, error, test.path, run_program=self._programs.run, hint_source=hint_source)
        spent = self._transport.spent_seconds - spent_before
        self._seconds_left[assignment.name] -= spent
        self.spent_seconds += spent
