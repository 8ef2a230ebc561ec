"""Corpora: every drawn graph keeps the rules, and a corpus holds what an item counts on."""

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.files import load, save
from gradkit.corpora.scalar import Corpus, Expressions, RandomGraphs, expressions, random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.course.corpora import wishes
from gradkit.graphs.scalar.domain import all_in_domain
from gradkit.graphs.scalar.trace import traced
from gradkit.inside.graph import STUDENT_FUNCTIONS
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from hypothesis import find, given, settings
from hypothesis import strategies as st

WISHES = wishes(assignments())
DRAWN = pytest.mark.parametrize(
    "wish", [wish for wish in WISHES.values() if isinstance(wish, RandomGraphs)], ids=lambda wish: wish.name
)


def recorded(wish):
    return load(corpora_folder() / f"{wish.name}.json")


def uses(graph):
    """How many times each node is an operand."""
    operands = [parent for node in range(len(graph)) for parent in graph.parents(node)]
    return [operands.count(node) for node in range(len(graph))]


# --- the rules for drawn graphs --------------------------------------------------------------------------------------


@DRAWN
def test_every_number_of_a_drawn_graph_is_0_or_of_ordinary_size(wish):
    for answers in recorded(wish).answers:
        assert all(number == 0 or 1e-6 <= abs(number) <= 1e6 for number in answers.data + answers.grad)


@DRAWN
def test_drawn_arguments_keep_to_the_domains_and_within_8_where_it_can_overflow(wish):
    corpus = recorded(wish)
    for graph, answers in zip(corpus.cases, corpus.answers):
        assert all_in_domain(graph, answers.data)
        steep = [step[1] for step in graph.steps if step[0] in ("exp", "tanh", "sigmoid")]
        assert all(abs(answers.data[argument]) <= 8 for argument in steep)


@DRAWN
def test_float32_agrees_with_the_record_so_the_order_of_arithmetic_cannot_matter(wish):
    import torch

    def leaf(number):
        return torch.tensor(float(number), dtype=torch.float32, requires_grad=True)

    corpus = recorded(wish)
    for graph, answers in zip(corpus.cases[::5], corpus.answers[::5]):
        nodes = graph.build(leaf, STUDENT_FUNCTIONS)
        grads = torch.autograd.grad(nodes[graph.output], nodes)
        for rough, exact in zip([*nodes, *grads], answers.data + answers.grad):
            assert abs(rough.item() - exact) <= 1e-4 * abs(exact)


@DRAWN
def test_a_graph_is_about_what_was_asked_for_with_only_its_companions_beside(wish):
    for graph in recorded(wish).cases:
        used = {step[0] for step in graph.steps}
        assert used & set(wish.operations)
        assert used <= {*wish.operations, *wish.companions}
        assert len(graph.steps) <= max(wish.size, 3)


LARGE = [wish for wish in WISHES.values() if isinstance(wish, RandomGraphs) and wish.size >= 10]


@pytest.mark.parametrize("wish", LARGE, ids=lambda wish: wish.name)
def test_larger_expressions_are_larger(wish):
    sizes = [len(graph.steps) for graph in recorded(wish).cases]
    assert sum(size >= wish.size // 2 for size in sizes) >= len(sizes) // 3


@DRAWN
def test_constants_are_those_that_were_asked_for(wish):
    forms = [step for graph in recorded(wish).cases for step in graph.steps if OPERATIONS[step[0]].constants]
    assert all(step[-1] in wish.constants_of(step[0]) for step in forms)


@DRAWN
def test_graphs_come_smallest_first_and_each_but_once(wish):
    graphs = recorded(wish).cases
    sizes = [len(graph.steps) for graph in graphs]
    assert sizes == sorted(sizes)
    assert len(set(graphs)) == len(graphs)
    assert len(graphs) >= wish.count // 2


@DRAWN
def test_reuse_is_what_was_asked_for(wish):
    most = {"nothing": (1, 1), "leaves": (99, 1), "nodes": (99, 99)}[wish.reuse]
    graphs = recorded(wish).cases
    for graph in graphs:
        leaves, inner = uses(graph)[: len(graph.inputs)], uses(graph)[len(graph.inputs) :]
        assert max(leaves) <= most[0]
        assert max(inner) <= most[1]
    assert (wish.reuse == "nothing") == all(max(uses(graph)) <= 1 for graph in graphs)


@DRAWN
def test_every_node_leads_to_the_output(wish):
    assert all(graph.rebuilt() == graph for graph in recorded(wish).cases)


@pytest.mark.parametrize("reuse", ["nothing", "leaves", "nodes"])
def test_the_strategy_itself_keeps_to_the_wish(reuse):
    @given(st.data())
    def holds(data):
        names = data.draw(st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=3, unique=True))
        wish = random_graphs(*names, reuse=reuse, size=data.draw(st.integers(2, 9)))
        graph = data.draw(expression_graphs(wish, complex_step.FUNCTIONS))
        assert {step[0] for step in graph.steps} <= {*wish.operations, *wish.companions}
        assert len(graph.steps) <= wish.size
        assert all_in_domain(graph, complex_step.values(graph))
        assert all(0.1 <= abs(leaf) <= 3 and leaf == round(leaf, 2) for leaf in graph.inputs)
        assert reuse == "nodes" or max(uses(graph)[len(graph.inputs) :], default=0) <= 1
        assert reuse != "nothing" or max(uses(graph)) <= 1

    holds()


