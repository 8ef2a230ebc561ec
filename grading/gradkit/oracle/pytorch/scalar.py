"""PyTorch's answers to expression graphs of scalars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradkit.inside.graph import STUDENT_FUNCTIONS, Answers, Graph

if TYPE_CHECKING:
    import torch


def answer_graph(graph: Graph, dtype: str = "float64") -> Answers:
    """Compute the data and the gradient of every node. A node that the output does not depend on has gradient 0."""
    import torch

    def make_leaf(number: float) -> torch.Tensor:
        return torch.tensor(float(number), dtype=getattr(torch, dtype), requires_grad=True)

    nodes: list[torch.Tensor] = graph.build(make_leaf, STUDENT_FUNCTIONS)
    gradients = torch.autograd.grad(nodes[graph.output], nodes, allow_unused=True)

    data = [node.item() for node in nodes]
    grad = [0.0 if gradient is None else gradient.item() for gradient in gradients]
    return Answers(data, grad)
