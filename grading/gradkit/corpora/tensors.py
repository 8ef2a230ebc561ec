"""Corpora of random graphs of tensors."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from gradkit.graphs.tensor.graph import TensorAnswers, TensorGraph
from gradkit.graphs.tensor.program import name_nodes, write_tensor_program
from gradkit.oracle.pytorch.tensor import answer_tensor_graph
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import draw_with_hypothesis
from .parameters import check_at_least, check_choice, check_not_empty
from .spec import Corpus, CorpusSpec
from .tensor_forms import FORMS

MAX_STEPS, N_GRAPHS = 1, 16
"""The maximum number of steps of a graph and the number of graphs of a corpus, unless an item says otherwise."""

_MIN_DISTANCE_FROM_RELU_KINK = 0.01
_MIN_DISTANCE_OF_MAXIMA = 1e-6

_DECODER = msgspec.json.Decoder(list[tuple[TensorGraph, TensorAnswers]])


@dataclass(frozen=True)
class Tensors(CorpusSpec[TensorGraph, TensorAnswers]):
    """Random graphs of tensors.

    Attributes:
        forms: Names in tensor_forms.FORMS: an operation, and how the shapes of its operands are related.
        steps: Maximum number of steps; with one, each graph is a single operation.
        layout: Whether leaves also have other layouts in memory than row by row.
        ties: Whether many numbers are equal.
        twice: Whether the last step is done twice and the results are added, so that its operands have two uses.
        count: Number of graphs, divided equally among the parts (see `list_parts`) and rounded up.
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
        if self.steps > 1:
            words.append(f"{self.steps}steps")
        if self.layout:
            words.append("layouts")
        if self.ties:
            words.append("ties")
        if self.twice:
            words.append("twice")
        return "_".join(["tensor", *words])

    def draw(self, seed: str, excluded: Collection[TensorGraph] = ()) -> Corpus[TensorGraph, TensorAnswers]:
        """See CorpusSpec. The graphs come smallest first, and any two differ in more than their numbers."""
        from .tensor_strategies import list_parts

        drawn: dict[object, tuple[TensorGraph, TensorAnswers]] = {}
        parts = list_parts(self)
        count_per_part = math.ceil(self.count / len(parts))
        for part in parts:
            drawn |= self._draw_part(part, seed, count_per_part, known_structures=drawn.keys())

        pairs = sorted(drawn.values(), key=lambda pair: (len(pair[0].steps), len(pair[1].data)))
        return Corpus(tuple(graph for graph, _ in pairs), tuple(answers for _, answers in pairs))

    def _draw_part(
        self, part: tuple[str, bool | None], seed: str, count: int, known_structures: Collection[object]
    ) -> dict[object, tuple[TensorGraph, TensorAnswers]]:
        """Draw `count` graphs of a part (see `list_parts`); fewer if Hypothesis does not find as many.

        Returns:
            Each graph and its answers by the graph's structure, because Hypothesis often draws a graph again with a
            single number changed.
        """
        from .tensor_strategies import random_tensor_graphs

        drawn: dict[object, tuple[TensorGraph, TensorAnswers]] = {}

        def collect(graph: TensorGraph | None) -> None:
            if graph is None or len(drawn) >= count:
                return
            if graph.structure in known_structures or graph.structure in drawn:
                return
            answers = answer_if_well_posed(answer_tensor_graph, graph)
            if answers and is_off_the_kinks(graph, answers):
                drawn[graph.structure] = graph, answers

        form, is_swapped = part
        strategy = random_tensor_graphs(self, form, is_swapped)
        part_seed = f"{seed} {self.key}, part {form} swapped={is_swapped}"
        draw_with_hypothesis(strategy, part_seed, collect, lambda: count - len(drawn))
        return drawn

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
    """Return whether no relu is near its kink, and no max has two numbers that are nearly but not exactly equal."""
    data = answers.arrays("data")
    for step, (name, *_) in enumerate(graph.steps):
        numbers = data[graph.operands(step)[0]].numbers
        if name == "relu" and any(abs(number) < _MIN_DISTANCE_FROM_RELU_KINK for number in numbers):
            return False
        if name in ("max", "max_kept"):
            distances = [b - a for a, b in pairwise(sorted(numbers))]
            if any(0 < distance < _MIN_DISTANCE_OF_MAXIMA for distance in distances):
                return False
    return True
