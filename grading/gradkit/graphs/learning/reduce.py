"""Reduce failing networks, losses and training runs: what makes smaller cases of them, and what makes a case small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import msgspec

from .losses import Loss
from .networks import Network
from .trajectories import Trajectory

NICE_NUMBERS = (0.5, 1.0, -1.0, 2.0, -0.5, 1.5, -2.0, 3.0)
"""Numbers for leaves, nicest first. They are small, because a neuron squashes large ones to nearly 1."""

MAX_SINGLE = 8
"""Number of examples, neurons or inputs up to which each of them is left out in turn."""

T = TypeVar("T")

Neurons = tuple[tuple[float, ...], ...]
"""A layer: the weights and then the bias of each neuron."""


# --- networks --------------------------------------------------------------------------------------------------------


def smaller_networks(network: Network) -> Iterator[Network]:
    """Yield networks with fewer layers, neurons or inputs, and then with nicer numbers."""
    for sizes, parameters, kept in _smaller_layers(network.sizes, network.parameters):
        if network.part != "MLP" and len(sizes) != 2:
            continue
        if network.part == "Neuron" and sizes[-1] != 1:
            continue
        yield msgspec.structs.replace(
            network,
            sizes=sizes,
            parameters=parameters,
            inputs=_fit(_choose(network.inputs, kept, 0), sizes[0]),
            upstream=_fit(_choose(network.upstream, kept, len(network.sizes) - 1), sizes[-1]),
        )
    for start in range(3):
        nice = _nice(len(network.parameters), start)
        yield msgspec.structs.replace(
            network,
            parameters=nice,
            inputs=_nice(len(network.inputs), start + 1),
            upstream=_nice(len(network.upstream), start),
        )
        yield msgspec.structs.replace(network, parameters=nice)
    for name in ("inputs", "upstream"):
        for start in range(3):
            yield msgspec.structs.replace(network, **{name: _nice(len(getattr(network, name)), start)})
    for parameters in _nicer(network.parameters):
        yield msgspec.structs.replace(network, parameters=parameters)


def network_cost(network: Network) -> tuple[int, ...]:
    """Order networks: fewer layers, fewer numbers, nicer numbers."""
    numbers = (*network.parameters, *network.inputs, *network.upstream)
    return len(network.sizes), len(numbers), _ugliness(numbers)


class _Kept(NamedTuple):
    """The neurons that were kept in a layer: its number (0 for the inputs), and their indices."""

    layer: int
    indices: tuple[int, ...]


def _smaller_layers(
    sizes: Sequence[int], parameters: Sequence[float]
) -> Iterator[tuple[tuple[int, ...], tuple[float, ...], _Kept | None]]:
    """Yield the sizes and parameters of networks with a layer, neurons or inputs less, and which were kept."""
    layers = _layers(sizes, parameters)
    for layer in range(len(layers)):
        if len(layers) > 1:
            fewer = [*layers[:layer], *layers[layer + 1 :]]
            yield *_joined(fewer, sizes[1] if layer == 0 else sizes[0]), None
    for layer, size in enumerate(sizes):
        for indices in _fewer(size):
            kept = _Kept(layer, indices)
            smaller = list(layers)
            if layer > 0:
                smaller[layer - 1] = _choose(smaller[layer - 1], kept, layer)
            if layer < len(layers):
                smaller[layer] = tuple((*_choose(each[:-1], kept, layer), each[-1]) for each in smaller[layer])
            yield *_joined(smaller, len(indices) if layer == 0 else sizes[0]), kept


def _fewer(size: int) -> Iterator[tuple[int, ...]]:
    """Yield which of so many neurons to keep: few of many, or all but one."""
    for n_kept in (1, 2, size // 2):
        if n_kept < size - 1:
            yield tuple(range(n_kept))
    if size <= MAX_SINGLE:
        for left_out in range(size - 1, -1, -1):
            if size > 1:
                yield tuple(index for index in range(size) if index != left_out)


def _layers(sizes: Sequence[int], parameters: Sequence[float]) -> list[Neurons]:
    numbers = iter(parameters)
    return [
        tuple(tuple(next(numbers) for _ in range(n_inputs + 1)) for _ in range(width))
        for n_inputs, width in pairwise(sizes)
    ]


def _joined(layers: Sequence[Neurons], n_inputs: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the sizes and parameters of layers, whose neurons get as many weights as the layer before has neurons."""
    sizes, parameters = [n_inputs], []
    for neurons in layers:
        for *weights, bias in neurons:
            parameters += [*_fit(tuple(weights), sizes[-1]), bias]
        sizes.append(len(neurons))
    return tuple(sizes), tuple(parameters)


def _fit(numbers: tuple[float, ...], size: int) -> tuple[float, ...]:
    """Return so many numbers: the first ones, and nice ones if there are too few."""
    return (*numbers[:size], *_nice(max(0, size - len(numbers)), 0))


def _choose(values: tuple[T, ...], kept: _Kept | None, layer: int) -> tuple[T, ...]:
    """Return the values of a layer's neurons or inputs that were kept; all of them if another layer was changed."""
    if kept is None or kept.layer != layer:
        return values
    return tuple(values[index] for index in kept.indices)


