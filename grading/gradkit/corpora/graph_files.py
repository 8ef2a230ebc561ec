"""Encode and decode expression graphs, and write their programs, for drawn and for hand-written corpora."""

from __future__ import annotations

import msgspec

from gradkit.graphs.scalar.program import write_program
from gradkit.inside.graph import Answers, Graph


class _Line(msgspec.Struct, array_like=True):
    """One recorded graph, with the data and the gradient of every node."""

    inputs: list[float]
    steps: list[list[str | int | float]]
    output: int
    data: list[float]
    grad: list[float]
    names: list[str] = []


_DECODER = msgspec.json.Decoder(list[_Line])


def encode_graph(graph: Graph, answers: Answers) -> bytes:
    """Return one line of a file: see CorpusSpec.encode."""
    steps = [list(step) for step in graph.steps]
    return msgspec.json.encode(
        _Line(list(graph.inputs), steps, graph.output, answers.data, answers.grad, list(graph.names))
    )


def decode_graphs(content: bytes) -> list[tuple[Graph, Answers]]:
    """Return the graphs and answers of a file: see CorpusSpec.decode."""
    pairs = []
    for line in _DECODER.decode(content):
        steps = [tuple(step) for step in line.steps]
        pairs.append((Graph(line.inputs, steps, line.output, line.names), Answers(line.data, line.grad)))
    return pairs


def write_graph_programs(graph: Graph) -> list[list[str]]:
    """Return the programs that print the data and the gradient of every node: see CorpusSpec.programs."""
    nodes = range(len(graph))
    return [write_program(graph, gradients=False, shown=nodes), write_program(graph, gradients=True, shown=nodes)]
