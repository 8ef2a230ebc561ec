"""A training run as data, and its program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

LossName = Literal["mean_squared_error", "hinge", "binary_cross_entropy", "cross_entropy"]
OptimizerName = Literal["SGD", "Adam"]


class Trajectory(msgspec.Struct, frozen=True, array_like=True):
    """One training run.

    Attributes:
        sizes: The number of inputs, then the width of each layer. The last layer has no tanh.
        parameters: The parameters before the first step, in the order of model.parameters().
        inputs: n_examples rows of n_inputs numbers.
        targets: n_examples numbers.
        loss: The loss function.
        optimizer: The class of the optimizer.
        settings: The keyword arguments of the optimizer.
        steps: The number of training steps.
    """

    sizes: tuple[int, ...]
    parameters: tuple[float, ...]
    inputs: tuple[tuple[float, ...], ...]
    targets: tuple[int | float, ...]
    loss: LossName
    optimizer: OptimizerName
    settings: tuple[tuple[str, float], ...]
    steps: int


class TrajectoryAnswers(msgspec.Struct, frozen=True, array_like=True):
    """PyTorch's answers to a training run.

    Attributes:
        losses: The loss before each step.
        parameters: Every parameter after the last step.
    """

    losses: tuple[float, ...]
    parameters: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        """Return the losses, then the parameters."""
        return self.losses + self.parameters


def trajectory_names(run: Trajectory) -> list[str]:
    """Return the name of each loss and then of each parameter in the program."""
    losses = [f"history[{step}]" for step in range(run.steps)]
    return losses + [f"model.parameters()[{index}].data" for index in range(len(run.parameters))]


def write_trajectory_program(run: Trajectory, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that trains the network and prints these names.

    Args:
        run: The training run.
        shown: The expressions to print, one line each, at the end.
    """
    n_inputs, *widths = run.sizes
    settings = ", ".join(f"{key}={number:g}" for key, number in run.settings)
    lines = [
        "from nn import MLP",
        f"from training import {run.optimizer}, {run.loss}, train",
        f"model = MLP({n_inputs}, {widths}, linear_last=True)",
        f"for p, number in zip(model.parameters(), {list(run.parameters)}): p.data = number",
        f"inputs, targets = {list(map(list, run.inputs))}, {list(run.targets)}",
        f"optimizer = {run.optimizer}(list(model.parameters()), {settings})",
        f"history = train(model, inputs, targets, {run.loss}, optimizer, steps={run.steps})",
    ]
    return lines + [f"print({name})" for name in shown]
