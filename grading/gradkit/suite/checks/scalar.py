"""What a graded test calls: hand a corpus to a student's Value and hold the answers against PyTorch's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from gradkit.corpora.scalar import GraphCorpus
from gradkit.graphs.scalar.domain import all_in_domain
from gradkit.graphs.scalar.program import program
from gradkit.graphs.scalar.reduce import reduce_graph
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import Mismatch, all_agree, wrong_data, wrong_gradients
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import Reply, Subject, backward_calls, numbers, replay
from gradkit.suite.evidence import Evidence, NotPassed, of_error, of_mismatch, of_number
from gradkit.suite.excerpt import lines_up_to

Compare = Callable[[Graph, Answers, Answers], "Mismatch | None"]

CALLS_PER_NODE = 60
"""More Python calls for each node of a graph than a linear backward() has use for (right engines: 1 to 12)."""


def check_forward(Value: Subject, corpus: GraphCorpus) -> None:
    """The number of every graph's output is PyTorch's. Raises NotPassed with the least graph that shows otherwise."""
    _check(Value, corpus, wrong_data, backward=False)


def check_gradients(Value: Subject, corpus: GraphCorpus) -> None:
    """The gradient of every leaf is PyTorch's. Raises NotPassed with the smallest graph that shows otherwise."""
    _check(Value, corpus, wrong_gradients, backward=True)


def check_inner_gradients(Value: Subject, corpus: GraphCorpus) -> None:
    """The gradient of every node, inner ones too, is PyTorch's. Raises NotPassed as check_gradients does."""
    _check(Value, corpus, partial(wrong_gradients, inner=True), backward=True)


def _check(Value: Subject, corpus: GraphCorpus, compare: Compare, backward: bool) -> None:
    reply = _replayed(Value, corpus.cases, backward)
    if not reply.failure and all_agree(reply.numbers, corpus.answers, backward):
        return
    for graph, want, got in zip(corpus.cases, corpus.answers, reply.answers):
        mismatch = compare(graph, want, got)
        if mismatch:
            explain = partial(_of_reduced_mismatch, Value, mismatch, compare, backward)
            raise NotPassed(Verdict.FAILED, explain, partial(of_mismatch, mismatch))
    if reply.failure:
        graph, failure = corpus.cases[len(reply.answers)], reply.failure
        explain = partial(_of_reduced_failure, Value, graph, failure, backward)
        ended = NotPassed(failure.verdict, explain, partial(_of_failure, graph, failure, backward))
        raise ended.with_traceback(failure.__traceback__)  # for --pdb


def _of_reduced_mismatch(Value: Subject, found: Mismatch, compare: Compare, backward: bool) -> Evidence:
    """Return the evidence of the smallest wrong answer that reducing the graph finds.

    The right answers come from complex-step differentiation meanwhile, so that PyTorch is not imported.
    """
    smallest = found

    def still_fails(candidate: Graph) -> bool:
        nonlocal smallest
        reply = replay(Value, [candidate], backward) if _well_posed(candidate) else None
        if reply is None or reply.failure:
            return False
        mismatch = compare(candidate, complex_step.answers(candidate), reply.answers[0])
        smallest = mismatch or smallest
        return mismatch is not None

    reduce_graph(found.graph, still_fails, complex_step.values)
    return of_mismatch(smallest)


_REPEATABLE = (Verdict.ERROR, Verdict.FAILED, Verdict.NOT_IMPLEMENTED)
"""Ends after which the student's code can be asked again at once."""


def _of_reduced_failure(Value: Subject, graph: Graph, failure: SubmissionError, backward: bool) -> Evidence:
    """Return the evidence of the smallest graph on which the student's code gives no answer, and how it ends there."""
    if failure.verdict not in (Verdict.ERROR, Verdict.FAILED):
        return of_error(failure)
    smallest = failure

    def still_fails(candidate: Graph) -> bool:
        nonlocal smallest
        ended = replay(Value, [candidate], backward).failure if _well_posed(candidate) else None
        if ended is None or ended.verdict not in _REPEATABLE:
            return False
        smallest = ended
        return True

    return _of_failure(reduce_graph(graph, still_fails, complex_step.values), smallest, backward)


def _of_failure(graph: Graph, failure: SubmissionError, backward: bool) -> Evidence:
    if failure.verdict not in (Verdict.ERROR, Verdict.FAILED):
        return of_error(failure)
    return of_error(failure, tuple(program(graph, gradients=backward, shown=() if backward else (graph.output,))))


def _well_posed(graph: Graph) -> bool:
    """Whether a reduced graph keeps to the domain of its operations, as the drawn one did."""
    try:
        return all_in_domain(graph, complex_step.values(graph))
    except (ArithmeticError, ValueError):
        return False


def expect(yours: float | Subject, expected: float) -> None:
    """A hand-written item's number is right. Raises NotPassed, showing the test's own lines up to here.

    Raises SubmissionError for a student's object that is no plain number.
    """
    if isinstance(yours, Subject):
        yours = numbers([yours])[0]
    if not is_close(yours, expected):
        frame = sys._getframe(1)
        lines, what = lines_up_to(frame.f_code, frame.f_lineno)
        raise NotPassed(Verdict.FAILED, partial(of_number, what, yours, expected, lines))


def check_linear_cost(Value: Subject, graphs: Sequence[Graph], code: Sequence[str]) -> None:
    """backward() runs each closure once, whatever the shape: judged by counting calls, never by a clock.

    code: what these graphs do, as a program to paste.
    Raises NotPassed at the first graph on which more Python functions run than a linear backward() has use for.
    """
    for graph in graphs:
        most = CALLS_PER_NODE * len(graph)
        if backward_calls(Value, graph, most) > most:
            message = (
                f"backward() ran more than {most:,} functions for a graph of {len(graph):,} nodes: it was stopped."
            )
            hint = "Each node's closure should run once: keep a set of the nodes that were visited."
            raise NotPassed(Verdict.FAILED, partial(Evidence, Verdict.FAILED, message, tuple(code), hint=hint))


def answers_to(Value: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
    """Replay graphs for an item that compares by itself. Raises SubmissionError where one got no answer."""
    reply = _replayed(Value, graphs, backward)
    if reply.failure:
        raise reply.failure
    return reply


def _replayed(Value: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
    """The reply to graphs. Raises ValueError where there is nothing to ask."""
    if not graphs:
        raise ValueError("an item without graphs would pass whatever the student wrote")
    return replay(Value, graphs, backward)
