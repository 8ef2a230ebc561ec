"""A training run as data: the network it starts from, the examples, the loss, the optimizer and how many steps."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import msgspec

from . import data

LossName = Literal["mean_squared_error", "hinge", "binary_cross_entropy", "cross_entropy"]
OptimizerName = Literal["SGD", "Adam"]


class Trajectory(msgspec.Struct, frozen=True, array_like=True):
    """One run. See MLP, the losses and `train` in the reference for what its fields mean.

    sizes:      how many inputs there are, then the width of each layer; the last is linear.
    parameters: what they are set to before the first step, in the order of model.parameters().
    inputs, targets: the examples.
    settings:   the optimizer's keyword arguments.
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
    """The loss before each step, and every parameter after the last."""

    losses: tuple[float, ...]
    parameters: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        return self.losses + self.parameters


@dataclass(frozen=True)
class Trajectories:
    """Which runs an item wants: the first ones small enough to be read, the last two of the size that is asked for.

    data:     what is learnt: points on two "moons", "digits", or "one" point, over and over.
    hidden:   the width of the hidden layer.
    examples: how many.
    """

    data: Literal["one", "moons", "digits"]
    loss: LossName
    optimizer: OptimizerName
    settings: tuple[tuple[str, float], ...]
    hidden: int
    examples: int
    steps: int

    @property
    def count(self) -> int:
        """How many: two small ones to read, where the data allow it, and two of full size."""
        return 2 if self.data == "digits" else 4

    @property
    def name(self) -> str:
        """What the corpus' file is called."""
        words = [f"{key}{number:g}" for key, number in self.settings if key != "lr"]
        return "_".join(["trajectory", self.data, self.loss, self.optimizer.lower(), *words, f"{self.steps}steps"])


def trajectories(
    data: Literal["one", "moons", "digits"],
    loss: LossName,
    optimizer: OptimizerName,
    *,
    hidden: int = 4,
    examples: int = 12,
    steps: int = 8,
    **settings: float,
) -> Trajectories:
    """Ask for training runs; see Trajectories. settings: the optimizer's."""
    return Trajectories(data, loss, optimizer, tuple(sorted(settings.items())), hidden, examples, steps)


def drawn_trajectories(wish: Trajectories, seed: str) -> Iterator[Trajectory]:
    """Runs without end: small ones first, unless they are about digits, and from the third on of full size."""
    rng = random.Random(f"{seed} {wish}")
    number = 0
    while True:
        small = number < 2 and wish.data != "digits"
        hidden = min(2, wish.hidden) if small else wish.hidden
        inputs, classes = _examples(rng, wish, 2 if small else wish.examples)
        sizes = (len(inputs[0]), *[hidden] * bool(hidden), 10 if wish.data == "digits" else _outputs(wish))
        count = sum((nin + 1) * width for nin, width in pairwise(sizes))
        parameters = tuple(rng.choice((1, -1)) * rng.randint(5, 95) / 100 for _ in range(count))
        targets = tuple(_target(wish, each) for each in classes)
        steps = min(3, wish.steps) if small else wish.steps
        yield Trajectory(sizes, parameters, inputs, targets, wish.loss, wish.optimizer, wish.settings, steps)
        number += 1


def _examples(rng: random.Random, wish: Trajectories, count: int) -> data.Examples:
    if wish.data == "digits":
        return data.digits(rng, count)
    return data.moons(rng, 1 if wish.data == "one" else count)


def _outputs(wish: Trajectories) -> int:
    return 2 if wish.loss == "cross_entropy" else 1


def _target(wish: Trajectories, number: int) -> float:
    """What a class is called for a loss: hinge and squared error take 1 and -1."""
    return float(2 * number - 1) if wish.loss in ("hinge", "mean_squared_error") else number


# --- as a program ----------------------------------------------------------------------------------------------------


def trajectory_program(run: Trajectory, shown: Sequence[str]) -> list[str]:
    """A program that trains so, and prints what is shown."""
    nin, *widths = run.sizes
    settings = ", ".join(f"{key}={number:g}" for key, number in run.settings)
    lines = [
        "from nn import MLP",
        f"from training import {run.optimizer}, {run.loss}, train",
        f"model = MLP({nin}, {widths}, linear_last=True)",
        f"for p, number in zip(model.parameters(), {list(run.parameters)}): p.data = number",
        f"inputs, targets = {list(map(list, run.inputs))}, {list(run.targets)}",
        f"optimizer = {run.optimizer}(model.parameters(), {settings})",
        f"history = train(model, inputs, targets, {run.loss}, optimizer, steps={run.steps})",
    ]
    return lines + [f"print({name})" for name in shown]
