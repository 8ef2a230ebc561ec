"""Recording: a seed decides everything, and every recorded number is PyTorch's."""

import subprocess
import sys

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.expressions import expressions
from gradkit.corpora.files import load_corpus
from gradkit.corpora.library import Library, MissingCorpusError, ThinCorpusError
from gradkit.corpora.recording import find_differences
from gradkit.corpora.scalar import RandomGraphs, random_graphs
from gradkit.corpora.spec import PUBLIC_SEED
from gradkit.course.corpora import corpus_specs
from gradkit.inside.graph import Answers
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.oracle.well_posed import answer_if_well_posed

SPECS = corpus_specs(assignments())
CORPORA = sorted(path for path in corpora_folder().glob("*.json") if path.stem != "diagnoses")
SPEC = random_graphs("tanh", reuse="nodes")
MUL = random_graphs("mul")
STORY = expressions("story", (lambda a, b: a * b + a, (2.0, 3.0)))


@pytest.fixture(scope="module")
def drawn():
    """Return the corpora that two seeds draw for one spec, by seed."""
    return {seed: SPEC.draw(seed) for seed in ("autumn", "spring")}


@pytest.mark.parametrize("path", CORPORA, ids=lambda path: path.stem)
def test_every_recorded_number_is_what_pytorch_says_today(path):
    corpus = load_corpus(SPECS[path.stem], path)
    assert corpus.cases
    assert find_differences(SPECS[path.stem], corpus) == []


def test_a_changed_record_is_noticed():
    corpus = load_corpus(MUL, corpora_folder() / MUL.file_name)
    corpus.answers[3].grad[0] *= 1 + 1e-6
    corpus.answers[5].data[-1] += 1e-3
    found = find_differences(MUL, corpus)
    assert len(found) == 2
    assert "number 3 is recorded as" in found[0]


def test_a_record_with_too_few_numbers_is_an_error():
    corpus = load_corpus(MUL, corpora_folder() / MUL.file_name)
    corpus.answers[0].data.pop()
    with pytest.raises(ValueError):
        find_differences(MUL, corpus)


# --- seeds -----------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_corpus(drawn):
    again = SPEC.draw("autumn")
    assert again.cases == drawn["autumn"].cases
    assert [a.grad for a in again.answers] == [a.grad for a in drawn["autumn"].answers]


BEFORE_AND_AFTER = """
import sys
from gradkit.corpora.scalar import random_graphs
spec = random_graphs("mul", reuse="nodes", count=60)
before = spec.draw("autumn").cases
sys.path.insert(0, sys.argv[1])
import engine
print(spec.draw("autumn").cases == before)
"""


