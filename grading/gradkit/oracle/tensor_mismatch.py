"""Compare a student's arrays for a graph of tensors with PyTorch's: which are wrong, and which was wrong first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gradkit.graphs.tensor.graph import Array, TensorGraph

from .tolerance import is_close

Kind = Literal["data", "grad"]


@dataclass(frozen=True)
class TensorMismatch:
    """A graph of tensors on which a student's engine and PyTorch differ.

    Attributes:
        graph: The graph.
        kind: Whether the data or the gradients differ.
        want: PyTorch's arrays, one for each node.
        got: The student's arrays.
        node: The first wrong node among those that decide the verdict.
        origin: The node that went wrong first, in forward order for data and in reverse order for gradients. None if
            the arrays do not show it.
    """

    graph: TensorGraph
    kind: Kind
    want: Sequence[Array]
    got: Sequence[Array]
    node: int
    origin: int | None


def is_wrong_array(got: Array, want: Array) -> bool:
    """Return whether an array differs from the right one in shape or numbers."""
    return got.shape != want.shape or not all(map(is_close, got.numbers, want.numbers))


def compare_arrays(
    graph: TensorGraph, kind: Kind, want: Sequence[Array], got: Sequence[Array], decisive: Sequence[int]
) -> TensorMismatch | None:
    """Compare the arrays of a graph. Return the mismatch if one that decides the verdict is wrong.

    Args:
        graph: The graph.
        kind: What the arrays are.
        want: PyTorch's arrays, one for each node.
        got: The student's arrays.
        decisive: The nodes that decide the verdict, in the order in which they are named.
    """
    node = next((node for node in decisive if is_wrong_array(got[node], want[node])), None)
    if node is None:
        return None
    order = range(len(graph)) if kind == "data" else range(len(graph) - 1, -1, -1)
    origin = next(each for each in order if is_wrong_array(got[each], want[each]))
    if kind == "grad" and _hides_origin(graph, want, got):
        return TensorMismatch(graph, kind, want, got, node, None)
    return TensorMismatch(graph, kind, want, got, node, origin)


def _hides_origin(graph: TensorGraph, want: Sequence[Array], got: Sequence[Array]) -> bool:
    """Return whether inner gradients do not show what went wrong first: the output's is wrong, or some were reset."""
    inner = range(len(graph.leaves), len(graph))
    was_reset = any(any(want[node].numbers) and not any(got[node].numbers) for node in inner)
    return was_reset or is_wrong_array(got[len(graph) - 1], want[len(graph) - 1])
