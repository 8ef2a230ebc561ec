"""The domain in which random graphs use each operation: away from kinks, poles and overflow.

There all right engines agree, so an engine that differs is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS, compiled

_CONDITIONS = {name: compiled(row.domain, ("a", "b", "k")) for name, row in OPERATIONS.items()}


def in_domain(name: str, arguments: Sequence[float], constant: float | None = None) -> bool:
    """Return whether the domain of an operation contains these operands (one or two) and this plain number.

    Args:
        name: The name of the operation.
        arguments: The number of each operand.
        constant: The plain number, if the operation takes one.
    """
    a, b = (*arguments, 0.0)[:2]
    return bool(_CONDITIONS[name](a, b, constant))


def all_in_domain(graph: Graph, values: Sequence[float]) -> bool:
    """Return whether every step of a graph is within its domain.

    Args:
        graph: The graph.
        values: The value of every node, n_nodes floats, inputs first.
    """
    for node in range(len(graph.inputs), len(graph)):
        name, *operands = graph.steps[node - len(graph.inputs)]
        parents = graph.parents(node)
        constant = operands[-1] if len(operands) > len(parents) else None
        if not in_domain(name, [values[parent] for parent in parents], constant):
            return False
    return True
