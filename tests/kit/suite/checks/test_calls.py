"""The cost of backward(): calls are counted, so the verdict needs no clock and never hangs."""

import gc
import sys

import pytest
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import backward_calls
from gradkit.suite.checks.scalar import MAX_CALLS_PER_NODE, check_linear_cost
from gradkit.suite.failures import NotPassed

BASE = """
class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents
    def __add__(self, other):
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))
    def __mul__(self, other):
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))
"""

EXPONENTIAL = (
    BASE
    + """
    def backward(self, upstream=1.0):
        self.grad += upstream
        for parent, slope in self.parents:
            parent.backward(upstream * slope)
"""
)

FINITE_DIFFERENCES = (
    BASE
    + """
    def leaves(self, found):
        if not self.parents:
            found[id(self)] = self
        for parent, _ in self.parents:
            parent.leaves(found)
        return found
    def again(self):
        return sum(parent.again() for parent, _ in self.parents) if self.parents else self.data
    def backward(self):
        before = self.again()
        for leaf in self.leaves({}).values():
            leaf.data += 1e-6
            leaf.grad = (self.again() - before) / 1e-6
            leaf.data -= 1e-6
"""
)

SWALLOWS = (
    BASE
    + """
    def step(self): pass
    def backward(self):
        for _ in range(10**4):
            try: self.step()
            except BaseException: pass
"""
)


CODE = ("from engine import Value", "y = Value(1.0)", "y.backward()")


def repeated(levels):
    """Return the graph of `a = a * k + a`, repeated: 2**levels paths lead from the output to the first leaf."""

    def expression(a, k):
        for _ in range(levels):
            a = a * k + a
        return a

    return trace_expression(expression, 1.0, 0.5)


def sum_of(leaves):
    """Return the graph of a sum that adds leaves in pairs."""

    def expression(*row):
        while len(row) > 1:
            row = [*map(lambda a, b: a + b, row[::2], row[1::2]), *row[len(row) - len(row) % 2 :]]
        return row[0]

    return trace_expression(expression, *[0.5] * leaves)


@pytest.fixture(autouse=True)
def only_our_calls_are_counted():
    """Switch the garbage collector off, because it can run at any time and calls functions of Hypothesis."""
    gc.disable()
    yield
    gc.enable()


def test_the_count_of_a_right_backward_grows_as_its_graph_does(load_value, solution):
    value = load_value(solution())
    counts = [backward_calls(value, repeated(levels), 10**6) for levels in (4, 8, 12)]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0
    assert counts[2] < 12 * len(repeated(12))


def test_the_count_of_an_exponential_backward_doubles_with_each_level(load_value):
    value = load_value(EXPONENTIAL)
    counts = [backward_calls(value, repeated(levels), 10**6) for levels in (4, 5, 6)]
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_an_exponential_backward_is_stopped_long_before_it_would_end(load_value):
    assert backward_calls(load_value(EXPONENTIAL), repeated(60), 5000) == 5001


def test_the_calls_of_a_backward_that_catches_the_stop_are_counted_too(load_value):
    assert backward_calls(load_value(SWALLOWS), repeated(2), 100) > 100


def test_a_right_engine_passes_on_both_graphs(load_value, solution):
    value = load_value(solution())
    check_linear_cost(value, [repeated(24), sum_of(500)], CODE)


@pytest.mark.parametrize(
    ("source", "graph"),
    [(EXPONENTIAL, repeated(24)), (FINITE_DIFFERENCES, sum_of(300))],
    ids=["exponential", "finite differences"],
)
def test_exponential_and_quadratic_engines_do_not_pass(load_value, source, graph):
    with pytest.raises(NotPassed) as failure:
        check_linear_cost(load_value(source), [graph], CODE)
    evidence = failure.value.failure.explain()
    max_calls = MAX_CALLS_PER_NODE * len(graph)
    assert f"more than {max_calls:,} functions for a graph of {len(graph)} nodes" in evidence.message
    assert evidence.code == CODE
    assert "visited" in evidence.hint


@pytest.mark.parametrize("levels", [2, 30])
def test_the_profile_function_that_was_set_before_is_set_again(load_value, levels):
    value = load_value(EXPONENTIAL)

    def mine(*_):
        pass

    before = sys.getprofile()
    sys.setprofile(mine)
    try:
        backward_calls(value, repeated(levels), 1000)
        found = sys.getprofile()
    finally:
        sys.setprofile(before)
    assert found is mine


def test_profiling_ends_even_if_backward_raises(load_value):
    value = load_value(BASE + "    def backward(self): raise ValueError('odd')")
    before = sys.getprofile()
    with pytest.raises(SubmissionError) as ending:
        backward_calls(value, Graph((1.0,), [("add", 0, 0)]), 100)
    assert ending.value.verdict is Verdict.ERROR
    assert ending.value.message == "ValueError: odd"
    assert sys.getprofile() is before
