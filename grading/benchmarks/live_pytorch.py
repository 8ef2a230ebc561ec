"""A pytest plugin (-p live_pytorch): live PyTorch answers in this process, and the recorded answers are not used.

The variable LIVE says which graphs it answers: "drawn", as many as are recorded, drawn anew with Hypothesis; or
"recorded". So pytest does what a course without such a kit would do, as efficiently as possible: a corpus is drawn once
for all items that use it, and each graph is answered once.
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

MIN_SIZE, MAX_SIZE = 1e-6, 1e6
"""Graphs with a number outside this range (0 excepted) are left out: right engines could differ by rounding."""


class LiveLibrary(Library):
    """The recorded corpora, or as many newly drawn graphs, with live answers."""

    answered = 0
    """How many graphs PyTorch has answered so far."""

    def _load_or_draw(self, spec: CorpusSpec[Any, Any]) -> Corpus[Any, Any]:
        recorded = super()._load_or_draw(spec)
        if os.environ["LIVE"] == "recorded" or not spec.depends_on_seed:
            return Corpus(recorded.cases, tuple(map(_answers, recorded.cases)))
        return drawn(spec, len(recorded.cases))


def _answers(graph: Graph) -> Answers:
    LiveLibrary.answered += 1
    return answer_graph(graph)


def drawn(spec: RandomGraphs, n_graphs: int) -> Corpus[Any, Any]:
    """Draw a number of graphs with Hypothesis, as a test with `@given` would, and let PyTorch answer them."""
    import hypothesis

    answered: dict[Graph, Answers] = {}

    def collect(graph: Graph) -> None:
        hypothesis.assume(graph not in answered and len(answered) < n_graphs)
        answers = _answers(graph)
        hypothesis.assume(all(x == 0 or MIN_SIZE <= abs(x) <= MAX_SIZE for x in answers.data + answers.grad))
        answered[graph] = answers

    while len(answered) < n_graphs:
        settings = hypothesis.settings(
            max_examples=n_graphs - len(answered),
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        strategy = expression_graphs(spec, complex_step.FUNCTIONS)
        hypothesis.seed(len(answered))(settings(hypothesis.given(strategy)(collect)))()
    return smallest_first(answered)


self_check.Library = LiveLibrary  # type: ignore[misc]


@pytest.hookimpl
def pytest_unconfigure() -> None:
    print(f"PyTorch answered {LiveLibrary.answered} graphs")
