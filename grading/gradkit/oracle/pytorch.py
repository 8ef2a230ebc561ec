"""PyTorch's answers. The only file that imports PyTorch, and only inside the functions that need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from gradkit.graphs.learning.losses import Loss, LossAnswers
from gradkit.graphs.learning.networks import Network, NetworkAnswers
from gradkit.graphs.learning.trajectories import Trajectory, TrajectoryAnswers
from gradkit.graphs.tensor.graph import Shape, TensorAnswers, TensorGraph
from gradkit.inside.graph import STUDENT_FUNCTIONS, Answers, Graph
from gradkit.inside.tensor_replay import build

if TYPE_CHECKING:
    import torch

Numbers = TypeVar("Numbers", NetworkAnswers, LossAnswers, TrajectoryAnswers, TensorAnswers)


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


def network_answers(network: Network, dtype: str = "float64") -> NetworkAnswers:
    """The outputs of a network, and the gradients of its parameters and inputs, by PyTorch."""
    import torch

    parameters, x = _leaf(network.parameters, dtype), _leaf(network.inputs, dtype)
    y = _network(parameters, network.sizes, network.linear, x)
    total = (y * torch.tensor(network.upstream, dtype=y.dtype)).sum()
    gradients = torch.autograd.grad(total, (parameters, x))
    return NetworkAnswers(tuple(y.tolist()), tuple(number for each in gradients for number in each.tolist()))


def _leaf(numbers: Sequence[object], dtype: str) -> torch.Tensor:
    import torch

    return torch.tensor(numbers, dtype=getattr(torch, dtype), requires_grad=True)


def _network(parameters: torch.Tensor, sizes: Sequence[int], linear: bool, x: torch.Tensor) -> torch.Tensor:
    """The outputs for a row, or for each of many rows. parameters: all in one, as gradkit's networks list them."""
    place, last = 0, len(sizes) - 2
    for layer, (nin, width) in enumerate(pairwise(sizes)):
        rows = parameters[place : place + (nin + 1) * width].reshape(width, nin + 1)
        place += (nin + 1) * width
        x = x @ rows[:, :-1].T + rows[:, -1]
        x = x if linear and layer == last else x.tanh()
    return x


def loss_answers(loss: Loss, dtype: str = "float64") -> LossAnswers:
    """The results of a loss function, and the gradients of the outputs, by PyTorch."""
    import torch

    outputs = _leaf(loss.outputs, dtype)
    if loss.function == "softmax":
        results = outputs[0].softmax(0)
    else:
        results = _losses()[loss.function](outputs, torch.tensor(loss.targets, dtype=outputs.dtype)).reshape(1)
    total = (results * torch.tensor(loss.upstream, dtype=outputs.dtype)).sum()
    (gradients,) = torch.autograd.grad(total, outputs)
    return LossAnswers(tuple(results.tolist()), tuple(gradients.flatten().tolist()))


def _losses() -> dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """PyTorch's loss functions for a matrix of outputs, one row for each example. For hinge it has none of its own."""
    from torch.nn import functional

    return {
        "mean_squared_error": lambda outputs, targets: functional.mse_loss(outputs[:, 0], targets),
        "hinge": lambda outputs, targets: (1 - targets * outputs[:, 0]).clamp(min=0).mean(),
        "binary_cross_entropy": lambda outputs, targets: functional.binary_cross_entropy_with_logits(
            outputs[:, 0], targets
        ),
        "cross_entropy": lambda outputs, targets: functional.cross_entropy(outputs, targets.long()),
    }


def trajectory_answers(run: Trajectory, dtype: str = "float64") -> TrajectoryAnswers:
    """The losses of a training run, and where its parameters end, by PyTorch's own optimizer."""
    import torch

    parameters = _leaf(run.parameters, dtype)
    inputs, targets = (torch.tensor(each, dtype=parameters.dtype) for each in (run.inputs, run.targets))
    optimizer = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[run.optimizer]([parameters], **dict(run.settings))
    losses = []
    for _ in range(run.steps):
        loss = _losses()[run.loss](_network(parameters, run.sizes, True, inputs), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return TrajectoryAnswers(tuple(losses), tuple(parameters.tolist()))


def tensor_answers(graph: TensorGraph, dtype: str = "float64") -> TensorAnswers:
    """Shape, data and gradient of every node, by PyTorch."""
    import torch

    def leaf(each: tuple[Shape, Sequence[float], str]) -> torch.Tensor:
        shape, numbers, _ = each
        return _leaf(numbers, dtype).detach().reshape(shape).requires_grad_()

    nodes = build(leaf, [(each.shape, each.numbers, each.layout) for each in graph.leaves], graph.steps, _OF_TENSORS)
    upstream = torch.tensor(graph.upstream.numbers, dtype=nodes[-1].dtype).reshape(graph.upstream.shape)
    gradients = torch.autograd.grad(nodes[-1], nodes, upstream)

    def flat(arrays: Sequence[torch.Tensor]) -> tuple[float, ...]:
        return tuple(number for array in arrays for number in array.flatten().tolist())

    return TensorAnswers(tuple(tuple(node.shape) for node in nodes), flat(nodes), flat(gradients))


def _reduced(name: str, keepdim: bool, array: torch.Tensor, *axes: int) -> torch.Tensor:
    function: Callable[..., torch.Tensor] = getattr(array, name)
    return function(dim=axes or tuple(range(array.ndim)), keepdim=keepdim)


_OF_TENSORS: dict[str, Callable[..., torch.Tensor]] = {
    **{
        f"{name}{'_kept' * kept}": partial(_reduced, "amax" if name == "max" else name, kept)
        for name in ("sum", "mean", "max")
        for kept in (False, True)
    },
    "transpose": lambda array, *axes: array.permute(axes or tuple(reversed(range(array.ndim)))),
}
"""What PyTorch writes otherwise than numpy. amax, and not max, shares a gradient among equal numbers along an axis."""

SMALLEST, LARGEST = 1e-6, 1e6
AGREEMENT = 1e-4


def well_posed_answers(graph: Graph) -> Answers | None:
    """PyTorch's answers, or None for a graph on which correct engines could disagree.

    Every value and gradient must be exactly 0 or between 1e-6 and 1e6 in size, and float32 must agree with float64 to
    1e-4: then the order of arithmetic cannot matter at the tolerance of the comparison.
    """
    import torch

    exact = _answers(graph, torch.float64)
    rough = _answers(graph, torch.float32)
    return exact if _well_posed([*exact.data, *exact.grad], [*rough.data, *rough.grad]) else None


def _well_posed(exact: Sequence[float], rough: Sequence[float]) -> bool:
    if not all(x == 0 or SMALLEST <= abs(x) <= LARGEST for x in exact):
        return False
    return all(abs(a - b) <= AGREEMENT * abs(a) for a, b in zip(exact, rough))


def agreed(answers: Callable[..., Numbers], case: object) -> Numbers | None:
    """One of the functions above, asked for a case; None where correct code could disagree: see well_posed_answers."""
    exact, rough = answers(case), answers(case, "float32")
    return exact if _well_posed(exact.numbers(), rough.numbers()) else None
