"""Corpora of random expression graphs: a systematic part for each operation, then graphs that Hypothesis draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Literal, get_args

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.oracle.well_posed import answer_if_well_posed

from .drawing import MAX_ROUNDS, draw_with_hypothesis
from .graph_spec import GraphSpec
from .parameters import check_at_least, check_choice, check_not_empty
from .scalar_coverage import has_systematic_part, list_coincidences, list_features, list_required_features
from .spec import Corpus, format_number_in_key
from .systematic import draw_systematic

MAX_STEPS, N_GRAPHS = 5, 100
"""The maximum number of steps of a drawn graph and the number of graphs of a corpus, unless an item says otherwise."""

_MAX_ROUNDS_FOR_FEATURES = 100
"""Rounds in which graphs with missing features are drawn: some features are rare."""

Reuse = Literal["nothing", "leaves", "nodes"]

GraphCorpus = Corpus[Graph, Answers]

_Answer = Callable[[Graph], Answers | None]


@dataclass(frozen=True)
class RandomGraphs(GraphSpec):
    """Random graphs about some operations.

    Attributes:
        operations: The operations that the item is about; each graph uses at least one of them.
        constants: The plain numbers of those operations that take one; empty for those of the table.
        reuse: Which nodes are used more than once: "nothing" (the graph is a tree), "leaves" (backward() is right in
            any order that goes from the output to the leaves) or "nodes".
        size: Maximum number of steps.
        count: Number of graphs; more if the systematic part leaves room for fewer than a quarter of random ones, or if
            some feature that the spec requires is still missing then (see `required_features`).
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

    def draw(self, seed: str, public: GraphCorpus | None = None) -> GraphCorpus:
        """See CorpusSpec. A private corpus has no coincidence that the public one lacks: see `list_coincidences`."""
        known = dict(zip(public.cases, public.answers)) if public else {}
        allowed = set().union(*(list_coincidences(graph, answers) for graph, answers in known.items()))

        def answer(graph: Graph) -> Answers | None:
            if graph in known:
                return None
            answers = answer_if_well_posed(answer_graph, graph)
            if answers and public and not list_coincidences(graph, answers) <= allowed:
                return None
            return answers

        drawn: dict[Graph, Answers] = {}
        if has_systematic_part(self):
            drawn = draw_systematic(self, seed, answer)
        n_random = max(self.count - len(drawn), self.count // 4)
        self._draw_sizes(seed, n_random, answer, drawn)
        if self.count >= N_GRAPHS:
            self._draw_missing_features(seed, answer, drawn)
        return smallest_first(drawn)

    def _draw_sizes(self, seed: str, count: int, answer: _Answer, drawn: dict[Graph, Answers]) -> None:
        """Draw about equally many random graphs of each size, from a third of the maximum.

        Fewer are drawn if Hypothesis does not find as many.

        Args:
            seed: The seed.
            count: Number of graphs.
            answer: Returns the answers to a graph, or None if it must not be used.
            drawn: The graphs drawn before, which receives those drawn now.
        """
        sizes = range(max(2, self.size // 3), max(2, self.size) + 1)
        n_missing = Counter(islice(cycle(sizes), count))

        def collect(graph: Graph, answers: Answers) -> None:
            drawn[graph] = answers
            n_missing[len(graph.steps)] -= 1

        def is_wanted(graph: Graph) -> bool:
            return n_missing[len(graph.steps)] > 0

        self._draw_random(seed, answer, drawn, is_wanted, collect, n_missing.total)

    def _draw_missing_features(self, seed: str, answer: _Answer, drawn: dict[Graph, Answers]) -> None:
        """Draw random graphs until there is every feature that the spec requires. See `_draw_sizes`."""
        missing = self.missing_features(drawn.items())

        def collect(graph: Graph, answers: Answers) -> None:
            new = missing & list_features(graph, answers)
            if new:
                missing.difference_update(new)
                drawn[graph] = answers

        # In a round, 20 examples are drawn for each missing feature, and 20 more.
        self._draw_random(
            f"{seed} more",
            answer,
            drawn,
            lambda _: bool(missing),
            collect,
            lambda: 10 * len(missing),
            _MAX_ROUNDS_FOR_FEATURES,
        )

    def _draw_random(
        self,
        seed: str,
        answer: _Answer,
        drawn: dict[Graph, Answers],
        is_wanted: Callable[[Graph], bool],
        collect: Callable[[Graph, Answers], None],
        n_missing: Callable[[], int],
        max_rounds: int = MAX_ROUNDS,
    ) -> None:
        """Draw random graphs that are not drawn yet, and use one of the operations.

        Args:
            seed: The seed.
            answer: Returns the answers to a graph, or None if it must not be used.
            drawn: The graphs drawn before.
            is_wanted: Whether a graph should be answered.
            collect: Called with each graph that has answers.
            n_missing: Returns the number of graphs that are still needed.
            max_rounds: Maximum number of rounds.
        """
        from .scalar_strategies import expression_graphs

        def collect_if_answered(graph: Graph) -> None:
            if graph in drawn or not is_wanted(graph) or all(step[0] not in self.operations for step in graph.steps):
                return
            answers = answer(graph)
            if answers:
                collect(graph, answers)

        strategy = expression_graphs(self, complex_step.FUNCTIONS)
        draw_with_hypothesis(strategy, f"{seed} {self.key}", collect_if_answered, n_missing, max_rounds)

    def features(self, case: Graph, answer: Answers) -> set[str]:
        """See CorpusSpec."""
        return list_features(case, answer)

    def required_features(self) -> set[str]:
        """See CorpusSpec."""
        return list_required_features(self)


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
