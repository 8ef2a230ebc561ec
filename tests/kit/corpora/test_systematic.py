"""The systematic part of a corpus: the few patterns that random graphs would often miss."""

from collections import Counter

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.scalar import RandomGraphs, random_graphs
from gradkit.corpora.systematic import draw_systematic, systematic_patterns
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step

SPECS = corpus_specs(assignments())
OF_ONE = [spec for spec in SPECS.values() if isinstance(spec, RandomGraphs) and len(spec.operations) == 1]
ONE_OPERATION = pytest.mark.parametrize("spec", OF_ONE, ids=lambda spec: spec.name)
REUSING_LEAVES = pytest.mark.parametrize(
    "spec", [spec for spec in OF_ONE if spec.reuse == "leaves"], ids=lambda spec: spec.name
)


def recorded(spec):
    return load_corpus(spec, corpora_folder() / spec.file_name)


def shapes(spec):
    """Return the steps of every graph of a corpus, without its numbers."""
    return {graph.steps for graph in recorded(spec).cases}


@ONE_OPERATION
def test_the_systematic_part_has_f_by_itself(spec):
    (name,) = spec.operations
    row = OPERATIONS[name]
    alone = {(name, *range(row.arity), *plain) for plain in [(k,) for k in spec.constants_of(name)] or [()]}
    assert {steps[0] for steps in shapes(spec)} >= alone


@REUSING_LEAVES
def test_with_reuse_of_leaves_f_is_combined_with_its_operand(spec):
    (name,) = spec.operations
    found = shapes(spec)
    for plain in [(k,) for k in spec.constants_of(name)] or [()]:
        if OPERATIONS[name].arity == 2:
            assert ((name, 0, 0),) in found  # x * x
        else:
            first = (name, 0, *plain)
            assert (first, ("add", 1, 0)) in found  # f(x) + x
            assert (first, ("add", 0, 1)) in found  # x + f(x)


@ONE_OPERATION
def test_every_operation_receives_an_upstream_gradient_other_than_1(spec):
    corpus = recorded(spec)
    upstream = [
        answers.grad[len(graph.inputs) + index]
        for graph, answers in zip(corpus.cases, corpus.answers)
        for index, step in enumerate(graph.steps)
        if step[0] in spec.operations
    ]
    other = [gradient for gradient in upstream if gradient != 1]
    assert len(other) >= 10 or spec.operations == ("add",)  # the upstream gradient of sums alone is always 1


def drawn_shapes(*asked, **how):
    """Return the steps of a systematic part if every graph is accepted."""
    return {graph.steps for graph in draw_systematic(random_graphs(*asked, **how), "autumn", complex_step.answer_graph)}


def test_functions_occur_by_themselves_inside_and_around_other_operations():
    assert drawn_shapes("tanh") == {
        (("tanh", 0),),
        (("tanh", 0), ("add", 2, 1)),
        (("tanh", 0), ("mul", 2, 1)),  # an upstream gradient other than 1
        (("add", 0, 1), ("tanh", 3), ("mul", 4, 2)),  # g(f(h(x)))
        (("mul", 0, 1), ("tanh", 3), ("mul", 4, 2)),
        (("tanh", 0), ("tanh", 2), ("mul", 3, 1)),
    }


def test_an_operation_is_combined_with_a_factor_with_itself_and_with_its_operand():
    assert drawn_shapes("div") >= {(("div", 0, 1), ("mul", 3, 2)), (("div", 0, 1), ("div", 3, 2))}
    assert drawn_shapes("div", reuse="leaves") >= {
        (("div", 0, 0),),
        (("div", 0, 1), ("mul", 2, 0), ("add", 3, 1)),
        (("div", 0, 1), ("div", 0, 2)),
    }


def test_every_pattern_is_drawn_with_short_numbers_and_with_long_ones():
    found = draw_systematic(random_graphs("neg", reuse="leaves"), "autumn", complex_step.answer_graph)
    assert set(Counter(graph.steps for graph in found).values()) == {4}
    assert all(0.1 <= abs(leaf) <= 3.01 for graph in found for leaf in graph.inputs)
    assert any(leaf < 0 for graph in found for leaf in graph.inputs)
    short = Counter(graph.steps for graph in found if all(leaf == round(leaf, 2) for leaf in graph.inputs))
    assert set(short.values()) == {3}


def test_every_pattern_is_drawn_with_the_special_numbers_of_its_operation():
    found = draw_systematic(random_graphs("mul"), "autumn", complex_step.answer_graph)
    zeros = {(graph.steps, graph.inputs.index(0)) for graph in found if 0 in graph.inputs}
    assert zeros == {(graph.steps, node) for graph in found for node in (0, 1)}


def test_nothing_is_drawn_where_nothing_is_well_posed_or_within_the_domains():
    assert draw_systematic(random_graphs("exp"), "autumn", lambda graph: None) == {}
    assert draw_systematic(random_graphs("log"), "autumn", lambda graph: Answers([-1.0] * len(graph), [])) == {}


def test_patterns_that_would_need_a_later_operation_are_left_out():
    used = {
        step[0]
        for reuse in ("nothing", "leaves")
        for shape in systematic_patterns(random_graphs("add", reuse=reuse), "add", None)
        for step in trace_expression(shape, 1.0, 2.0, 3.0).steps
    }
    assert used == {"add"}
