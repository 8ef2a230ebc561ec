"""Corpora of random networks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal, get_args

import msgspec

from gradkit.graphs.learning.networks import (
    Network,
    NetworkAnswers,
    NetworkClass,
    leaf_names,
    output_names,
    write_network_program,
)
from gradkit.oracle.pytorch.learning import answer_network
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import draw_until_covered
from .parameters import check_choice
from .spec import Corpus, CorpusSpec

N_NETWORKS = 24
"""Number of networks of a corpus, unless an item says otherwise."""

MANY = 40
"""The number of inputs, neurons or layers in the last two networks of a corpus of any shape."""

NetworkShape = Literal["any", "narrow", "at_zero"]

_DECODER = msgspec.json.Decoder(list[tuple[Network, NetworkAnswers]])


@dataclass(frozen=True)
class Networks(CorpusSpec[Network, NetworkAnswers]):
    """Random networks, from small to large.

    Attributes:
        part: The class that builds them.
        linear: Whether the last layer has no tanh.
        shape: "narrow" has hidden layers of one neuron; "at_zero" has inputs and biases of exactly 0.
        count: Number of networks.
    """

    part: NetworkClass
    linear: bool = False
    shape: NetworkShape = "any"
    count: int = N_NETWORKS

    @property
    def key(self) -> str:
        """See CorpusSpec."""
        words = ["network", self.part]
        if self.linear:
            words.append("linear")
        if self.shape != "any":
            words.append(f"shape={self.shape}")
        if self.count != N_NETWORKS:
            words.append(f"count={self.count}")
        return " ".join(words)

    @property
    def name(self) -> str:
        """See CorpusSpec."""
        words = ["network", self.part.lower()]
        if self.linear:
            words.append("linear")
        if self.shape != "any":
            words.append(self.shape)
        return "_".join(words)

    def draw(self, seed: str, public: Corpus[Network, NetworkAnswers] | None = None) -> Corpus[Network, NetworkAnswers]:
        """See CorpusSpec."""
        return draw_until_covered(self, seed, self.candidates, partial(answer_if_well_posed, answer_network))

    def candidates(self, seed: str) -> Iterator[Network]:
        """Yield networks without end, from small to large. The seed chooses the sizes and the numbers."""
        rng = random.Random(f"{seed} {self.key}")
        n_yielded = 0
        while True:
            sizes = self._draw_sizes(rng, n_yielded / self.count)
            if self.shape == "any" and n_yielded >= self.count - 2:
                sizes = self._large_sizes(is_deep=n_yielded >= self.count - 1)
            parameters = self._draw_parameters(rng, sizes)
            inputs = [0.0 if self.shape == "at_zero" else _draw_number(rng, 1.5) for _ in range(sizes[0])]
            upstream = [_draw_number(rng, 3.0) for _ in range(sizes[-1])]
            network = Network(self.part, sizes, self.linear, tuple(parameters), tuple(inputs), tuple(upstream))
            # Students see the numbers of the first network. Below 0, tanh, relu and neither of them all differ.
            if n_yielded or self.shape == "at_zero" or _sum_of_first_neuron(network) < 0:
                yield network
                n_yielded += 1

    def _draw_sizes(self, rng: random.Random, progress: float) -> tuple[int, ...]:
        """Draw the number of inputs and the widths. `progress` is 0 for the first network and 1 for the last."""
        max_width = 2 + round(3 * progress)
        n_inputs = rng.randint(1, max_width)
        if self.part == "Neuron":
            return n_inputs, 1
        if self.part == "Layer":
            return n_inputs, rng.randint(2, max_width)

        n_hidden = 1 + rng.randrange(1 + round(progress))
        hidden = [1 if self.shape == "narrow" else rng.randint(2, max_width) for _ in range(n_hidden)]
        n_outputs = rng.randint(1, max_width) if progress else 1
        return (n_inputs, *hidden, n_outputs)

    def _large_sizes(self, is_deep: bool) -> tuple[int, ...]:
        """Return the sizes of a network with many inputs, a wide layer, or many layers."""
        if self.part == "Neuron":
            return MANY, 1
        if self.part == "Layer":
            return 2, MANY
        return (2, *[2] * (MANY - 1), 1) if is_deep else (2, MANY, 1)

    def _draw_parameters(self, rng: random.Random, sizes: Sequence[int]) -> list[float]:
        """Draw the parameters of a network, in order."""
        is_deep = len(sizes) > MANY
        parameters: list[float] = []
        for n_inputs, width in pairwise(sizes):
            for neuron in range(width):
                if is_deep:  # each neuron has one large weight, or else the gradients vanish on the way back
                    bias = _draw_number(rng, 0.2)
                    weights = [_draw_number(rng, 0.2) for _ in range(n_inputs)]
                    weights[neuron] = rng.choice((1, -1)) * rng.randint(85, 95) / 100
                else:
                    bias = 0.0 if self.shape == "at_zero" else _draw_number(rng, 0.95)
                    weights = [_draw_number(rng, 0.95) for _ in range(n_inputs)]
                parameters += [*weights, bias]
        return parameters

    def features(self, case: Network, answer: NetworkAnswers) -> set[str]:
        """See CorpusSpec."""
        n_inputs, *widths = case.sizes
        features = {f"{n_inputs} inputs", f"{len(widths)} layers", f"{widths[-1]} outputs"}
        features |= {f"a layer of {width}" for width in widths}
        features |= {f"output {'above' if output > 0 else 'below'} 0" for output in answer.outputs}
        features |= {f"upstream gradient {'above' if number > 0 else 'below'} 0" for number in case.upstream}
        return features

    def required_features(self) -> set[str]:
        """See CorpusSpec."""
        required = {"1 inputs", "2 inputs", "4 inputs", "upstream gradient above 0", "upstream gradient below 0"}
        if self.shape != "at_zero":
            required |= {"output above 0", "output below 0"}
        if self.part == "Layer":
            required |= {"2 outputs", "4 outputs"}
        if self.part == "MLP":
            required |= {"2 layers", "3 layers", "1 outputs", "2 outputs"}
        if self.shape == "any":
            required |= {
                "Neuron": {f"{MANY} inputs"},
                "Layer": {f"{MANY} outputs"},
                "MLP": {f"a layer of {MANY}", f"{MANY} layers"},
            }[self.part]
        return required

    def answer(self, case: Network) -> NetworkAnswers:
        """See CorpusSpec."""
        return answer_network(case)

    def decode(self, content: bytes) -> list[tuple[Network, NetworkAnswers]]:
        """See CorpusSpec."""
        return _DECODER.decode(content)

    def programs(self, case: Network) -> list[list[str]]:
        """See CorpusSpec."""
        outputs = [f"{name}.data" for name in output_names(case)]
        gradients = [f"{name}.grad" for name in leaf_names(case)]
        return [write_network_program(case, False, outputs), write_network_program(case, True, gradients)]


def networks(part: NetworkClass, linear: bool = False, shape: NetworkShape = "any") -> Networks:
    """Return the spec of random networks: see Networks.

    Raises:
        ValueError: If a parameter is not one of those allowed.
    """
    check_choice("class", "classes", part, get_args(NetworkClass))
    check_choice("shape", "shapes", shape, get_args(NetworkShape))
    return Networks(part, linear, shape)


def _sum_of_first_neuron(network: Network) -> float:
    """Return the weighted sum of the inputs in the first neuron, with its bias: what goes into tanh."""
    *weights, bias = network.parameters[: len(network.inputs) + 1]
    return bias + sum(weight * number for weight, number in zip(weights, network.inputs))


def _draw_number(rng: random.Random, max_size: float) -> float:
    """Draw a number with two decimals, not near 0 and not ±1, where a wrong rule is often right by chance."""
    while True:
        number = rng.choice((1, -1)) * rng.randint(10, round(100 * max_size)) / 100
        if abs(number) != 1:
            return number
