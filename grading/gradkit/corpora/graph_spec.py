"""What the corpus specs of expression graphs share, whether the graphs are drawn or written by hand."""

from __future__ import annotations

import msgspec

from gradkit.graphs.scalar.program import write_program
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle.pytorch.scalar import answer_graph

from .spec import CorpusSpec


class _Line(msgspec.Struct, array_like=True):
    """One recorded graph, with the data and the gradient of every node."""

    inputs: list[float]
    steps: list[list[str | int | float]]
    output: int
    data: list[float]
    grad: list[float]
    names: list[str] = []


_DECODER = msgspec.json.Decoder(list[_Line])


class GraphSpec(CorpusSpec[Graph, Answers]):
    """What the specs of drawn and of hand-written graphs share: PyTorch's answer, the line of a file, the programs."""

    def answer(self, case: Graph) -> Answers:
        """See CorpusSpec."""
        return answer_graph(case)

    def encode(self, case: Graph, answer: Answers) -> bytes:
        """See CorpusSpec."""
        steps = [list(step) for step in case.steps]
        return msgspec.json.encode(
            _Line(list(case.inputs), steps, case.output, answer.data, answer.grad, list(case.names))
        )

    def decode(self, content: bytes) -> list[tuple[Graph, Answers]]:
        """See CorpusSpec."""
        pairs = []
        for line in _DECODER.decode(content):
            steps = [tuple(step) for step in line.steps]
            pairs.append((Graph(line.inputs, steps, line.output, line.names), Answers(line.data, line.grad)))
        return pairs

    def programs(self, case: Graph) -> list[list[str]]:
        """See CorpusSpec. One prints the data and one the gradient of every node."""
        nodes = range(len(case))
        return [write_program(case, gradients=False, shown=nodes), write_program(case, gradients=True, shown=nodes)]
