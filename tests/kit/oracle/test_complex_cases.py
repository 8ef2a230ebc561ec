"""Complex-step differentiation of tensors, networks, losses and training runs agrees with PyTorch."""

import random

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.losses import Losses
from gradkit.corpora.networks import Networks
from gradkit.corpora.tensors import Tensors
from gradkit.corpora.trajectories import Trajectories
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.learning.reduce import smaller_losses, smaller_networks, smaller_trajectories
from gradkit.graphs.tensor.graph import Leaf, TensorGraph
from gradkit.oracle import complex_arrays, complex_learning
from gradkit.oracle.pytorch import learning
from gradkit.oracle.tolerance import is_close

ALL_SPECS = list(corpus_specs(assignments()).values())


def specs(kind):
    return pytest.mark.parametrize(
        "spec", [spec for spec in ALL_SPECS if isinstance(spec, kind)], ids=lambda spec: spec.name
    )


def recorded(spec, n_cases):
    """Return some cases of a recorded corpus, from small to large, with PyTorch's answers."""
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    pairs = list(zip(corpus.cases, corpus.answers))
    return pairs[:: max(1, len(pairs) // n_cases)]


def agree(one, other):
    assert len(one.numbers()) == len(other.numbers())
    assert all(map(is_close, one.numbers(), other.numbers()))


@specs(Tensors)
def test_graphs_of_tensors_have_the_recorded_answers(spec):
    n_answered = 0
    pairs = recorded(spec, 6)
    for graph, answers in pairs:
        try:
            ours = complex_arrays.answer_tensor_graph(graph)
        except ArithmeticError:  # closer to a kink than a reduced graph may be
            continue
        assert ours.shapes == answers.shapes
        agree(ours, answers)
        n_answered += 1
    assert n_answered >= len(pairs) / 3


@specs(Networks)
def test_networks_have_the_recorded_answers(spec):
    n_answered = 0
    for network, answers in recorded(spec, 8):
        try:
            agree(complex_learning.answer_network(network), answers)
        except complex_learning.IllPosedError:
            continue
        n_answered += 1
    assert n_answered >= 4


@specs(Losses)
def test_losses_have_the_recorded_answers(spec):
    n_answered = 0
    for loss, answers in recorded(spec, 8):
        try:
            agree(complex_learning.answer_loss(loss), answers)
        except complex_learning.IllPosedError:
            continue
        n_answered += 1
    assert n_answered >= 3


@specs(Trajectories)
def test_smaller_training_runs_have_pytorchs_answers(spec):
    rng = random.Random(0)
    (run, _), *_ = recorded(spec, 1)
    n_answered = 0
    for _ in range(14):
        candidates = [each for each in smaller_trajectories(run) if len(each.parameters) <= 60]
        if candidates:
            run = rng.choice(candidates)
        else:
            run = next(each for each in smaller_trajectories(run) if len(each.parameters) < len(run.parameters))
        if len(run.parameters) > 60 or run.steps > 5 or len(run.inputs) > 8:
            continue
        try:
            ours = complex_learning.answer_trajectory(run)
        except complex_learning.IllPosedError:
            continue
        agree(ours, learning.answer_trajectory(run))
        n_answered += 1
    assert n_answered >= 3


@specs(Networks)
def test_smaller_networks_have_pytorchs_answers(spec):
    check_candidates(spec, smaller_networks, complex_learning.answer_network, learning.answer_network)


@specs(Losses)
def test_smaller_losses_have_pytorchs_answers(spec):
    check_candidates(spec, smaller_losses, complex_learning.answer_loss, learning.answer_loss)


def check_candidates(spec, smaller, answer, answer_by_pytorch):
    n_answered = 0
    for case, _ in recorded(spec, 8)[::-1]:  # all that is smaller than a large extreme case may be ill-posed
        for candidate in list(smaller(case))[::3]:
            try:
                ours = answer(candidate)
            except complex_learning.IllPosedError:
                continue
            agree(ours, answer_by_pytorch(candidate))
            n_answered += 1
        if n_answered:
            break
    assert n_answered >= 1


@pytest.mark.parametrize(
    "graph",
    [
        TensorGraph((Leaf((2,), (1.0, 1.01)),), (("max", 0, 0),), Leaf((), (1.0,))),
        TensorGraph((Leaf((), (0.0,)),), (("relu", 0),), Leaf((), (1.0,))),
        TensorGraph((Leaf((), (-1.0,)),), (("log", 0),), Leaf((), (1.0,))),
        TensorGraph((Leaf((2,), (1.0, 2.0)), Leaf((3,), (1.0, 2.0, 3.0))), (("add", 0, 1),), Leaf((), (1.0,))),
        TensorGraph((Leaf((1,), (800.0,)),), (("exp", 0),), Leaf((1,), (1.0,))),
    ],
    ids=["nearly a tie", "a kink", "out of the domain", "shapes that do not fit", "an overflow"],
)
def test_graphs_on_which_engines_could_differ_have_no_answers(graph):
    with pytest.raises((ArithmeticError, ValueError)):
        complex_arrays.answer_tensor_graph(graph)
