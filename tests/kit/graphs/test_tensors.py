"""Graphs of tensors: arrays are encoded and decoded, and programs print the recorded numbers."""

import io
import marshal
import math
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.tensors import Tensors, is_off_the_kinks
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.tensor.graph import Array, Leaf, TensorAnswers, TensorGraph, decode_arrays, make_lists
from gradkit.graphs.tensor.program import name_nodes, write_tensor_program
from gradkit.inside.graph import NotANumber
from gradkit.inside.tensor_replay import array_of, encoded, expression
from gradkit.oracle.tolerance import is_close
from gradkit.proof.specimens import reference_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SPECS = [spec for spec in corpus_specs(assignments()).values() if isinstance(spec, Tensors)]
OF_EACH = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)

FLOATS = arrays.arrays(float, arrays.array_shapes(min_dims=0, min_side=0, max_dims=5, max_side=4))


def recorded(spec):
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    return list(zip(corpus.cases, corpus.answers))


class Holder:
    """An object with the attribute `data`."""

    def __init__(self, data):
        self.data = data


# --- encoding --------------------------------------------------------------------------------------------------------


@given(st.lists(FLOATS, max_size=5))
def test_arrays_come_back_as_they_were(given):
    numbers = encoded([Holder(array) for array in given], "data")
    for array, found in zip(given, decode_arrays(numbers, len(given)), strict=True):
        assert found.shape == array.shape
        np.testing.assert_array_equal(np.array(found.numbers).reshape(found.shape), array)


@given(FLOATS.filter(lambda array: array.ndim > 1))
def test_arrays_are_encoded_row_by_row_whatever_their_memory_layout(array):
    laid_out = [array, np.asfortranarray(array), np.repeat(array, 2, axis=-1)[..., ::2], array[::-1][::-1]]
    encodings = [encoded([Holder(each)], "data") for each in laid_out]
    assert all(
        str(numbers) == str(encodings[0]) for numbers in encodings
    )  # compared as text, because NaN is not equal to itself


@pytest.mark.parametrize("number", [2, 2.5, np.float64(2.5), np.array(2.5)])
def test_a_single_number_has_no_axes(number):
    assert decode_arrays(encoded([Holder(number)], "data"), 1) == [Array((), (float(number),))]


REFUSED = {
    "of float32": (np.zeros(3, dtype=np.float32), ".data of this is an array of float32; it should be one of float64"),
    "of whole numbers": (np.zeros(3, dtype=int), ".data of this is an array of int64; it should be one of float64"),
    "of objects": (np.array([None]), ".data of this is an array of object; it should be one of float64"),
    "a list": ([1.0], ".data of this is of type list; it should be a numpy array of float64"),
    "a bool": (True, ".data of this is of type bool; it should be a numpy array of float64"),
    "of a kind of its own": (
        np.zeros(3).view(np.recarray),
        ".data of this is of type recarray; it should be a numpy array of float64",
    ),
    "of none in a long row": (np.zeros((10**6, 0)), ".data of this is an array of more than 10,000 numbers"),
    "too large": (
        np.broadcast_to(0.0, (10**6, 10**6)),
        ".data of this is an array of more than 10,000 numbers",
    ),
}


@pytest.mark.parametrize("data", REFUSED)
def test_what_is_not_an_array_of_floats_is_refused_with_a_reason(data):
    what, message = REFUSED[data]
    with pytest.raises(NotANumber, match=f"^{message}$"):
        encoded([Holder(what)], "data")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "a.exp() is None, not a Tensor: is a `return` missing?"),
        (2.5, "a.exp() is a plain float, not a Tensor: no gradient can flow through it"),
        (np.zeros(2), "a.exp() is a plain ndarray, not a Tensor: no gradient can flow through it"),
        (np.float64(1), "a.exp() is a plain float64, not a Tensor: no gradient can flow through it"),
    ],
)
def test_what_is_not_a_tensor_is_refused_with_a_reason(target, message):
    with pytest.raises(NotANumber) as raised:
        encoded([target], "data", lambda index: "a.exp()")
    assert str(raised.value) == message


