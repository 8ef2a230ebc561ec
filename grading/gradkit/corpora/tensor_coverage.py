"""What a corpus of graphs of tensors covers: the features of its graphs, and those that a spec requires.

Features are texts, such as "matmul with an inner node on the right".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradkit.graphs.tensor.graph import Array, TensorAnswers, TensorGraph
from gradkit.inside.tensor_replay import TENSOR_OPERATIONS

from .scalar_coverage import USED_AGAIN
from .tensor_forms import ELEMENTWISE, POWERS, WITH_NUMBER, operation_of

if TYPE_CHECKING:
    from .tensors import Tensors

_RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "exp": {"above 2": (2, 99), "below -2": (-99, -2), "near 0": (-0.5, 0.5)},
    "tanh": {"above 2": (2, 99), "below -2": (-99, -2), "near 0": (-0.5, 0.5)},
    "log": {"below 1": (0, 1), "above 1": (1, 99)},
    "relu": {"just above 0": (0, 0.1), "just below 0": (-0.1, 0)},
    "pow_number": {"below 0": (-99, 0)},
}
"""The ranges of operands, by operation, in which a corpus has a number: (above, below)."""

_STRETCHED = {"_leading": "fewer axes", "_ones": "axes of size 1", "_single": "no axes"}
"""What one operand of a form has, by the end of the form's name."""

_CHANGES_SHAPE = ("sum", "mean", "max", "sum_kept", "mean_kept", "max_kept", "reshape", "item", "slice", "rows")
"""Operations whose operand fits few of the steps after them: it is hardly ever drawn to be used again."""

_SIDES = ("left", "right")


def list_features(graph: TensorGraph, answers: TensorAnswers) -> set[str]:
    """Return the features of a graph."""
    arrays = answers.arrays("data")
    n_leaves = len(graph.leaves)
    operands = [node for step in range(len(graph.steps)) for node in graph.operands(step)]
    features = {f"{len(graph.steps)} steps"}
    features |= {"a leaf used twice" for node in range(n_leaves) if operands.count(node) > 1}
    features |= {"an inner node used twice" for node in range(n_leaves, len(graph)) if operands.count(node) > 1}
    features |= {"long numbers" for leaf in graph.leaves for number in leaf.numbers if number != round(number, 4)}
    for index, (name, *numbers) in enumerate(graph.steps):
        operation = str(name)
        nodes = graph.operands(index)
        features |= _features_of_step(operation, [arrays[node] for node in nodes])
        plain = [float(number) for number in numbers[len(nodes) :]]
        features |= {f"{operation} with {number:g}" for number in plain}
        features |= {f"{operation} with a plain number below 0" for number in plain if number < 0}
        if any(node >= n_leaves for node in nodes):
            features.add(f"{operation} of an inner node")
        if index + 1 < len(graph.steps):
            features.add(f"{operation} before another operation")
        if any(node in later for node in nodes for later in map(graph.operands, range(index + 1, len(graph.steps)))):
            features.add(f"{operation} {USED_AGAIN}")
        if len(nodes) == 2:
            sides = zip(_SIDES, nodes)
            features |= {f"{operation} with an inner node on the {side}" for side, node in sides if node >= n_leaves}
    return features


def _features_of_step(operation: str, operands: list[Array]) -> set[str]:
    """Return the features of a step that depend on its operands' shapes and numbers."""
    features = {
        f"{operation} of a number {name}"
        for name, (low, high) in _RANGES.get(operation, {}).items()
        for number in operands[0].numbers
        if low < number < high
    }
    if operation in ("mul", "pow_number") and any(0.0 in operand.numbers for operand in operands):
        features.add(f"{operation} with a number 0")
    if len(operands) < 2:
        return features

    left, right = (operand.shape for operand in operands)
    if operation == "matmul":
        for side, batches, others in (("left", left[:-2], right[:-2]), ("right", right[:-2], left[:-2])):
            if batches == (1,) and others and others != (1,):
                features.add(f"matmul with one matrix for many on the {side}")
        return features

    for side, smaller, larger in (("left", left, right), ("right", right, left)):
        if len(smaller) < len(larger):
            features.add(f"{operation} with {'fewer' if smaller else 'no'} axes on the {side}")
        if len(smaller) == len(larger) and any(a < b for a, b in zip(smaller, larger)):
            features.add(f"{operation} with axes of size 1 on the {side}")
            if smaller[0] < larger[0]:
                features.add(f"{operation} with a first axis of size 1 on the {side}")
    return features


def list_required_features(spec: Tensors) -> set[str]:
    """Return the features that a corpus must have."""
    operations = {operation_of(form) for form in spec.forms}
    has_two_tensors = [name for name in operations if TENSOR_OPERATIONS[name].arity == 2]
    required = {f"{n_steps} steps" for n_steps in range(3, spec.steps + 1)}
    if spec.steps > 1:
        required |= {f"{name} of an inner node" for name in operations}
        required |= {f"{name} before another operation" for name in operations}
        required |= {f"{name} with an inner node on the {side}" for name in has_two_tensors for side in _SIDES}
    if spec.steps > 2 and any(name in ELEMENTWISE for name in operations):
        required |= {"a leaf used twice", "an inner node used twice"}
        required |= {f"{name} {USED_AGAIN}" for name in operations if name not in _CHANGES_SHAPE}
    for form in spec.forms:
        required |= _required_of_form(form)
    if not spec.ties:
        required.add("long numbers")
        ranges = [(name, range_name) for name in operations for range_name in _RANGES.get(name, {})]
        required |= {f"{name} of a number {range_name}" for name, range_name in ranges}
        if spec.steps <= 2:
            required |= {f"{name} with a number 0" for name in operations & {"mul", "pow_number"}}
    return required


def _required_of_form(form: str) -> set[str]:
    """Return the features that a corpus with this form must have because of its operands."""
    operation = operation_of(form)
    if form == "pow_number":
        return {f"{operation} with {number}" for number in POWERS}
    if form in WITH_NUMBER:
        return {f"{operation} with a plain number below 0"}
    if form == "matmul_batches":
        return {f"matmul with one matrix for many on the {side}" for side in _SIDES}
    if operation not in ELEMENTWISE:
        return set()
    features = [_STRETCHED[end] for end in _STRETCHED if form.endswith(end)]
    if form.endswith("_ones"):
        features.append("a first axis of size 1")
    return {f"{operation} with {feature} on the {side}" for feature in features for side in _SIDES}
