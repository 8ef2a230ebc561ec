"""The picture of a graph: well-formed SVG that shows each node's numbers and marks what is wrong."""

import builtins
import re
from xml.etree import ElementTree

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.picture.cards import MAX_NODES, Card, Row, TooLargeError, cards_of_graph, short_number
from gradkit.graphs.picture.graphviz import MAX_LETTERS, render_svg
from gradkit.graphs.picture.student_value import cards_of_value
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from hypothesis import given, settings
from hypothesis import strategies as st

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=6), complex_step.FUNCTIONS)
WRONG = "#fde0dc"
GRAPH = trace_expression(lambda a, b: (a * b).tanh() + a, 0.5, 3.0)
WANT = complex_step.answer_graph(GRAPH)


def texts(svg):
    """Return the text of a picture. Raises ParseError if it is not well-formed."""
    return " ".join("".join(ElementTree.fromstring(svg.encode()).itertext()).split())


def picture(graph, *numbers, **shown):
    return render_svg(cards_of_graph(graph, *numbers, **shown))


def chain(steps):
    return Graph((1.0,), [("neg", node) for node in range(steps)])


@settings(max_examples=8)
@given(GRAPHS)
def test_a_picture_shows_every_node_with_its_number_and_gradient(graph):
    answers = complex_step.answer_graph(graph)
    shown = texts(picture(graph, answers))
    for number in [*answers.data, *answers.grad]:
        assert re.search(rf"(?<![\d.]){re.escape(short_number(number))}(?![\d.])", shown)
    assert shown.count("data") == shown.count("grad") == len(graph)


def test_a_picture_can_be_drawn_without_answers():
    shown = texts(picture(GRAPH))
    assert "a * b" in shown
    assert "data" not in shown


def test_a_picture_of_numbers_alone_shows_no_gradients():
    assert "grad" not in texts(picture(GRAPH, Answers(WANT.data, [])))


def test_an_edge_leads_from_each_parent_to_what_is_made_of_it():
    edges = re.findall(r"<title>n(\d+)&#45;&gt;n(\d+)</title>", picture(GRAPH))
    assert sorted((int(a), int(b)) for a, b in edges) == sorted((p, n) for n in range(5) for p in GRAPH.parents(n))


def test_wrong_nodes_are_marked_with_both_numbers():
    got = Answers(WANT.data, [*WANT.grad[:2], 7.25, *WANT.grad[3:]])
    drawn = picture(GRAPH, WANT, got, wrong=[2])
    assert drawn.count(WRONG) == 1
    assert f"your grad 7.25 PyTorch’s grad {short_number(WANT.grad[2])}" in texts(drawn)
    assert texts(drawn).count("your") == texts(drawn).count("PyTorch") == 1


def test_a_wrong_node_whose_numbers_look_alike_is_marked_and_shows_more_digits():
    got = Answers(WANT.data, [WANT.grad[0] * (1 + 1e-6), *WANT.grad[1:]])
    drawn = picture(GRAPH, WANT, got, wrong=[0])
    assert drawn.count(WRONG) == 1
    assert f"your grad {got.grad[0]:.9g} PyTorch’s grad {WANT.grad[0]:.9g}" in texts(drawn)


def test_nodes_have_unique_names_the_same_as_in_programs():
    graph = trace_expression(lambda a, b: ((a + b) * (a * b)).tanh(), 0.5, 3.0)
    shown = texts(picture(graph, names={3: "u", 4: "y"}))
    assert "u = a * b" in shown
    assert "v = a + b" in shown
    assert "y = v * u" in shown
    assert "y_ = y.tanh()" in shown


def test_a_picture_has_a_white_background():
    assert re.search(r'<polygon fill="white" stroke="none" points="-', picture(GRAPH))


def test_a_graph_too_large_to_read_is_refused():
    assert picture(chain(MAX_NODES - 1)).count('class="node"') == MAX_NODES
    for draw in (picture, lambda graph: picture(graph, names={0: "x"})):
        with pytest.raises(TooLargeError, match=f"more than {MAX_NODES} nodes"):
            draw(chain(MAX_NODES))


def test_nothing_is_marked_where_nothing_is_wrong():
    drawn = picture(GRAPH, WANT, WANT)
    assert WRONG not in drawn
    assert "your" not in texts(drawn)


@pytest.mark.parametrize(
    "name", ["<b>", "</table>", "a&b", '"', "'", "x>]; n9 [label=evil", "<script>", "naïve", "⊕", "\\N", "\\"]
)
def test_markup_in_a_name_is_shown_as_text(name):
    drawn = picture(Graph((1.0,), [("tanh", 0)], names=(name,)), Answers([1.0, 0.76], [0.42, 1.0]))
    assert name in texts(drawn)
    assert "<script" not in drawn
    assert len(re.findall(r'class="node"', drawn)) == 2


@given(st.text(max_size=80))
def test_any_text_can_be_drawn(text):
    shown = texts(render_svg([Card(text, text, (Row(text, text), Row(text, text, True)), (0,))]))
    assert not text.isascii() or not text.isalnum() or text[: MAX_LETTERS - 1] in shown


def test_nan_and_infinity_can_be_drawn():
    odd = Answers([float("nan"), float("inf")], [float("-inf"), 1.0])
    assert {"nan", "inf", "-inf"} <= set(texts(picture(Graph((1.0,), [("tanh", 0)]), odd)).split())


def test_nan_in_a_students_value_is_red():
    class Value:
        def __init__(self, data, grad):
            self.data, self.grad, self._prev = data, grad, ()

    for data, grad in ((float("nan"), 0.0), (1.0, float("nan"))):
        drawn = render_svg(cards_of_value(Value(data, grad), {}))
        assert re.search(r'font-weight="bold"[^>]* fill="#c62828">nan<', drawn)
        assert drawn.count(WRONG) == 1
    assert WRONG not in render_svg(cards_of_value(Value(1.0, float("inf")), {}))


def test_without_graphviz_it_says_what_to_install(monkeypatch):
    really_import = builtins.__import__

    def refuse(name, *rest):
        if name == "pygraphviz":
            raise ImportError(name)
        return really_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"gradkit\[pictures\]"):
        picture(GRAPH)
