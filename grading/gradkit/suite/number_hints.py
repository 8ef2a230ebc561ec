"""Hints that follow from the numbers of a mismatch alone: where to look, and what kind of error it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import Mismatch
from gradkit.oracle.tolerance import ROUNDED_TOLERANCE, is_close

MAX_CONSUMERS = 14
"""Consumers of a node, at most, of which every subset is tried: 2**14 sums. No corpus has a node with more."""


def hint_from_numbers(mismatch: Mismatch) -> str:
    """Return a hint of one line for the student; empty if the numbers suggest nothing."""
    graph, node = mismatch.graph, mismatch.origin
    first_wrong = mismatch.wrong[0]
    yours = getattr(mismatch.got, mismatch.kind)[first_wrong]
    right = getattr(mismatch.want, mismatch.kind)[first_wrong]

    if abs(yours - right) <= ROUNDED_TOLERANCE * abs(right):
        return "The first digits are right: is something rounded, or kept in less than double precision (float32)?"
    if mismatch.kind == "data":
        return _data_hint(mismatch, node)
    if not is_close(mismatch.got.grad[graph.output], 1.0):
        return "The gradient of the result itself is not 1: backward() starts by setting it."
    if all(mismatch.got.grad[leaf] == 0 for leaf in range(len(graph.inputs))):
        makers = _operation_texts(mismatch, range(len(graph.inputs), len(graph)))
        return (
            f"No gradient arrives at any leaf: either a closure ({makers}) is not kept in its result, or backward() "
            "does not run it in time, or it passes nothing on."
        )
    return _gradient_hint(mismatch, node) if node is not None else ""


def _data_hint(mismatch: Mismatch, node: int | None) -> str:
    graph, got = mismatch.graph, mismatch.got.data
    if node is None or node >= len(graph.inputs):
        maker = _operation_texts(mismatch, [graph.output if node is None else node])
        return f"Its operands' numbers are right, so look at how {maker} computes its own."
    return (
        f"A leaf was made with {graph.inputs[node]!r} and now holds {got[node]!r}: look at __init__, "
        "and for an operation that changes its operands."
    )


def _gradient_hint(mismatch: Mismatch, node: int) -> str:
    """Explain the gradient of `node`, the first wrong one: the gradients of all its consumers are right."""
    graph, got = mismatch.graph, mismatch.got.grad[node]
    consumers = graph.consumers(node)
    shares = {consumer: _share(mismatch, consumer, node) for consumer in consumers}
    expected = sum(shares.values())

    if expected and is_close(got, 2 * expected):
        makers = _operation_texts(mismatch, consumers)
        return (
            f"It holds twice its due: either {makers} passes on twice as much, or a closure runs twice (backward() "
            "visits each node once)."
        )
    if len(consumers) == 1:
        return _single_use_hint(mismatch, node, consumers[0], expected)

    for n_kept in range(1, len(consumers) if len(consumers) <= MAX_CONSUMERS else 1):
        for kept in combinations(consumers, n_kept):
            if is_close(got, sum(shares[consumer] for consumer in kept)):
                lost = [consumer for consumer in consumers if consumer not in kept]
                return _lost_share_hint(mismatch, kept, lost)
    text = _operation_texts(mismatch, consumers)
    return f"It collects from {text}: check each closure, and the order in which backward() runs them."


def _lost_share_hint(mismatch: Mismatch, kept: Sequence[int], lost: Sequence[int]) -> str:
    """Explain a node with several consumers whose gradient contains the shares of only some of them."""
    used_again = [consumer for consumer in lost if len(mismatch.graph.consumers(consumer)) > 1]
    if used_again:
        return (
            f"The share of {_operation_texts(mismatch, used_again)} is missing. If every closure collects with +=, "
            "then its closure ran before its own gradient was complete: look at the order."
        )
    return (
        f"It is used {len(kept) + len(lost)} times, but holds only what {_operation_texts(mismatch, kept)} passed on; "
        f"the share of {_operation_texts(mismatch, lost)} is lost: collect with += in every closure, never =. Or does "
        "that pass nothing on?"
    )


def _single_use_hint(mismatch: Mismatch, node: int, consumer: int, expected: float) -> str:
    """Explain a node that a single operation uses, once or as both operands."""
    graph, got = mismatch.graph, mismatch.got.grad[node]
    text, upstream = _operation_texts(mismatch, [consumer]), mismatch.want.grad[consumer]

    if graph.parents(consumer).count(node) > 1:
        shares = [_share(mismatch, consumer, node, operand) for operand in (0, 1)]
        if any(is_close(got, share) for share in shares):
            return f"Both operands of {text} are the same node here: each use must add (+=) its share to the gradient."
    elif is_close(got, 0.0):
        others = [parent for parent in graph.parents(consumer) if parent != node]
        if any(is_close(mismatch.got.grad[other], mismatch.want.grad[other]) for other in others):
            return f"{text} passes something on to one operand and nothing to the other: each gets its share."
        return (
            f"Nothing arrives from {text}: does its result keep closure and parents (_prev), and does backward() run "
            "the closure once its own gradient is complete (reversed topological order)?"
        )
    elif is_close(got, -expected):
        return f"The sign is wrong: look at what the closure of {text} passes on."
    elif upstream and is_close(got, expected / upstream):
        return f"This is the local derivative of {text} alone: multiply by out.grad, the upstream gradient."
    return f"Look at what the closure of {text} passes on: out.grad times the local derivative."


def _share(mismatch: Mismatch, consumer: int, parent: int, operand: int | None = None) -> float:
    """Return what `consumer` should pass on to the gradient of `parent`: see complex_step.local_derivative."""
    derivative = complex_step.local_derivative(mismatch.graph, mismatch.want.data, consumer, parent, operand)
    return mismatch.want.grad[consumer] * derivative


def _operation_texts(mismatch: Mismatch, nodes: Sequence[int]) -> str:
    """Return the operations that make these nodes, as a student writes them: `a * b` and `x.tanh()`."""
    graph = mismatch.graph
    texts = []
    for node in nodes:
        name, *_, last = graph.steps[node - len(graph.inputs)]
        row = OPERATIONS[name]
        letters = {"a": "a", "b": "b"} if row.arity == 2 else {"a": "x"}
        texts.append(f"`{row.text.format(**letters, k=last)}`")
    return " and ".join(dict.fromkeys(texts))
