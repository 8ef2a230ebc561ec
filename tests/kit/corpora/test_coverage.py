"""Coverage: every recorded corpus has all that its spec requires, and so have private ones of every kind.

Private corpora of five graph specs are drawn here, and none of digits: a grader refuses one that lacks something.
"""

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.scalar import RandomGraphs, random_graphs
from gradkit.corpora.scalar_coverage import list_coincidences
from gradkit.corpora.spec import Corpus
from gradkit.corpora.tensors import Tensors, tensor_graphs
from gradkit.course.corpora import corpus_specs
from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle.pytorch.scalar import answer_graph

SPECS = corpus_specs(assignments())
DRAWN = [spec for spec in SPECS.values() if spec.depends_on_seed]
GRAPHS = [spec for spec in DRAWN if isinstance(spec, (RandomGraphs, Tensors))]
SMALL = (
    "scalar mul",
    "scalar div reuse=leaves",
    "tensor add mul steps=4",
    "tensor matmul_batches",
    "tensor pow_number",
)
PRIVATE = [
    *(spec for spec in DRAWN if spec not in GRAPHS and not spec.key.startswith("trajectory digits")),
    *(spec for spec in GRAPHS if spec.key in SMALL),
]
LARGE_TENSORS = [spec for spec in GRAPHS if isinstance(spec, Tensors) and spec.steps > 2]


EQUAL = "an inner node with the same number as another node"


def name(spec):
    return spec.name


@pytest.mark.parametrize("spec", DRAWN, ids=name)
def test_a_recorded_corpus_covers_all_that_its_spec_requires(spec):
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    assert spec.required_features()
    assert spec.missing_features(zip(corpus.cases, corpus.answers)) == set()


@pytest.mark.parametrize("seed", ["spring", "summer", "autumn"])
@pytest.mark.parametrize("spec", PRIVATE, ids=name)
def test_a_private_corpus_covers_all_that_its_spec_requires(spec, seed):
    corpus = spec.draw(seed)
    assert spec.missing_features(zip(corpus.cases, corpus.answers)) == set()


@pytest.mark.parametrize("operation", ["neg", "sub_const", "exp"])
def test_a_private_corpus_has_no_coincidence_that_the_public_one_lacks(operation):
    spec = random_graphs(operation, reuse="leaves")
    everything = spec.draw("spring")

    def coincidences(corpus):
        return set().union(*map(list_coincidences, corpus.cases, corpus.answers))

    plain = [pair for pair in zip(everything.cases, everything.answers) if not list_coincidences(*pair)]
    without = Corpus(*map(tuple, zip(*plain)))
    assert coincidences(everything)
    assert not coincidences(spec.draw("summer", public=without))
    assert coincidences(spec.draw("summer", public=everything)) <= coincidences(everything)


def test_an_operand_of_zero_and_equal_inner_nodes_are_coincidences():
    zero = Graph((0.0, 2.0), (("const_mul", 0, 3), ("add", 1, 2)))
    equal = Graph((1.0, 2.0), (("add", 0, 0), ("add", 1, 2)))
    leaves = Graph((2.0, 2.0), (("add", 0, 1),))
    assert list_coincidences(zero, answer_graph(zero)) == {"const_mul of 0", EQUAL}
    assert list_coincidences(equal, answer_graph(equal)) == {EQUAL}
    assert list_coincidences(leaves, answer_graph(leaves)) == set()


@pytest.mark.parametrize("spec", LARGE_TENSORS, ids=name)
def test_larger_graphs_of_tensors_have_every_size(spec):
    sizes = [len(graph.steps) for graph in load_corpus(spec, corpora_folder() / spec.file_name).cases]
    counts = [sizes.count(size) for size in range(3, spec.steps + 1)]
    assert min(counts) >= len(sizes) // (2 * len(counts))


@pytest.mark.parametrize("spec", GRAPHS, ids=name)
def test_every_operation_must_be_on_an_inner_node_and_before_another_operation(spec):
    required = spec.required_features()
    operations = {
        step[0] for graph in load_corpus(spec, corpora_folder() / spec.file_name).cases for step in graph.steps
    }
    for operation in operations - {"add", "mul"}:
        assert {f"{operation} of an inner node", f"{operation} before another operation"} <= required


def test_a_corpus_without_a_feature_is_found_out():
    spec = tensor_graphs("matmul_batches")
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    single = [pair for pair in zip(corpus.cases, corpus.answers) if len(pair[0].steps) == 1]
    assert spec.missing_features(single) >= {"matmul of an inner node", "matmul with an inner node on the right"}


def test_each_constant_is_required():
    required = random_graphs("pow_const").required_features()
    assert {f"pow_const with {constant:g}" for constant in OPERATIONS["pow_const"].constants} <= required
