"""Corpora of random expression graphs: a systematic part for each operation, then graphs that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Literal, get_args

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import draw_with_hypothesis
from .graph_spec import GraphSpec
from .parameters import check_at_least, check_choice, check_not_empty
from .spec import Corpus, format_number_in_key
from .systematic import draw_systematic

MAX_STEPS, N_GRAPHS = 5, 100
"""The maximum number of steps of a drawn graph and the number of graphs of a corpus, unless an item says otherwise."""

Reuse = Literal["nothing", "leaves", "nodes"]

GraphCorpus = Corpus[Graph, Answers]


@dataclass(frozen=True)
class RandomGraphs(GraphSpec):
    """Random graphs about some operations.

    Attributes:
        operations: The operations that the item is about; each graph uses at least one of them.
        constants: The plain numbers of those operations that take one; empty for those of the table.
        reuse: Which nodes are used more than once: "nothing" (the graph is a tree), "leaves" (backward() is right in
            any order that goes from the output to the leaves) or "nodes".
        size: Maximum number of steps.
        count: Number of graphs; more if the systematic part leaves room for fewer than a quarter of random ones.
    """

    operations: tuple[str, ...]
    constants: tuple[float, ...] = ()
    reuse: Reuse = "nothing"
    size: int = MAX_STEPS
    count: int = N_GRAPHS

    @property
    def key(self) -> str:
        """See CorpusSpec."""
        words = ["scalar", *self.operations]
        if self.constants:
            words.append("constants=" + ",".join(map(format_number_in_key, self.constants)))
        if self.reuse != "nothing":
            words.append(f"reuse={self.reuse}")
        if self.size != MAX_STEPS:
            words.append(f"size={self.size}")
        if self.count != N_GRAPHS:
            words.append(f"count={self.count}")
        return " ".join(words)

    @property
    def name(self) -> str:
        """See CorpusSpec."""
        first, *others = self.operations
        words = [first, f"and_{len(others)}_more"] if len(others) > 3 else list(self.operations)
        words += [f"{number:g}".replace("-", "minus") for number in self.constants]
        if self.reuse != "nothing":
            words.append(self.reuse)
        if self.size != MAX_STEPS:
            words.append(f"size{self.size}")
        return "_".join(words)

    @property
    def companions(self) -> tuple[str, ...]:
        """The operations that can occur beside `operations`.

        They are the two simplest ones, if they are graded before, so that an error in another operation does not fail
        this item.
        """
        if self.operations == ("add",):
            return ()
        return ("add",) if self.operations == ("mul",) else ("add", "mul")

    def constants_of(self, operation: str) -> tuple[float, ...]:
        """Return the plain numbers that can be drawn for an operation; none if it does not take one."""
        constants = OPERATIONS[operation].constants
        return self.constants if constants and self.constants else constants

    def with_count(self, count: int) -> RandomGraphs:
        """See CorpusSpec."""
        return replace(self, count=count)

    def draw(self, seed: str, excluded: Collection[Graph] = ()) -> GraphCorpus:
        """See CorpusSpec."""

        def answer(graph: Graph) -> Answers | None:
            return None if graph in excluded else answer_if_well_posed(answer_graph, graph)

        drawn: dict[Graph, Answers] = {}
        if len(self.operations) <= 2:  # each operation of a larger set has its systematic part in another corpus
            drawn = draw_systematic(self, seed, answer)
        n_random = max(self.count - len(drawn), self.count // 4)
        drawn.update(self._draw_random(seed, n_random, answer))
        return smallest_first(drawn)

    def _draw_random(self, seed: str, count: int, answer: Callable[[Graph], Answers | None]) -> dict[Graph, Answers]:
        """Draw `count` random graphs that use one of the operations; fewer if Hypothesis does not find as many."""
        from .scalar_strategies import expression_graphs

        drawn: dict[Graph, Answers] = {}

        def collect(graph: Graph) -> None:
            if len(drawn) >= count or graph in drawn or len(graph.steps) < 2:
                return
            if any(step[0] in self.operations for step in graph.steps):
                answers = answer(graph)
                if answers:
                    drawn[graph] = answers

        strategy = expression_graphs(self, complex_step.FUNCTIONS)
        draw_with_hypothesis(strategy, f"{seed} {self.key}", collect, lambda: count - len(drawn))
        return drawn


def random_graphs(
    *operations: str,
    constants: tuple[float, ...] = (),
    reuse: Reuse = "nothing",
    size: int = MAX_STEPS,
    count: int = N_GRAPHS,
) -> RandomGraphs:
    """Return the spec of random graphs about these operations: see RandomGraphs.

    Raises:
        ValueError: If a parameter is not one of those allowed, or too small.
    """
    check_not_empty("operations", operations)
    for operation in operations:
        check_choice("operation", "operations", operation, OPERATIONS)
    check_choice("reuse", "reuse", reuse, get_args(Reuse))
    check_at_least(1, size=size, count=count)
    return RandomGraphs(operations, constants, reuse, size, count)


def smallest_first(answers: dict[Graph, Answers]) -> GraphCorpus:
    """Return the corpus in the order in which a student should meet the graphs."""
    graphs = sorted(answers, key=lambda graph: len(graph.steps))
    return Corpus(tuple(graphs), tuple(answers[graph] for graph in graphs))
