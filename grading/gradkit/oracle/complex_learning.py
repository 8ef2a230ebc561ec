"""Complex-step differentiation (complex_step.py) of networks, losses and training runs, in plain Python.

It is used while a failing case is reduced, so that an explanation never has to import PyTorch. Each function is written
out as it is defined, and there is no derivative in this file.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from gradkit.graphs.learning.losses import Loss, LossAnswers
from gradkit.graphs.learning.networks import Network, NetworkAnswers
from gradkit.graphs.learning.trajectories import Trajectory, TrajectoryAnswers

from .complex_step import STEP

MARGIN = 0.05
"""Distance that the hinge loss keeps from its kink."""

MAX_SUM = 5.0
"""Size of what a neuron squashes: beyond it the gradient would be tiny."""

MIN_NUMBER, MAX_NUMBER = 1e-5, 1e5
"""Sizes of the answers to a well-posed case, except for 0."""

Numbers = Sequence[complex]


class IllPosedError(ArithmeticError):
    """Right engines could differ on a case, or a function leaves its domain."""


def answer_network(network: Network) -> NetworkAnswers:
    """Return the outputs of a network, and the gradients of its parameters and inputs. Raises IllPosedError."""
    n_parameters = len(network.parameters)

    def outputs(leaves: Numbers) -> Numbers:
        return _run_network(leaves[:n_parameters], network.sizes, network.linear, leaves[n_parameters:])

    leaves = (*network.parameters, *network.inputs)
    answers = NetworkAnswers(
        tuple(_real(outputs(leaves))), tuple(_gradients(_weighted(outputs, network.upstream), leaves))
    )
    _check(answers.numbers())
    return answers


def answer_loss(loss: Loss) -> LossAnswers:
    """Return the results of a loss function, and the gradients of what it is called with. Raises IllPosedError."""
    width = len(loss.outputs[0])

    def results(flat: Numbers) -> Numbers:
        rows = [flat[start : start + width] for start in range(0, len(flat), width)]
        return _softmax(rows[0]) if loss.function == "softmax" else [_LOSSES[loss.function](rows, loss.targets)]

    flat = [number for row in loss.outputs for number in row]
    answers = LossAnswers(tuple(_real(results(flat))), tuple(_gradients(_weighted(results, loss.upstream), flat)))
    _check(answers.numbers())
    return answers


def answer_trajectory(run: Trajectory) -> TrajectoryAnswers:
    """Return the loss before each step, and the parameters after the last step. Raises IllPosedError."""

    def total(parameters: Numbers) -> complex:
        outputs = [_run_network(parameters, run.sizes, True, row) for row in run.inputs]
        return _LOSSES[run.loss](outputs, run.targets)

    step = _OPTIMIZERS[run.optimizer](len(run.parameters), dict(run.settings))
    parameters = list(run.parameters)
    losses = []
    for number in range(1, run.steps + 1):
        losses.append(complex(total(parameters)).real)
        parameters = step(number, parameters, _gradients(total, parameters))
    answers = TrajectoryAnswers(tuple(losses), tuple(parameters))
    _check(answers.numbers())
    return answers


# --- derivatives -----------------------------------------------------------------------------------------------------


def _gradients(function: Callable[[Numbers], complex], leaves: Sequence[float]) -> list[float]:
    """Return the derivative of a function with respect to each of its leaves."""
    gradients = []
    for index in range(len(leaves)):
        moved = [leaf + (1j * STEP if index == each else 0) for each, leaf in enumerate(leaves)]
        gradients.append(complex(function(moved)).imag / STEP)
    return gradients


def _weighted(function: Callable[[Numbers], Numbers], upstream: Sequence[float]) -> Callable[[Numbers], complex]:
    """Return the function that sums upstream * result."""
    return lambda leaves: sum(k * result for k, result in zip(upstream, function(leaves)))


def _real(numbers: Numbers) -> list[float]:
    return [complex(number).real for number in numbers]


def _check(numbers: Sequence[float]) -> None:
    if not all(number == 0 or MIN_NUMBER <= abs(number) <= MAX_NUMBER for number in numbers):
        raise IllPosedError("a number of this case is too large, too small, or not finite")


# --- functions -------------------------------------------------------------------------------------------------------


def _run_network(parameters: Numbers, sizes: Sequence[int], is_linear: bool, x: Numbers) -> Numbers:
    """Return the outputs of a network.

    Args:
        parameters: In the order of `Network.parameters`.
        sizes: The number of inputs, then the width of each layer.
        is_linear: Whether the last layer has no tanh.
        x: n_inputs numbers.
    """
    start, last = 0, len(sizes) - 2
    for layer, (n_inputs, width) in enumerate(pairwise(sizes)):
        outputs = []
        for _ in range(width):
            *weights, bias = parameters[start : start + n_inputs + 1]
            start += n_inputs + 1
            total = sum((w * xi for w, xi in zip(weights, x)), bias)
            outputs.append(total if is_linear and layer == last else _squash(total))
        x = outputs
    return x


def _squash(number: complex) -> complex:
    if abs(number) > MAX_SUM:
        raise IllPosedError("a neuron squashes a large number")
    return cmath.tanh(number)


def _mean(numbers: Sequence[complex]) -> complex:
    return sum(numbers) / len(numbers)


def _hinge(output: complex, target: float) -> complex:
    margin = 1 - target * output
    if abs(margin) < MARGIN:
        raise IllPosedError("the hinge loss is at its kink")
    return margin if complex(margin).real > 0 else 0.0


def _softmax(outputs: Numbers) -> Numbers:
    total = _log_of_sum(outputs)
    return [cmath.exp(output - total) for output in outputs]


def _log_of_sum(outputs: Numbers) -> complex:
    """Return the logarithm of the sum of exp(output)."""
    largest = max(_real(outputs))
    return largest + cmath.log(sum(cmath.exp(output - largest) for output in outputs))


_LOSSES: dict[str, Callable[[Sequence[Numbers], Sequence[float]], complex]] = {
    "mean_squared_error": lambda rows, targets: _mean([(row[0] - target) ** 2 for row, target in zip(rows, targets)]),
    "hinge": lambda rows, targets: _mean([_hinge(row[0], target) for row, target in zip(rows, targets)]),
    "binary_cross_entropy": lambda rows, targets: _mean(
        [_log_of_sum([row[0], 0.0]) - target * row[0] for row, target in zip(rows, targets)]
    ),
    "cross_entropy": lambda rows, targets: _mean(
        [_log_of_sum(row) - row[int(target)] for row, target in zip(rows, targets)]
    ),
}
"""Every loss of n_examples rows of outputs and n_examples targets, by name."""


# --- optimizers ------------------------------------------------------------------------------------------------------

Step = Callable[[int, Sequence[float], Sequence[float]], list[float]]
"""Moves parameters: (number of the step from 1, parameters, gradients)."""


def _sgd(n_parameters: int, settings: dict[str, float]) -> Step:
    lr, momentum = settings.pop("lr"), settings.pop("momentum", 0.0)
    velocities = [0.0] * n_parameters
    _require_empty(settings)

    def step(_number: int, parameters: Sequence[float], gradients: Sequence[float]) -> list[float]:
        velocities[:] = [momentum * v + g for v, g in zip(velocities, gradients)]
        return [p - lr * v for p, v in zip(parameters, velocities)]

    return step


def _adam(n_parameters: int, settings: dict[str, float]) -> Step:
    lr, eps = settings.pop("lr", 0.001), settings.pop("eps", 1e-8)
    first, second = 0.9, 0.999
    means, squares = [0.0] * n_parameters, [0.0] * n_parameters
    _require_empty(settings)

    def step(number: int, parameters: Sequence[float], gradients: Sequence[float]) -> list[float]:
        means[:] = [first * m + (1 - first) * g for m, g in zip(means, gradients)]
        squares[:] = [second * v + (1 - second) * g * g for v, g in zip(squares, gradients)]
        scale, scale_of_squares = 1 - first**number, 1 - second**number
        return [
            p - lr * (m / scale) / (math.sqrt(v / scale_of_squares) + eps)
            for p, m, v in zip(parameters, means, squares)
        ]

    return step


def _require_empty(settings: dict[str, float]) -> None:
    if settings:
        raise IllPosedError(f"no optimizer here has the settings {sorted(settings)}")


_OPTIMIZERS = {"SGD": _sgd, "Adam": _adam}
