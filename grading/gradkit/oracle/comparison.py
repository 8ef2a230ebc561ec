"""Holding a student's answers against PyTorch's: the tolerance, the first wrong node, and a hint from the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Literal

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS

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


def all_agree(numbers: Sequence[float], answers: Iterable[Answers], backward: bool) -> bool:
    """Whether all numbers of a reply are PyTorch's to nine digits, so that no node needs a closer look.

    numbers: as Reply has them.   answers: PyTorch's to the same graphs.
    """
    want = list(chain.from_iterable(each.data + each.grad if backward else each.data for each in answers))
    return len(want) == len(numbers) and all(map(math.isclose, numbers, want))


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
        return _data_hint(mismatch, node)
    if not close(mismatch.got.grad[graph.output], 1.0):
        return "The gradient of the result itself is not 1: backward() starts by setting it."
    if all(mismatch.got.grad[leaf] == 0 for leaf in range(len(graph.inputs))):
        makers = _texts(graph, range(len(graph.inputs), len(graph)))
        return f"No gradient arrives at any leaf: is each closure ({makers}) kept in its result and run by backward()?"
    return _gradient_hint(mismatch, node) if node is not None else ""


def _data_hint(mismatch: Mismatch, node: int | None) -> str:
    graph, got = mismatch.graph, mismatch.got.data
    if node is None or node >= len(graph.inputs):
        maker = _texts(graph, [graph.output if node is None else node])
        return f"Its operands' numbers are right, so look at how {maker} computes its own."
    return (
        f"A leaf was made with {graph.inputs[node]!r} and now holds {got[node]!r}: look at __init__, "
        "and for an operation that changes its operands."
    )


def _gradient_hint(mismatch: Mismatch, node: int) -> str:
    graph, got = mismatch.graph, mismatch.got.grad[node]
    consumers = graph.consumers(node)
    shares = {consumer: mismatch.want.grad[consumer] * _local(mismatch, consumer, node) for consumer in consumers}
    due = sum(shares.values())
    text = _texts(graph, consumers)
    if due and close(got, 2 * due):
        return "It holds twice its due: does a closure run twice? backward() visits each node once."
    if len(consumers) == 1:
        return _single_use_hint(mismatch, node, consumers[0], due)
    for size in range(1, len(consumers)):
        for kept in combinations(consumers, size):
            if close(got, sum(shares[consumer] for consumer in kept)):
                return _lost_share_hint(graph, kept, [consumer for consumer in consumers if consumer not in kept])
    return f"It collects from {text}: check each closure, and the order in which backward() runs them."


def _lost_share_hint(graph: Graph, kept: tuple[int, ...], lost: list[int]) -> str:
    """A node that is used more than once holds only some of its shares."""
    waits = [consumer for consumer in lost if len(graph.consumers(consumer)) > 1]
    if waits:
        return (
            f"The share of {_texts(graph, waits)} is missing. If every closure collects with +=, then its closure ran "
            "before its own gradient was complete: look at the order."
        )
    return (
        f"It is used {len(kept) + len(lost)} times, but holds only what {_texts(graph, kept)} passed on; "
        f"the share of {_texts(graph, lost)} is lost: collect with += in every closure, never =."
    )


def _single_use_hint(mismatch: Mismatch, node: int, consumer: int, due: float) -> str:
    """A node that one operation uses, once or as both operands."""
    graph, got = mismatch.graph, mismatch.got.grad[node]
    text, upstream = _texts(graph, [consumer]), mismatch.want.grad[consumer]
    if graph.parents(consumer).count(node) > 1:
        halves = [upstream * _local(mismatch, consumer, node, only=place) for place in (0, 1)]
        if any(close(got, half) for half in halves):
            return f"Both operands of {text} are the same node here: each use must add (+=) its share to the gradient."
    elif close(got, 0.0):
        served = [
            p for p in graph.parents(consumer) if p != node and close(mismatch.got.grad[p], mismatch.want.grad[p])
        ]
        if served:
            return f"The closure of {text} serves one operand and not the other: each gets its share."
        return (
            f"Nothing arrives from {text}: does its result keep closure and parents (_prev), and does backward() run "
            "the closure once its own gradient is complete (reversed topological order)?"
        )
    elif close(got, -due):
        return f"The sign is wrong: look at what the closure of {text} passes on."
    elif upstream and close(got, due / upstream):
        return f"This is the local derivative of {text} alone: multiply by out.grad, the upstream gradient."
    return f"Look at what the closure of {text} passes on: out.grad times the local derivative."


def _local(mismatch: Mismatch, consumer: int, parent: int, only: int | None = None) -> float:
    return complex_step.passed_on(mismatch.graph, mismatch.want.data, consumer, parent, only)


def _texts(graph: Graph, nodes: range | list[int] | tuple[int, ...]) -> str:
    """The operations that make these nodes, as a student writes them: `a * b` and `x.tanh()`."""
    texts = []
    for node in nodes:
        name, *_, last = graph.steps[node - len(graph.inputs)]
        row = OPERATIONS[name]
        letters = {"a": "a", "b": "b"} if row.arity == 2 else {"a": "x"}
        texts.append(f"`{row.text.format(**letters, k=last)}`")
    return " and ".join(dict.fromkeys(texts))
