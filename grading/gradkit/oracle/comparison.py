"""Holding a student's answers against PyTorch's: the tolerance, the first wrong node, and a hint from the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from ..graphs.graph import Answers, Graph
from ..graphs.operations import OPERATIONS
from . import complex_step

ABSOLUTE, RELATIVE = 1e-9, 1e-7
NEARLY = 1e-5
"""A number this close, relatively, is the right one, worked out with too few digits."""

Kind = Literal["data", "grad"]


def close(got: float, want: float) -> bool:
    """Whether a student's number counts as the right one: |got - want| <= 1e-9 + 1e-7 * |want|.

    NaN never does, and where infinity is due, nothing but infinity does.
    """
    return got == want or abs(got - want) <= ABSOLUTE + RELATIVE * abs(want) < math.inf


@dataclass(frozen=True)
class Mismatch:
    """A graph on which a student's engine and PyTorch differ.

    wrong:  the nodes that decide (the output for data, the leaves for gradients) and are wrong.
    origin: the node that went wrong first, in forward order for data and in reverse order for gradients; None where
            the numbers cannot tell.
    """

    graph: Graph
    kind: Kind
    want: Answers
    got: Answers
    wrong: tuple[int, ...]
    origin: int | None


def wrong_data(graph: Graph, want: Answers, got: Answers) -> Mismatch | None:
    """A mismatch if the output's number is wrong."""
    if close(got.data[graph.output], want.data[graph.output]):
        return None
    origin = next(node for node in range(len(graph)) if not close(got.data[node], want.data[node]))
    return Mismatch(graph, "data", want, got, (graph.output,), origin)


def wrong_gradients(graph: Graph, want: Answers, got: Answers, inner: bool = False) -> Mismatch | None:
    """A mismatch if a leaf's gradient is wrong, or (with `inner`) any node's."""
    decisive = range(len(graph) if inner else len(graph.inputs))
    wrong = tuple(node for node in decisive if not close(got.grad[node], want.grad[node]))
    if not wrong:
        return None
    return Mismatch(graph, "grad", want, got, wrong, _first_wrong_gradient(graph, want, got))


def _first_wrong_gradient(graph: Graph, want: Answers, got: Answers) -> int | None:
    """The first wrong node on the way back; None where inner gradients say nothing, because the root's own is not 1 or
    they were reset."""
    inner = range(len(graph.inputs), len(graph))
    if got.grad[graph.output] != 1 or any(got.grad[node] == 0 != want.grad[node] for node in inner):
        return None
    return next((node for node in reversed(range(len(graph))) if not close(got.grad[node], want.grad[node])), None)


def hint(mismatch: Mismatch) -> str:
    """One line that follows from the numbers alone: where to look, and what kind of slip it looks like."""
    graph, node = mismatch.graph, mismatch.origin
    yours, right = (getattr(answers, mismatch.kind)[mismatch.wrong[0]] for answers in (mismatch.got, mismatch.want))
    if abs(yours - right) <= NEARLY * abs(right):
        return "The first digits are right: is something rounded, or kept in less than double precision (float32)?"
    if mismatch.kind == "data":
        return _data_hint(graph, node)
    if not close(mismatch.got.grad[graph.output], 1.0):
        return "The gradient of the result itself is not 1: backward() starts by setting it."
    if all(mismatch.got.grad[leaf] == 0 for leaf in range(len(graph.inputs))):
        makers = _texts(graph, range(len(graph.inputs), len(graph)))
        return f"No gradient arrives at any leaf: is {makers}'s closure kept in the result and called by backward()?"
    return _gradient_hint(mismatch, node) if node is not None else ""


def _data_hint(graph: Graph, node: int | None) -> str:
    if node is None or node < len(graph.inputs):
        return "A leaf no longer holds the number it was given: an operation must not change its operands."
    return f"Its parents' numbers are right, so look at how {_texts(graph, [node])} computes its own."


def _gradient_hint(mismatch: Mismatch, node: int) -> str:
    graph, want = mismatch.graph, mismatch.want
    consumers = graph.consumers(node)
    shares = {c: want.grad[c] * _local(graph, want, c, node) for c in consumers}
    got = mismatch.got.grad[node]
    if len(consumers) == 1:
        text = _texts(graph, consumers)
        once = shares[consumers[0]]
        repeated = graph.parents(consumers[0]).count(node) > 1
        if repeated:
            return f"Both operands of {text} are the same node here: each use must add (+=) its share to the gradient."
        if close(got, 0.0):
            return (
                f"Nothing arrives from {text}: does backward() run its closure, and only after the closure's own "
                "out.grad is complete (reversed topological order)?"
            )
        if close(got, -once):
            return f"The sign is wrong: look at what {text}'s closure passes on."
        local = once / want.grad[consumers[0]] if want.grad[consumers[0]] else 0.0
        if close(got, local):
            return f"This is {text}'s local derivative alone: multiply by out.grad, the upstream gradient."
        return f"Look at what {text}'s closure passes on: out.grad times the local derivative."
    for size in range(1, len(consumers)):
        for kept in combinations(consumers, size):
            if close(got, sum(shares[c] for c in kept)):
                lost = [c for c in consumers if c not in kept]
                return (
                    f"It is used {len(consumers)} times, but holds only what {_texts(graph, kept)} passed on; "
                    f"the share of {_texts(graph, lost)} is lost: collect with += in every closure, never =."
                )
    return (
        f"It collects from {_texts(graph, consumers)}: check each closure, and the order in which backward() runs them."
    )


def _local(graph: Graph, want: Answers, consumer: int, parent: int) -> float:
    return complex_step.passed_on(graph, want.data, consumer, parent)


def _texts(graph: Graph, nodes: range | list[int] | tuple[int, ...]) -> str:
    """The operations that make these nodes, as a student writes them: `a * b` and `x.tanh()`."""
    texts = []
    for node in nodes:
        name, *_, last = graph.steps[node - len(graph.inputs)]
        row = OPERATIONS[name]
        letters = {"a": "a", "b": "b"} if row.arity == 2 else {"a": "x"}
        texts.append(f"`{row.text.format(**letters, k=last)}`")
    return " and ".join(dict.fromkeys(texts))
