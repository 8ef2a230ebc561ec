"""A call of a loss function as data, and its program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

LossFunction = Literal["mean_squared_error", "hinge", "binary_cross_entropy", "softmax", "cross_entropy"]

TAKES_ROWS = ("cross_entropy",)
"""Functions that take a list of outputs for each example. softmax takes a single list, and the others take one output
for each example."""


class Loss(msgspec.Struct, frozen=True, array_like=True):
    """One call of a function.

    Attributes:
        function: The function that is called.
        outputs: n_examples rows of n_outputs numbers. Only `softmax` and `TAKES_ROWS` have more than one number a row,
            and softmax has one row.
        targets: One number an example; empty for softmax.
        upstream: One number a result. The gradients are those of the sum of upstream * result.
    """

    function: LossFunction
    outputs: tuple[tuple[float, ...], ...]
    targets: tuple[int | float, ...]
    upstream: tuple[float, ...]


class LossAnswers(msgspec.Struct, frozen=True, array_like=True):
    """PyTorch's answers to one call.

    Attributes:
        results: n_outputs numbers for softmax, else one.
        gradients: The gradient of every output, row by row.
    """

    results: tuple[float, ...]
    gradients: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        """Return the results, then the gradients."""
        return self.results + self.gradients


def result_names(loss: Loss) -> list[str]:
    """Return the name of each result in the program."""
    return [f"p[{index}]" for index in range(len(loss.upstream))] if loss.function == "softmax" else ["loss"]


def output_names(loss: Loss) -> list[str]:
    """Return the name of each output in the program, row by row."""
    if loss.function in TAKES_ROWS:
        return [f"outputs[{i}][{j}]" for i, row in enumerate(loss.outputs) for j in range(len(row))]
    return [f"outputs[{index}]" for index in range(sum(map(len, loss.outputs)))]


def write_loss_program(loss: Loss, gradients: bool, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that calls the function and prints these names.

    Args:
        loss: The call.
        gradients: Whether the program calls backward().
        shown: The expressions to print, one line each, at the end.
    """
    rows = [", ".join(f"Value({number!r})" for number in row) for row in loss.outputs]
    outputs = ", ".join(f"[{row}]" for row in rows) if loss.function in TAKES_ROWS else ", ".join(rows)
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
