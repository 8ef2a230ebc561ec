"""The table of operations: every engine agrees on a row, and programs have the necessary parentheses."""

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import LEAVES, expression_graphs
from gradkit.graphs.scalar.domain import all_in_domain, in_domain
from gradkit.graphs.scalar.program import name_nodes, write_expression
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph
from gradkit.inside.operations import ATOM, OPERATIONS, SUM
from gradkit.oracle import complex_step
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.oracle.tolerance import is_close
from hypothesis import assume, given
from hypothesis import strategies as st

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=8), complex_step.FUNCTIONS)
ROWS = pytest.mark.parametrize("row", OPERATIONS.values(), ids=lambda row: row.name)


def one_step(row, numbers, constant):
    return Graph(numbers, [(row.name, *range(row.arity), *(() if constant is None else (constant,)))])


@ROWS
def test_a_row_means_the_same_to_a_value_to_pytorch_and_to_complex_numbers(row, engine):
    make = engine()

    @given(st.lists(LEAVES, min_size=row.arity, max_size=row.arity), st.sampled_from(row.constants or (None,)))
    def holds(numbers, constant):
        assume(in_domain(row.name, numbers, constant))
        graph = one_step(row, numbers, constant)
        (value,) = graph.build(make, {row.name: row.function})[row.arity :]
        (step,) = graph.build(complex, complex_step.FUNCTIONS)[row.arity :]
        torch = answer_graph(graph).data[-1]
        assert is_close(value.data, torch)
        assert is_close(step.real, torch)

    holds()


@ROWS
def test_a_row_is_complete(row):
    letters = {letter for letter in "abk" if f"{{{letter}}}" in row.text}
    assert letters == set(row.parameters)
    assert len(row.needs) == row.arity
    assert SUM <= row.binds <= ATOM
    assert OPERATIONS[row.name] is row


@ROWS
def test_the_domain_of_a_row_is_not_empty(row):
    constants = row.constants or (None,)
    assert all(any(in_domain(row.name, (a, b), k) for a in (0.5, 2.0) for b in (0.5, 2.0)) for k in constants)


@pytest.mark.parametrize(
    ("name", "arguments", "constant"),
    [
        ("log", (0.0,), None),
        ("log", (-1.0,), None),
        ("exp", (9.0,), None),
        ("tanh", (-9.0,), None),
        ("sigmoid", (8.5,), None),
        ("relu", (0.0,), None),
        ("div", (1.0, 0.0), None),
        ("const_div", (0.0,), 1),
        ("pow", (-1.0, 2.0), None),
        ("pow", (0.0, 2.0), None),
        ("pow_const", (-1.0,), 0.5),
        ("pow_const", (0.0,), -1),
    ],
)
def test_domains_keep_away_from_kinks_poles_and_overflow(name, arguments, constant):
    assert not in_domain(name, arguments, constant)


@pytest.mark.parametrize(
    ("graph", "holds"),
    [
        (Graph((2.0,), [("log", 0)]), True),
        (Graph((-2.0,), [("log", 0)]), False),
        (Graph((-2.0,), [("pow_const", 0, 2)]), True),
        (Graph((-2.0,), [("pow_const", 0, 0.5)]), False),
        (Graph((2.0, 3.0), [("add", 0, 1), ("log", 2), ("relu", 0)]), True),
        (Graph((2.0, -3.0), [("add", 0, 1), ("log", 2), ("relu", 0)]), False),
    ],
)
def test_a_graph_is_in_its_domain_when_every_step_of_it_is(graph, holds):
    values = [*graph.inputs, sum(graph.inputs), 0.0, 0.0]
    assert all_in_domain(graph, values[: len(graph)]) is holds


def tree(graph, node):
    """Return the expression of a node as nested tuples, which are equal only for equal expressions."""
    if node < len(graph.inputs):
        return graph.inputs[node]
    name, *operands = graph.steps[node - len(graph.inputs)]
    arity = OPERATIONS[name].arity
    return (name, *(tree(graph, operand) for operand in operands[:arity]), *operands[arity:])


@given(GRAPHS, st.data())
def test_rendered_text_is_the_same_expression_whichever_nodes_have_names(graph, data):
    letters = data.draw(st.just([]) | st.permutations(["y", "u", "v", "w", "z", "x", "y_", "v5", "v6", "a"]))
    graph = Graph(graph.inputs, graph.steps, graph.output, letters[: len(graph.inputs)])
    shown = data.draw(st.sets(st.integers(0, len(graph) - 1)))
    names = name_nodes(graph, shown)

    def program(*leaves):
        known = {names[node]: leaf for node, leaf in enumerate(leaves)}
        for node in range(len(graph.inputs), len(graph)):
            if node in names:
                known[names[node]] = eval(write_expression(graph, node, names), {}, known)
        return known[names[graph.output]]

    again = trace_expression(program, *graph.inputs)
    assert tree(again, again.output) == tree(graph, graph.output)
    assert len(again) == len(graph)  # a node with two uses is still one node


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c)",
        "a - (b + c)",
        "a / (b * c)",
        "a / (b / c)",
        "(a ** b) ** c",
        "a ** b ** c",
        "(-a) ** b",
        "-a ** b",
        "-(a + b)",
        "(a + b) * c",
        "(a * b).exp()",
        "(-a).tanh()",
        "a ** -b",
        "2 - (a - 3)",
        "2 / (a * b)",
        "2 ** -a",
        "(2 * a) ** 2",
        "--a",
    ],
)
def test_parentheses_are_written_only_where_they_are_needed(text):
    letters = [letter for letter in "abc" if letter in text.replace("tanh", "")]
    graph = trace_expression(eval(f"lambda {', '.join(letters)}: {text}"), *range(1, len(letters) + 1))
    assert write_expression(graph, graph.output, dict(enumerate(letters))) == text