@pytest.mark.parametrize(
    "wanted",
    [
        lambda graph: max(uses(graph)[len(graph.inputs) :]) > 1,
        lambda graph: {step[0] for step in graph.steps} == {"tanh", "add", "mul"},
    ],
    ids=["an inner node used twice", "companions"],
)
def test_the_strategy_reaches_what_a_random_part_is_there_for(wanted):
    graphs = expression_graphs(random_graphs("tanh", reuse="nodes", size=6), complex_step.FUNCTIONS)
    assert find(graphs, lambda graph: graph.steps and wanted(graph), settings=settings(max_examples=3000))


def test_items_use_only_what_stands_before_them():
    assert random_graphs("add").companions == ()
    assert random_graphs("mul").companions == ("add",)
    assert random_graphs("tanh").companions == ("add", "mul")


def test_an_unknown_operation_is_refused_at_once():
    with pytest.raises(KeyError):
        random_graphs("cosh")


# --- files and wishes ------------------------------------------------------------------------------------------------

ANY_GRAPH = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes"), complex_step.FUNCTIONS)


@given(graphs=st.lists(ANY_GRAPH, max_size=4))
def test_what_is_saved_is_loaded_again(graphs, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpora") / "deeper" / "some.json"
    answers = [complex_step.answers(graph) for graph in graphs]
    save(Corpus(tuple(graphs), tuple(answers)), path)
    again = load(path)
    assert again.cases == tuple(graphs)
    assert [(a.data, a.grad) for a in again.answers] == [(a.data, a.grad) for a in answers]


def test_names_survive_a_file(tmp_path):
    graph = traced(lambda price, rest: price + rest, 1.0, 2.0)
    save(Corpus((graph,), (complex_step.answers(graph),)), tmp_path / "named.json")
    assert load(tmp_path / "named.json").cases[0].names == ("price", "rest")


@pytest.mark.parametrize("text", ["", "{}", "[[]]", '[[[1],[["add",0,0]],"1",[],[]]]', "[1, 2"])
def test_a_file_that_is_no_corpus_is_refused(text, tmp_path):
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(msgspec.DecodeError):
        load(path)


def test_expressions_keep_their_order_and_their_parameters_names():
    wish = expressions("two", (lambda p, q: p - q, (1.0, 2.0)), (lambda x: x**2, (3.0,)))
    assert [graph.names for graph in wish.graphs] == [("p", "q"), ("x",)]
    assert [graph.steps for graph in wish.graphs] == [(("sub", 0, 1),), (("pow_const", 0, 2),)]


def test_every_wish_of_the_suites_is_recorded_and_nothing_else_is():
    there = {path.stem for path in corpora_folder().glob("*.json")} - {"diagnoses"}
    assert there == set(WISHES)


def test_recorded_stories_are_those_of_the_suites():
    for wish in WISHES.values():
        if isinstance(wish, Expressions):
            assert recorded(wish).cases == wish.graphs


SUITE = """
from gradkit.suite import graded, random_graphs, expressions
@graded(1, "one", corpus={})
def test_one(Value, corpus): pass
@graded(1, "other", corpus={})
def test_other(Value, corpus): pass
"""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The wishes of a suite of two items."""
    monkeypatch.setattr("gradkit.catalogue.assignments.course_home", lambda: tmp_path)
    trial = msgspec.structs.replace(assignments()[0], name="a9_trial")

    def of(one, other):
        trial.suite.mkdir(parents=True)
        (trial.suite / "test_trial.py").write_text(SUITE.format(one, other))
        return wishes((trial,))

    return of


def test_equal_wishes_of_two_items_share_a_corpus(asked):
    assert list(asked('random_graphs("mul")', 'random_graphs("mul")')) == ["mul"]


@pytest.mark.parametrize(
    "other",
    [
        'random_graphs("mul", count=7)',
        'expressions("mul", (lambda x: x, (1.0,)))',
    ],
)
def test_two_different_wishes_of_one_name_are_refused(asked, other):
    with pytest.raises(ValueError, match=r"test_other asks for another corpus under the name mul"):
        asked('random_graphs("mul")', other)
