"""PyTorch's answers. The only file that imports PyTorch, and only inside the functions that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graphs.graph import STUDENT_FUNCTIONS, Answers, Graph

if TYPE_CHECKING:
    import torch


def answers(graph: Graph) -> Answers:
    """Data and gradient of every node in float64, by PyTorch. A node that the output does not need has gradient 0."""
    import torch

    return _answers(graph, torch.float64)


def _answers(graph: Graph, dtype: torch.dtype) -> Answers:
    import torch

    def leaf(number: float) -> torch.Tensor:
        return torch.tensor(float(number), dtype=dtype, requires_grad=True)

    nodes: list[torch.Tensor] = graph.build(leaf, STUDENT_FUNCTIONS)
    grads = torch.autograd.grad(nodes[graph.output], nodes, allow_unused=True)
    return Answers([node.item() for node in nodes], [0.0 if grad is None else grad.item() for grad in grads])


SMALLEST, LARGEST = 1e-6, 1e6
AGREEMENT = 1e-4


def well_posed_answers(graph: Graph) -> Answers | None:
    """PyTorch's answers, or None for a graph on which correct engines could disagree.

    Every value and gradient must be exactly 0 or between 1e-6 and 1e6 in size, and float32 must agree with float64 to
    1e-4: then the order of arithmetic cannot matter at the tolerance of the comparison.
    """
    import torch

    exact = _answers(graph, torch.float64)
    if not all(x == 0 or SMALLEST <= abs(x) <= LARGEST for x in exact.data + exact.grad):
        return None
    rough = _answers(graph, torch.float32)
    pairs = zip(exact.data + exact.grad, rough.data + rough.grad)
    return exact if all(abs(a - b) <= AGREEMENT * abs(a) for a, b in pairs) else None
