"""Random graphs of tensors: shapes match PyTorch's, and each form draws the operation that its name describes."""

from collections import Counter

import pytest
from gradkit.corpora.tensor_forms import FORMS, operation_of
from gradkit.corpora.tensor_strategies import MAX_ARRAY_SIZE, list_parts, random_tensor_graphs
from gradkit.corpora.tensors import Tensors, tensor_graphs
from gradkit.oracle.pytorch.tensor import answer_tensor_graph
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPES = st.lists(st.integers(1, 3), max_size=3).map(tuple)

STRETCHED = [form for form in FORMS if form.endswith(("_leading", "_ones", "_both", "_single"))]
REDUCED = [form for form in FORMS if form.startswith(("sum", "mean", "max"))]


def drawn(spec):
    """Return a strategy for the graphs of every part of a spec."""
    return st.sampled_from(list_parts(spec)).flatmap(lambda part: drawn_part(spec, part))


def drawn_part(spec, part):
    """Return a strategy for the graphs of a part of a spec."""
    return random_tensor_graphs(spec, part).filter(lambda graph: graph is not None)


def drawn_alone(form):
    """Return a strategy for graphs with one step, of this form."""
    return drawn(tensor_graphs(form, steps=1))


def steps_of(form):
    """Return a strategy for the steps of a form, each with the shape that it works on."""
    return st.composite(lambda draw: (shape := draw(SHAPES), FORMS[form](draw, shape)))().filter(lambda pair: pair[1])


@pytest.mark.parametrize("form", FORMS)
def test_pytorch_agrees_with_every_shape_that_a_form_makes(form):
    @settings(max_examples=8)
    @given(drawn(tensor_graphs(form)))
    def holds(graph):
        answers = answer_tensor_graph(graph)
        assert answers.shapes[: len(graph.leaves)] == tuple(leaf.shape for leaf in graph.leaves)
        assert answers.shapes[-1] == graph.upstream.shape

    holds()


@settings(max_examples=60)
@given(st.sampled_from(STRETCHED).flatmap(lambda form: st.tuples(st.just(form), drawn_alone(form))))
def test_forms_that_broadcast_an_operand_do_broadcast_it(given):
    form, graph = given
    how = form.rpartition("_")[2]
    larger, smaller = sorted((leaf.shape for leaf in graph.leaves), key=len, reverse=True)
    made = graph.upstream.shape
    if how == "leading":
        assert made == larger
        assert 0 < len(smaller) < len(larger)
    elif how == "ones":
        assert len(larger) == len(smaller) == len(made)
        assert made in (larger, smaller)
        assert larger != smaller
        assert all(1 in pair or pair[0] == pair[1] for pair in zip(larger, smaller))
    elif how == "both":
        assert made not in (larger, smaller)
    else:
        assert smaller == ()
        assert larger == made != ()


@settings(max_examples=60)
@given(st.sampled_from(REDUCED).flatmap(lambda form: st.tuples(st.just(form), steps_of(form))))
def test_reductions_use_the_axes_that_their_form_names(given):
    form, (shape, step) = given
    axes = form.rpartition("_")[2]
    assert all(-len(shape) <= axis < len(shape) for axis in step.constants)
    gone = {axis % len(shape) for axis in step.constants}
    assert len(gone) == len(step.constants)
    if axes == "all":
        assert step.constants == ()
        assert set(step.result) <= {1}
    elif axes == "several":
        assert len(step.constants) > 1
    else:
        assert len(step.constants) == 1
        assert (step.constants[0] < 0) == (axes == "negative")
    assert (len(step.result) == len(shape)) == ("kept" in form)


@settings(max_examples=30)
@given(st.sampled_from(["rows", "picks"]).flatmap(lambda form: st.tuples(st.just(form), steps_of(form))))
def test_an_index_is_picked_twice(given):
    form, (_, step) = given
    half = len(step.constants) // 2
    picked = step.constants if form == "rows" else list(zip(step.constants[:half], step.constants[half:]))
    assert len(set(picked)) < len(picked)


