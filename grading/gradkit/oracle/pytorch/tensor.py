"""PyTorch's answers to graphs of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from gradkit.graphs.tensor.graph import Shape, TensorAnswers, TensorGraph
from gradkit.inside.tensor_replay import build

if TYPE_CHECKING:
    import torch


def answer_tensor_graph(graph: TensorGraph, dtype: str = "float64") -> TensorAnswers:
    """Compute the shape, the data and the gradient of every node."""
    import torch

    def make_leaf(leaf: tuple[Shape, Sequence[float], str]) -> torch.Tensor:
        shape, numbers, _ = leaf
        return torch.tensor(numbers, dtype=getattr(torch, dtype)).reshape(shape).requires_grad_()

    leaves = [(leaf.shape, leaf.numbers, leaf.layout) for leaf in graph.leaves]
    nodes = build(make_leaf, leaves, graph.steps, _PYTORCH_FUNCTIONS)
    upstream = torch.tensor(graph.upstream.numbers, dtype=nodes[-1].dtype).reshape(graph.upstream.shape)
    gradients = torch.autograd.grad(nodes[-1], nodes, upstream)

    shapes = tuple(tuple(node.shape) for node in nodes)
    return TensorAnswers(shapes, _flatten(nodes), _flatten(gradients))


def _flatten(arrays: Sequence[torch.Tensor]) -> tuple[float, ...]:
    return tuple(number for array in arrays for number in array.flatten().tolist())


def _reduce(name: str, keepdim: bool, array: torch.Tensor, *axes: int) -> torch.Tensor:
    """Call a PyTorch method that reduces axes, such as `sum`. No axes means all of them, as in numpy."""
    function: Callable[..., torch.Tensor] = getattr(array, name)
    return function(dim=axes or tuple(range(array.ndim)), keepdim=keepdim)


_PYTORCH_FUNCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    "sum": partial(_reduce, "sum", False),
    "mean": partial(_reduce, "mean", False),
    "max": partial(_reduce, "amax", False),
    "sum_kept": partial(_reduce, "sum", True),
    "mean_kept": partial(_reduce, "mean", True),
    "max_kept": partial(_reduce, "amax", True),
    "transpose": lambda array, *axes: array.permute(axes or tuple(reversed(range(array.ndim)))),
}
"""The operations that PyTorch spells differently from numpy.

`amax` rather than `max`, because it divides a gradient equally among equal maxima.
"""
