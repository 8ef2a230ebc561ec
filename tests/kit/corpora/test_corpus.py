"""Corpora: every drawn graph obeys the rules, and a corpus contains what its item relies on."""

import re

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.drawing import draw_with_hypothesis
from gradkit.corpora.expressions import Expressions, expressions
from gradkit.corpora.files import load_corpus, save_corpus
from gradkit.corpora.losses import losses
from gradkit.corpora.networks import networks
from gradkit.corpora.scalar import RandomGraphs, random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.corpora.spec import Corpus
from gradkit.corpora.tensors import tensor_graphs
from gradkit.corpora.trajectories import trajectories
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.scalar.domain import all_in_domain
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import STUDENT_FUNCTIONS
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from hypothesis import find, given, settings
from hypothesis import strategies as st

SPECS = corpus_specs(assignments())
DRAWN = pytest.mark.parametrize(
    "spec", [spec for spec in SPECS.values() if isinstance(spec, RandomGraphs)], ids=lambda spec: spec.name
)


def recorded(spec):
    return load_corpus(spec, corpora_folder() / spec.file_name)


def uses(graph):
    """Return how often each node is an operand."""
    operands = [parent for node in range(len(graph)) for parent in graph.parents(node)]
    return [operands.count(node) for node in range(len(graph))]


# --- the rules for drawn graphs --------------------------------------------------------------------------------------


@DRAWN
def test_every_number_of_a_drawn_graph_is_0_or_of_ordinary_size(spec):
    for answers in recorded(spec).answers:
        assert all(number == 0 or 1e-6 <= abs(number) <= 1e6 for number in answers.data + answers.grad)


@DRAWN
def test_drawn_arguments_keep_to_the_domains_and_within_8_where_it_can_overflow(spec):
    corpus = recorded(spec)
    for graph, answers in zip(corpus.cases, corpus.answers):
        assert all_in_domain(graph, answers.data)
        steep = [step[1] for step in graph.steps if step[0] in ("exp", "tanh", "sigmoid")]
        assert all(abs(answers.data[argument]) <= 8 for argument in steep)


@DRAWN
def test_float32_agrees_with_the_record_so_the_order_of_arithmetic_cannot_matter(spec):
    import torch

    def leaf(number):
        return torch.tensor(float(number), dtype=torch.float32, requires_grad=True)

    corpus = recorded(spec)
    for graph, answers in zip(corpus.cases[::5], corpus.answers[::5]):
        nodes = graph.build(leaf, STUDENT_FUNCTIONS)
        grads = torch.autograd.grad(nodes[graph.output], nodes)
        for rough, exact in zip([*nodes, *grads], answers.data + answers.grad):
            assert abs(rough.item() - exact) <= 1e-4 * abs(exact)


@DRAWN
def test_a_graph_contains_the_requested_operation_and_otherwise_only_its_companions(spec):
    for graph in recorded(spec).cases:
        used = {step[0] for step in graph.steps}
        assert used & set(spec.operations)
        assert used <= {*spec.operations, *spec.companions}
        assert len(graph.steps) <= max(spec.size, 3)


LARGE = [spec for spec in SPECS.values() if isinstance(spec, RandomGraphs) and spec.size >= 10]


