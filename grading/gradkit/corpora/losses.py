"""Corpora of calls of loss functions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import msgspec

from gradkit.graphs.learning.losses import (
    TAKES_ROWS,
    Loss,
    LossAnswers,
    LossFunction,
    output_names,
    result_names,
    write_loss_program,
)
from gradkit.oracle.pytorch.learning import answer_loss
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import draw_until_covered
from .parameters import check_choice
from .spec import Corpus, CorpusSpec

N_CALLS = 20
"""Number of calls of a corpus, unless an item says otherwise."""

MANY = 40
"""The number of classes in one of the last calls of a corpus, and of examples in another."""

_MIN_DISTANCE_FROM_KINK = 0.05

_DECODER = msgspec.json.Decoder(list[tuple[Loss, LossAnswers]])


@dataclass(frozen=True)
class Losses(CorpusSpec[Loss, LossAnswers]):
    """Calls of one loss function, from small to large.

    Attributes:
        function: The loss function.
        single: Whether each call has a single example.
        extreme: Whether outputs are as large as 1000. Such calls need not be well-posed.
        count: Number of calls.
    """

    function: LossFunction
    single: bool = False
    extreme: bool = False
    count: int = N_CALLS

    @property
    def key(self) -> str:
        """See CorpusSpec."""
        words = ["loss", self.function]
        if self.single:
            words.append("single")
        if self.extreme:
            words.append("extreme")
        if self.count != N_CALLS:
            words.append(f"count={self.count}")
        return " ".join(words)

    @property
    def name(self) -> str:
        """See CorpusSpec."""
        words = ["loss", self.function]
        if self.single:
            words.append("single")
        if self.extreme:
            words.append("extreme")
        return "_".join(words)

    def draw(self, seed: str, public: Corpus[Loss, LossAnswers] | None = None) -> Corpus[Loss, LossAnswers]:
        """See CorpusSpec."""
        return draw_until_covered(self, seed, self._candidates, self._answer_candidate)

    def _answer_candidate(self, loss: Loss) -> LossAnswers | None:
        if not is_off_the_kink(loss):
            return None
        return answer_loss(loss) if self.extreme else answer_if_well_posed(answer_loss, loss)

    def _candidates(self, seed: str) -> Iterator[Loss]:
        """Yield calls without end, from small to large, the last ones with MANY. The seed chooses the numbers."""
        rng = random.Random(f"{seed} {self.key}")
        is_softmax = self.function == "softmax"
        has_classes = is_softmax or self.function in TAKES_ROWS
        has_examples = not self.single and not is_softmax
        n_yielded = 0
        while True:
            max_size = 2 + round(3 * n_yielded / self.count)
            n_examples = rng.randint(2, max_size) if has_examples else 1
            width = rng.randint(2, max_size) if has_classes else 1
            if has_classes and n_yielded == self.count - 2:
                width = MANY
            if has_examples and n_yielded >= self.count - 1:
                n_examples = MANY

            outputs = tuple(tuple(self._draw_output(rng) for _ in range(width)) for _ in range(n_examples))
            targets = () if is_softmax else tuple(self._draw_target(rng, width) for _ in range(n_examples))
            n_results = width if is_softmax else 1
            upstream = tuple(rng.choice((-3.0, -2.0, -0.5, 0.5, 2.0, 3.0)) for _ in range(n_results))
            loss = Loss(self.function, outputs, targets, upstream)
            if n_yielded or _tells_hinges_apart(loss):
                yield loss
                n_yielded += 1

    def _draw_output(self, rng: random.Random) -> float:
        if self.extreme:
            return rng.choice((1000.0, -1000.0, 800.0, -800.0, 1.5))
        return rng.choice((1, -1)) * rng.randint(10, 300) / 100

    def _draw_target(self, rng: random.Random, width: int) -> float:
        if self.function == "mean_squared_error":
            return rng.randint(-200, 200) / 100
        if self.function == "hinge":
            return rng.choice((1, -1))
        n_classes = 2 if self.function == "binary_cross_entropy" else width
        return rng.randrange(n_classes)

    def features(self, case: Loss, answer: LossAnswers) -> set[str]:
        """See CorpusSpec."""
        features = {f"{len(case.outputs)} examples", f"{len(case.outputs[0])} outputs for an example"}
        features |= {f"target {target:g}" for target in case.targets}
        features |= {f"output {'above' if output > 0 else 'below'} 0" for row in case.outputs for output in row}
        features |= {f"upstream gradient {number:g}" for number in case.upstream}
        if self.function == "mean_squared_error":
            signs = (output > target for (output,), target in zip(case.outputs, case.targets))
            features |= {f"output {'above' if is_above else 'below'} its target" for is_above in signs}
        if self.function == "hinge":
            features |= {f"margin {_name_margin(margin)}" for margin in list_margins(case)}
        return features

    def required_features(self) -> set[str]:
        """See CorpusSpec."""
        required = {"output above 0", "output below 0", "upstream gradient 0.5", "upstream gradient -3"}
        if not self.single and self.function != "softmax":
            required |= {"2 examples", "3 examples", f"{MANY} examples"}
        if self.function == "softmax" or self.function in TAKES_ROWS:
            required.add(f"{MANY} outputs for an example")
        classes = {"hinge": (-1, 1), "binary_cross_entropy": (0, 1), "cross_entropy": (0, 1, 2)}
        required |= {f"target {number}" for number in classes.get(self.function, ())}
        if self.function == "mean_squared_error":
            required |= {"output above its target", "output below its target"}
        if self.function == "hinge":
            required |= {f"margin {_name_margin(margin)}" for margin in (-0.5, 0.5, 1.5)}
        return required

    def answer(self, case: Loss) -> LossAnswers:
        """See CorpusSpec."""
        return answer_loss(case)

    def decode(self, content: bytes) -> list[tuple[Loss, LossAnswers]]:
        """See CorpusSpec."""
        return _DECODER.decode(content)

    def programs(self, case: Loss) -> list[list[str]]:
        """See CorpusSpec."""
        results = [f"{name}.data" for name in result_names(case)]
        gradients = [f"{name}.grad" for name in output_names(case)]
        return [write_loss_program(case, False, results), write_loss_program(case, True, gradients)]


def losses(function: LossFunction, single: bool = False, extreme: bool = False) -> Losses:
    """Return the spec of calls of a loss function: see Losses.

    Raises:
        ValueError: If `function` is not the name of a loss function.
    """
    check_choice("loss function", "loss functions", function, get_args(LossFunction))
    return Losses(function, single, extreme)


def is_off_the_kink(loss: Loss) -> bool:
    """Return whether every output of a hinge loss is clearly on one side of the kink."""
    if loss.function != "hinge":
        return True
    return all(abs(1 - margin) > _MIN_DISTANCE_FROM_KINK for margin in list_margins(loss))


def list_margins(loss: Loss) -> list[float]:
    """Return target * output of every example."""
    return [target * output for (output, *_), target in zip(loss.outputs, loss.targets)]


def _name_margin(margin: float) -> str:
    if margin < 0:
        return "below 0"
    return "between 0 and 1" if margin < 1 else "above 1"


def _tells_hinges_apart(loss: Loss) -> bool:
    """Return whether a call of hinge gives different numbers for different errors. Students see the first call.

    Without the margin, or with targets of 0 and 1, both results differ from the right one and from each other if a
    target is -1 and its output is above 0.
    """
    return loss.function != "hinge" or (loss.targets[0] == -1 and loss.outputs[0][0] > 0)
