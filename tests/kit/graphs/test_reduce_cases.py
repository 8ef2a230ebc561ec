"""Graphs of tensors, networks, losses and training runs are reduced to what is needed for the failure."""

from functools import partial

import pytest
from gradkit.graphs.learning import reduce as learning
from gradkit.graphs.learning.losses import Loss
from gradkit.graphs.learning.networks import Network
from gradkit.graphs.learning.trajectories import Trajectory
from gradkit.graphs.reduction import MAX_TRIES, reduce_greedily
from gradkit.graphs.tensor import reduce as tensor
from gradkit.graphs.tensor.graph import Leaf, TensorGraph
from gradkit.oracle.complex_arrays import answer_tensor_graph, evaluate_tensor_graph
from gradkit.oracle.complex_learning import answer_loss, answer_network, answer_trajectory

A = Leaf((2, 3), (0.3, 1.7, -2.2, 0.9, 1.1, -0.4), "columns")
ROW = Leaf((3,), (0.7, -1.3, 2.1))
MATRIX = Leaf((3, 2), (0.7, -1.3, 2.1, 0.2, 1.9, -0.6))
UPSTREAM = Leaf((2, 3), (0.31, 1.72, -2.23, 0.94, 1.15, -0.46))


def reduced(kind, case, fails):
    """Reduce a case; check that every candidate that was tried has right answers."""
    candidates, cost, answer = kind
    tried = []

    def still_fails(candidate):
        answer(candidate)
        tried.append(candidate)
        return fails(candidate)

    found = reduce_greedily(case, candidates, cost, still_fails)
    assert len(tried) <= MAX_TRIES
    return found


TENSORS = (
    partial(tensor.smaller_tensor_graphs, evaluate=evaluate_tensor_graph),
    tensor.tensor_graph_cost,
    answer_tensor_graph,
)
NETWORKS = (learning.smaller_networks, learning.network_cost, answer_network)
LOSSES = (learning.smaller_losses, learning.loss_cost, answer_loss)
RUNS = (learning.smaller_trajectories, learning.trajectory_cost, answer_trajectory)


def uses(name):
    return lambda graph: any(step[0] == name for step in graph.steps)


def test_a_graph_of_tensors_ends_at_the_operation_that_fails_with_the_smallest_shapes():
    steps = (("mul", 0, 1), ("tanh", 2), ("add", 3, 0), ("neg", 4))
    found = reduced(TENSORS, TensorGraph((A, ROW), steps, UPSTREAM), uses("tanh"))
    assert found == TensorGraph((Leaf((), (2.0,)),), (("tanh", 0),), Leaf((), (2.0,)))


def test_an_operand_that_is_stretched_stays_so_and_no_other_becomes_so():
    graph = TensorGraph((A, Leaf((2, 1), (0.7, -1.3))), (("add", 0, 1),), UPSTREAM)
    shapes = {
        leaf.shape
        for leaf in reduced(TENSORS, graph, lambda each: each.leaves[0].shape != each.leaves[-1].shape).leaves
    }
    assert shapes == {(1,), (2,)}

    same = TensorGraph((A, A), (("add", 0, 1),), UPSTREAM)
    assert {leaf.shape for leaf in reduced(TENSORS, same, uses("add")).leaves} == {()}


def test_matrices_stay_matrices_and_plain_numbers_stay():
    product = TensorGraph((A, MATRIX), (("matmul", 0, 1),), Leaf((2, 2), (0.1, 0.2, 0.3, 0.4)))
    assert [leaf.shape for leaf in reduced(TENSORS, product, uses("matmul")).leaves] == [(1, 1), (1, 1)]

    power = TensorGraph((A,), (("pow_number", 0, -3),), UPSTREAM)
    assert reduced(TENSORS, power, uses("pow_number")).steps == (("pow_number", 0, -3),)


