"""How corpora are kept in files: one case and its answers a line, so that a change shows in a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from gradkit.files import write_whole
from gradkit.graphs.learning.losses import Loss, LossAnswers, Losses
from gradkit.graphs.learning.networks import Network, NetworkAnswers, Networks
from gradkit.graphs.learning.trajectories import Trajectories, Trajectory, TrajectoryAnswers
from gradkit.graphs.tensor.graph import TensorAnswers, TensorGraph, Tensors
from gradkit.inside.graph import Answers, Graph

from .scalar import Corpus, RandomGraphs


class _Line(msgspec.Struct, array_like=True):
    """One recorded graph: inputs, steps, output, data and gradient of every node."""

    inputs: list[float]
    steps: list[list[str | int | float]]
    output: int
    data: list[float]
    grad: list[float]
    names: list[str] = []


_GRAPHS = msgspec.json.Decoder(list[_Line])
_OTHERS: dict[type, msgspec.json.Decoder[Any]] = {
    Networks: msgspec.json.Decoder(list[tuple[Network, NetworkAnswers]]),
    Losses: msgspec.json.Decoder(list[tuple[Loss, LossAnswers]]),
    Trajectories: msgspec.json.Decoder(list[tuple[Trajectory, TrajectoryAnswers]]),
    Tensors: msgspec.json.Decoder(list[tuple[TensorGraph, TensorAnswers]]),
}
"""By the kind of wish."""


def save(corpus: Corpus[Any, Any], path: Path) -> None:
    """Write a corpus."""
    lines = [_line(case, answers) for case, answers in zip(corpus.cases, corpus.answers)]
    text = b",\n".join(msgspec.json.encode(line) for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, b"[\n" + text + b"\n]\n")


def _line(case: Any, answers: Any) -> object:
    if not isinstance(case, Graph):
        return case, answers
    steps = [list(step) for step in case.steps]
    return _Line(list(case.inputs), steps, case.output, answers.data, answers.grad, list(case.names))


def load(path: Path, kind: type = RandomGraphs) -> Corpus[Any, Any]:
    """Read the corpus that was recorded for a wish of this kind.

    Raises FileNotFoundError, or msgspec.ValidationError for a file that holds no such corpus.
    """
    raw = path.read_bytes()
    if kind in _OTHERS:
        pairs = _OTHERS[kind].decode(raw)
        return Corpus(tuple(case for case, _ in pairs), tuple(answers for _, answers in pairs))
    lines = _GRAPHS.decode(raw)
    graphs = tuple(Graph(line.inputs, line.steps, line.output, line.names) for line in lines)  # type: ignore[arg-type]
    return Corpus(graphs, tuple(Answers(line.data, line.grad) for line in lines))
