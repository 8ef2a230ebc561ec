"""Corpora of random graphs of tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from gradkit.graphs.tensor.graph import TensorAnswers, TensorGraph
from gradkit.graphs.tensor.program import name_nodes, write_tensor_program
from gradkit.oracle.pytorch.tensor import answer_tensor_graph
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import MAX_ROUNDS, draw_with_hypothesis
from .parameters import check_at_least, check_choice, check_not_empty
from .spec import PUBLIC_SEED, Corpus, CorpusSpec
from .tensor_coverage import list_features, list_required_features
from .tensor_forms import FORMS

if TYPE_CHECKING:
    from .tensor_strategies import Part

MAX_STEPS, N_GRAPHS = 2, 16
"""The maximum number of steps of a graph and the number of graphs of a corpus, unless an item says otherwise."""

PUBLIC_MULTIPLE = 4
"""The public corpus of varied graphs is so many times as large as a private one.

Whether a mistake shows in such a graph depends on the numbers and shapes. What a private corpus would find by chance,
the public one finds first: the student sees it in self-check, and the points do not depend on the seed.
"""

_MAX_ROUNDS_FOR_FEATURES = 20
_MIN_DISTANCE_FROM_RELU_KINK = 0.005
_MIN_DISTANCE_OF_MAXIMA = 1e-6

_DECODER = msgspec.json.Decoder(list[tuple[TensorGraph, TensorAnswers]])

_Drawn = dict[object, tuple[TensorGraph, TensorAnswers]]
"""Graphs and their answers, by the graphs' structures."""


@dataclass(frozen=True)
class Tensors(CorpusSpec[TensorGraph, TensorAnswers]):
    """Random graphs of tensors.

    Attributes:
        forms: Names in tensor_forms.FORMS: an operation, and how the shapes of its operands are related.
        steps: Maximum number of steps. With up to two, operands are used once.
        layout: Whether leaves also have other layouts in memory than row by row.
        ties: Whether many numbers are equal.
        twice: Whether the last step is done twice and the results are added, so that its operands have two uses.
        count: Number of graphs, divided equally among the forms and rounded up (see `list_parts`); more if they do not
            have all that `required_features` names, and PUBLIC_MULTIPLE times as many in the public corpus if the
            graphs have more than MAX_STEPS steps, other layouts or two uses.
    """

    forms: tuple[str, ...]
    steps: int = MAX_STEPS
    layout: bool = False
    ties: bool = False
    twice: bool = False
    count: int = N_GRAPHS

    @property
    def key(self) -> str:
        """See CorpusSpec."""
        words = ["tensor", *self.forms]
        if self.steps != MAX_STEPS:
            words.append(f"steps={self.steps}")
        if self.layout:
            words.append("layout")
        if self.ties:
            words.append("ties")
        if self.twice:
            words.append("twice")
        if self.count != N_GRAPHS:
            words.append(f"count={self.count}")
        return " ".join(words)

    @property
    def name(self) -> str:
        """See CorpusSpec."""
        first, *others = self.forms
        words = [first, f"and_{len(others)}_more"] if len(others) > 2 else list(self.forms)
        if self.steps != MAX_STEPS:
            words.append(f"{self.steps}steps")
        if self.layout:
            words.append("layouts")
        if self.ties:
            words.append("ties")
        if self.twice:
            words.append("twice")
        return "_".join(["tensor", *words])

    def draw(
        self, seed: str, public: Corpus[TensorGraph, TensorAnswers] | None = None
    ) -> Corpus[TensorGraph, TensorAnswers]:
        """See CorpusSpec. The graphs come smallest first, and any two differ in more than their numbers."""
        from .tensor_strategies import list_parts

        is_varied = self.steps > MAX_STEPS or self.layout or self.twice
        multiple = PUBLIC_MULTIPLE if seed == PUBLIC_SEED and is_varied else 1
        drawn: _Drawn = {}
        parts = list_parts(replace(self, count=multiple * self.count))
        for part in parts:
            self._draw_part(part, seed, drawn)

        missing = self.missing_features(drawn.values())
        for round_number in range(_MAX_ROUNDS_FOR_FEATURES):
            for part in parts:
                if missing:
                    self._draw_part(part, f"{seed} more {round_number}", drawn, missing)

        pairs = sorted(drawn.values(), key=lambda pair: (len(pair[0].steps), len(pair[1].data)))
        return Corpus(tuple(graph for graph, _ in pairs), tuple(answers for _, answers in pairs))

    def _draw_part(self, part: Part, seed: str, drawn: _Drawn, missing: set[str] | None = None) -> None:
        """Draw the graphs of a part (see `list_parts`); fewer if Hypothesis does not find as many.

        Args:
            part: The part.
            seed: The seed.
            drawn: Receives each graph and its answers by the graph's structure, because Hypothesis often draws a graph
                again with a single number changed.
            missing: If given, draw only graphs with one of these features, and remove their features from it.
        """
        from .tensor_strategies import random_tensor_graphs

        n_missing = part.n_graphs

        def collect(graph: TensorGraph | None) -> None:
            nonlocal n_missing
            if graph is None or n_missing == 0 or graph.structure in drawn:
                return
            answers = answer_if_well_posed(answer_tensor_graph, graph)
            if not answers or not is_off_the_kinks(graph, answers):
                return
            if missing is not None:
                new = missing & list_features(graph, answers)
                if not new:
                    return
                missing.difference_update(new)
            drawn[graph.structure] = graph, answers
            n_missing -= 1

        strategy = random_tensor_graphs(self, part)
        part_seed = f"{seed} {self.key}, part {part.form} swapped={part.is_swapped} steps={part.n_steps}"
        max_rounds = MAX_ROUNDS if missing is None else 1
        draw_with_hypothesis(strategy, part_seed, collect, lambda: n_missing, max_rounds)

    def features(self, case: TensorGraph, answer: TensorAnswers) -> set[str]:
        """See CorpusSpec."""
        return list_features(case, answer)

    def required_features(self) -> set[str]:
        """See CorpusSpec."""
        return list_required_features(self)

    def answer(self, case: TensorGraph) -> TensorAnswers:
        """See CorpusSpec."""
        return answer_tensor_graph(case)

    def decode(self, content: bytes) -> list[tuple[TensorGraph, TensorAnswers]]:
        """See CorpusSpec."""
        return _DECODER.decode(content)

    def programs(self, case: TensorGraph) -> list[list[str]]:
        """See CorpusSpec."""
        names = name_nodes(case)
        data = [f"*{name}.data.ravel().tolist()" for name in names]
        gradients = [f"*{name}.grad.ravel().tolist()" for name in names]
        return [write_tensor_program(case, False, data), write_tensor_program(case, True, gradients)]


