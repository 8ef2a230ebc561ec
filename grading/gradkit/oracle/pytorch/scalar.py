"""PyTorch's answers to expression graphs of scalars."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, cast

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS, compiled

if TYPE_CHECKING:
    import torch


def answer_graph(graph: Graph, dtype: str = "float64") -> Answers:
    """Compute the data and the gradient of every node. A node that the output does not depend on has gradient 0."""
    import torch

    def make_leaf(number: float) -> torch.Tensor:
        return torch.tensor(float(number), dtype=getattr(torch, dtype), requires_grad=True)

    nodes: list[torch.Tensor] = graph.build(make_leaf, _functions())
    gradients = torch.autograd.grad(nodes[graph.output], nodes, allow_unused=True)

    data = [node.item() for node in nodes]
    grad = [0.0 if gradient is None else gradient.item() for gradient in gradients]
    return Answers(data, grad)


@cache
def _functions() -> dict[str, Callable[..., torch.Tensor]]:
    """Return every operation on tensors, by name."""
    import torch
    import torch.nn.functional

    names = {**vars(torch.nn.functional), "torch": torch}
    return {
        name: cast("Callable[..., torch.Tensor]", compiled(row.torch, row.parameters, names))
        for name, row in OPERATIONS.items()
    }