def test_sizes_and_indices_shrink_with_the_axes():
    graph = TensorGraph((A,), (("reshape", 0, 3, 2), ("item", 1, 2)), Leaf((2,), (1.3, 0.2)))
    found = reduced(TENSORS, graph, lambda each: uses("reshape")(each) and uses("item")(each))
    assert len(found.leaves[0].numbers) <= 2
    assert found.leaves[0].layout == ""


def test_the_largest_of_equal_numbers_is_not_asked_for_unless_the_graph_does_so():
    graph = TensorGraph((A,), (("max", 0, 1),), Leaf((2,), (1.3, 0.2)))
    found = reduced(TENSORS, graph, lambda each: each.leaves[0].shape == (2, 3))
    assert len(set(found.leaves[0].numbers)) == 6


NETWORK = Network("MLP", (2, 3, 1), False, tuple(0.11 * k - 0.6 for k in range(13)), (0.7, -0.3), (1.3,))


def test_a_network_ends_at_one_layer_of_one_neuron_with_one_input():
    found = reduced(NETWORKS, NETWORK, lambda network: True)
    assert found == Network("MLP", (1, 1), False, (0.5, 1.0), (0.5,), (0.5,))


def test_what_a_network_needs_for_the_failure_stays():
    assert reduced(NETWORKS, NETWORK, lambda network: len(network.sizes) == 3).sizes == (1, 1, 1)
    assert reduced(NETWORKS, NETWORK, lambda network: network.sizes[0] == 2).sizes == (2, 1)
    neuron = Network("Neuron", (3, 1), True, (0.1, 0.2, 0.3, 0.4), (0.7, -0.3, 0.9), (1.3,))
    found = reduced(NETWORKS, neuron, lambda network: True)
    assert (found.part, found.sizes, found.linear) == ("Neuron", (1, 1), True)


def test_the_parameters_that_stay_are_those_of_the_neurons_that_stay():
    weights = (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)  # of two neurons with two inputs each
    layer = Network("Layer", (2, 2), False, (*weights[0], *weights[1]), (7.0, 8.0), (9.0, 10.0))
    smaller = {(each.sizes, each.parameters, each.inputs, each.upstream) for each in learning.smaller_networks(layer)}
    assert ((2, 1), weights[1], (7.0, 8.0), (10.0,)) in smaller
    assert ((1, 2), (2.0, 3.0, 5.0, 6.0), (8.0,), (9.0, 10.0)) in smaller


def test_a_loss_keeps_the_examples_and_classes_that_it_needs():
    rows = ((0.3, 1.7, -2.2), (0.9, 1.1, -0.4), (1.2, 0.1, 0.6))
    loss = Loss("cross_entropy", rows, (2, 0, 2), (1.7,))
    assert reduced(LOSSES, loss, lambda each: True).targets in ((0,), (1,))
    found = reduced(LOSSES, loss, lambda each: len(set(each.targets)) == 2)
    assert sorted(found.targets) == [0, 1]
    assert len(found.outputs[0]) == 2


@pytest.mark.parametrize("loss", ["mean_squared_error", "cross_entropy"])
def test_a_training_run_ends_at_one_step_on_one_example(loss):
    width = 3 if loss == "cross_entropy" else 1
    n_parameters = 3 * 4 + 5 * width
    parameters = tuple(0.05 * k - 0.4 for k in range(n_parameters))
    inputs = ((0.3, 0.9), (1.1, -0.4), (0.2, 0.6))
    run = Trajectory((2, 4, width), parameters, inputs, (0, 1, 0), loss, "SGD", (("lr", 0.1),), 6)
    found = reduced(RUNS, run, lambda each: True)
    assert (found.steps, len(found.inputs), found.sizes) == (1, 1, (1, 1))
    assert found.settings == run.settings
    twice = reduced(RUNS, run, lambda each: each.steps > 1 and len(each.inputs) > 1)
    assert (twice.steps, len(twice.inputs)) == (2, 2)
