"""Corpora of training runs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal, get_args

import msgspec

from gradkit.graphs.learning import data as examples_data
from gradkit.graphs.learning.trajectories import (
    LossName,
    OptimizerName,
    Trajectory,
    TrajectoryAnswers,
    trajectory_names,
    write_trajectory_program,
)
from gradkit.oracle.pytorch.learning import answer_trajectory
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import draw_until_covered
from .parameters import check_at_least, check_choice
from .spec import Corpus, CorpusSpec, format_number_in_key

HIDDEN_WIDTH, N_EXAMPLES, N_STEPS = 4, 12, 8
"""The width of the hidden layer and the numbers of examples and of training steps, unless an item says otherwise."""

DataName = Literal["one", "moons", "digits"]

_SMALL_RUNS, _SMALL_EXAMPLES, _SMALL_WIDTH, _SMALL_STEPS = 2, 2, 2, 3
"""The first runs are small enough to be read."""

_DECODER = msgspec.json.Decoder(list[tuple[Trajectory, TrajectoryAnswers]])


@dataclass(frozen=True)
class Trajectories(CorpusSpec[Trajectory, TrajectoryAnswers]):
    """Training runs: two small ones to be read, unless they are about digits, and two of full size.

    Attributes:
        data: What is learnt: points on two "moons", "digits", or "one" point in every step.
        loss: The loss function.
        optimizer: The class of the optimizer.
        settings: The keyword arguments of the optimizer, sorted by name.
        hidden: Width of the hidden layer; 0 for none.
        examples: Number of examples.
        steps: Number of training steps.
    """

    data: DataName
    loss: LossName
    optimizer: OptimizerName
    settings: tuple[tuple[str, float], ...]
    hidden: int
    examples: int
    steps: int

    @property
    def key(self) -> str:
        """See CorpusSpec."""
        settings = ",".join(f"{name}={format_number_in_key(number)}" for name, number in self.settings)
        words = ["trajectory", self.data, self.loss, f"{self.optimizer}({settings})"]
        if self.hidden != HIDDEN_WIDTH:
            words.append(f"hidden={self.hidden}")
        if self.examples != N_EXAMPLES:
            words.append(f"examples={self.examples}")
        if self.steps != N_STEPS:
            words.append(f"steps={self.steps}")
        return " ".join(words)

    @property
    def name(self) -> str:
        """See CorpusSpec."""
        settings = [f"{key}{number:g}" for key, number in self.settings if key != "lr"]
        words = ["trajectory", self.data, self.loss, self.optimizer.lower(), *settings, f"{self.steps}steps"]
        return "_".join(words)

    @property
    def count(self) -> int:
        """See CorpusSpec."""
        return 2 if self.data == "digits" else 4

    def draw(
        self, seed: str, public: Corpus[Trajectory, TrajectoryAnswers] | None = None
    ) -> Corpus[Trajectory, TrajectoryAnswers]:
        """See CorpusSpec."""
        return draw_until_covered(self, seed, self.candidates, partial(answer_if_well_posed, answer_trajectory))

    def candidates(self, seed: str) -> Iterator[Trajectory]:
        """Yield runs without end: small ones first, unless they are about digits."""
        rng = random.Random(f"{seed} {self.key}")
        n_yielded = 0
        while True:
            is_small = n_yielded < _SMALL_RUNS and self.data != "digits"
            hidden = min(_SMALL_WIDTH, self.hidden) if is_small else self.hidden
            steps = min(_SMALL_STEPS, self.steps) if is_small else self.steps

            inputs, classes = self._draw_examples(rng, _SMALL_EXAMPLES if is_small else self.examples)
            widths = [hidden] if hidden else []
            sizes = (len(inputs[0]), *widths, self._n_outputs())
            n_parameters = sum((n_inputs + 1) * width for n_inputs, width in pairwise(sizes))
            parameters = tuple(rng.choice((1, -1)) * rng.randint(5, 95) / 100 for _ in range(n_parameters))
            targets = tuple(map(self._target, classes))
            yield Trajectory(sizes, parameters, inputs, targets, self.loss, self.optimizer, self.settings, steps)
            n_yielded += 1

    def _draw_examples(self, rng: random.Random, n_examples: int) -> examples_data.Examples:
        if self.data == "digits":
            return examples_data.digits(rng, n_examples)
        return examples_data.moons(rng, 1 if self.data == "one" else n_examples)

    def _n_outputs(self) -> int:
        if self.data == "digits":
            return 10
        return 2 if self.loss == "cross_entropy" else 1

    def _target(self, number: int) -> float:
        """Return the target of a class: hinge and squared error take 1 and -1 instead of 1 and 0."""
        return float(2 * number - 1) if self.loss in ("hinge", "mean_squared_error") else number

    def features(self, case: Trajectory, answer: TrajectoryAnswers) -> set[str]:
        """See CorpusSpec."""
        return {f"{case.steps} steps"} | ({"several classes"} if len(set(case.targets)) > 1 else set())

    def required_features(self) -> set[str]:
        """See CorpusSpec."""
        return {f"{self.steps} steps"} | (set() if self.data == "one" else {"several classes"})

    def answer(self, case: Trajectory) -> TrajectoryAnswers:
        """See CorpusSpec."""
        return answer_trajectory(case)

    def decode(self, content: bytes) -> list[tuple[Trajectory, TrajectoryAnswers]]:
        """See CorpusSpec."""
        return _DECODER.decode(content)

    def programs(self, case: Trajectory) -> list[list[str]]:
        """See CorpusSpec."""
        return [write_trajectory_program(case, trajectory_names(case))]


def trajectories(
    data: DataName,
    loss: LossName,
    optimizer: OptimizerName,
    *,
    hidden: int = HIDDEN_WIDTH,
    examples: int = N_EXAMPLES,
    steps: int = N_STEPS,
    **settings: float,
) -> Trajectories:
    """Return the spec of training runs: see Trajectories.

    Args:
        data: See Trajectories, as for the other parameters.
        loss: The loss function.
        optimizer: The class of the optimizer.
        hidden: Width of the hidden layer; 0 for none.
        examples: Number of examples.
        steps: Number of training steps.
        settings: The keyword arguments of the optimizer.

    Raises:
        ValueError: If a parameter is not one of those allowed, or too small.
    """
    check_choice("data", "data", data, get_args(DataName))
    check_choice("loss", "losses", loss, get_args(LossName))
    check_choice("optimizer", "optimizers", optimizer, get_args(OptimizerName))
    check_at_least(0, hidden=hidden)
    check_at_least(1, examples=examples, steps=steps)
    return Trajectories(data, loss, optimizer, tuple(sorted(settings.items())), hidden, examples, steps)