def test_a_seed_draws_the_same_whatever_a_student_s_file_holds(tmp_path):
    (tmp_path / "engine.py").write_text(f"numbers = {list(range(2, 300))}")
    command = [sys.executable, "-c", BEFORE_AND_AFTER, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"


AFTER_ANOTHER_TEST = """
import sys
from hypothesis import given, settings
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.oracle import complex_step
spec = random_graphs("tanh", reuse="nodes", count=60)
sys.path.insert(0, sys.argv[1])
import engine
settings(max_examples=300, database=None)(given(expression_graphs(spec, complex_step.FUNCTIONS))(lambda graph: None))()
after = spec.draw("autumn").cases
from hypothesis.internal.conjecture import providers
providers.CONSTANTS_CACHE.cache.clear()
print(spec.draw("autumn").cases == after)
"""


def test_a_seed_draws_the_same_whatever_hypothesis_has_drawn_before(tmp_path):
    (tmp_path / "engine.py").write_text(f"numbers = {list(range(2, 300))}")
    command = [sys.executable, "-c", AFTER_ANOTHER_TEST, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"


def test_another_seed_draws_other_structures_and_other_leaves(drawn):
    one, other = drawn["autumn"], drawn["spring"]
    assert {graph.steps for graph in one.cases} != {graph.steps for graph in other.cases}
    leaves = [{graph.inputs for graph in corpus.cases} for corpus in (one, other)]
    assert len(leaves[0] & leaves[1]) < len(leaves[0]) / 4  # a single leaf may be drawn again by chance
    several = [{graph for graph in corpus.cases if len(graph.inputs) > 1} for corpus in (one, other)]
    assert min(map(len, several)) > 10
    assert not several[0] & several[1]  # two seeds may agree by chance only where a graph has a single leaf


def test_a_drawn_corpus_is_well_posed_and_smallest_first(drawn):
    for corpus in drawn.values():
        assert all(answer_if_well_posed(answer_graph, graph) for graph in corpus.cases)
        assert find_differences(SPEC, corpus) == []
        assert all({"tanh"} <= {step[0] for step in graph.steps} <= {"tanh", "add", "mul"} for graph in corpus.cases)
        sizes = [len(graph.steps) for graph in corpus.cases]
        assert sizes == sorted(sizes)
        assert len(sizes) >= SPEC.count


def test_a_hand_written_expression_is_recorded_unchanged_whatever_the_seed():
    corpus = STORY.draw("autumn")
    assert corpus.cases == STORY.graphs
    assert corpus.answers[0].grad == [4.0, 2.0, 1.0, 1.0]


# --- the library -----------------------------------------------------------------------------------------------------


def test_equal_specs_share_one_corpus():
    library = Library(corpora_folder())
    assert library.corpus(random_graphs("mul")) is library.corpus(random_graphs("mul"))
    assert library.corpus(random_graphs("mul")) is not library.corpus(random_graphs("mul", reuse="leaves"))


def test_the_public_seed_reads_and_never_draws(monkeypatch):
    monkeypatch.setattr(RandomGraphs, "draw", lambda *_, **__: pytest.fail("drew a corpus"))
    library = Library(corpora_folder(), PUBLIC_SEED)
    assert (
        library.corpus(random_graphs("tanh")).cases
        == load_corpus(random_graphs("tanh"), corpora_folder() / "tanh.json").cases
    )


def test_a_spec_that_was_never_recorded_says_what_to_run(tmp_path):
    with pytest.raises(MissingCorpusError, match="gradkit corpora"):
        Library(tmp_path).corpus(random_graphs("mul"))


def test_a_private_corpus_that_lacks_what_it_must_cover_is_refused(monkeypatch):
    monkeypatch.setattr(type(SPEC), "missing_features", lambda spec, pairs: {"a factor of 0"})
    with pytest.raises(ThinCorpusError, match=r"missing: a factor of 0\). Choose another seed") as refused:
        Library(corpora_folder(), "autumn").corpus(SPEC)
    assert "autumn" not in str(refused.value)


def test_another_seed_is_drawn_once_and_kept(tmp_path, monkeypatch):
    first = Library(corpora_folder(), "autumn", cache=tmp_path).corpus(SPEC)
    monkeypatch.setattr(RandomGraphs, "draw", lambda *_, **__: pytest.fail("drew a corpus again"))
    assert Library(corpora_folder(), "autumn", cache=tmp_path).corpus(SPEC).cases == first.cases


def test_a_cache_never_confuses_seeds_or_specs(tmp_path, monkeypatch):
    asked = []

    def draw(spec, seed, public):
        asked.append((spec, seed))
        return load_corpus(MUL, corpora_folder() / MUL.file_name)

    monkeypatch.setattr(RandomGraphs, "draw", draw)
    monkeypatch.setattr(RandomGraphs, "missing_features", lambda spec, pairs: set())
    fewer = random_graphs("tanh", reuse="nodes", count=59)
    for seed, spec in [("autumn", SPEC), ("spring", SPEC), ("autumn", fewer)]:
        Library(corpora_folder(), seed, cache=tmp_path).corpus(spec)
    assert asked == [(SPEC, "autumn"), (SPEC, "spring"), (fewer, "autumn")]


def test_a_seed_draws_everything_except_hand_written_expressions():
    story = expressions("twice_twice", (lambda a: a, (1.0,)))
    assert Library(corpora_folder(), "autumn").has_private_corpus(SPEC)
    assert not Library(corpora_folder(), "autumn").has_private_corpus(story)
    assert not Library(corpora_folder()).has_private_corpus(SPEC)


def test_another_seed_can_draw_another_number_of_graphs():
    few = Library(corpora_folder(), "autumn", count=4).corpus(random_graphs("exp", "log", "tanh", reuse="nodes"))
    assert len(few.cases) == 4


def test_hand_written_expressions_are_read_from_the_record_whatever_the_seed():
    story = expressions("twice_twice", (lambda a: a, (1.0,)))  # only the name decides
    assert Library(corpora_folder(), "autumn").corpus(story).answers[0].grad[0] == 4.0


# --- well-posedness --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        (lambda a, b: a - b, (1.0, 1.0 - 1e-9)),  # cancels: too small
        (lambda a, b: (a + b) - b, (0.001, 1e5)),  # cancels: float32 disagrees
        (lambda a: a.exp().exp(), (3.0,)),  # too large
        (lambda a: a.sigmoid(), (-20.0,)),  # a gradient that is too small to matter
        (lambda a: a.log(), (-1.0,)),  # not a number
        (lambda a, b: a / b, (1.0, 0.0)),  # infinite
    ],
)
def test_a_graph_on_which_right_engines_could_differ_is_not_kept(expression, numbers):
    (graph,) = expressions("trial", (expression, numbers)).graphs
    assert answer_if_well_posed(answer_graph, graph) is None


def test_an_ordinary_graph_is_kept_with_its_answers():
    (graph,) = expressions("trial", (lambda a, b: (a * b).relu() + a, (2.0, -3.0))).graphs
    kept = answer_if_well_posed(answer_graph, graph)
    assert isinstance(kept, Answers)
    assert kept.grad == [1.0, 0.0, 0.0, 1.0, 1.0]
