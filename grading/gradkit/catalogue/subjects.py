"""What a graded test can load from a submission, by the name of the test's argument."""

from __future__ import annotations

from collections.abc import Iterable

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
    "make_list": ("builtins", "list"),
}
"""(module, name in it) to load from a submission, by the name of the argument."""


def import_lines(arguments: Iterable[str]) -> list[str]:
    """Return the lines of a program that import the subjects of these arguments, in the order of the table."""
    wanted = set(arguments)
    by_module: dict[str, list[str]] = {}
    for argument, (module, name) in SUBJECTS.items():
        if argument in wanted:
            imported = name if name == argument else f"{name} as {argument}"
            by_module.setdefault(module, []).append(imported)
    return [f"from {module} import {', '.join(names)}" for module, names in by_module.items()]
