"""Networks, losses and training runs (graphs/learning) on tensors, and their programs.

Each layer has a matrix of weights and a row of biases, and each example is a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradkit.graphs.learning.losses import Loss
from gradkit.graphs.learning.networks import Network
from gradkit.graphs.learning.trajectories import Trajectory

from .graph import Array, Shape, make_lists

Lists = list[list[float]] | list[float]


def parameter_shapes(sizes: Sequence[int]) -> list[Shape]:
    """Return the shapes of the parameters: (n_inputs, n_outputs) and (n_outputs,) for each layer."""
    return [shape for n_inputs, width in pairwise(sizes) for shape in ((n_inputs, width), (width,))]


def parameter_lists(sizes: Sequence[int], parameters: Sequence[float]) -> list[Lists]:
    """Convert parameters in the order of `Network.parameters` to nested lists in the shapes of `parameter_shapes`."""
    lists: list[Lists] = []
    start = 0
    for n_inputs, width in pairwise(sizes):
        neurons = [parameters[start + (n_inputs + 1) * neuron :][: n_inputs + 1] for neuron in range(width)]
        weights = [[neuron[index] for neuron in neurons] for index in range(n_inputs)]
        biases = [neuron[n_inputs] for neuron in neurons]
        lists += [weights, biases]
        start += (n_inputs + 1) * width
    return lists


def parameter_names(sizes: Sequence[int], attribute: str) -> list[str]:
    """Return the name of each number of the parameters in the program, in the order of `Network.parameters`.

    Args:
        sizes: The number of inputs, then the width of each layer.
        attribute: "data" or "grad".
    """
    names = []
    for layer, (n_inputs, width) in enumerate(pairwise(sizes)):
        for neuron in range(width):
            names += [f"model.parameters()[{2 * layer}].{attribute}[{w}, {neuron}]" for w in range(n_inputs)]
            names.append(f"model.parameters()[{2 * layer + 1}].{attribute}[{neuron}]")
    return names


def parameter_numbers(arrays: Sequence[Array]) -> list[float]:
    """Return the numbers of arrays in the shapes of `parameter_shapes`, in the order of `Network.parameters`."""
    lists = [make_lists(array.shape, array.numbers) for array in arrays]
    numbers: list[float] = []
    for weights, biases in zip(lists[::2], lists[1::2]):
        for neuron, bias in enumerate(biases):
            numbers += [*(row[neuron] for row in weights), bias]
    return numbers


def write_tensor_network_program(network: Network, gradients: bool, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that runs the network on one row and prints these names.

    Args:
        network: The network.
        gradients: Whether the program calls backward().
        shown: The expressions to print, one line each, at the end.
    """
    lines = _model_lines(network.sizes, network.linear, network.parameters, "MLP, Tensor")
    lines += [f"x = Tensor({[list(network.inputs)]})", "y = model(x)"]
    if gradients:
        lines.append(f"y.backward(np.array({[list(network.upstream)]}))")
    return lines + [f"print({name})" for name in shown]


def write_tensor_loss_program(loss: Loss, gradients: bool, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that calls the loss on a row of logits an example and prints these names.

    Args:
        loss: The call.
        gradients: Whether the program calls backward().
        shown: The expressions to print, one line each, at the end.
    """
    lines = [
        f"from tensor import {loss.function}, Tensor",
        f"logits = Tensor({list(map(list, loss.outputs))})",
        f"loss = {loss.function}(logits, {list(loss.targets)})",
    ]
    if gradients:
        lines.append(f"loss.backward({loss.upstream[0]!r})")
    return lines + [f"print({name})" for name in shown]


def write_tensor_trajectory_program(run: Trajectory, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that trains the network and prints these names.

    Args:
        run: The training run.
        shown: The expressions to print, one line each, at the end.
    """
    settings = ", ".join(f"{key}={number:g}" for key, number in run.settings)
    lines = [
        *_model_lines(run.sizes, True, run.parameters, f"MLP, {run.loss}"),
        f"from training import {run.optimizer}",
        f"inputs, targets = np.array({list(map(list, run.inputs))}), {list(run.targets)}",
        f"optimizer, losses = {run.optimizer}(list(model.parameters()), {settings}), []",
        f"for _ in range({run.steps}):",
        f"    loss = {run.loss}(model(inputs), targets)",
        "    model.zero_grad()",
        "    loss.backward()",
        "    optimizer.step()",
        "    losses.append(loss.data)",
    ]
    return lines + [f"print({name})" for name in shown]


def _model_lines(sizes: Sequence[int], linear: bool, parameters: Sequence[float], imports: str) -> list[str]:
    """Return the lines of a program that makes `model`.

    Args:
        sizes: The number of inputs, then the width of each layer.
        linear: Whether the last layer has no tanh.
        parameters: All parameters, in the order of `Network.parameters`.
        imports: The names to import from the student's tensor.py.
    """
    n_inputs, *widths = sizes
    linear_last = ", linear_last=True" if linear else ""
    return [
        "import numpy as np",
        f"from tensor import {imports}",
        f"model = MLP({n_inputs}, {widths}{linear_last})",
        f"numbers = {parameter_lists(sizes, parameters)}",
        "for p, array in zip(model.parameters(), numbers): p.data = np.array(array)",
    ]