def test_an_object_with_a_false_class_attribute_is_refused_without_reading_its_numbers():
    class Liar:
        __class__ = np.float64

        def ravel(self):
            raise AssertionError("its numbers were read")

    with pytest.raises(NotANumber, match="of type Liar"):
        encoded([Holder(Liar())], "data")


def test_encoding_many_arrays_stops_at_the_maximum_size_of_a_reply():
    with pytest.raises(NotANumber, match="too many numbers"):
        encoded([Holder(np.broadcast_to(0.0, (10_000,)))] * 200, "data")


# --- layouts ---------------------------------------------------------------------------------------------------------


@given(arrays.array_shapes(min_dims=1, min_side=2, max_dims=3, max_side=3))
def test_a_layout_with_gaps_is_not_contiguous_and_one_by_columns_is_not_c_contiguous(shape):
    numbers = tuple(map(float, range(math.prod(shape))))
    plain = array_of((shape, numbers, ""))
    gaps, columns = array_of((shape, numbers, "gaps")), array_of((shape, numbers, "columns"))
    for array in (plain, gaps, columns):
        assert (array.shape, array.dtype, tuple(array.ravel())) == (shape, float, numbers)
    assert plain.flags.c_contiguous
    assert not gaps.flags.c_contiguous
    assert not gaps.flags.f_contiguous
    assert columns.flags.f_contiguous
    assert columns.flags.c_contiguous == (len(shape) == 1)


def test_most_graphs_about_layouts_have_a_leaf_that_is_not_contiguous():
    (spec,) = (spec for spec in SPECS if spec.layout)
    leaves = [
        [array_of((leaf.shape, leaf.numbers, leaf.layout)) for leaf in graph.leaves] for graph, _ in recorded(spec)
    ]
    scattered = [any(not leaf.flags.c_contiguous for leaf in leaves_of_graph) for leaves_of_graph in leaves]
    assert sum(scattered) >= 0.75 * len(scattered)


# --- graphs ----------------------------------------------------------------------------------------------------------

GRAPH = TensorGraph(
    (Leaf((2,), (1.0, 2.0)), Leaf((), (3.0,))),
    (("mul", 0, 1), ("sum", 2, 0), ("add_number", 3, 2.5)),
    Leaf((), (0.5,)),
)


def test_operands_are_nodes_and_not_plain_numbers():
    assert [GRAPH.operands(step) for step in range(3)] == [(0, 1), (2,), (3,)]
    assert name_nodes(GRAPH) == ["a", "b", "t1", "t2", "y"]


def test_a_packed_graph_can_be_replayed():
    leaves, steps, upstream = marshal.loads(GRAPH.pack())
    assert leaves == (((2,), (1.0, 2.0), ""), ((), (3.0,), ""))
    assert steps == GRAPH.steps
    assert upstream == ((), (0.5,), "")


@pytest.mark.parametrize(
    ("name", "plain", "text"),
    [
        ("sum", (), "a.sum()"),
        ("sum", (-1,), "a.sum(axis=-1)"),
        ("max_kept", (), "a.max(keepdims=True)"),
        ("mean_kept", (0, 2), "a.mean(axis=(0, 2), keepdims=True)"),
        ("item", (1, 0), "a[1, 0]"),
        ("slice", (0, 2), "a[0:2]"),
        ("rows", (1, 0, 1), "a[[1, 0, 1]]"),
        ("picks", (0, 1, 2, 2), "a[[0, 1], [2, 2]]"),
        ("reshape", (3, 2), "a.reshape(3, 2)"),
        ("transpose", (), "a.transpose()"),
    ],
)
def test_a_step_reads_as_a_student_would_write_it(name, plain, text):
    assert expression(name, ["a"], plain) == text


def test_an_index_is_printed_in_brackets():
    assert Array((2, 3), (0.0,) * 6).index_text(4) == "[1, 1]"
    assert Array((3,), (0.0,) * 3).index_text(2) == "[2]"
    assert Array((), (0.0,)).index_text(0) == ""


@given(FLOATS.filter(lambda array: array.size))
def test_nested_lists_are_those_of_numpy(array):
    assert str(make_lists(array.shape, array.ravel().tolist())) == str(array.tolist())