@settings(max_examples=60)
@given(
    steps_of("matmul_matrices"),
    st.sampled_from(["matmul_vectors", "matmul_batches"]).flatmap(drawn_alone),
)
def test_products_are_of_the_kind_that_their_form_names(pair, graph):
    shape, step = pair
    assert (len(shape), len(step.second), len(step.result)) == (2, 2, 2)
    axes = [len(leaf.shape) for leaf in graph.leaves]
    assert 1 in axes or 3 in axes


WHOLE = Tensors(("add", "mul_both", "tanh", "sum_one", "mean_kept_one", "matmul_matrices", "reshape", "rows"), steps=6)


@settings(max_examples=40)
@given(drawn(WHOLE))
def test_upstream_gradients_are_not_all_ones(graph):
    assert 1.0 not in graph.upstream.numbers
    assert all(number == round(number, 2) != 0 for number in graph.upstream.numbers)


@settings(max_examples=40)
@given(drawn(WHOLE))
def test_the_output_depends_on_every_node_and_no_node_is_too_large_to_read(graph):
    reached = {len(graph) - 1}
    for step in reversed(range(len(graph.steps))):
        assert len(graph.leaves) + step in reached
        reached |= set(graph.operands(step))
    assert reached == set(range(len(graph)))
    assert 1 <= len(graph.steps) <= 6
    assert all(len(leaf.numbers) <= MAX_ARRAY_SIZE for leaf in (*graph.leaves, graph.upstream))


@settings(max_examples=60)
@given(st.sampled_from(["log", "pow", "pow_leading", "pow_ones"]).flatmap(lambda form: drawn(tensor_graphs(form))))
def test_every_leaf_below_a_logarithm_is_above_zero(graph):
    assert all(number > 0 for leaf in graph.leaves for number in leaf.numbers)


@settings(max_examples=60)
@given(drawn(tensor_graphs("max_all", "max_one", "max_several", ties=True)))
def test_graphs_with_ties_have_only_two_different_numbers(graph):
    assert {number for leaf in graph.leaves for number in leaf.numbers} <= {2.0, 3.0}


@settings(max_examples=60)
@given(
    st.booleans().flatmap(lambda layout: st.tuples(st.just(layout), drawn(tensor_graphs("mul_leading", layout=layout))))
)
def test_leaves_have_another_memory_layout_only_if_the_spec_asks_for_it(given):
    layout, graph = given
    assert all(bool(leaf.layout) == (layout and leaf.shape != ()) for leaf in graph.leaves)


def test_small_graphs_are_drawn_with_two_operands_in_both_orders():
    parts = list_parts(tensor_graphs("sub_leading", "sub_number", "tanh", "matmul_vectors"))
    assert [(part.form, part.is_swapped) for part in parts if part.n_steps == 1] == [
        *[("sub_leading", False), ("sub_leading", True), ("sub_number", None), ("tanh", None)],
        *[("matmul_vectors", False), ("matmul_vectors", True)],
    ]


def test_graphs_of_every_size_are_about_equally_many():
    sizes = Counter()
    for part in list_parts(WHOLE):
        sizes[part.n_steps] += part.n_graphs
    assert sizes.keys() == {2, 3, 4, 5, 6}
    assert max(sizes.values()) - min(sizes.values()) <= 1


@settings(max_examples=40)
@given(st.sampled_from(list_parts(WHOLE)).flatmap(lambda part: st.tuples(st.just(part), drawn_part(WHOLE, part))))
def test_a_graph_has_the_size_of_its_part_and_its_form_inside(given):
    part, graph = given
    operations = [step[0] for step in graph.steps]
    assert len(operations) == part.n_steps
    assert operation_of(part.form) in (operations[1:-1] if part.n_steps > 2 else operations)


@settings(max_examples=40)
@given(st.sampled_from(list(FORMS)).flatmap(lambda form: drawn(tensor_graphs(form))))
def test_operands_of_small_graphs_are_used_once(graph):
    operands = [node for step in range(len(graph.steps)) for node in graph.operands(step)]
    assert len(set(operands)) == len(operands)
