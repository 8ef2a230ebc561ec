"""Graphs as data: what a rebuilt graph keeps, and what a replay reads."""

import math
from collections import namedtuple

import numpy
import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph, NotANumber, number_of, plain_number, replay
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from hypothesis import given
from hypothesis import strategies as st

ANY_GRAPH = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=8), complex_step.FUNCTIONS)
GRAPHS = ANY_GRAPH.filter(lambda graph: graph.steps)


def value(graph, node=None):
    return complex_step.evaluate_graph(graph)[graph.output if node is None else node]


def needed(graph):
    found, waiting = set(), [graph.output]
    while waiting:
        node = waiting.pop()
        found.add(node)
        waiting += graph.parents(node)
    return found


# --- rebuilt ---------------------------------------------------------------------------------------------------------


@given(GRAPHS, st.data())
def test_rebuilding_for_an_earlier_output_keeps_its_value(graph, data):
    node = data.draw(st.integers(0, len(graph) - 1))
    assert value(graph.rebuild(output=node)) == value(graph, node)


@given(GRAPHS, st.data())
def test_cutting_a_node_to_a_leaf_of_its_own_value_changes_nothing(graph, data):
    node = data.draw(st.integers(0, len(graph) - 1))
    assert value(graph.rebuild(leaves={node: value(graph, node)})) == value(graph)


@given(GRAPHS, st.data())
def test_an_alias_gives_every_use_to_the_earlier_node(graph, data):
    node = data.draw(st.integers(1, len(graph) - 1))
    earlier = data.draw(st.integers(0, node - 1))
    bypassed = graph.rebuild(aliases={node: earlier}).build(_written, _WRITING)
    assert bypassed[-1] == _written_with_alias(graph, node, earlier)


def _written(number):
    return repr(number)


_WRITING = {name: lambda *parts, name=name: (name, *parts) for name in OPERATIONS}


def _written_with_alias(graph, node, earlier):
    """Return the text of the expression with `earlier` instead of `node`, without calling Graph.rebuild."""
    texts = [_written(number) for number in graph.inputs]
    for index in range(len(graph)):
        if index >= len(graph.inputs):
            name, *operands = graph.steps[index - len(graph.inputs)]
            plain = operands[OPERATIONS[name].arity :]
            texts.append((name, *(texts[parent] for parent in graph.parents(index)), *plain))
        if index == node:
            texts[index] = texts[earlier]
    return texts[graph.output]


@given(GRAPHS)
def test_a_step_can_get_another_number(graph):
    forms = [i for i, step in enumerate(graph.steps) if OPERATIONS[step[0]].constants]
    changed = graph.rebuild(constants={len(graph.inputs) + i: 7 for i in forms})
    assert [step[-1] for i, step in enumerate(changed.steps) if i in forms] == [7] * len(forms)
    assert [step[0] for step in changed.steps] == [step[0] for step in graph.steps]


@given(GRAPHS, st.data())
def test_rebuilding_removes_nodes_that_the_output_does_not_need(graph, data):
    nodes = st.integers(0, len(graph) - 1)
    cut = data.draw(st.dictionaries(nodes, st.just(1.0), max_size=2))
    rebuilt = graph.rebuild(output=data.draw(nodes), leaves=cut)
    assert needed(rebuilt) == set(range(len(rebuilt)))


@given(GRAPHS, st.data())
def test_an_operand_split_off_as_a_leaf_of_its_value_changes_nothing(graph, data):
    node = data.draw(st.integers(len(graph.inputs), len(graph) - 1))
    index = data.draw(st.integers(0, len(graph.parents(node)) - 1))
    split = graph.split(node, index, value(graph, graph.parents(node)[index]))
    assert value(split) == value(graph)
    assert needed(split) == set(range(len(split)))


def test_splitting_separates_the_two_uses_of_a_node():
    assert Graph((2.0,), [("mul", 0, 0)]).split(1, 0, 5.0) == Graph((2.0, 5.0), [("mul", 1, 0)])


@given(GRAPHS)
def test_rebuilding_without_a_change_is_the_same_graph(graph):
    assert graph.rebuild() == graph


def test_names_stay_with_the_leaves_that_remain():
    graph = trace_expression(lambda price, count, rest: price * count + rest, 2.0, 3.0, 4.0)
    assert graph.names == ("price", "count", "rest")
    assert graph.rebuild(output=3).names == ("price", "count")
    assert graph.rebuild(leaves={3: 6.0}).names == ()


# --- relations -------------------------------------------------------------------------------------------------------


