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
    "seed": ("random", "seed"),
    "choices": ("random", "choices"),
}
"""Each argument, and the module and name that it stands for."""


def imports(arguments: Iterable[str]) -> list[str]:
    """The lines of a program that import what these arguments stand for, in the order of the table."""
    asked = set(arguments)
    chosen = [place for argument, place in SUBJECTS.items() if argument in asked]
    return [
        f"from {module} import {', '.join(name for _, name in group)}"
        for module, group in groupby(chosen, lambda place: place[0])
    ]
