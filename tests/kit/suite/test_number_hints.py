"""Hints that follow from the numbers of a mismatch alone."""

import math

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers, Graph, replay
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import compare_data, compare_gradients
from gradkit.suite.number_hints import hint_from_numbers
from hypothesis import assume, given
from hypothesis import strategies as st

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=8), complex_step.FUNCTIONS).filter(
    lambda graph: graph.steps
)

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
    assert message in hint_from_numbers(mismatch)


def test_a_wrong_number_points_to_the_operation_that_computed_it(engine):
    graph = trace_expression(lambda a, b: (a * b).tanh() + a, 0.5, 3.0)
    wrong = engine(("math.tanh(self.data)", "math.tanh(-self.data)"))
    mismatch = compare_data(graph, complex_step.answer_graph(graph), replay(wrong, graph, backward=False))
    assert "look at how `x.tanh()` computes its own" in hint_from_numbers(mismatch)


def test_a_changed_operand_is_reported_as_changed():
    graph = trace_expression(times, 2.0, 3.0)
    mismatch = compare_data(graph, complex_step.answer_graph(graph), Answers([9.0, 3.0, 27.0], []))
    assert "A leaf was made with 2.0 and now holds 9.0" in hint_from_numbers(mismatch)


@given(GRAPHS, st.data())
def test_every_mismatch_of_gradients_can_be_described(graph, data):
    want = complex_step.answer_graph(graph)
    odd = st.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf])
    replaced = data.draw(st.dictionaries(st.integers(0, len(graph) - 1), odd, min_size=1))
    got = Answers(want.data, [replaced.get(node, number) for node, number in enumerate(want.grad)])
    mismatch = compare_gradients(graph, want, got, inner=True)
    assume(mismatch)
    message = hint_from_numbers(mismatch)
    assert message or mismatch.origin is None
    assert "{" not in message


def test_a_hint_can_describe_a_contribution_of_zero():
    graph = trace_expression(lambda x: x.tanh().relu(), -0.5)
    assert hint_from_numbers(
        compare_gradients(graph, complex_step.answer_graph(graph), Answers([-0.5, -0.4, 0.0], [0.7, 0.0, 1.0]))
    )


def test_a_node_with_very_many_uses_is_described_without_trying_all_subsets():
    n_uses = 60
    steps = [("mul_const", 0, place + 2) for place in range(n_uses)]
    steps += [("add", n_uses + place if place else 1, place + 2) for place in range(n_uses - 1)]
    graph = Graph((2.0,), steps)
    want = complex_step.answer_graph(graph)
    message = hint_from_numbers(compare_gradients(graph, want, Answers(want.data, [0.5, *want.grad[1:]])))
    assert "check each closure, and the order" in message


def test_the_hint_for_a_lost_contribution_names_the_one_that_was_kept():
    graph = Graph((2.0,), [("tanh", 0), ("exp", 0), ("add", 1, 2), ("relu", 0), ("add", 3, 4)])
    want = complex_step.answer_graph(graph)
    kept = complex_step.local_derivative(graph, want.data, 2, 0)
    message = hint_from_numbers(compare_gradients(graph, want, Answers(want.data, [kept, *want.grad[1:]])))
    assert "used 3 times, but holds only what `x.exp()` passed on" in message
    assert "the share of `x.tanh()` and `x.relu()` is lost" in message
