"""Earlier items: an assignment that is graded alone shows the mistake in what it builds on."""

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.one_submission.public_phase import run_public_phase
from gradkit.grader.suite import GraderError, load_suite
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.outcomes import reason_to_skip

WRONG_ADDITION = ("self.data + other.data", "self.data + 2 * other.data")
OVERWRITING_EXP = ("self.grad += out.data * out.grad", "self.grad = out.data * out.grad")
WRONG_PLUS_NUMBER = ("return self + other", "return self + other + 1")
ENDS_AT_ZERO_TIMES_ZERO = (
    'out = Value(self.data * other.data, (self, other), "*")',
    'out = Value(self.data * other.data, (self, other), "*") if self.data or other.data else exit()',
)
HALF_THE_SLOPE_OF_RELU = ("(self.data > 0) * out.grad", "(self.data > 0) * out.grad / 2")
ENDING_MULTIPLICATION = (ENDS_AT_ZERO_TIMES_ZERO[0], "exit()")


@pytest.fixture(scope="module")
def a3():
    return load_suite(choose_assignments("a3"), Library(corpora_folder()))


@pytest.fixture
def run_a3(a3, open_folder, solution):
    """Return a function that runs a3 alone on an engine with edits, and returns the results."""
    return lambda *edits: run_public_phase(a3, Intake(), open_folder(solution(*edits)))


def test_they_are_items_of_other_assignments_only_and_in_the_order_of_the_course(a3):
    names = [test.item.id for test in a3.earlier]
    assert {"a1_expressions/test_addition", "a2_backprop/test_addition_gradient"} <= set(names)
    assert names == sorted(names, key=lambda name: name.partition("/")[0])
    assert not set(names) & {item.id for item in a3.items}
    assert not any(test.item.hidden for test in a3.earlier)


def test_nothing_earlier_runs_for_a_right_submission(run_a3):
    assert not run_a3().earlier


def test_a_wrong_addition_is_shown_as_what_it_is_where_a3_is_graded_alone(run_a3):
    results = run_a3(WRONG_ADDITION)
    exp = results.by_id["a3_activations/test_exp"]
    assert exp.verdict is Verdict.BLOCKED
    assert "a1_expressions/test_addition" in exp.blocked_by
    assert exp.evidence.heading == "Needed from a1_expressions, and wrong: a + b adds"
    assert exp.evidence.rows
    assert Verdict.FAILED not in {result.verdict for result in results.all()}


def test_earlier_items_give_no_points_and_are_in_no_report(run_a3):
    results = run_a3(WRONG_ADDITION)
    assert set(results.by_id) == {item.id for item in results.collected}


def test_a_mistake_of_its_own_is_shown_beside_right_earlier_items(run_a3):
    results = run_a3(OVERWRITING_EXP)
    assert results.by_id["a3_activations/test_exp_collects"].verdict is Verdict.FAILED
    assert {result.verdict for result in results.earlier.values()} == {Verdict.PASSED}


def test_an_earlier_mistake_blocks_only_what_needs_it(run_a3):
    verdicts = {name: result.verdict for name, result in run_a3(WRONG_PLUS_NUMBER).by_id.items()}
    assert verdicts["a3_activations/test_softmax"] is Verdict.BLOCKED
    assert verdicts["a3_activations/test_exp"] is Verdict.PASSED


def test_earlier_items_for_which_no_time_is_left_block_nothing(run_a3, monkeypatch):
    short = [msgspec.structs.replace(each, submission_seconds=each.item_seconds / 2) for each in assignments()]
    monkeypatch.setattr("gradkit.suite.earlier.assignments", lambda: short)
    results = run_a3(WRONG_ADDITION)
    assert results.by_id["a3_activations/test_exp"].verdict is Verdict.FAILED
    assert not results.earlier


def test_a_file_that_cannot_be_imported_in_an_earlier_item_is_tried_again_in_a_graded_one(
    a3, open_folder, solution, monkeypatch
):
    transport = open_folder(solution(OVERWRITING_EXP))
    limits = []
    start_item, load = transport.start_item, transport.load

    def load_in_5_seconds(module, name):
        if limits[-1] > 5:
            raise SubmissionError(Verdict.ERROR, "only the earlier items have this limit")
        return load(module, name)

    monkeypatch.setattr(transport, "start_item", lambda *given: (limits.append(given[0]), start_item(*given)))
    monkeypatch.setattr(transport, "load", load_in_5_seconds)
    results = run_public_phase(a3, Intake(), transport)
    assert results.earlier["a2_backprop/test_the_result_answers_to_itself"].verdict is Verdict.ERROR
    assert results.by_id["a3_activations/test_log"].verdict is Verdict.PASSED


def test_an_earlier_item_that_ends_the_program_takes_no_points_from_graded_items_that_do_not(run_a3):
    results = run_a3(HALF_THE_SLOPE_OF_RELU, ENDS_AT_ZERO_TIMES_ZERO)
    assert results.earlier["a2_backprop/test_a_factor_of_zero_gradient"].verdict is Verdict.CRASHED
    assert results.by_id["a3_activations/test_relu_gradient"].verdict is Verdict.BLOCKED
    assert results.by_id["a3_activations/test_relu_at_zero"].verdict is Verdict.PASSED


def test_where_a_graded_item_ends_the_program_too_the_others_that_need_the_earlier_one_are_not_run(run_a3):
    results = run_a3(ENDING_MULTIPLICATION)
    assert results.by_id["a3_activations/test_exp"].evidence.heading.startswith("Needed from a1_expressions")
    reason = reason_to_skip(results, results.by_id["a3_activations/test_log"])
    assert str(reason) == "Not run: it needs a1_expressions/test_multiplication, which did not pass."


def test_an_error_of_ours_in_an_earlier_item_is_no_verdict(run_a3, monkeypatch):
    def broken(*_):
        raise KeyError("internal")

    monkeypatch.setattr("gradkit.suite.earlier.run_test", broken)
    with pytest.raises(GraderError, match="a1_expressions/test_a_value_keeps_its_number ended with KeyError"):
        run_a3(WRONG_ADDITION)
