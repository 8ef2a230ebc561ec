"""A network at one input as data, and its program."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

NetworkClass = Literal["Neuron", "Layer", "MLP"]
"""The class of the student's that builds a network."""


class Network(msgspec.Struct, frozen=True, array_like=True):
    """One network at one input.

    Attributes:
        part: The class that builds it.
        sizes: The number of inputs, then the width of each layer.
        linear: Whether the last layer has no tanh.
        parameters: Layer by layer and neuron by neuron: the weights, then the bias.
        inputs: n_inputs numbers.
        upstream: n_outputs numbers. The gradients are those of the sum of upstream * output.
    """

    part: NetworkClass
    sizes: tuple[int, ...]
    linear: bool
    parameters: tuple[float, ...]
    inputs: tuple[float, ...]
    upstream: tuple[float, ...]

    @property
    def arguments(self) -> tuple[int | list[int], ...]:
        """The positional arguments that its class is called with."""
        n_inputs, *widths = self.sizes
        return {"Neuron": (n_inputs,), "Layer": (n_inputs, widths[0]), "MLP": (n_inputs, widths)}[self.part]

    @property
    def keywords(self) -> dict[str, bool]:
        """The keyword arguments that its class is called with."""
        return {"linear_last" if self.part == "MLP" else "linear": True} if self.linear else {}

    @property
    def gives_a_list(self) -> bool:
        """Whether calling the network returns a list of outputs."""
        return self.part == "Layer" or self.sizes[-1] > 1


class NetworkAnswers(msgspec.Struct, frozen=True, array_like=True):
    """PyTorch's answers to a network.

    Attributes:
        outputs: n_outputs numbers.
        gradients: The gradients of all parameters, then of all inputs.
    """

    outputs: tuple[float, ...]
    gradients: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        """Return the outputs, then the gradients."""
        return self.outputs + self.gradients


def output_names(network: Network) -> list[str]:
    """Return the name of each output in the program."""
    return [f"y[{index}]" for index in range(network.sizes[-1])] if network.gives_a_list else ["y"]


def leaf_names(network: Network) -> list[str]:
    """Return the name of each parameter and then of each input in the program."""
    parameters = [f"model.parameters()[{index}]" for index in range(len(network.parameters))]
    return parameters + [f"x[{index}]" for index in range(len(network.inputs))]


def leaf_role(network: Network, index: int) -> str:
    """Describe the parameter or input at this index of `leaf_names`: "the bias of neuron 2 in layer 1" (from 1)."""
    if index >= len(network.parameters):
        return f"input {index - len(network.parameters) + 1}"
    for layer, (n_inputs, width) in enumerate(pairwise(network.sizes), 1):
        if index < (n_inputs + 1) * width:
            neuron, weight = divmod(index, n_inputs + 1)
            parameter = "the bias" if weight == n_inputs else f"weight {weight + 1}"
            return f"{parameter} of neuron {neuron + 1} in layer {layer}"
        index -= (n_inputs + 1) * width
    raise AssertionError("a network has as many parameters as its sizes say")


def write_network_program(network: Network, gradients: bool, shown: Sequence[str]) -> list[str]:
    """Return the lines of a program that builds and runs the network and prints these names.

    Args:
        network: The network.
        gradients: Whether the program calls backward().
        shown: The expressions to print, one line each, at the end.
    """
    arguments = [*map(str, network.arguments), *(f"{key}={value}" for key, value in network.keywords.items())]
    lines = [
        "from engine import Value",
        f"from nn import {network.part}",
        f"model = {network.part}({', '.join(arguments)})",
        f"for p, number in zip(model.parameters(), {list(network.parameters)}): p.data = number",
        f"x = [{', '.join(f'Value({number!r})' for number in network.inputs)}]",
        "y = model(x)",
    ]
    if gradients:
        total = " + ".join(f"{name} * {k!r}" for name, k in zip(output_names(network), network.upstream))
        lines.append(f"({total}).backward()")
    return lines + [f"print({name})" for name in shown]
