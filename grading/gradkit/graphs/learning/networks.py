"""A network as data: its shape, the number of every parameter and input, and what its outputs are weighted by."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import msgspec

Part = Literal["Neuron", "Layer", "MLP"]
Shape = Literal["any", "narrow", "at_zero"]


class Network(msgspec.Struct, frozen=True, array_like=True):
    """One network at one input.

    part:       the class that builds it.
    sizes:      how many inputs there are, then the width of each layer.
    linear:     whether the last layer leaves the tanh out.
    parameters: neuron by neuron and layer by layer: the weights, then the bias.
    inputs:     one number for each.
    upstream:   a number for each output: the gradients are those of the sum of upstream * output.
    """

    part: Part
    sizes: tuple[int, ...]
    linear: bool
    parameters: tuple[float, ...]
    inputs: tuple[float, ...]
    upstream: tuple[float, ...]

    @property
    def arguments(self) -> tuple[int | list[int], ...]:
        """What its class is called with."""
        nin, *widths = self.sizes
        return {"Neuron": (nin,), "Layer": (nin, widths[0]), "MLP": (nin, widths)}[self.part]

    @property
    def keywords(self) -> dict[str, bool]:
        """The keyword arguments beside these."""
        return {"linear_last" if self.part == "MLP" else "linear": True} if self.linear else {}

    @property
    def gives_a_list(self) -> bool:
        """Whether the outputs come as a list."""
        return self.part == "Layer" or self.sizes[-1] > 1


class NetworkAnswers(msgspec.Struct, frozen=True, array_like=True):
    """The outputs, and the gradients of all parameters and then all inputs."""

    outputs: tuple[float, ...]
    gradients: tuple[float, ...]

    def numbers(self) -> tuple[float, ...]:
        return self.outputs + self.gradients


@dataclass(frozen=True)
class Networks:
    """Which random networks an item wants.

    part:   the class that builds them.   linear: see Network.
    shape:  "narrow" has hidden layers of one neuron; "at_zero" has inputs and biases of exactly 0.
    count:  how many.
    """

    part: Part
    linear: bool = False
    shape: Shape = "any"
    count: int = 24

    @property
    def name(self) -> str:
        """What the corpus' file is called."""
        words = [self.part.lower(), *["linear"] * self.linear, *[self.shape] * (self.shape != "any")]
        return "_".join(["network", *words])


def networks(part: Part, linear: bool = False, shape: Shape = "any") -> Networks:
    """Ask for random networks; see Networks."""
    return Networks(part, linear, shape)


def drawn_networks(wish: Networks, seed: str) -> Iterator[Network]:
    """Networks without end, from small to large; the seed chooses shapes and numbers."""
    rng = random.Random(f"{seed} {wish}")
    number = 0
    while True:
        sizes = _sizes(rng, wish, number / wish.count)
        parameters: list[float] = []
        for nin, width in pairwise(sizes):
            for _ in range(width):
                bias = 0.0 if wish.shape == "at_zero" else _number(rng, 0.95)
                parameters += [*(_number(rng, 0.95) for _ in range(nin)), bias]
        inputs = [0.0 if wish.shape == "at_zero" else _number(rng, 1.5) for _ in range(sizes[0])]
        upstream = [_number(rng, 3.0) for _ in range(sizes[-1])]
        yield Network(wish.part, sizes, wish.linear, tuple(parameters), tuple(inputs), tuple(upstream))
        number += 1


def _sizes(rng: random.Random, wish: Networks, grown: float) -> tuple[int, ...]:
    """Inputs and widths. grown: 0 for the first of the corpus, and 1 for the last."""
    most = 2 + round(3 * grown)
    nin = rng.randint(1, most)
    if wish.part == "Neuron":
        return nin, 1
    if wish.part == "Layer":
        return nin, rng.randint(2, most)
    hidden = [1 if wish.shape == "narrow" else rng.randint(2, most) for _ in range(1 + rng.randrange(1 + round(grown)))]
    return (nin, *hidden, rng.randint(1, most) if grown else 1)


def _number(rng: random.Random, most: float) -> float:
    """A number with two decimals, not near 0 and not 1, where a wrong rule is often right by chance."""
    while True:
        number = rng.choice((1, -1)) * rng.randint(10, round(100 * most)) / 100
        if abs(number) != 1:
            return number


# --- as a program ----------------------------------------------------------------------------------------------------


def output_names(network: Network) -> list[str]:
    """How a program calls each output."""
    return [f"y[{place}]" for place in range(network.sizes[-1])] if network.gives_a_list else ["y"]


def leaf_names(network: Network) -> list[str]:
    """How a program calls each parameter and then each input."""
    parameters = [f"model.parameters()[{place}]" for place in range(len(network.parameters))]
    return parameters + [f"x[{place}]" for place in range(len(network.inputs))]


def role(network: Network, place: int) -> str:
    """What a parameter or an input is to its network: "the bias of neuron 2 in layer 1", counted from 1."""
    if place >= len(network.parameters):
        return f"input {place - len(network.parameters) + 1}"
    for layer, (nin, width) in enumerate(pairwise(network.sizes), 1):
        if place < (nin + 1) * width:
            neuron, weight = divmod(place, nin + 1)
            what = "the bias" if weight == nin else f"weight {weight + 1}"
            return f"{what} of neuron {neuron + 1} in layer {layer}"
        place -= (nin + 1) * width
    raise AssertionError("a network has as many parameters as its sizes say")


def network_program(network: Network, gradients: bool, shown: Sequence[str]) -> list[str]:
    """A program that builds the network, runs it, goes back if asked to, and prints what is shown."""
    words = [*map(str, network.arguments), *(f"{key}={value}" for key, value in network.keywords.items())]
    lines = [
        "from engine import Value",
        f"from nn import {network.part}",
        f"model = {network.part}({', '.join(words)})",
        f"for p, number in zip(model.parameters(), {list(network.parameters)}): p.data = number",
        f"x = [{', '.join(f'Value({number!r})' for number in network.inputs)}]",
        "y = model(x)",
    ]
    if gradients:
        total = " + ".join(f"{name} * {k!r}" for name, k in zip(output_names(network), network.upstream))
        lines.append(f"({total}).backward()")
    return lines + [f"print({name})" for name in shown]