@pytest.mark.parametrize("spec", LARGE, ids=lambda spec: spec.name)
def test_larger_expressions_are_larger(spec):
    sizes = [len(graph.steps) for graph in recorded(spec).cases]
    assert sum(size >= spec.size // 2 for size in sizes) >= len(sizes) // 3


@DRAWN
def test_constants_are_the_requested_ones(spec):
    forms = [step for graph in recorded(spec).cases for step in graph.steps if OPERATIONS[step[0]].constants]
    assert all(step[-1] in spec.constants_of(step[0]) for step in forms)


@DRAWN
def test_graphs_are_sorted_by_size_and_each_occurs_once(spec):
    graphs = recorded(spec).cases
    sizes = [len(graph.steps) for graph in graphs]
    assert sizes == sorted(sizes)
    assert len(set(graphs)) == len(graphs)
    assert len(graphs) >= spec.count // 2


@DRAWN
def test_nodes_are_reused_as_requested(spec):
    max_uses = {"nothing": (1, 1), "leaves": (99, 1), "nodes": (99, 99)}[spec.reuse]
    graphs = recorded(spec).cases
    for graph in graphs:
        leaves, inner = uses(graph)[: len(graph.inputs)], uses(graph)[len(graph.inputs) :]
        assert max(leaves) <= max_uses[0]
        assert max(inner) <= max_uses[1]
    assert (spec.reuse == "nothing") == all(max(uses(graph)) <= 1 for graph in graphs)


@DRAWN
def test_the_output_depends_on_every_node(spec):
    assert all(graph.rebuild() == graph for graph in recorded(spec).cases)


@pytest.mark.parametrize("reuse", ["nothing", "leaves", "nodes"])
def test_the_strategy_follows_the_spec(reuse):
    @given(st.data())
    def holds(data):
        names = data.draw(st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=3, unique=True))
        spec = random_graphs(*names, reuse=reuse, size=data.draw(st.integers(2, 9)))
        graph = data.draw(expression_graphs(spec, complex_step.FUNCTIONS))
        assert {step[0] for step in graph.steps} <= {*spec.operations, *spec.companions}
        assert len(graph.steps) <= spec.size
        assert all_in_domain(graph, complex_step.evaluate_graph(graph))
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
def test_the_strategy_draws_the_structures_that_the_random_part_is_for(wanted):
    graphs = expression_graphs(random_graphs("tanh", reuse="nodes", size=6), complex_step.FUNCTIONS)
    assert find(graphs, lambda graph: graph.steps and wanted(graph), settings=settings(max_examples=3000))


