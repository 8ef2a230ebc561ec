"""Reduction: the reduced graph still fails, is never larger, and is as small as the failure allows."""

import random

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.reduction import MAX_TRIES
from gradkit.graphs.scalar.reduce import NICE_NUMBERS, constants_of, reduce_graph
from gradkit.inside.graph import Graph, NotANumber, replay
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import compare_gradients
from hypothesis import given, settings
from hypothesis import strategies as st

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=10), complex_step.FUNCTIONS)
FINITE = GRAPHS.filter(lambda graph: all(abs(x) < 1e6 for x in complex_step.answer_graph(graph).grad))


def fails_on(Value):
    """Return whether the gradients of an engine are wrong on a graph."""

    def fails(graph):
        try:
            return (
                compare_gradients(graph, complex_step.answer_graph(graph), replay(Value, graph, backward=True))
                is not None
            )
        except (ArithmeticError, ValueError, NotANumber):
            return False

    return fails


def is_no_larger(found, graph):
    return len(found.steps) <= len(graph.steps)


FAULTS = {
    "mul passes its own factor": ("mul", ("self.grad += other.data * out.grad", "self.grad += self.data * out.grad")),
    "mul overwrites": ("mul", ("other.grad += self.data * out.grad", "other.grad = self.data * out.grad")),
    "add overwrites": ("add", ("other.grad += out.grad", "other.grad = out.grad")),
    "tanh overwrites": ("tanh", ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2)")),
    "exp ignores upstream": (
        "exp",
        ("self.grad += out.data * out.grad\n\n        out", "self.grad += out.data\n\n        out"),
    ),
    "log is not wired": ("log", ("self.grad += out.grad / self.data", "pass")),
    "relu leaks": ("relu", ("self.grad += (self.data > 0) * out.grad", "self.grad += out.grad")),
    "the exponent gets nothing": ("pow", ("if exponent is other and self.data > 0:", "if False:")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_one_operation_ends_at_one_or_two(fault, engine):
    name, edit = FAULTS[fault]
    fails = fails_on(engine(edit))
    about = expression_graphs(random_graphs(name, reuse="nodes", size=8), complex_step.FUNCTIONS)

    @settings(max_examples=15)
    @given(about.filter(fails))
    def holds(graph):
        found = reduce_graph(graph, fails, complex_step.evaluate_graph)
        assert fails(found)
        assert len(found.steps) <= 2
        assert is_no_larger(found, graph)

    holds()


@settings(max_examples=30)
@given(FINITE, st.integers())
def test_reduction_ends_and_never_enlarges_a_graph(graph, seed):
    rng = random.Random(seed)
    asked = []

    def fails(candidate):
        asked.append(candidate)
        try:
            complex_step.evaluate_graph(candidate)
        except (ArithmeticError, ValueError):
            return False
        return rng.random() < 0.3

    found = reduce_graph(graph, fails, complex_step.evaluate_graph)
    assert is_no_larger(found, graph)
    assert found == graph or found in asked
    assert len(asked) <= MAX_TRIES


@given(FINITE)
def test_a_graph_stays_as_it_is_if_no_smaller_one_fails(graph):
    assert reduce_graph(graph, lambda _: False, complex_step.evaluate_graph) == graph


@given(FINITE)
def test_what_fails_everywhere_is_reduced_to_a_single_leaf_with_a_short_number(graph):
    found = reduce_graph(graph, lambda candidate: True, complex_step.evaluate_graph)
    assert found == Graph((NICE_NUMBERS[0],), [])


@given(FINITE.filter(lambda graph: graph.steps))
def test_each_step_is_smaller_than_the_one_before(graph):
    (name, *_) = graph.steps[0]
    sizes = []

    def fails(candidate):
        if any(step[0] == name for step in candidate.steps):
            sizes.append(len(candidate.steps))
            return True
        return False

    reduce_graph(graph, fails, complex_step.evaluate_graph)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_leaves_get_short_numbers_that_differ_if_the_fault_needs_it():
    graph = Graph((1.37, -2.81), [("mul", 0, 1)])
    found = reduce_graph(graph, lambda g: [step[0] for step in g.steps] == ["mul"], complex_step.evaluate_graph)
    assert set(found.inputs) <= set(NICE_NUMBERS)
    assert len(set(found.inputs)) == 2


def test_a_plain_number_becomes_the_shortest_that_the_item_has_for_this_operation():
    graph = Graph((1.37,), [("pow_const", 0, -1.5)])
    others = [graph, Graph((1.0,), [("pow_const", 0, -1), ("add_const", 1, 2)]), Graph((1.0,), [("pow_const", 0, 0.5)])]

    def reduced(constants):
        return reduce_graph(graph, lambda g: bool(g.steps), complex_step.evaluate_graph, constants).steps

    assert reduced(constants_of(others)) == (("pow_const", 0, 0.5),)
    assert reduced(constants_of(others[:2])) == reduced(None) == (("pow_const", 0, -1.5),)


def test_a_node_used_twice_is_split_if_the_graph_still_fails():
    graph = Graph((1.37,), [("mul", 0, 0)])
    found = reduce_graph(graph, lambda g: [step[0] for step in g.steps] == ["mul"], complex_step.evaluate_graph)
    assert set(found.steps[0]) == {"mul", 0, 1}


def test_the_budget_holds_even_for_large_graphs():
    chain = Graph((1.0, 0.5), [("add", 0, 1), *(("add", node, 1) for node in range(2, 200))])
    asked = []
    assert reduce_graph(chain, lambda candidate: asked.append(candidate) or False, complex_step.evaluate_graph) == chain
    assert 0 < len(asked) <= MAX_TRIES
