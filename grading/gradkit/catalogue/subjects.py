"""What a graded test may ask of a submission, by the name of its argument."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

SUBJECTS: dict[str, tuple[str, str]] = {
    "Value": ("engine", "Value"),
    **{name: ("nn", name) for name in ("Module", "Neuron", "Layer", "MLP")},
    **{
        name: ("training", name)
        for name in (
            *("mean_squared_error", "hinge", "binary_cross_entropy", "softmax", "cross_entropy"),
            *("binary_decision", "most_likely", "SGD", "Adam", "train"),
        )
    },
    "unbroadcast": ("tensor", "unbroadcast"),
    "Tensor": ("tensor", "Tensor"),
    "TensorMLP": ("tensor", "MLP"),
    "tensor_cross_entropy": ("tensor", "cross_entropy"),
    "array": ("numpy", "array"),
    "numpy_seed": ("numpy.random", "seed"),
    "seed": ("random", "seed"),
    "choices": ("random", "choices"),
}
"""Each argument, and the module and name that it stands for."""


def imports(arguments: Iterable[str]) -> list[str]:
    """The lines of a program that import what these arguments stand for, in the order of the table."""
    asked = set(arguments)
    chosen = [(*place, argument) for argument, place in SUBJECTS.items() if argument in asked]
    lines = []
    for module, group in groupby(chosen, lambda each: each[0]):
        names = [name if name == argument else f"{name} as {argument}" for _, name, argument in group]
        lines.append(f"from {module} import {', '.join(names)}")
    return lines