def test_items_use_only_operations_of_earlier_items():
    assert random_graphs("add").companions == ()
    assert random_graphs("mul").companions == ("add",)
    assert random_graphs("tanh").companions == ("add", "mul")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (lambda: random_graphs("tahn"), "Unknown operation 'tahn'. Operations: add, mul, neg, sub, "),
        (lambda: random_graphs(), "A corpus is about one or more operations, and none is named."),
        (lambda: random_graphs("add", reuse="knots"), "Unknown reuse 'knots'. Reuse: nothing, leaves, nodes."),
        (lambda: random_graphs("add", size=0), "`size` is 0, and must be at least 1."),
        (lambda: random_graphs("add", count=-1), "`count` is -1, and must be at least 1."),
        (lambda: networks("MPL"), "Unknown class 'MPL'. Classes: Neuron, Layer, MLP."),
        (lambda: networks("MLP", shape="wide"), "Unknown shape 'wide'. Shapes: any, narrow, at_zero."),
        (lambda: losses("hing"), "Unknown loss function 'hing'. Loss functions: mean_squared_error, hinge, "),
        (lambda: trajectories("suns", "hinge", "SGD", lr=1), "Unknown data 'suns'. Data: one, moons, digits."),
        (lambda: trajectories("one", "hing", "SGD", lr=1), "Unknown loss 'hing'. Losses: mean_squared_error, hinge, "),
        (lambda: trajectories("one", "hinge", "SGB", lr=1), "Unknown optimizer 'SGB'. Optimizers: SGD, Adam."),
        (lambda: trajectories("one", "hinge", "SGD", hidden=-1), "`hidden` is -1, and must be at least 0."),
        (lambda: trajectories("one", "hinge", "SGD", steps=0), "`steps` is 0, and must be at least 1."),
        (lambda: tensor_graphs("ad"), "Unknown form 'ad'. Forms: add, add_leading, "),
        (lambda: tensor_graphs("add", count=0), "`count` is 0, and must be at least 1."),
    ],
)
def test_a_parameter_that_is_not_allowed_is_refused_at_once_with_those_that_are(spec, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        spec()


# --- files and specs -------------------------------------------------------------------------------------------------

ANY_SPEC = random_graphs(*OPERATIONS, reuse="nodes")
ANY_GRAPH = expression_graphs(ANY_SPEC, complex_step.FUNCTIONS)


@given(graphs=st.lists(ANY_GRAPH, max_size=4))
def test_what_is_saved_is_loaded_again(graphs, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpora") / "deeper" / "some.json"
    answers = [complex_step.answer_graph(graph) for graph in graphs]
    save_corpus(ANY_SPEC, Corpus(tuple(graphs), tuple(answers)), path)
    again = load_corpus(ANY_SPEC, path)
    assert again.cases == tuple(graphs)
    assert [(a.data, a.grad) for a in again.answers] == [(a.data, a.grad) for a in answers]


def test_names_survive_a_file(tmp_path):
    graph = trace_expression(lambda price, rest: price + rest, 1.0, 2.0)
    save_corpus(ANY_SPEC, Corpus((graph,), (complex_step.answer_graph(graph),)), tmp_path / "named.json")
    assert load_corpus(ANY_SPEC, tmp_path / "named.json").cases[0].names == ("price", "rest")


@pytest.mark.parametrize("text", ["", "{}", "[[]]", '[[[1],[["add",0,0]],"1",[],[]]]', "[1, 2"])
def test_a_file_that_is_not_a_corpus_is_refused(text, tmp_path):
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(msgspec.DecodeError):
        load_corpus(ANY_SPEC, path)


def test_expressions_keep_their_order_and_their_parameters_names():
    spec = expressions("two", (lambda p, q: p - q, (1.0, 2.0)), (lambda x: x**2, (3.0,)))
    assert [graph.names for graph in spec.graphs] == [("p", "q"), ("x",)]
    assert [graph.steps for graph in spec.graphs] == [(("sub", 0, 1),), (("pow_const", 0, 2),)]


def test_every_spec_of_the_suites_is_recorded_and_nothing_else_is():
    there = {path.stem for path in corpora_folder().glob("*.json")} - {"diagnoses"}
    assert there == set(SPECS)


def test_recorded_hand_written_expressions_are_those_of_the_suites():
    for spec in SPECS.values():
        if isinstance(spec, Expressions):
            assert recorded(spec).cases == spec.graphs


SUITE = """
from gradkit.suite import graded, random_graphs, expressions
@graded(1, "one", corpus={})
def test_one(Value, corpus): pass
@graded(1, "other", corpus={})
def test_other(Value, corpus): pass
"""


@pytest.fixture
def specs_of_two_items(tmp_path, monkeypatch):
    """Return a function that writes a suite of two items, and returns its specs."""
    monkeypatch.setattr("gradkit.catalogue.assignments.course_home", lambda: tmp_path)
    trial = msgspec.structs.replace(assignments()[0], name="a9_trial")

    def of(one, other):
        trial.suite.mkdir(parents=True)
        (trial.suite / "test_trial.py").write_text(SUITE.format(one, other))
        return corpus_specs((trial,))

    return of


def test_equal_specs_of_two_items_share_a_corpus(specs_of_two_items):
    assert list(specs_of_two_items('random_graphs("mul")', 'random_graphs("mul")')) == ["mul"]


@pytest.mark.parametrize(
    "other",
    [
        'random_graphs("mul", count=7)',
        'expressions("mul", (lambda x: x, (1.0,)))',
    ],
)
def test_two_different_specs_of_one_name_are_refused(specs_of_two_items, other):
    with pytest.raises(ValueError, match=r"test_other names another corpus mul"):
        specs_of_two_items('random_graphs("mul")', other)


def test_drawing_ends_when_no_example_is_missing_and_says_nothing(capfd):
    found = []
    draw_with_hypothesis(st.integers(), "a seed", found.append, lambda: 5 - len(found))
    assert len(found) == 5
    assert capfd.readouterr() == ("", "")
