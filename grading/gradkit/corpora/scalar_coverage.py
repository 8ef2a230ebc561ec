"""What a corpus of expression graphs covers: the features of its graphs, and those that a spec requires.

Features are texts, such as "sub with an inner node on the right".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS

if TYPE_CHECKING:
    from .scalar import RandomGraphs

_RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "exp": {"above 3": (3, 9), "below -3": (-9, -3), "near 0": (-0.5, 0.5)},
    "tanh": {"above 2": (2, 9), "below -2": (-9, -2), "near 0": (-0.5, 0.5)},
    "sigmoid": {"above 3": (3, 9), "below -3": (-9, -3), "near 0": (-0.5, 0.5)},
    "log": {"below 1": (0, 1), "above 3": (3, 1e6)},
    "relu": {"just above 0": (0, 0.1), "just below 0": (-0.1, 0)},
    "pow": {"below 1": (0, 1), "above 1": (1, 99)},
    "pow_const": {"below 1": (0, 1), "above 1": (1, 99)},
}
"""The ranges of operands, by operation, in which a corpus has a number: (above, below)."""

_PRODUCTS = ("mul", "mul_const", "const_mul", "div", "div_const", "neg", "sub", "const_sub")
"""The operations that students often write with a multiplication of nodes."""

_SIDES = ("left", "right")

USED_AGAIN = "of a node that is used again after it"
"""The feature of a step whose operand is used by a later step, too, which depends on this one: so its closure runs when
the operand has a gradient already."""


def list_features(graph: Graph, answers: Answers) -> set[str]:
    """Return the features of a graph."""
    n_inputs = len(graph.inputs)
    operands = [node for index in range(len(graph)) for node in graph.parents(index)]
    features = {f"{len(graph.steps)} steps"}
    features |= {"a leaf used twice" for node in range(n_inputs) if operands.count(node) > 1}
    features |= {"an inner node used twice" for node in range(n_inputs, len(graph)) if operands.count(node) > 1}
    features |= {"long numbers" for number in graph.inputs if number != round(number, 4)}
    for node in range(n_inputs, len(graph)):
        operation = str(graph.steps[node - n_inputs][0])
        features |= {f"{operation} {feature}" for feature in _features_of_step(graph, answers, node)}
    return features


def _features_of_step(graph: Graph, answers: Answers, node: int) -> set[str]:
    """Return the features of a step, without the name of its operation."""
    n_inputs = len(graph.inputs)
    operation, *numbers = graph.steps[node - n_inputs]
    parents = graph.parents(node)
    values = [answers.data[parent] for parent in parents]
    ranges = _RANGES.get(str(operation), {}).items()
    features = {f"of a number {name}" for name, (low, high) in ranges if low < values[0] < high}
    features |= {f"with {number:g}" for number in map(float, numbers[len(parents) :])}
    if any(parent >= n_inputs for parent in parents):
        features.add("of an inner node")
    if node != graph.output:
        features.add("before another operation")
    if any(parent in _used_after(graph, node) for parent in parents):
        features.add(USED_AGAIN)
    if answers.grad[node] != 1:
        features.add("with an upstream gradient other than 1")
    if operation == "pow_const" and values[0] < 0:
        features.add(f"of a number below 0 with {float(numbers[-1]):g}")
    if len(parents) == 2:
        sides = zip(_SIDES, parents)
        features |= {f"with an inner node on the {side}" for side, parent in sides if parent >= n_inputs}
        if parents[0] == parents[1]:
            features.add("of one node twice")
        if 0 in values:
            features.add("with 0")
        if all(value % 1 == 0 for value in values):
            features.add("of whole numbers")
    return features


def _used_after(graph: Graph, node: int) -> set[int]:
    """Return the nodes that the steps use which depend on a node."""
    dependent = {node}
    used: set[int] = set()
    for later in range(node + 1, len(graph)):
        parents = graph.parents(later)
        if dependent & set(parents):
            dependent.add(later)
            used |= set(parents)
    return used


def list_coincidences(graph: Graph, answers: Answers) -> set[str]:
    """Return what happens in a graph by chance, and lets mistakes show that other items are about.

    If a private corpus had a coincidence that the public one lacks, the points of these mistakes would depend on the
    seed more than they do: see docs/proof.md.
    """
    n_inputs = len(graph.inputs)
    coincidences = set()
    for node in range(n_inputs, len(graph)):
        operation = str(graph.steps[node - n_inputs][0])
        if operation in _PRODUCTS and any(answers.data[parent] == 0 for parent in graph.parents(node)):
            coincidences.add(f"{operation} of 0")
        if answers.data.count(answers.data[node]) > 1:
            coincidences.add("an inner node with the same number as another node")
    return coincidences


def has_systematic_part(spec: RandomGraphs) -> bool:
    """Return whether a corpus has a systematic part: each operation of a larger set has one in another corpus."""
    return len(spec.operations) <= 2


def list_required_features(spec: RandomGraphs) -> set[str]:
    """Return the features that a corpus must have."""
    required = {f"{n_steps} steps" for n_steps in range(max(2, spec.size // 3), spec.size + 1)}
    if has_systematic_part(spec):
        required.add("long numbers")
    if spec.reuse != "nothing":
        required.add("a leaf used twice")
    if spec.reuse == "nodes":
        required.add("an inner node used twice")
    for operation in spec.operations:
        required |= {f"{operation} {feature}" for feature in _required_of_operation(spec, operation)}
    if spec.reuse != "nothing":  # an error in a companion shows under every seed
        required |= {f"{operation} {USED_AGAIN}" for operation in (*spec.operations, *spec.companions)}
    if spec.reuse != "nothing" and "mul" in spec.companions:
        for companion in spec.companions:
            required |= {f"{companion} before another operation", f"{companion} with an upstream gradient other than 1"}
    return required


def _required_of_operation(spec: RandomGraphs, operation: str) -> set[str]:
    """Return the required features of an operation, without its name."""
    required = {"of an inner node", "before another operation"}
    if spec.operations != ("add",):  # the upstream gradient of sums alone is always 1
        required.add("with an upstream gradient other than 1")
    constants = spec.constants_of(operation)
    required |= {f"with {constant:g}" for constant in constants}
    if len(spec.operations) > 1:  # each operation has a corpus of its own, where its numbers are
        return required

    required |= {f"of a number {name}" for name in _RANGES.get(operation, {})}
    if operation == "pow_const":
        required |= {f"of a number below 0 with {constant:g}" for constant in constants if constant % 1 == 0}
    if OPERATIONS[operation].arity == 2:
        required |= {f"with an inner node on the {side}" for side in _SIDES}
        if spec.reuse != "nothing":
            required.add("of one node twice")
    if operation == "mul":
        required.add("with 0")
    if operation == "div":
        required.add("of whole numbers")
    return required
