"""A pytest plugin (-p live_pytorch): the recorded answers are left alone, and live PyTorch is asked in this process.

The variable LIVE says of which graphs: "drawn", as many as were recorded, drawn anew with Hypothesis; or "recorded".
What a course does without a kit like this one, and without any waste: a corpus is drawn once and serves all items that
ask for it, a graph is asked about once.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import RandomGraphs, smallest_first
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.corpora.spec import Corpus, CorpusSpec
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle import complex_step
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.pytest_plugin import self_check

REACH = 1e-6, 1e6
"""Numbers of any other size (0 apart) are left out, or right engines could differ by rounding."""


class LiveLibrary(Library):
    """Corpora of the recorded sizes, with live answers."""

    answered = 0
    """How many graphs PyTorch has answered so far."""

    def _load_or_draw(self, spec: CorpusSpec[Any, Any]) -> Corpus[Any, Any]:
        recorded = super()._load_or_draw(spec)
        if os.environ["LIVE"] == "recorded" or not spec.is_drawn:
            return Corpus(recorded.cases, tuple(map(_answers, recorded.cases)))
        return drawn(spec, len(recorded.cases))


def _answers(graph: Graph) -> Answers:
    LiveLibrary.answered += 1
    return answer_graph(graph)


def drawn(spec: RandomGraphs, count: int) -> Corpus[Any, Any]:
    """So many graphs, drawn with Hypothesis as any test of its own would."""
    import hypothesis

    found: dict[Graph, Answers] = {}

    def collect(graph: Graph) -> None:
        hypothesis.assume(graph not in found and len(found) < count)
        answers = _answers(graph)
        hypothesis.assume(all(x == 0 or REACH[0] <= abs(x) <= REACH[1] for x in answers.data + answers.grad))
        found[graph] = answers

    while len(found) < count:
        settings = hypothesis.settings(
            max_examples=count - len(found),
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        strategy = expression_graphs(spec, complex_step.FUNCTIONS)
        hypothesis.seed(len(found))(settings(hypothesis.given(strategy)(collect)))()
    return smallest_first(found)


self_check.Library = LiveLibrary  # type: ignore[misc]


@pytest.hookimpl
def pytest_unconfigure() -> None:
    print(f"PyTorch answered {LiveLibrary.answered} graphs")