# --- losses ----------------------------------------------------------------------------------------------------------


def smaller_losses(loss: Loss) -> Iterator[Loss]:
    """Yield calls with fewer examples or classes, and then with nicer numbers."""
    rows, width = loss.outputs, len(loss.outputs[0])
    for index in range(len(rows) - 1, -1, -1):
        if len(rows) > 1:
            yield msgspec.structs.replace(loss, outputs=_drop(rows, index), targets=_drop(loss.targets, index))
    has_classes = loss.function in ("softmax", "cross_entropy")
    for column in range(width - 1, -1, -1):
        if has_classes and width > 1 and column not in loss.targets:
            yield msgspec.structs.replace(
                loss,
                outputs=tuple(_drop(row, column) for row in rows),
                targets=_classes_without(loss.targets, column),
                upstream=_drop(loss.upstream, column) if loss.function == "softmax" else loss.upstream,
            )
    for start in range(4):
        nice = tuple(_nice(width, start + index) for index in range(len(rows)))
        upstream = _nice(len(loss.upstream), start)
        yield msgspec.structs.replace(loss, outputs=nice, upstream=upstream)
        yield msgspec.structs.replace(loss, outputs=nice)
        yield msgspec.structs.replace(loss, upstream=upstream)


def loss_cost(loss: Loss) -> tuple[int, ...]:
    """Order calls: fewer numbers, then nicer ones."""
    numbers = [*(number for row in loss.outputs for number in row), *loss.upstream]
    return len(loss.outputs), len(numbers), _ugliness(numbers)


def _classes_without(targets: tuple[int | float, ...], removed: int) -> tuple[int | float, ...]:
    return tuple(target - 1 if target > removed else target for target in targets)


# --- training runs ---------------------------------------------------------------------------------------------------


def smaller_trajectories(run: Trajectory) -> Iterator[Trajectory]:
    """Yield runs with fewer steps, smaller networks or fewer examples, and then with nicer numbers."""
    for steps in (1, 2, run.steps // 2, run.steps - 1):
        if 0 < steps < run.steps:
            yield msgspec.structs.replace(run, steps=steps)
    n_examples = len(run.inputs)
    for some in (slice(0, 1), slice(0, 2), slice(0, n_examples // 2), slice(n_examples // 2, n_examples)):
        if run.inputs[some]:
            yield msgspec.structs.replace(run, inputs=run.inputs[some], targets=run.targets[some])
    for index in range(n_examples - 1, -1, -1):
        if 1 < n_examples <= MAX_SINGLE:
            yield msgspec.structs.replace(run, inputs=_drop(run.inputs, index), targets=_drop(run.targets, index))
    for sizes, parameters, kept in _smaller_layers(run.sizes, run.parameters):
        targets: tuple[int | float, ...] = run.targets
        if sizes[-1] != run.sizes[-1]:
            if run.loss != "cross_entropy" or kept is None or not set(targets) <= set(kept.indices):
                continue
            targets = tuple(kept.indices.index(int(target)) for target in targets)
        inputs = tuple(_fit(_choose(row, kept, 0), sizes[0]) for row in run.inputs)
        yield msgspec.structs.replace(run, sizes=sizes, parameters=parameters, inputs=inputs, targets=targets)
    for start in range(3):
        nice = _nice(len(run.parameters), start)
        inputs = tuple(_nice(run.sizes[0], start + index) for index in range(n_examples))
        yield msgspec.structs.replace(run, parameters=nice, inputs=inputs)
        yield msgspec.structs.replace(run, parameters=nice)
        yield msgspec.structs.replace(run, inputs=inputs)
    for parameters in _nicer(run.parameters):
        yield msgspec.structs.replace(run, parameters=parameters)


def trajectory_cost(run: Trajectory) -> tuple[int, ...]:
    """Order runs: fewer steps, fewer layers, smaller networks, fewer examples, nicer numbers."""
    numbers = [*run.parameters, *(number for row in run.inputs for number in row)]
    return run.steps, len(run.sizes), sum(run.sizes), len(run.inputs), _ugliness(numbers)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _nice(size: int, start: int) -> tuple[float, ...]:
    return tuple(NICE_NUMBERS[(start + index) % len(NICE_NUMBERS)] for index in range(size))


def _nicer(numbers: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
    """Yield the numbers with one of them rounded or replaced."""
    for index, number in enumerate(numbers):
        if number not in NICE_NUMBERS:
            for nice in (*NICE_NUMBERS[:3], round(number, 1)):
                yield (*numbers[:index], nice, *numbers[index + 1 :])


def _ugliness(numbers: Sequence[float]) -> int:
    return sum(NICE_NUMBERS.index(x) if x in NICE_NUMBERS else 50 if round(x, 1) == x else 99 for x in numbers)


def _drop(values: tuple[T, ...], index: int) -> tuple[T, ...]:
    return (*values[:index], *values[index + 1 :])
