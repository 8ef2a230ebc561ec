"""What is wrong with the order in which a student's backward() goes through the nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph
from gradkit.oracle.complex_step import answer_graph
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.transport.subject import Subject, write

from .operation import ADDITION
from .slips import agree
from .student import Student, attempt, read
from .wiring import Call, copied_operand_hint

CHAIN = trace_expression(lambda a, b, c: (a + b) + c, 0.7, 1.3, 1.7)

LONG_CHAIN = trace_expression(lambda a, b, c, d: ((a + b) + c) + d, 0.7, 1.3, 2.2, 3.1)
EQUAL_NUMBERS = trace_expression(lambda a, b, c, d: (a + b) + (c + d), 0.7, 0.7, 0.7, 0.7)
OTHER_NUMBERS = trace_expression(lambda a, b, c, d: (a + b) + (c + d), 0.7, 1.3, 2.2, 3.1)


def _reused(build: Callable[..., Any]) -> Graph:
    """Return a graph in which s = a * k is used more than once."""
    return trace_expression(lambda a, k, m: build(a * k, m, k), 0.7, 1.3, 1.7)


REUSED = {
    "s * m + s": _reused(lambda s, m, k: s * m + s),
    "s + s * m": _reused(lambda s, m, k: s + s * m),
    "(s * m) * k + s": _reused(lambda s, m, k: (s * m) * k + s),
    "s + (s * m) * k": _reused(lambda s, m, k: s + (s * m) * k),
    "s + s": _reused(lambda s, m, k: s + s),
}
"""Results in which s = a * k has two uses, by their text."""

N_TIMES = 4
"""How often each is asked for: if _prev is a set, then the order of two parents is a matter of chance."""


def lost_node_hint(student: Student) -> str:
    """Explain a backward() in which a second use of a node lets other nodes be left out."""
    make_value = student.load("Value")
    for is_first in (True, False) * N_TIMES:
        a, b = make_value(0.7), make_value(1.3)
        inner = a + b
        result = inner + a if is_first else a + inner
        if attempt(_run_backward, result):
            return ""
        if read([a, b, inner], "grad") == [0.0, 0.0, 0.0]:
            return (
                f"In {'(a + b) + a' if is_first else 'a + (a + b)'} nothing arrives, not even at a + b, though a + b "
                "alone is right: where backward() meets a node a second time (here a), it loses others. Only that one "
                "is to be skipped, and the rest goes on."
            )
    return ""


def _run_backward(result: Subject) -> None:
    result.backward()


def all_ones_hint(student: Student) -> str:
    """Explain a backward() that leaves the gradient 1 in every node that it reaches; empty if it does not."""
    graphs = [Graph((0.7, 1.3), [("mul", 0, 1)]), Graph((0.7,), [("add", 0, 0)])]
    product, twice = student.answers(graphs, backward=True)
    if product and twice and product.grad[:2] == [1.0, 1.0] and twice.grad[0] == 1.0:
        return (
            "Every node that backward() reaches ends with the gradient 1, and only the result's is to be set to 1: "
            "either the loop sets it for each node, or backward() of others is called, which sets theirs. It is their "
            "closures, _backward(), that are to run."
        )
    return ""


def chain_hint(student: Student) -> str:
    """Return what is wrong with the way from the result of (a + b) + c to a; empty if nothing is.

    A single `a + b` must pass on the right gradients.
    """
    (answer,) = student.answers([CHAIN], backward=True)
    if answer is None or agree(answer.grad[:3], [1.0] * 3):
        return _long_chain_hint(student) or _equal_numbers_hint(student)
    if answer.grad[:3] == [0.0, 0.0, 1.0]:
        make_value = student.load("Value")
        a, b, c = make_value(0.7), make_value(1.3), make_value(1.7)
        inner = a + b
        result = inner + c
        write([inner], "grad", [5.0])
        attempt(lambda: result.backward())
        if read([a], "grad") == [5.0]:
            return (
                "In (a + b) + c the closure of a + b runs before that of the result, when it has nothing to pass on "
                "yet: backward() goes through the order from the result to the leaves (reversed)."
            )
        return copied_operand_hint(student, Call(ADDITION)) or (
            "In (a + b) + c the result's closure runs and that of a + b does not: backward() has to go on, through the "
            "parents of the parents, to the leaves."
        )
    if answer.grad[:3] == [2.0, 2.0, 1.0]:
        return (
            "In (a + b) + c, a and b get twice what is due, although nothing is used twice: the closure of a + b runs "
            "twice. Each node belongs into the order once."
        )
    return (
        "A single a + b passes back the right gradients, and (a + b) + c does not: look at how backward() goes from "
        "node to node."
    )


def _long_chain_hint(student: Student) -> str:
    (answer,) = student.answers([LONG_CHAIN], backward=True)
    if answer is None or answer.grad[:2] != [0.0, 0.0]:
        return ""
    return (
        "In ((a + b) + c) + d nothing arrives at a and b, though (a + b) + c is right: backward() goes too few steps. "
        "From each node it goes on to the parents of that node itself, until the leaves."
    )


def order_hint(student: Student) -> str:
    """Return what is wrong with the order in which backward() runs closures; empty if nothing is.

    The gradients of `a + b` and `a * b` by themselves must be right.
    """
    return _reuse_hint(student) or _leaf_hint(student)


def _equal_numbers_hint(student: Student) -> str:
    equal, other = student.answers([EQUAL_NUMBERS, OTHER_NUMBERS], backward=True)
    ones = [1.0] * 4
    if equal and other and not agree(equal.grad[:4], ones) and agree(other.grad[:4], ones):
        return (
            "(a + b) + (c + d) is right while all numbers differ, and wrong once some are equal: nodes are told apart "
            "by what they are, not by their numbers. Is there an __eq__, or a list or dict of numbers?"
        )
    return ""


def _reuse_hint(student: Student) -> str:
    graphs = list(REUSED.items()) * N_TIMES
    answers = student.answers([graph for _, graph in graphs], backward=True)
    for (text, graph), answer in zip(graphs, answers):
        right = answer_graph(graph)
        s = len(graph.inputs)
        if answer is None or agree(answer.grad[:s], right.grad[:s]):
            continue
        start = f"In {text}, with s = a * k, "
        share = answer.grad[0] / right.data[1]  # what a gets from s = a * k, less the factor k
        full = right.grad[s]
        if abs(share) > abs(full) * (1 + 1e-6):
            return (
                f"{start}a gets more than is due: the closure of s runs more than once. Each node belongs into the "
                "order once: note each node as visited, and check that before you go on to its parents or append it."
            )
        if is_close(answer.grad[s], full) and abs(share) < abs(full):
            return (
                f"{start}s has its whole gradient in the end, but passed on only a part of it to a: its closure ran "
                "before both uses of s had added their share. Every node waits for all its uses (topological order)."
            )
        return (
            f"{start}the gradients are wrong, where every use by itself is right: does backward() reach every node "
            "behind the result, in an order in which each waits for all its uses?"
        )
    return ""


def _leaf_hint(student: Student) -> str:
    """Explain an engine that is right on one result, and wrong on a second one that shares a leaf."""
    make_value = student.load("Value")
    x, y = make_value(3.0), make_value(2.0)
    if attempt(lambda: (x * y).backward()) or attempt(lambda: (x * x).backward()):
        return ""
    got = read([x], "grad")
    if got and got[0] > 8.0:
        return (
            "The second result's backward() passes on the first one's share once more: each backward() goes only "
            "through the nodes that its own result was made from."
        )
    if got == [6.0]:
        return (
            "Two results share the leaf x, and only the second one's share stays in x.grad: backward() must not set "
            "the gradients of leaves back to 0, since they add up over results."
        )
    z, w = make_value(3.0), make_value(2.0)
    shared = z * w
    _, result = shared * w, shared + w
    if not attempt(lambda: result.backward()):
        found = read([z, w], "grad")
        if found is not None and not agree(found, [2.0, 4.0]):
            return (
                "A node that is also used outside of the result has wrong gradients: only nodes that the result was "
                "made from count."
            )
    return ""
