"""PyTorch's answers to networks, calls of loss functions, and training runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gradkit.graphs.learning.losses import Loss, LossAnswers
from gradkit.graphs.learning.networks import Network, NetworkAnswers
from gradkit.graphs.learning.trajectories import Trajectory, TrajectoryAnswers

if TYPE_CHECKING:
    import torch


def answer_network(network: Network, dtype: str = "float64") -> NetworkAnswers:
    """Compute the outputs of a network, and the gradients of its parameters and inputs."""
    import torch

    parameters, x = _leaf(network.parameters, dtype), _leaf(network.inputs, dtype)
    y = _run_network(parameters, network.sizes, network.linear, x)

    total = (y * torch.tensor(network.upstream, dtype=y.dtype)).sum()
    gradients = torch.autograd.grad(total, (parameters, x))
    return NetworkAnswers(tuple(y.tolist()), tuple(number for each in gradients for number in each.tolist()))


def answer_loss(loss: Loss, dtype: str = "float64") -> LossAnswers:
    """Compute the results of a loss function, and the gradients of the outputs that it is called with."""
    import torch

    outputs = _leaf(loss.outputs, dtype)
    if loss.function == "softmax":
        results = outputs[0].softmax(0)
    else:
        targets = torch.tensor(loss.targets, dtype=outputs.dtype)
        results = _loss_functions()[loss.function](outputs, targets).reshape(1)

    total = (results * torch.tensor(loss.upstream, dtype=outputs.dtype)).sum()
    (gradients,) = torch.autograd.grad(total, outputs)
    return LossAnswers(tuple(results.tolist()), tuple(gradients.flatten().tolist()))


def answer_trajectory(run: Trajectory, dtype: str = "float64") -> TrajectoryAnswers:
    """Train with PyTorch's optimizer: the loss before each step, and the parameters after the last step."""
    import torch

    parameters = _leaf(run.parameters, dtype)
    inputs = torch.tensor(run.inputs, dtype=parameters.dtype)
    targets = torch.tensor(run.targets, dtype=parameters.dtype)
    optimizers = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
    optimizer = optimizers[run.optimizer]([parameters], **dict(run.settings))

    losses = []
    for _ in range(run.steps):
        loss = _loss_functions()[run.loss](_run_network(parameters, run.sizes, True, inputs), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return TrajectoryAnswers(tuple(losses), tuple(parameters.tolist()))


def _leaf(numbers: Sequence[object], dtype: str) -> torch.Tensor:
    import torch

    return torch.tensor(numbers, dtype=getattr(torch, dtype), requires_grad=True)


def _run_network(parameters: torch.Tensor, sizes: Sequence[int], linear: bool, x: torch.Tensor) -> torch.Tensor:
    """Compute the outputs of a network for one row, or for each row of a matrix.

    Args:
        parameters: All parameters in one vector, in the order of `Network.parameters`.
        sizes: The number of inputs, then the width of each layer.
        linear: Whether the last layer has no tanh.
        x: n_inputs numbers, or a matrix of n_examples x n_inputs.
    """
    start, last = 0, len(sizes) - 2
    for layer, (n_inputs, width) in enumerate(pairwise(sizes)):
        rows = parameters[start : start + (n_inputs + 1) * width].reshape(width, n_inputs + 1)
        start += (n_inputs + 1) * width
        x = x @ rows[:, :-1].T + rows[:, -1]
        x = x if linear and layer == last else x.tanh()
    return x


def _loss_functions() -> dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """Return PyTorch's loss functions of a matrix of outputs (n_examples x n_outputs) and n_examples targets.

    PyTorch does not have the hinge loss of support vector machines, so it is written out here.
    """
    from torch.nn import functional

    return {
        "mean_squared_error": lambda outputs, targets: functional.mse_loss(outputs[:, 0], targets),
        "hinge": lambda outputs, targets: (1 - targets * outputs[:, 0]).clamp(min=0).mean(),
        "binary_cross_entropy": lambda outputs, targets: functional.binary_cross_entropy_with_logits(
            outputs[:, 0], targets
        ),
        "cross_entropy": lambda outputs, targets: functional.cross_entropy(outputs, targets.long()),
    }
