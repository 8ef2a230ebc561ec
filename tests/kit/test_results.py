"""Results: one verdict an item, points that add up, and a failure that follows from another is reported as blocked."""

from functools import partial

import pytest
from gradkit.pytest_plugin.self_check import _STATUS
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.graded import ATTRIBUTE, graded
from gradkit.suite.results import Item, Results
from hypothesis import given
from hypothesis import strategies as st

ENDINGS = [verdict for verdict in Verdict if verdict is not Verdict.BLOCKED]


def item(name, *needs, points=1.0):
    return Item(name, "a1_trial", f"about {name}", points, needs)


def results_of(*ended):
    """Results of items given as (name, needs, verdict)."""
    results = Results()
    for name, needs, verdict in ended:
        results.add(item(name, *needs), verdict, partial(Evidence, verdict, "because"))
    return results


def verdicts(results):
    return {result.item.id: result.verdict for result in results.all()}


@st.composite
def runs(draw):
    """Items in order, each with prerequisites among those before it, an ending and points."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        needs = draw(st.lists(st.sampled_from(range(number)), max_size=3, unique=True)) if number else []
        points = draw(st.integers(1, 6)) / 2
        found.append((item(str(number), *map(str, needs), points=points), draw(st.sampled_from(ENDINGS))))
    return found


@given(runs())
def test_every_item_has_one_verdict_and_points_add_up(run):
    results = Results()
    for each, ending in run:
        results.add(each, ending)
    assert len(results.all()) == len(run)
    earned = sum(result.earned for result in results.all())
    assert earned == sum(each.points for each, ending in run if ending is Verdict.PASSED)
    assert (2 * earned) % 1 == 0


@given(runs())
def test_a_blocked_item_names_what_blocks_it_and_every_chain_has_a_beginning(run):
    results = Results()
    for each, ending in run:
        results.add(each, ending)
    for result in results.all():
        assert bool(result.blocked_by) == (result.verdict is Verdict.BLOCKED)
        if result.blocked_by:
            blockers = [results.by_id[name].verdict for name in result.blocked_by]
            assert Verdict.PASSED not in blockers
            assert any(verdict is not Verdict.BLOCKED for verdict in blockers)


@given(runs())
def test_what_passes_passes_whatever_its_prerequisites_did(run):
    results = Results()
    for each, ending in run:
        result = results.add(each, ending)
        if ending in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED):
            assert result.verdict is ending
        else:
            assert result.verdict in (ending, Verdict.BLOCKED)


def test_a_failure_after_a_failure_is_blocked_by_it_nearest_first():
    results = results_of(
        ("far", (), Verdict.FAILED), ("near", ("far",), Verdict.ERROR), ("here", ("near",), Verdict.FAILED)
    )
    assert verdicts(results) == {"far": Verdict.FAILED, "near": Verdict.BLOCKED, "here": Verdict.BLOCKED}
    assert results.by_id["here"].blocked_by == ("near", "far")


def test_a_failure_is_its_own_where_nothing_that_it_needs_failed():
    results = results_of(("one", (), Verdict.FAILED), ("two", (), Verdict.PASSED), ("three", ("two",), Verdict.FAILED))
    assert results.by_id["three"].verdict is Verdict.FAILED


def test_a_chain_is_followed_through_items_that_passed():
    results = results_of(
        ("root", (), Verdict.FAILED), ("middle", ("root",), Verdict.PASSED), ("leaf", ("middle",), Verdict.FAILED)
    )
    assert results.by_id["leaf"].blocked_by == ("root",)


def test_a_stub_stays_a_stub():
    results = results_of(("one", (), Verdict.NOT_IMPLEMENTED), ("two", ("one",), Verdict.NOT_IMPLEMENTED))
    assert results.by_id["two"].verdict is Verdict.NOT_IMPLEMENTED


def test_what_was_not_run_blocks_nothing():
    results = results_of(("two", ("one",), Verdict.FAILED))
    assert results.by_id["two"].verdict is Verdict.FAILED


@pytest.mark.parametrize("verdict", [Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED])
def test_after_a_timeout_or_a_crash_dependents_are_not_run(verdict):
    results = results_of(("hangs", (), verdict), ("middle", ("hangs",), Verdict.PASSED))
    assert results.must_not_run(item("next", "middle")) == ("hangs",)
    assert results.must_not_run(item("other")) == ()


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.ERROR, Verdict.NOT_IMPLEMENTED, Verdict.PASSED])
def test_after_any_other_end_everything_runs(verdict):
    assert results_of(("one", (), verdict)).must_not_run(item("next", "one")) == ()


def test_a_circle_of_prerequisites_does_not_hang():
    results = results_of(("one", ("two",), Verdict.FAILED), ("two", ("one",), Verdict.FAILED))
    assert results.by_id["two"].blocked_by == ("one",)
    assert {r.item.id for r in results.prerequisites(item("one", "two"))} == {"one", "two"}


def test_a_blocked_item_is_not_explained():
    results = results_of(("one", (), Verdict.FAILED))
    asked = []
    results.add(item("two", "one"), Verdict.FAILED, lambda: asked.append("two"))
    assert asked == []
    assert results.by_id["one"].evidence == Evidence(Verdict.FAILED, "because")


# --- the mark --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [0, -1, 0.25, 1.1])
def test_points_are_positive_multiples_of_a_half(points):
    with pytest.raises(ValueError, match=r"multiples of 0\.5"):
        graded(points, "a title")


@given(st.integers(1, 20))
def test_the_mark_stays_on_the_test(halves):
    @graded(halves / 2, "a title", needs="test_before")
    def test():
        pass

    mark = getattr(test, ATTRIBUTE)
    assert (mark.points, mark.title, mark.needs, mark.corpus) == (halves / 2, "a title", ("test_before",), None)


def test_a_mark_takes_one_prerequisite_or_many():
    @graded(1, "a title", needs=["test_one", "test_two"])
    def test():
        pass

    assert getattr(test, ATTRIBUTE).needs == ("test_one", "test_two")


def test_every_verdict_has_a_letter_of_its_own_on_the_progress_line():
    assert _STATUS.keys() == set(Verdict)
    assert len({letter for _, letter, _ in _STATUS.values()}) == len(Verdict)
