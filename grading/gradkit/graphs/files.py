"""How corpora are kept in files: one case and its answers a line, so that a change shows in a diff."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec

from .corpus import Corpus, RandomGraphs
from .graph import Answers, Graph
from .losses import Loss, LossAnswers, Losses
from .networks import Network, NetworkAnswers, Networks
from .tensors import TensorAnswers, TensorGraph, Tensors
from .trajectories import Trajectories, Trajectory, TrajectoryAnswers


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


PARTIAL = ".partial"
"""How the name of a file ends that a killed process may leave behind."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whenever this process may be killed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    partial.write_bytes(content)
    partial.replace(path)


_ADVICE = {
    errno.ENOSPC: "Free some space there, then run the same command again.",
    errno.EDQUOT: "Free some space there, then run the same command again.",
    errno.EFBIG: "The limit on the size of files (ulimit -f) is too small: raise it, then run the same command again.",
    errno.EMFILE: "The limit on open files (ulimit -n) is too small: raise it, then run the same command again.",
    errno.EACCES: "Make it writable, then run the same command again.",
    errno.EROFS: "Name a folder that can be written to with --out.",
    errno.EISDIR: "There is a folder of this name: move it away, then run the same command again.",
    errno.ENOTDIR: "A file is where a folder is needed: move it away, then run the same command again.",
    errno.ENOENT: "Was it deleted during the run? Run the same command again.",
}
"""What to do about an error of the system, by its number."""


def sentence_of(error: OSError) -> str:
    """Return what the system refused, for which file, and what to do about it."""
    said = error.strerror or type(error).__name__
    name = error.filename2 or error.filename
    file = f"{name}: " if name else ""
    return f"{file}{said}. {_ADVICE.get(error.errno or 0, 'Mend that, then run the same command again.')}"
