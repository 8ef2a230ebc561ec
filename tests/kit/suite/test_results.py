"""Results: one verdict for each item, points that add up, and failures that follow from others are blocked."""

from pathlib import Path

import pytest
from gradkit.pytest_plugin.screen import PROGRESS
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.failures import Explained, Failure, NotPassed
from gradkit.suite.graded import ATTRIBUTE, graded
from gradkit.suite.outcomes import reason_to_skip, record_outcome
from gradkit.suite.results import Item, Results
from hypothesis import given
from hypothesis import strategies as st

ENDINGS = [verdict for verdict in Verdict if verdict is not Verdict.BLOCKED]


def item(name, *needs, points=1.0):
    return Item(name, "a1_trial", f"about {name}", points, needs)


def record(results, item, verdict):
    """Record the result of an item whose test ended with this verdict."""
    error = None if verdict is Verdict.PASSED else NotPassed(Explained(verdict, Evidence("because")))
    return record_outcome(results, item, error, Path("test_trial.py"))


def results_of(*run):
    """Return the results of items given as (name, needs, verdict)."""
    results = Results()
    for name, needs, verdict in run:
        record(results, item(name, *needs), verdict)
    return results


def verdicts(results):
    return {result.id: result.verdict for result in results.all()}


@st.composite
def runs(draw):
    """Draw items in order, each with prerequisites among the earlier ones, a verdict and points."""
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
        record(results, each, ending)
    assert len(results.all()) == len(run)
    earned = sum(result.earned for result in results.all())
    assert earned == sum(each.points for each, ending in run if ending is Verdict.PASSED)
    assert (2 * earned) % 1 == 0


@given(runs())
def test_a_blocked_item_names_what_blocks_it_and_every_chain_has_a_beginning(run):
    results = Results()
    for each, ending in run:
        record(results, each, ending)
    for result in results.all():
        assert bool(result.blocked_by) == (result.verdict is Verdict.BLOCKED)
        if result.blocked_by:
            blockers = [results.by_id[name].verdict for name in result.blocked_by]
            assert Verdict.PASSED not in blockers
            assert any(verdict is not Verdict.BLOCKED for verdict in blockers)


@given(runs())
def test_a_passing_item_keeps_its_points_whatever_its_prerequisites_did(run):
    results = Results()
    for each, ending in run:
        result = record(results, each, ending)
        if ending in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED):
            assert result.verdict is ending
        else:
            assert result.verdict in (ending, Verdict.BLOCKED)


def test_a_failure_after_failed_prerequisites_is_blocked_by_them_nearest_first():
    results = results_of(
        ("far", (), Verdict.FAILED), ("near", ("far",), Verdict.ERROR), ("here", ("near",), Verdict.FAILED)
    )
    assert verdicts(results) == {"far": Verdict.FAILED, "near": Verdict.BLOCKED, "here": Verdict.BLOCKED}
    assert results.by_id["here"].blocked_by == ("near", "far")


def test_a_failure_without_failed_prerequisites_is_not_blocked():
    results = results_of(("one", (), Verdict.FAILED), ("two", (), Verdict.PASSED), ("three", ("two",), Verdict.FAILED))
    assert results.by_id["three"].verdict is Verdict.FAILED


def test_a_chain_is_followed_through_items_that_passed():
    results = results_of(
        ("root", (), Verdict.FAILED), ("middle", ("root",), Verdict.PASSED), ("leaf", ("middle",), Verdict.FAILED)
    )
    assert results.by_id["leaf"].blocked_by == ("root",)


def test_a_stub_is_never_counted_as_blocked():
    results = results_of(("one", (), Verdict.NOT_IMPLEMENTED), ("two", ("one",), Verdict.NOT_IMPLEMENTED))
    assert results.by_id["two"].verdict is Verdict.NOT_IMPLEMENTED


def test_what_was_not_run_blocks_nothing():
    results = results_of(("two", ("one",), Verdict.FAILED))
    assert results.by_id["two"].verdict is Verdict.FAILED


@pytest.mark.parametrize("verdict", [Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED])
def test_after_a_timeout_or_a_crash_dependents_are_not_run(verdict):
    results = results_of(("hangs", (), verdict), ("middle", ("hangs",), Verdict.PASSED))
    assert results.prerequisites_that_stop(item("next", "middle")) == ("hangs",)
    reason = reason_to_skip(results, item("next", "middle"))
    assert str(reason) == "Not run: it needs hangs, which did not pass."
    assert reason_to_skip(results, item("other")) is None


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.ERROR, Verdict.NOT_IMPLEMENTED, Verdict.PASSED])
def test_after_any_other_end_everything_runs(verdict):
    assert results_of(("one", (), verdict)).prerequisites_that_stop(item("next", "one")) == ()


def test_a_cycle_of_prerequisites_does_not_hang():
    results = results_of(("one", ("two",), Verdict.FAILED), ("two", ("one",), Verdict.FAILED))
    assert results.by_id["two"].blocked_by == ("one",)
    assert {r.id for r in results.prerequisites(item("one", "two"))} == {"one", "two"}


class Unexplained(Failure):
    """A failure that records whether it was explained."""

    verdict = Verdict.FAILED
    was_asked = False

    def explain(self):
        self.was_asked = True
        return Evidence("explained")


def test_an_error_of_ours_is_not_recorded_as_a_result():
    results = Results()
    assert record_outcome(results, item("one"), ZeroDivisionError(), Path("test_trial.py")) is None
    assert not results.by_id


def test_a_blocked_item_is_not_explained():
    results = results_of(("one", (), Verdict.FAILED))
    unexplained = Unexplained()
    record_outcome(results, item("two", "one"), NotPassed(unexplained), Path("test_trial.py"))
    assert results.by_id["two"].verdict is Verdict.BLOCKED
    assert not unexplained.was_asked
    assert results.by_id["one"].evidence == Evidence("because")


# --- what @graded says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [0, -1, 0.25, 1.1])
def test_points_are_positive_multiples_of_a_half(points):
    with pytest.raises(ValueError, match=r"multiple of 0\.5"):
        graded(points, "a title")


@given(st.integers(1, 20))
def test_graded_keeps_its_data_on_the_test(halves):
    @graded(halves / 2, "a title", needs="test_before")
    def test():
        pass

    settings = getattr(test, ATTRIBUTE)
    assert (settings.points, settings.title, settings.needs, settings.corpus) == (
        halves / 2,
        "a title",
        ("test_before",),
        None,
    )


def test_graded_takes_one_prerequisite_or_several():
    @graded(1, "a title", needs=["test_one", "test_two"])
    def test():
        pass

    assert getattr(test, ATTRIBUTE).needs == ("test_one", "test_two")


def test_what_an_item_is_about_is_a_tuple_of_names():
    @graded(1, "a title", about=["Value.exp", "Value.log"])
    def test():
        pass

    assert getattr(test, ATTRIBUTE).about == ("Value.exp", "Value.log")
    with pytest.raises(TypeError, match=r"write \('Value\.exp',\)"):
        graded(1, "a title", about="Value.exp")


def test_every_verdict_has_a_letter_of_its_own_on_the_progress_line():
    assert PROGRESS.keys() == set(Verdict)
    assert len({letter for _, letter, _ in PROGRESS.values()}) == len(Verdict)