def answered(operation, *numbers):
    graph = TensorGraph((Leaf((len(numbers),), numbers),), ((operation, 0),), Leaf((), (1.0,)))
    return graph, TensorAnswers(((len(numbers),), ()), (*numbers, max(numbers)), (*numbers, 0.0))


def test_kinks_near_zero_and_near_ties_are_recognized():
    assert is_off_the_kinks(*answered("relu", -0.5, 0.5))
    assert not is_off_the_kinks(*answered("relu", -0.001, 0.5))
    assert is_off_the_kinks(*answered("max", 2.0, 2.0))
    assert is_off_the_kinks(*answered("max_kept", 2.0, 3.0))
    assert not is_off_the_kinks(*answered("max", 2.0, 2.0 + 1e-9))
    assert is_off_the_kinks(*answered("exp", 2.0, 2.0 + 1e-9, 0.0))


@pytest.mark.parametrize(("n_columns", "is_allowed"), [(2, True), (3, False)])
def test_a_tie_of_maxima_is_refused_where_rounding_could_break_it(n_columns, is_allowed):
    """A maximum of three equal numbers can be computed as 3 / 3 + 3 / 3 + 3 / 3, for example."""
    a = Leaf((2, n_columns), (3.0,) * (2 * n_columns))
    graph = TensorGraph((a,), (("max", 0, 1), ("max", 1)), Leaf((), (1.0,)))
    data = (*a.numbers, 3.0, 3.0, 3.0)
    assert is_off_the_kinks(graph, TensorAnswers((a.shape, (2,), ()), data, data)) is is_allowed


@OF_EACH
def test_every_recorded_graph_avoids_the_kinks(spec):
    assert all(is_off_the_kinks(graph, answers) for graph, answers in recorded(spec))


# --- programs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run_program(monkeypatch):
    """Return a function that runs a program beside the reference's files, and returns what it prints."""
    monkeypatch.syspath_prepend(str(reference_folder() / "solution"))
    monkeypatch.delitem(sys.modules, "tensor", raising=False)

    def run(lines):
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(lines), {})
        return screen.getvalue()

    yield run
    sys.modules.pop("tensor", None)


@OF_EACH
def test_a_pasted_graph_prints_the_recorded_shapes_and_numbers(spec, run_program):
    for graph, answers in recorded(spec):
        for kind in ("data", "grad"):
            shown = [f"({name}.{kind}.shape, {name}.{kind}.tolist())" for name in name_nodes(graph)]
            lines = run_program(write_tensor_program(graph, kind == "grad", shown)).splitlines()
            for line, right in zip(lines, answers.arrays(kind), strict=True):
                shape, numbers = eval(line)
                assert shape == right.shape
                assert all(map(is_close, np.array(numbers).ravel().tolist(), right.numbers))


def test_a_program_imports_numpy_only_if_it_uses_it():
    assert write_tensor_program(GRAPH, False, ["y.data"])[0] == "from tensor import Tensor"
    assert write_tensor_program(GRAPH, True, ["a.grad"]) == [
        "import numpy as np",
        "from tensor import Tensor",
        "a = Tensor([1.0, 2.0])",
        "b = Tensor(3.0)",
        "t1 = a * b",
        "t2 = t1.sum(axis=0)",
        "y = t2 + 2.5",
        "y.backward(np.array(0.5))",
        "print(a.grad)",
    ]


# --- recording -------------------------------------------------------------------------------------------------------

SPEC = Tensors(("mul_ones", "sum_one"), steps=3, count=4)


def test_a_seed_draws_the_same_graphs_of_tensors_and_another_draws_others():
    autumn = SPEC.draw("autumn")
    assert SPEC.draw("autumn").cases == autumn.cases
    assert SPEC.draw("spring").cases != autumn.cases
    assert len(autumn.cases) == 7


@OF_EACH
def test_graphs_are_sorted_by_size_and_all_differ(spec):
    cases = [graph for graph, _ in recorded(spec)]
    assert len(set(cases)) == len(cases) > 0
    sizes = [len(graph.steps) for graph in cases]
    assert sizes == sorted(sizes)


@settings(max_examples=30)
@given(st.sampled_from(SPECS), st.sampled_from(SPECS))
def test_different_specs_have_different_files(one, other):
    assert (one == other) == (one.name == other.name)
