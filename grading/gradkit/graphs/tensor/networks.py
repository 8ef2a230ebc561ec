"""The networks and training runs of networks.py and trajectories.py on tensors: a matrix of weights and a row of biases
for each layer, and an example in each row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradkit.graphs.learning.losses import Loss
from gradkit.graphs.learning.networks import Network
from gradkit.graphs.learning.trajectories import Trajectory

from .graph import Array, Shape, lists_of

Lists = list[list[float]] | list[float]


def shapes_of(sizes: Sequence[int]) -> list[Shape]:
    """The shapes of the parameters: (inputs, outputs) and (outputs,) for each layer."""
    return [shape for nin, width in pairwise(sizes) for shape in ((nin, width), (width,))]


def on_tensors(sizes: Sequence[int], parameters: Sequence[float]) -> list[Lists]:
    """The parameters of a network, as networks.py lists them, in these shapes."""
    found: list[Lists] = []
    place = 0
    for nin, width in pairwise(sizes):
        rows = [parameters[place + (nin + 1) * neuron :][: nin + 1] for neuron in range(width)]
        found += [[[row[weight] for row in rows] for weight in range(nin)], [row[nin] for row in rows]]
        place += (nin + 1) * width
    return found


def names_on_tensors(sizes: Sequence[int], name: str) -> list[str]:
    """How a program calls each number of the parameters, as networks.py lists them. name: "data" or "grad"."""
    return [
        f"model.parameters()[{2 * layer + (weight == nin)}].{name}[{f'{weight}, {neuron}' if weight < nin else neuron}]"
        for layer, (nin, width) in enumerate(pairwise(sizes))
        for neuron in range(width)
        for weight in range(nin + 1)
    ]


def listed(sizes: Sequence[int], arrays: Sequence[Array]) -> list[float]:
    """The numbers of arrays in these shapes, as networks.py lists the parameters."""
    lists = [lists_of(array.shape, array.numbers) for array in arrays]
    found: list[float] = []
    for weights, biases in zip(lists[::2], lists[1::2]):
        for neuron, bias in enumerate(biases):
            found += [*(row[neuron] for row in weights), bias]
    return found


# --- as programs -----------------------------------------------------------------------------------------------------


def _model(sizes: Sequence[int], linear: bool, parameters: Sequence[float], names: str) -> list[str]:
    nin, *widths = sizes
    return [
        "import numpy as np",
        f"from tensor import {names}",
        f"model = MLP({nin}, {widths}{', linear_last=True' * linear})",
        f"numbers = {on_tensors(sizes, parameters)}",
        "for p, array in zip(model.parameters(), numbers): p.data = np.array(array)",
    ]


def network_on_tensors(network: Network, gradients: bool, shown: Sequence[str]) -> list[str]:
    """A program that builds the network, runs it on one row, goes back if asked to, and prints what is shown."""
    lines = _model(network.sizes, network.linear, network.parameters, "MLP, Tensor")
    lines += [f"x = Tensor({[list(network.inputs)]})", "y = model(x)"]
    lines += [f"y.backward(np.array({[list(network.upstream)]}))"] * gradients
    return lines + [f"print({name})" for name in shown]


def loss_on_tensors(loss: Loss, gradients: bool, shown: Sequence[str]) -> list[str]:
    """A program that calls the loss on a row of logits for each example."""
    lines = [
        f"from tensor import {loss.function}, Tensor",
        f"logits = Tensor({list(map(list, loss.outputs))})",
        f"loss = {loss.function}(logits, {list(loss.targets)})",
    ]
    lines += [f"loss.backward({loss.upstream[0]!r})"] * gradients
    return lines + [f"print({name})" for name in shown]


def run_on_tensors(run: Trajectory, shown: Sequence[str]) -> list[str]:
    """A program that trains so, and prints what is shown."""
    settings = ", ".join(f"{key}={number:g}" for key, number in run.settings)
    lines = [
        *_model(run.sizes, True, run.parameters, f"MLP, {run.loss}"),
        f"from training import {run.optimizer}",
        f"inputs, targets = np.array({list(map(list, run.inputs))}), {list(run.targets)}",
        f"optimizer, losses = {run.optimizer}(model.parameters(), {settings}), []",
        f"for _ in range({run.steps}):",
        f"    loss = {run.loss}(model(inputs), targets)",
        "    model.zero_grad()",
        "    loss.backward()",
        "    optimizer.step()",
        "    losses.append(loss.data)",
    ]
    return lines + [f"print({name})" for name in shown]