@given(GRAPHS)
def test_parents_and_consumers_agree(graph):
    for node in range(len(graph)):
        consumers = graph.consumers(node)
        assert consumers == sorted(set(consumers))
        assert all((node in graph.parents(other)) == (other in consumers) for other in range(len(graph)))


@given(GRAPHS, GRAPHS)
def test_graphs_are_equal_when_they_are_the_same_expression_of_the_same_numbers(one, other):
    again = Graph(list(one.inputs), [list(step) for step in one.steps], one.output, ["n"] * len(one.inputs))
    assert again == one
    assert hash(again) == hash(one)
    assert (one == other) == (one.key() == other.key())
    assert one.rebuild(leaves={0: one.inputs[0] + 1}) != one
    assert one != "a graph"


@given(GRAPHS)
def test_a_graph_is_shown_as_the_code_that_makes_it(graph):
    assert eval(repr(graph)) == graph


def test_a_traced_expression_holds_only_what_the_result_needs():
    def with_waste(a, b):
        a * b  # not part of the result
        return a + b

    assert trace_expression(with_waste, 1.0, 2.0) == Graph((1.0, 2.0), [("add", 0, 1)])


# --- numbers ---------------------------------------------------------------------------------------------------------


@given(st.floats() | st.integers(-(10**300), 10**300))
def test_ints_and_floats_are_numbers_and_come_back_as_floats(number):
    found = plain_number(number, "here")
    assert type(found) is float
    assert found == float(number) or math.isnan(number)


class Celsius(float):
    pass


class Count(int):
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "bool"),
        (1j, "complex"),
        (Celsius(1.0), "Celsius"),
        (Count(1), "Count"),
        (numpy.float64(1.0), "float64"),
        (numpy.float32(1.0), "float32"),
        (numpy.array(1.0), "ndarray"),
        ("1.0", "str"),
        (None, "NoneType"),
        ([1.0], "list"),
        (10**400, "int of more than 300 digits"),
        (10**5000, "int of more than 300 digits"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_refused_with_its_type_in_the_message(value, message):
    with pytest.raises(NotANumber, match=f"here is .*{message}"):
        plain_number(value, "here")


Node = namedtuple("Node", "data grad")


def test_the_number_of_a_node_can_be_read():
    assert number_of(Node(3, 0.5), "data", "a + b") == 3.0
    assert number_of(Node(3, 0.5), "grad", "a + b") == 0.5


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (None, "a + b is None, not a Value: is a `return` missing?"),
        (5.0, "a + b is a plain float, not a Value"),
        (5, "a + b is a plain int, not a Value"),
        (10**5000, "a + b is a plain int, not a Value"),
        (Node("5", 0), ".data of a \\+ b is of type str"),
    ],
    ids=lambda node: type(node).__name__,
)
def test_what_is_not_a_node_is_named(node, message):
    with pytest.raises(NotANumber, match=message.replace("a + b", "a \\+ b")):
        number_of(node, "data", "a + b")


# --- replay ----------------------------------------------------------------------------------------------------------


class Forward:
    """An engine that has addition only, and no gradients."""

    def __init__(self, data):
        self.data = data

    def __add__(self, other):
        return Forward(self.data + other.data)


@given(st.floats(-10, 10))
def test_replay_without_backward_does_not_read_gradients(number):
    answers = replay(Forward, Graph((number,), [("add", 0, 0), ("add", 1, 0)]), backward=False)
    assert answers.data == [number, number + number, number + number + number]
    assert answers.grad == []


def test_replay_passes_on_what_the_engine_raises(engine):
    with pytest.raises(ZeroDivisionError):
        replay(engine(), Graph((1.0, 0.0), [("div", 0, 1)]), backward=False)
    with pytest.raises(AttributeError, match="backward"):
        replay(Forward, Graph((1.0,), [("add", 0, 0)]), backward=True)


def test_replay_names_the_leaf_whose_data_is_not_a_number(engine):
    with pytest.raises(NotANumber, match=r"\.data of Value\(\.\.\.\) is of type str"):
        replay(engine(("self.data = data", "self.data = str(data)")), Graph((1.0,), []), backward=False)


def test_replay_names_the_operation_whose_result_is_not_a_value(engine):
    forgotten = engine(
        (
            """out = Value(self.data + other.data, (self, other), "+")

        def""",
            """return

        def""",
        )
    )
    with pytest.raises(NotANumber, match=r"a \+ b is None"):
        replay(forgotten, Graph((1.0,), [("add", 0, 0)]), backward=False)
