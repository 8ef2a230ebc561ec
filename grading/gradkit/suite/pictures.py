"""The nodes of pictures: of a failing graph of tensors, and of a small network."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from gradkit.graphs.learning.networks import Network, leaf_names, output_names
from gradkit.graphs.tensor.graph import Array
from gradkit.graphs.tensor.program import name_nodes, write_step
from gradkit.oracle.tensor_mismatch import TensorMismatch, is_wrong_array

from .evidence import Evidence, Number, PictureNode, Row

MAX_NUMBERS_SHOWN = 4
"""Numbers of an array that a picture shows."""

MAX_NEURONS = 12
"""Inputs and neurons of a network that has a picture."""

Rows = tuple[tuple[str, str, bool], ...]


def nodes_of_tensors(mismatch: TensorMismatch) -> tuple[PictureNode, ...]:
    """Return the nodes of a failing graph of tensors, each with its shape, and wrong ones with both arrays."""
    graph, kind = mismatch.graph, mismatch.kind
    names = name_nodes(graph)
    nodes = []
    for node, (yours, right) in enumerate(zip(mismatch.got, mismatch.want)):
        is_leaf = node < len(graph.leaves)
        is_wrong = is_wrong_array(yours, right)
        rows: Rows = ((kind, _array_text(right), False),)
        if is_wrong:
            rows = ((f"your {kind}", _array_text(yours), True), (f"PyTorch’s {kind}", _array_text(right), False))
        nodes.append(
            PictureNode(
                names[node],
                "" if is_leaf else write_step(graph, node, names),
                (("shape", str(right.shape), False), *rows),
                () if is_leaf else graph.operands(node - len(graph.leaves)),
                is_wrong,
            )
        )
    return tuple(nodes)


def _array_text(array: Array) -> str:
    """Return the first numbers of an array, and its shape if it is not the one that is shown anyway."""
    numbers = [f"{number + 0.0:.4g}" for number in array.numbers[:MAX_NUMBERS_SHOWN]]
    rest = " …" if len(array.numbers) > MAX_NUMBERS_SHOWN else ""
    return f"{' '.join(numbers)}{rest}" + (f" {array.shape}" if array.shape else "")


def nodes_of_network(network: Network, evidence: Evidence) -> tuple[PictureNode, ...]:
    """Return the inputs and neurons of a small network, with the wrong numbers of its evidence; none if it is large."""
    if sum(network.sizes) > MAX_NEURONS:
        return ()
    wrong = {row.name.rpartition(".")[0]: row for row in evidence.rows}
    names = leaf_names(network)
    inputs = names[len(network.parameters) :]
    nodes = [
        _network_node(name, "", {name: number}, (), wrong) for name, number in zip(inputs, network.inputs, strict=True)
    ]
    start, layer_before = 0, range(len(nodes))
    for layer, (n_inputs, width) in enumerate(pairwise(network.sizes), 1):
        first = len(nodes)
        is_last = layer == len(network.sizes) - 1
        for neuron in range(width):
            leaves = range(start, start + n_inputs + 1)
            start += n_inputs + 1
            *weights, bias = (network.parameters[leaf] for leaf in leaves)
            parts = [f"{weight:g}*{nodes[node].name}" for weight, node in zip(weights, layer_before)]
            total = " + ".join([*parts, f"{bias:g}"])
            name = output_names(network)[neuron] if is_last else f"h{layer}_{neuron + 1}"
            shown = {names[leaf]: network.parameters[leaf] for leaf in leaves if names[leaf] in wrong}
            expression = total if network.linear and is_last else f"tanh({total})"
            nodes.append(_network_node(name, expression, shown, tuple(layer_before), wrong))
        layer_before = range(first, len(nodes))
    return tuple(nodes)


def _network_node(
    name: str, expression: str, leaves: Mapping[str, float], parents: tuple[int, ...], wrong: Mapping[str, Row]
) -> PictureNode:
    """Return a node with its leaves (its number, or parameters with a wrong gradient), and what is wrong of them."""
    rows: list[tuple[str, str, bool]] = [(leaf, f"{number:g}", False) for leaf, number in leaves.items()]
    wrong_rows = [wrong[each] for each in dict.fromkeys((*leaves, name)) if each in wrong]
    for row in wrong_rows:
        rows += [(f"your {row.name}", _short(row.yours), True), ("PyTorch’s", _short(row.expected), False)]
    return PictureNode(name, expression, tuple(rows), parents, bool(wrong_rows))


def _short(number: Number) -> str:
    return number if isinstance(number, str) else f"{number + 0.0:.4g}"
