"""Comparison: the tolerance, and the node that went wrong first."""

import math
from fractions import Fraction

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.inside.graph import Answers
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import all_agree, compare_data, compare_gradients
from gradkit.oracle.tolerance import is_close
from hypothesis import assume, given
from hypothesis import strategies as st

ANY_GRAPH = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=8), complex_step.FUNCTIONS)
GRAPHS = ANY_GRAPH.filter(lambda graph: graph.steps)
NUMBERS = st.floats(-1e12, 1e12)
NAN, INF = math.nan, math.inf


# --- the tolerance ---------------------------------------------------------------------------------------------------


@given(NUMBERS, st.floats(-3, 3))
def test_the_tolerance_is_exactly_as_specified(want, share):
    allowed = Fraction(1, 10**9) + abs(Fraction(want)) / 10**7
    got = float(Fraction(want) + Fraction(share) * allowed)
    distance = abs(Fraction(got) - Fraction(want))
    assume(abs(distance / allowed - 1) > Fraction(1, 10**6))  # at the bound, rounding decides
    assert is_close(got, want) == (distance < allowed)


@given(NUMBERS)
def test_the_exact_number_is_right_and_so_is_an_int(number):
    assert is_close(number, number)
    assert is_close(float(round(number)), round(number))


@given(NUMBERS)
def test_what_is_not_a_finite_number_is_never_right(want):
    for got in (NAN, INF, -INF):
        assert not is_close(got, want)


def test_minus_zero_is_zero():
    assert is_close(-0.0, 0.0)
    assert is_close(0.0, -0.0)


@pytest.mark.parametrize("got", [0.0, 1e300, NAN, -INF])
def test_only_infinity_equals_infinity(got):
    assert not is_close(got, INF)
    assert is_close(INF, INF)
    assert is_close(-INF, -INF)


@given(NUMBERS | st.sampled_from([NAN, INF]))
def test_nothing_equals_nan(got):
    assert not is_close(got, NAN)


WANTED = NUMBERS | st.sampled_from([0.0, INF, -INF, NAN])


@given(st.lists(st.tuples(WANTED, st.sampled_from([0.0, 1e-12, -9e-10, 2e-9, -1e-6])), min_size=1))
def test_numbers_that_the_quick_comparison_accepts_are_right(pairs):
    want, got = [number for number, _ in pairs], [number * (1 + share) for number, share in pairs]
    agree = all_agree(got, [Answers(want, [])], backward=False)
    assert all(map(is_close, got, want)) or not agree
    assert agree or got != want


@given(GRAPHS, st.data())
def test_the_quick_comparison_notices_one_wrong_or_missing_number(graph, data):
    answers = complex_step.answer_graph(graph)
    numbers = [*answers.data, *answers.grad]
    assert all_agree(numbers, [answers], backward=True)
    wrong = data.draw(st.integers(0, len(numbers) - 1))
    assert not all_agree(changed(numbers, wrong), [answers], backward=True)
    assert not all_agree(numbers[:-1], [answers], backward=True)
    assert not all_agree(numbers, [answers], backward=False)


# --- the first wrong node --------------------------------------------------------------------------------------------


def changed(numbers, *nodes):
    """Return the numbers with these nodes changed."""
    return [number + 1 + abs(number) if node in nodes else number for node, number in enumerate(numbers)]


@given(GRAPHS)
def test_right_answers_are_not_a_mismatch(graph):
    answers = complex_step.answer_graph(graph)
    assert compare_data(graph, answers, answers) is None
    assert compare_gradients(graph, answers, answers, inner=True) is None


@given(GRAPHS, st.data())
def test_the_first_wrong_number_is_found_in_forward_order(graph, data):
    want = complex_step.answer_graph(graph)
    node = data.draw(st.integers(0, len(graph) - 1))
    mismatch = compare_data(graph, want, Answers(changed(want.data, node, graph.output), []))
    assert mismatch.origin == node
    assert mismatch.wrong == (graph.output,)
    assert mismatch.kind == "data"


@given(GRAPHS, st.data())
def test_a_wrong_inner_number_is_not_a_mismatch_by_itself(graph, data):
    want = complex_step.answer_graph(graph)
    node = data.draw(st.integers(0, graph.output - 1))
    assert compare_data(graph, want, Answers(changed(want.data, node), [])) is None


@given(GRAPHS, st.data())
def test_the_first_wrong_gradient_is_found_in_reverse_order(graph, data):
    want = complex_step.answer_graph(graph)
    leaf = data.draw(st.integers(0, len(graph.inputs) - 1))
    node = data.draw(st.integers(leaf, len(graph) - 2))
    got = Answers(want.data, changed(want.grad, leaf, node))
    mismatch = compare_gradients(graph, want, got)
    assert mismatch.origin == node
    assert leaf in mismatch.wrong
    assert all(each < len(graph.inputs) for each in mismatch.wrong)


@given(GRAPHS, st.data())
def test_an_inner_gradient_is_a_mismatch_only_if_the_check_asks_for_it(graph, data):
    want = complex_step.answer_graph(graph)
    node = data.draw(st.integers(len(graph.inputs), len(graph) - 1))
    got = Answers(want.data, changed(want.grad, node))
    assert compare_gradients(graph, want, got) is None
    assert compare_gradients(graph, want, got, inner=True).wrong == (node,)


@given(GRAPHS)
def test_no_origin_is_named_if_the_root_s_gradient_is_not_1(graph):
    want = complex_step.answer_graph(graph)
    got = Answers(want.data, changed(want.grad, 0, graph.output))
    assert compare_gradients(graph, want, got).origin is None


@given(GRAPHS)
def test_no_origin_is_named_if_inner_gradients_were_reset(graph):
    want = complex_step.answer_graph(graph)
    leaves = len(graph.inputs)
    assume(len(graph.steps) > 1)
    assume(all(want.grad[leaves:]))
    reset = [*changed(want.grad, 0)[:leaves], *[0.0] * (len(graph.steps) - 1), 1.0]
    assert compare_gradients(graph, want, Answers(want.data, reset)).origin is None


@given(GRAPHS, st.sampled_from([NAN, INF, -INF]))
def test_nan_and_infinity_are_mismatches_like_any_other(graph, odd):
    want = complex_step.answer_graph(graph)
    assert compare_data(graph, want, Answers([*want.data[:-1], odd], [])).origin == graph.output
    assert compare_gradients(graph, want, Answers(want.data, [odd, *want.grad[1:]])).wrong == (0,)
