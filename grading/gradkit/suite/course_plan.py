"""The graded tests of a course: those of the suites, with the points, bonus items and items off of course.toml."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.errors import UserError

from .collection import GradedTest, graded_tests

if TYPE_CHECKING:
    from gradkit.catalogue.course_settings import AssignmentPlan, CourseSettings

TestSource = Callable[[Assignment], Iterable[GradedTest]]
"""Returns the graded tests of an assignment: `graded_tests` those of its suite, `CourseTests` those of a course."""


class CoursePlanError(UserError):
    """The points that course.toml asks for cannot be given. The message names the key."""


class CourseTests:
    """Returns the graded tests of a course.

    Args:
        settings: The settings of the course.
    """

    def __init__(self, settings: CourseSettings) -> None:
        self._settings = settings

    def __call__(self, assignment: Assignment) -> tuple[GradedTest, ...]:
        """Return the tests of an assignment that the course grades, with the points that it gives.

        Raises:
            CoursePlanError: If no item is left, or points cannot be given.
            SuiteError: As `graded_tests`.
        """
        tests = tuple(graded_tests(assignment))
        plan = self._settings.plan(assignment.name)
        points = _plan_points(assignment, plan, {test.item.id: test.item.points for test in tests})
        bonus = _ids(assignment, plan.bonus)
        off = _ids(assignment, plan.off)
        planned = tuple(
            dataclasses.replace(
                test,
                item=msgspec.structs.replace(
                    test.item,
                    points=points[test.item.id],
                    needs=self._bridge(test.item.needs),
                    bonus=test.item.id in bonus,
                ),
            )
            for test in tests
            if test.item.id not in off
        )
        if not planned:
            raise CoursePlanError(f"course.toml: `assignment.{assignment.name}.off` leaves no item. Keep at least one.")
        return planned

    @cached_property
    def _needs_of_items_off(self) -> dict[str, tuple[str, ...]]:
        """The prerequisites of every item of the course that is off, by its id."""
        needs = {}
        for assignment in assignments():
            if off := _ids(assignment, self._settings.plan(assignment.name).off):
                needs.update(
                    {test.item.id: test.item.needs for test in graded_tests(assignment) if test.item.id in off}
                )
        return needs

    def _bridge(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Replace every prerequisite that is off by what that one needs."""
        if not self._needs_of_items_off.keys() & set(needs):
            return needs
        waiting, bridged = list(needs), []
        while waiting:
            need = waiting.pop(0)
            if need in self._needs_of_items_off:
                waiting[:0] = self._needs_of_items_off[need]
            else:
                bridged.append(need)
        return tuple(dict.fromkeys(bridged))


def _ids(assignment: Assignment, names: Iterable[str]) -> set[str]:
    """Return the ids of items that a course file names."""
    return {f"{assignment.name}/test_{name}" for name in names}


def _plan_points(assignment: Assignment, plan: AssignmentPlan, points: Mapping[str, float]) -> dict[str, float]:
    """Return the points of every item in a course.

    Args:
        assignment: The assignment.
        plan: What the course changes in it.
        points: The points of every item in the suite.
    """
    fixed = {f"{assignment.name}/test_{name}": each for name, each in plan.points.items()}
    planned = {**points, **fixed}
    not_shared = _ids(assignment, (*plan.off, *plan.bonus))
    for task in assignment.tasks:
        if task.name not in plan.task_points:
            continue
        counted = [item for item in task.items if item not in not_shared]
        free = [item for item in counted if item not in fixed]
        left = plan.task_points[task.name] - sum(fixed[item] for item in counted if item in fixed)
        if left < 0.5 * len(free) or (left and not free):
            raise CoursePlanError(
                f"course.toml: `assignment.{assignment.name}.task_points`: {left:g} points of {task.name} are left for "
                f"{len(free)} items, and each needs at least 0.5. Change the points, or switch items off in `off`."
            )
        planned.update(_share(left, {item: points[item] for item in free}))
    return planned


def _share(total: float, weights: Mapping[str, float]) -> dict[str, float]:
    """Share points in halves, in proportion to weights, at least 0.5 each: by largest remainder.

    Args:
        total: The points: a multiple of 0.5, and at least 0.5 for each key.
        weights: A positive weight for each key.
    """
    shares = {key: total * weight / sum(weights.values()) for key, weight in weights.items()}
    given = dict.fromkeys(weights, 0.5)
    for _ in range(round(2 * total) - len(given)):
        given[max(shares, key=lambda key: shares[key] - given[key])] += 0.5
    return given
