"""Comparison: the tolerance, the node that went wrong first, and hints that follow from the numbers."""

import math
from fractions import Fraction

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers, Graph, replay
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.hints import find_hint
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


# --- hints -----------------------------------------------------------------------------------------------------------

TANH = "self.grad += (1 - out.data**2) * out.grad"
PRODUCT = "self.grad += other.data * out.grad"


def tanh_plus_x(x):
    return x.tanh() + x


def times(a, b):
    return a * b


@pytest.mark.parametrize(
    ("edit", "expression", "numbers", "message"),
    [
        ((TANH, TANH.replace("+=", "=")), tanh_plus_x, (0.5,), "share of `a + b` is lost: collect with +="),
        ((PRODUCT, PRODUCT.replace("+=", "-=")), times, (2.0, 3.0), "sign is wrong"),
        (
            (TANH, TANH.replace(" * out.grad", "")),
            lambda x, k: x.tanh() * k,
            (0.5, 3.0),
            "local derivative of `x.tanh()` alone: multiply by out.grad",
        ),
        (
            (TANH, "pass"),
            lambda x: x.tanh(),
            (0.5,),
            "No gradient arrives at any leaf: either a closure (`x.tanh()`) is not kept",
        ),
        (
            (TANH, "pass"),
            lambda x, k: x.tanh() * k,
            (0.5, 3.0),
            "Nothing arrives from `x.tanh()`",
        ),
        ((TANH, TANH.replace("1 - out", "1.000001 - out")), lambda x: x.tanh(), (0.5,), "The first digits are right"),
        (("self.grad = 1.0", "self.grad = 2.0"), times, (2.0, 3.0), "gradient of the result itself is not 1"),
        (("self.grad = 1.0", "pass"), times, (2.0, 3.0), "gradient of the result itself is not 1"),
        (
            (PRODUCT, "self.grad = other.data * out.grad; other.grad = 0.0"),
            lambda x: x * x,
            (3.0,),
            "Both operands of `a * b` are the same node here: each use must add (+=)",
        ),
        (
            (TANH, TANH.replace("out.data**2", "out.data")),
            lambda x: x.tanh(),
            (0.5,),
            "Look at what the closure of `x.tanh()` passes on",
        ),
        (
            (TANH, TANH.replace("out.data**2", "out.data")),
            tanh_plus_x,
            (0.5,),
            "It collects from `x.tanh()` and `a + b`: check each closure",
        ),
    ],
)
def test_a_typical_error_gets_its_hint(edit, expression, numbers, message, engine):
    graph = trace_expression(expression, *numbers)
    mismatch = compare_gradients(graph, complex_step.answer_graph(graph), replay(engine(edit), graph, backward=True))
    assert message in find_hint(mismatch)


def test_a_wrong_number_points_to_the_operation_that_computed_it(engine):
    graph = trace_expression(lambda a, b: (a * b).tanh() + a, 0.5, 3.0)
    wrong = engine(("math.tanh(self.data)", "math.tanh(-self.data)"))
    mismatch = compare_data(graph, complex_step.answer_graph(graph), replay(wrong, graph, backward=False))
    assert "look at how `x.tanh()` computes its own" in find_hint(mismatch)


def test_a_changed_operand_is_reported_as_changed():
    graph = trace_expression(times, 2.0, 3.0)
    mismatch = compare_data(graph, complex_step.answer_graph(graph), Answers([9.0, 3.0, 27.0], []))
    assert "A leaf was made with 2.0 and now holds 9.0" in find_hint(mismatch)


@given(GRAPHS, st.data())
def test_every_mismatch_of_gradients_can_be_described(graph, data):
    want = complex_step.answer_graph(graph)
    odd = st.sampled_from([0.0, 1.0, -1.0, NAN, INF])
    replaced = data.draw(st.dictionaries(st.integers(0, len(graph) - 1), odd, min_size=1))
    got = Answers(want.data, [replaced.get(node, number) for node, number in enumerate(want.grad)])
    mismatch = compare_gradients(graph, want, got, inner=True)
    assume(mismatch)
    message = find_hint(mismatch)
    assert message or mismatch.origin is None
    assert "{" not in message


def test_a_hint_can_describe_a_contribution_of_zero():
    graph = trace_expression(lambda x: x.tanh().relu(), -0.5)
    assert find_hint(
        compare_gradients(graph, complex_step.answer_graph(graph), Answers([-0.5, -0.4, 0.0], [0.7, 0.0, 1.0]))
    )


def test_a_node_with_very_many_uses_is_described_without_trying_all_subsets():
    n_uses = 60
    steps = [("mul_const", 0, place + 2) for place in range(n_uses)]
    steps += [("add", n_uses + place if place else 1, place + 2) for place in range(n_uses - 1)]
    graph = Graph((2.0,), steps)
    want = complex_step.answer_graph(graph)
    message = find_hint(compare_gradients(graph, want, Answers(want.data, [0.5, *want.grad[1:]])))
    assert "check each closure, and the order" in message


def test_the_hint_for_a_lost_contribution_names_the_one_that_was_kept():
    graph = Graph((2.0,), [("tanh", 0), ("exp", 0), ("add", 1, 2), ("relu", 0), ("add", 3, 4)])
    want = complex_step.answer_graph(graph)
    kept = complex_step.local_derivative(graph, want.data, 2, 0)
    message = find_hint(compare_gradients(graph, want, Answers(want.data, [kept, *want.grad[1:]])))
    assert "used 3 times, but holds only what `x.exp()` passed on" in message
    assert "the share of `x.tanh()` and `x.relu()` is lost" in message