def tensor_graphs(
    *forms: str,
    steps: int = MAX_STEPS,
    layout: bool = False,
    ties: bool = False,
    twice: bool = False,
    count: int = N_GRAPHS,
) -> Tensors:
    """Return the spec of random graphs of tensors: see Tensors.

    Raises:
        ValueError: If a form does not exist, or a number is too small.
    """
    check_not_empty("forms", forms)
    for form in forms:
        check_choice("form", "forms", form, FORMS)
    check_at_least(1, steps=steps, count=count)
    return Tensors(forms, steps, layout, ties, twice, count)


def is_off_the_kinks(graph: TensorGraph, answers: TensorAnswers) -> bool:
    """Return whether no relu is near its kink, and no max has two numbers that are nearly equal.

    Exactly equal numbers (a tie) are allowed, with one exception: a max of numbers that depend on an earlier max, which
    was taken over more than two numbers and had a tie. A right engine can compute the earlier one as the sum of the
    largest numbers, each divided by how many there are, and its rounding error would break the later tie.
    """
    data = answers.arrays("data")
    inexact: set[int] = set()
    for step, (name, *_) in enumerate(graph.steps):
        node, operands = len(graph.leaves) + step, graph.operands(step)
        numbers = data[operands[0]].numbers
        if inexact.intersection(operands):
            inexact.add(node)
        if name == "relu" and any(abs(number) < _MIN_DISTANCE_FROM_RELU_KINK for number in numbers):
            return False
        if name in ("max", "max_kept"):
            distances = [b - a for a, b in pairwise(sorted(numbers))]
            if any(0 < distance < _MIN_DISTANCE_OF_MAXIMA for distance in distances):
                return False
            if 0 in distances:
                if node in inexact:
                    return False
                if len(numbers) > 2 * len(data[node].numbers):
                    inexact.add(node)
    return True
