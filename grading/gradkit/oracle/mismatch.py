"""Compare a student's numbers for a graph with PyTorch's: which nodes are wrong, and which was wrong first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from gradkit.inside.graph import Answers, Graph

from .tolerance import is_close

Kind = Literal["data", "grad"]


@dataclass(frozen=True)
class Mismatch:
    """A graph on which a student's engine and PyTorch differ.

    Attributes:
        graph: The graph.
        kind: Whether the data or the gradients differ.
        want: PyTorch's numbers.
        got: The student's numbers.
        wrong: The wrong nodes among those that decide the verdict (the output for data, the leaves for gradients).
        origin: The node that went wrong first, in forward order for data and in reverse order for gradients. None if
            the numbers do not show it.
    """

    graph: Graph
    kind: Kind
    want: Answers
    got: Answers
    wrong: tuple[int, ...]
    origin: int | None


def all_agree(numbers: Sequence[float], answers: Iterable[Answers], backward: bool) -> bool:
    """Return whether all numbers of a reply are PyTorch's to nine digits, so that no node needs a closer look.

    Args:
        numbers: For each graph the data of its n_nodes nodes, then, with `backward`, their gradients.
        answers: PyTorch's answers to the same graphs.
        backward: Whether the reply contains gradients.
    """
    want = list(chain.from_iterable(each.data + each.grad if backward else each.data for each in answers))
    return len(want) == len(numbers) and all(map(math.isclose, numbers, want))


def compare_data(graph: Graph, want: Answers, got: Answers) -> Mismatch | None:
    """Compare the number of the output. Return the mismatch if it is wrong.

    Args:
        graph: The graph.
        want: PyTorch's numbers.
        got: The student's numbers.
    """
    if is_close(got.data[graph.output], want.data[graph.output]):
        return None
    origin = next(node for node in range(len(graph)) if not is_close(got.data[node], want.data[node]))
    return Mismatch(graph, "data", want, got, (graph.output,), origin)


def compare_gradients(graph: Graph, want: Answers, got: Answers, inner: bool = False) -> Mismatch | None:
    """Compare the gradients of the leaves or, with `inner`, of all nodes. Return the mismatch if one is wrong.

    Args:
        graph: The graph.
        want: PyTorch's numbers.
        got: The student's numbers.
        inner: Whether inner nodes are compared as well.
    """
    decisive = range(len(graph) if inner else len(graph.inputs))
    wrong = tuple(node for node in decisive if not is_close(got.grad[node], want.grad[node]))
    if not wrong:
        return None
    return Mismatch(graph, "grad", want, got, wrong, _first_wrong_gradient(graph, want, got))


def _first_wrong_gradient(graph: Graph, want: Answers, got: Answers) -> int | None:
    """Return the first wrong node in reverse order.

    Return None if the inner gradients do not show it: the gradient of the output is not 1, or inner gradients were
    reset after they had been used.
    """
    inner = range(len(graph.inputs), len(graph))
    was_reset = any(got.grad[node] == 0 != want.grad[node] for node in inner)
    if got.grad[graph.output] != 1 or was_reset:
        return None
    return next((node for node in reversed(range(len(graph))) if not is_close(got.grad[node], want.grad[node])), None)
