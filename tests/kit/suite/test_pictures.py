"""Failing graphs of tensors and small networks have a picture that marks what is wrong."""

import msgspec
from gradkit.graphs.learning.networks import Network
from gradkit.graphs.tensor.graph import Array, Leaf, TensorGraph
from gradkit.oracle.tensor_mismatch import compare_arrays
from gradkit.outputs.html import has_picture, render_evidence
from gradkit.suite.checks.tensors import explain_tensor_mismatch
from gradkit.suite.evidence import Evidence, make_row
from gradkit.suite.pictures import MAX_NEURONS, nodes_of_network

GRAPH = TensorGraph((Leaf((2,), (2.0, 0.5)), Leaf((), (3.0,))), (("mul", 0, 1), ("tanh", 2)), Leaf((2,), (2.0, 0.5)))
RIGHT = [Array((2,), (1.5, 2.5)), Array((), (0.5,)), Array((2,), (1.0, 1.0)), Array((2,), (2.0, 0.5))]
YOURS = [Array((2,), (0.0, 2.5)), Array((2,), (0.5, 0.5)), Array((2,), (1.0, 9.0)), Array((2,), (2.0, 0.5))]


def explain(yours=YOURS, right=RIGHT):
    return explain_tensor_mismatch(compare_arrays(GRAPH, "grad", right, yours, (0, 1)))


def test_a_wrong_array_is_shown_with_the_node_that_went_wrong_first():
    evidence = explain()
    assert evidence.origin == "t1 = a * b"
    assert [(row.name, row.yours, row.expected) for row in evidence.rows] == [
        ("a.grad[0]", 0.0, 1.5),
        ("t1.grad[1]", 9.0, 1.0),
    ]
    assert evidence.code[-2:] == ("print(a.grad[0])", "print(t1.grad[1])")


def test_no_first_wrong_node_is_named_if_inner_gradients_were_reset():
    assert explain([*YOURS[:2], Array((2,), (0.0, 0.0)), YOURS[3]]).origin == ""
    assert explain([*YOURS[:3], Array((2,), (1.0, 1.0))]).origin == ""


def test_the_picture_of_tensors_shows_shapes_and_marks_wrong_arrays():
    evidence = explain()
    nodes = {node.name: node for node in evidence.nodes}
    assert [name for name, node in nodes.items() if node.is_wrong] == ["a", "b", "t1"]
    assert nodes["t1"].parents == (0, 1)
    assert nodes["b"].rows == (
        ("shape", "()", False),
        ("your grad", "0.5 0.5 (2,)", True),
        ("PyTorch’s grad", "0.5", False),
    )
    svg = render_evidence(evidence)
    assert "a * b" in svg
    assert "t1.tanh()" in svg
    assert not has_picture(msgspec.structs.replace(evidence, nodes=()))


def test_the_picture_of_a_small_network_shows_its_neurons_and_wrong_gradients():
    network = Network("MLP", (1, 2, 1), False, (0.5, 1.0, -1.0, 2.0, 0.5, 1.5, -0.5), (2.0,), (1.0,))
    rows = (make_row("model.parameters()[2].grad", 0.0, 0.25), make_row("x[0].grad", 1.0, 2.0))
    nodes = nodes_of_network(network, Evidence("wrong", rows=rows))
    assert [(node.name, node.expression, node.parents, node.is_wrong) for node in nodes] == [
        ("x[0]", "", (), True),
        ("h1_1", "tanh(0.5*x[0] + 1)", (0,), False),
        ("h1_2", "tanh(-1*x[0] + 2)", (0,), True),
        ("y", "tanh(0.5*h1_1 + 1.5*h1_2 + -0.5)", (1, 2), False),
    ]
    assert nodes[2].rows[1:] == (("your model.parameters()[2].grad", "0", True), ("PyTorch’s", "0.25", False))


def test_a_large_network_has_no_picture():
    n_inputs = MAX_NEURONS
    network = Network("Neuron", (n_inputs, 1), False, (0.5,) * (n_inputs + 1), (1.0,) * n_inputs, (1.0,))
    assert nodes_of_network(network, Evidence("wrong")) == ()
