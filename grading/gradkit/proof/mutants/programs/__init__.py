"""Random programs over what the course documents, which decide whether a mutant computes the same as the solution.

They are drawn independently of the corpora and know nothing of the items. A program is Python text. It imports the
solution's files, and calls `see(...)` with whatever a student can rely on: numbers, arrays, lists of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from .expressions import draw_expression, written_expressions
from .networks import draw_network, written_networks
from .tensors import draw_tensors, written_tensors
from .training import draw_training, written_training

Draw = Callable[[Random], str]

PROGRAMS: Mapping[str, tuple[Draw, Callable[[], list[str]], int]] = {
    "engine": (draw_expression, written_expressions, 3000),
    "nn": (draw_network, written_networks, 2000),
    "training": (draw_training, written_training, 2000),
    "tensor": (draw_tensors, written_tensors, 2500),
}
"""For each file of the solution: what draws a program, programs written by hand, and how many are drawn."""

SEED = "programs about the documented surface"


def programs_for(module: str) -> list[str]:
    """Return all programs about a file of the solution, the same ones every time."""
    draw, written, count = PROGRAMS[module]
    rng = Random(f"{SEED} {module}")
    return [*written(), *(draw(rng) for _ in range(count))]
