"""PyTorch, complex-step differentiation and the reference engine compute the same numbers."""

import math

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph, replay
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.oracle.tolerance import is_close
from gradkit.oracle.well_posed import answer_if_well_posed
from hypothesis import given, settings

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=12), complex_step.FUNCTIONS)
WELL_POSED = GRAPHS.filter(lambda graph: answer_if_well_posed(answer_graph, graph) is not None)


@pytest.fixture(scope="module")
def reference(engine):
    return engine()


def agree(one, other):
    assert len(one.data) == len(other.data) == len(one.grad) == len(other.grad)
    assert all(map(is_close, one.data, other.data))
    assert all(map(is_close, one.grad, other.grad))


@settings(max_examples=150)
@given(graph=WELL_POSED)
def test_pytorch_complex_step_and_the_reference_agree_at_every_node(graph, reference):
    expected = answer_graph(graph)
    agree(complex_step.answer_graph(graph), expected)
    agree(replay(reference, graph, backward=True), expected)


@given(WELL_POSED)
def test_the_number_of_a_node_can_be_computed_without_gradients(graph):
    assert complex_step.evaluate_graph(graph) == complex_step.answer_graph(graph).data


@given(WELL_POSED)
def test_a_gradient_is_the_sum_of_what_each_consumer_passes_on(graph):
    answers = answer_graph(graph)
    for node in range(len(graph) - 1):
        shares = [
            answers.grad[consumer] * complex_step.local_derivative(graph, answers.data, consumer, node)
            for consumer in graph.consumers(node)
        ]
        assert sum(shares) == pytest.approx(answers.grad[node], rel=1e-6, abs=1e-6)


@given(graph=WELL_POSED)
def test_a_well_posed_graph_is_recorded_with_pytorchs_answers(graph):
    kept = answer_if_well_posed(answer_graph, graph)
    agree(kept, answer_graph(graph))


@pytest.mark.parametrize("x", [0.1, 1.0, -2.0, 7.9])
def test_complex_step_is_exact_to_rounding_and_finite_differences_are_not(x):
    (slope, _) = complex_step.answer_graph(trace_expression(lambda x: x.tanh(), x)).grad
    assert slope == pytest.approx(1 / math.cosh(x) ** 2, rel=1e-14)


@pytest.mark.parametrize("exponent", [2, 3, -1, -2])
def test_negative_bases_have_whole_powers(exponent):
    graph = Graph((-1.5,), [("pow_const", 0, exponent)])
    agree(complex_step.answer_graph(graph), answer_graph(graph))


def test_what_the_output_does_not_need_has_the_gradient_0():
    graph = Graph((2.0, 3.0), [("mul", 0, 1), ("add", 0, 0)], output=3)
    assert complex_step.answer_graph(graph).grad == answer_graph(graph).grad == [2.0, 0.0, 0.0, 1.0]


def test_an_earlier_node_can_be_the_output(reference):
    graph = Graph((2.0, 3.0), [("mul", 0, 1), ("add", 2, 0), ("mul", 3, 3)], output=3)
    agree(complex_step.answer_graph(graph), answer_graph(graph))
    agree(replay(reference, graph, backward=True), answer_graph(graph))
    assert answer_graph(graph).grad == [4.0, 2.0, 1.0, 1.0, 0.0]


def test_a_leaf_can_be_the_output():
    graph = Graph((2.0,), [])
    assert complex_step.answer_graph(graph).grad == answer_graph(graph).grad == [1.0]


@pytest.mark.parametrize(
    "graph",
    [
        trace_expression(lambda a, b: a / b, 1.0, 0.0),
        trace_expression(lambda a: a.log(), 0.0),
        trace_expression(lambda a: a.exp().exp().exp(), 8.0),
        trace_expression(lambda a: (a * a) * (a * a), 1e200),
    ],
    ids=["pole", "log of 0", "overflow", "infinite"],
)
def test_a_graph_without_finite_answers_is_refused(graph):
    for ask in (complex_step.answer_graph, complex_step.evaluate_graph):
        with pytest.raises((ArithmeticError, ValueError)):
            ask(graph)


def test_kinks_have_pytorch_s_side():
    graph = trace_expression(lambda x: x.relu(), 0.0)
    assert complex_step.answer_graph(graph).grad[0] == answer_graph(graph).grad[0] == 0.0
