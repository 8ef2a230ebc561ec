"""Corpora of expressions that are written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradkit.graphs.scalar.trace import Tracer, trace_expression
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle.pytorch.scalar import answer_graph

from .graph_spec import GraphSpec
from .spec import Corpus


@dataclass(frozen=True)
class Expressions(GraphSpec):
    """Graphs written by hand, and so exempt from the rules for drawn graphs.

    Attributes:
        title: The name of the corpus.
        graphs: The graphs, in the order in which a student meets them.
    """

    title: str
    graphs: tuple[Graph, ...]

    @property
    def key(self) -> str:
        """See CorpusSpec. Nothing is drawn from it, so it does not contain the graphs."""
        return f"expressions {self.title}"

    @property
    def name(self) -> str:
        """See CorpusSpec."""
        return self.title

    @property
    def count(self) -> int:
        """See CorpusSpec."""
        return len(self.graphs)

    @property
    def depends_on_seed(self) -> bool:
        """See CorpusSpec."""
        return False

    def draw(self, seed: str, public: Corpus[Graph, Answers] | None = None) -> Corpus[Graph, Answers]:
        """See CorpusSpec. The graphs are the same for every seed."""
        return Corpus(self.graphs, tuple(map(answer_graph, self.graphs)))


def expressions(name: str, *cases: tuple[Callable[..., Tracer], tuple[float, ...]]) -> Expressions:
    """Return the spec of hand-written graphs: each an expression and the numbers of its inputs."""
    return Expressions(name, tuple(trace_expression(expression, *numbers) for expression, numbers in cases))
