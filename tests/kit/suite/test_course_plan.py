"""What a course makes of the suites: points, bonus items, items that are off."""

import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.catalogue.course_settings import AssignmentPlan, CourseSettings
from gradkit.corpora.library import Library
from gradkit.grader.suite import load_suite
from gradkit.suite.collection import graded_tests
from gradkit.suite.course_plan import CoursePlanError, CourseTests
from hypothesis import given
from hypothesis import strategies as st

A1 = choose_assignments("a1")[0]
SUITE = {test.item.id: test.item for test in graded_tests(A1)}


def plan(**fields):
    """Return the items of a1 by id, in a course that changes these fields of it."""
    tests_of = CourseTests(CourseSettings(assignment={"a1_expressions": AssignmentPlan(**fields)}))
    return {test.item.id: test.item for test in tests_of(A1)}


def item(name):
    return f"a1_expressions/test_{name}"


def changed(items):
    """Return the names of the items that differ from the suite's."""
    return {id_.rpartition("/test_")[2] for id_ in SUITE if items.get(id_) != SUITE[id_]}


def test_a_course_that_says_nothing_changes_nothing():
    for assignment in assignments():
        planned = [(test.item, test.path) for test in CourseTests(CourseSettings())(assignment)]
        assert planned == [(test.item, test.path) for test in graded_tests(assignment)]


def test_points_and_bonus_change_the_named_items_only():
    items = plan(points={"addition": 4}, bonus=("larger_expressions",))
    assert changed(items) == {"addition", "larger_expressions"}
    assert items[item("addition")].points == 4
    assert items[item("larger_expressions")].bonus


def test_an_item_that_is_off_is_gone_and_what_needs_it_needs_what_it_needs():
    off = next(id_ for id_ in SUITE if any(id_ in each.needs for each in SUITE.values()) and SUITE[id_].needs)
    items = plan(off=(off.rpartition("/test_")[2],))
    assert off not in items
    for id_, each in items.items():
        assert off not in each.needs
        if off in SUITE[id_].needs:
            assert set(SUITE[off].needs) <= set(each.needs)


def test_an_item_that_is_off_decides_nothing_in_later_assignments():
    settings = CourseSettings(assignment={"a1_expressions": AssignmentPlan(off=("addition", "multiplication"))})
    for name in ("a2", "a4"):
        suite = load_suite(choose_assignments(name), Library(corpora_folder()), tests_of=CourseTests(settings))
        kept = load_suite(choose_assignments(name), Library(corpora_folder()))
        off = {item("addition"), item("multiplication")}
        assert {test.item.id for test in (*kept.earlier, *kept.retry_tests)} & off
        for test in (*suite.tests, *suite.earlier, *suite.retry_tests):
            assert test.item.id not in off
            assert not off.intersection(test.item.needs)


def test_a_bonus_item_is_not_part_of_the_maximum():
    settings = CourseSettings(assignment={"a1_expressions": AssignmentPlan(bonus=("addition",))})
    suite = load_suite([A1], Library(corpora_folder()), tests_of=CourseTests(settings))
    assert suite.points == sum(each.points for each in SUITE.values()) - SUITE[item("addition")].points


@given(st.data())
def test_the_items_of_a_task_share_its_points_in_halves_and_the_larger_get_no_less(data):
    task = data.draw(st.sampled_from(A1.tasks))
    total = data.draw(st.integers(len(task.items), 60)) / 2
    items = plan(task_points={task.name: total})
    shares = [(SUITE[id_].points, items[id_].points) for id_ in task.items]
    assert sum(share for _, share in shares) == total
    weights = sum(points for points, _ in shares)
    assert all(share % 0.5 == 0 and share >= 0.5 for _, share in shares)
    assert all(share <= max(0.5, total * points / weights + 0.5) for points, share in shares)
    for points, share in shares:
        assert all(share >= other for weight, other in shares if weight < points)


def test_items_with_points_of_their_own_and_bonus_items_take_no_part_in_the_share():
    task = next(task for task in A1.tasks if task.name == "together")
    names = [id_.rpartition("/test_")[2] for id_ in task.items]
    items = plan(task_points={"together": 5}, points={names[0]: 2}, bonus=(names[1],))
    assert [items[id_].points for id_ in task.items] == [2, SUITE[task.items[1]].points, 1, 2]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task_points": {"together": 1}}, "1 points of together are left for 4 items, and each needs at least 0.5"),
        (
            {"task_points": {"number": 2}, "points": {"a_value_keeps_its_number": 1}},
            "1 points of number are left for 0",
        ),
        ({"off": tuple(id_.rpartition("/test_")[2] for id_ in SUITE)}, "leaves no item"),
    ],
)
def test_points_that_cannot_be_given_are_refused_with_the_key(fields, message):
    with pytest.raises(CoursePlanError, match=message) as caught:
        plan(**fields)
    assert "`assignment.a1_expressions." in str(caught.value)
