"""A loss function at some outputs and targets, as data."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

Function = Literal["mean_squared_error", "hinge", "binary_cross_entropy", "softmax", "cross_entropy"]

OF_ROWS = ("cross_entropy",)
"""What take a list of outputs for each example. softmax takes one list, the others one output for each."""


class Loss(msgspec.Struct, frozen=True, array_like=True):
    """One call of a function.

    outputs:  one list for each example, of one number where the function takes no more. softmax has one example.
    targets:  a number for each example; none for softmax.
    upstream: the gradients are those of the sum of upstream * result.
    """

    function: Function
    outputs: tuple[tuple[float, ...], ...]
    targets: tuple[int | float, ...]
    upstream: tuple[float, ...]


class LossAnswers(msgspec.Struct, frozen=True, array_like=True):
    """The function's results, one but for softmax, and the gradient of every output, row by row."""

    results: tuple[float, ...]
    gradients: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        return self.results + self.gradients


@dataclass(frozen=True)
class Losses:
    """Which calls of a function an item wants. single: one example in each.   extreme: outputs as large as 1000."""

    function: Function
    single: bool = False
    extreme: bool = False
    count: int = 20

    @property
    def name(self) -> str:
        """What the corpus' file is called."""
        words = ["single"] * self.single + ["extreme"] * self.extreme
        return "_".join(["loss", self.function, *words])


def losses(function: Function, single: bool = False, extreme: bool = False) -> Losses:
    """Ask for calls of a loss function; see Losses."""
    return Losses(function, single, extreme)


def drawn_losses(wish: Losses, seed: str) -> Iterator[Loss]:
    """Calls without end, from small to large; the seed chooses the numbers."""
    rng = random.Random(f"{seed} {wish}")
    number = 0
    while True:
        most = 2 + round(3 * number / wish.count)
        examples = 1 if wish.single or wish.function == "softmax" else rng.randint(2, most)
        width = rng.randint(2, most) if wish.function in ("softmax", *OF_ROWS) else 1
        outputs = tuple(tuple(_output(rng, wish) for _ in range(width)) for _ in range(examples))
        targets = () if wish.function == "softmax" else tuple(_target(rng, wish, width) for _ in range(examples))
        results = width if wish.function == "softmax" else 1
        upstream = tuple(rng.choice((-3.0, -2.0, -0.5, 0.5, 2.0, 3.0)) for _ in range(results))
        yield Loss(wish.function, outputs, targets, upstream)
        number += 1


def _output(rng: random.Random, wish: Losses) -> float:
    if wish.extreme:
        return rng.choice((1000.0, -1000.0, 800.0, -800.0, 1.5))
    return rng.choice((1, -1)) * rng.randint(10, 300) / 100


def _target(rng: random.Random, wish: Losses, width: int) -> float:
    if wish.function == "mean_squared_error":
        return rng.randint(-200, 200) / 100
    return {"hinge": rng.choice((1, -1)), "binary_cross_entropy": rng.randint(0, 1)}.get(
        wish.function, rng.randrange(width)
    )


def keeps_off_the_kink(loss: Loss) -> bool:
    """Whether a hinge is clearly on one side of its bend."""
    pairs = zip(loss.outputs, loss.targets)
    return loss.function != "hinge" or all(math.fabs(1 - target * output[0]) > 0.05 for output, target in pairs)


# --- as a program ----------------------------------------------------------------------------------------------------


def result_names(loss: Loss) -> list[str]:
    """How a program calls each result."""
    return [f"p[{place}]" for place in range(len(loss.upstream))] if loss.function == "softmax" else ["loss"]


def output_names(loss: Loss) -> list[str]:
    """How a program calls each output, row by row."""
    if loss.function in OF_ROWS:
        return [f"outputs[{i}][{j}]" for i, row in enumerate(loss.outputs) for j in range(len(row))]
    return [f"outputs[{place}]" for place in range(sum(map(len, loss.outputs)))]


def loss_program(loss: Loss, gradients: bool, shown: Sequence[str]) -> list[str]:
    """A program that calls the function, goes back if asked to, and prints what is shown."""
    rows = [", ".join(f"Value({number!r})" for number in row) for row in loss.outputs]
    outputs = ", ".join(f"[{row}]" for row in rows) if loss.function in OF_ROWS else ", ".join(rows)
    arguments = "outputs" if loss.function == "softmax" else f"outputs, {list(loss.targets)}"
    lines = [
        "from engine import Value",
        f"from training import {loss.function}",
        f"outputs = [{outputs}]",
        f"{'p' if loss.function == 'softmax' else 'loss'} = {loss.function}({arguments})",
    ]
    if gradients:
        total = " + ".join(f"{name} * {k!r}" for name, k in zip(result_names(loss), loss.upstream))
        lines.append(f"({total}).backward()")
    return lines + [f"print({name})" for name in shown]
