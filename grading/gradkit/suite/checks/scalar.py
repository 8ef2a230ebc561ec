"""Checks of a scalar engine: replay a corpus on a student's Value, and compare the numbers with PyTorch's answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gradkit.corpora.scalar import GraphCorpus
from gradkit.graphs.scalar.domain import all_in_domain
from gradkit.graphs.scalar.program import write_program
from gradkit.graphs.scalar.reduce import Constants, constants_of, reduce_graph
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import Mismatch, all_agree, compare_data, compare_gradients
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.replies import Reply
from gradkit.submissions.transport.subject import Subject, backward_calls, decisions, numbers, replay
from gradkit.suite.evidence import Evidence
from gradkit.suite.excerpt import excerpt_of
from gradkit.suite.explanations import explain_error, explain_mismatch, explain_number
from gradkit.suite.failures import REDUCIBLE, Failure, NotPassed, not_passed

Compare = Callable[[Graph, Answers, Answers], Mismatch | None]
"""Compares a student's numbers with the right ones: (graph, right numbers, student's numbers)."""

MAX_CALLS_PER_NODE = 60
"""Python calls for each node of a graph that a linear backward() stays below. Right engines make 1 to 12."""


def check_forward(Value: Subject, corpus: GraphCorpus) -> None:
    """Check that the number of every graph's output is PyTorch's.

    Raises:
        NotPassed: If the number of an output is wrong, or the student's code fails.
    """
    _check(Value, corpus, compare_data, backward=False)


def check_gradients(Value: Subject, corpus: GraphCorpus) -> None:
    """Check that the gradient of every leaf is PyTorch's. Raises NotPassed as check_forward does."""
    _check(Value, corpus, compare_gradients, backward=True)


def check_inner_gradients(Value: Subject, corpus: GraphCorpus) -> None:
    """Check that the gradient of every node, inner ones too, is PyTorch's. Raises NotPassed as check_forward does."""
    _check(Value, corpus, partial(compare_gradients, inner=True), backward=True)


def _check(Value: Subject, corpus: GraphCorpus, compare: Compare, backward: bool) -> None:
    reply = _replay_graphs(Value, corpus.cases, backward)
    if not reply.failure and all_agree(reply.numbers, corpus.answers, backward):
        return

    for graph, want, got in zip(corpus.cases, corpus.answers, reply.answers):
        mismatch = _find_mismatch(compare, graph, want, got)
        if mismatch:
            raise NotPassed(WrongNumbers(Value, mismatch, compare, backward, constants_of(corpus.cases)))

    if reply.failure:
        graph = corpus.cases[len(reply.answers)]
        failure = NotPassed(NoNumbers(Value, graph, reply.failure, backward, constants_of(corpus.cases)))
        raise failure.with_traceback(reply.failure.__traceback__)  # for --pdb


def _find_mismatch(compare: Compare, graph: Graph, want: Answers, got: Answers) -> Mismatch | None:
    """Return the mismatch of a graph; if both its gradients and its value are wrong, that of the value."""
    mismatch = compare(graph, want, got)
    return mismatch and (compare_data(graph, want, got) or mismatch)


@dataclass(frozen=True)
class WrongNumbers(Failure):
    """A graph on which the student's engine and PyTorch differ.

    Attributes:
        Value: The student's class.
        mismatch: The difference.
        compare: How numbers are compared.
        backward: Whether backward() was called.
        constants: The plain numbers in the graphs of the corpus, by operation.
    """

    Value: Subject
    mismatch: Mismatch
    compare: Compare
    backward: bool
    constants: Constants
    verdict = Verdict.FAILED

    def explain(self) -> Evidence:
        """Return the evidence of the smallest wrong graph that reducing this one finds.

        The right numbers of smaller graphs come from complex-step differentiation, so PyTorch is not imported.
        """
        smallest = self.mismatch

        def still_fails(candidate: Graph) -> bool:
            nonlocal smallest
            if not _is_well_posed(candidate):
                return False
            reply = replay(self.Value, [candidate], self.backward)
            if reply.failure:
                return False
            want = complex_step.answer_graph(candidate)
            mismatch = _find_mismatch(self.compare, candidate, want, reply.answers[0])
            if mismatch is None or mismatch.kind != self.mismatch.kind:
                return False
            smallest = mismatch
            return True

        reduce_graph(self.mismatch.graph, still_fails, complex_step.evaluate_graph, self.constants)
        return explain_mismatch(smallest)

    def as_drawn(self) -> Evidence:
        return explain_mismatch(self.mismatch)


@dataclass(frozen=True)
class NoNumbers(Failure):
    """A graph on which the student's code failed.

    Attributes:
        Value: The student's class.
        graph: The graph.
        error: How the student's code ended.
        backward: Whether backward() was called.
        constants: The plain numbers in the graphs of the corpus, by operation.
    """

    Value: Subject
    graph: Graph
    error: SubmissionError
    backward: bool
    constants: Constants

    @property
    def verdict(self) -> Verdict:  # type: ignore[override]
        return self.error.verdict

    def explain(self) -> Evidence:
        """Return the evidence of the smallest graph on which the student's code fails."""
        if self.error.verdict not in REDUCIBLE:
            return explain_error(self.error)
        smallest = self.error

        def still_fails(candidate: Graph) -> bool:
            nonlocal smallest
            if not _is_well_posed(candidate):
                return False
            error = replay(self.Value, [candidate], self.backward).failure
            if error is None or not error.verdict.keeps_worker:
                return False
            smallest = error
            return True

        graph = reduce_graph(self.graph, still_fails, complex_step.evaluate_graph, self.constants)
        return self._evidence(graph, smallest)

    def as_drawn(self) -> Evidence:
        return self._evidence(self.graph, self.error)

    def _evidence(self, graph: Graph, error: SubmissionError) -> Evidence:
        if error.verdict not in REDUCIBLE:
            return explain_error(error)
        shown = () if self.backward else (graph.output,)
        return explain_error(error, tuple(write_program(graph, gradients=self.backward, shown=shown)))


def _is_well_posed(graph: Graph) -> bool:
    """Return whether a reduced graph stays within the domains of its operations, as the drawn one does."""
    try:
        return all_in_domain(graph, complex_step.evaluate_graph(graph))
    except (ArithmeticError, ValueError):
        return False


# --- hand-written items ----------------------------------------------------------------------------------------------


def expect(yours: float | Subject, expected: float) -> None:
    """Check a number of a hand-written item.

    Args:
        yours: The student's number.
        expected: The right number.

    Raises:
        NotPassed: If the numbers differ. The evidence shows the test's statements up to this one.
        SubmissionError: If the student's object is not a plain number.
    """
    if isinstance(yours, Subject):
        yours = numbers([yours])[0]
    if not is_close(yours, expected):
        excerpt = excerpt_of(sys._getframe(1))
        raise not_passed(explain_number(excerpt.checked, yours, expected, excerpt.lines), excerpt.longer)


def expect_class(yours: Subject, *allowed: int) -> None:
    """Check a decision or a class of a hand-written item. It may be a bool: True is 1, and False is 0.

    Args:
        yours: The student's decision.
        allowed: The right ones, in order.

    Raises:
        NotPassed: If the student's is not one of them. The evidence shows the test's statements up to this one.
        SubmissionError: If the student's object is neither a bool nor a plain number.
    """
    decided = decisions([yours])[0]
    if decided not in allowed:
        excerpt = excerpt_of(sys._getframe(1))
        raise not_passed(explain_number(excerpt.checked, decided, allowed[0], excerpt.lines), excerpt.longer)


def check_linear_cost(Value: Subject, graphs: Sequence[Graph], code: Sequence[str]) -> None:
    """Check that backward() runs each closure once, whatever the shape of the graph.

    Calls are counted, because a clock would depend on the machine.

    Args:
        Value: The student's class.
        graphs: The graphs.
        code: A program to paste that does what these graphs do.

    Raises:
        NotPassed: If more functions run on a graph than a linear backward() needs.
    """
    for graph in graphs:
        max_calls = MAX_CALLS_PER_NODE * len(graph)
        if backward_calls(Value, graph, max_calls) > max_calls:
            message = (
                f"backward() ran more than {max_calls:,} functions for a graph of {len(graph):,} nodes: it was stopped."
            )
            hint = "Each node's closure should run once: keep a set of the nodes that were visited."
            raise not_passed(Evidence(message, tuple(code), hint=hint))


def answers_to(Value: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
    """Replay graphs for an item that compares the numbers itself.

    Args:
        Value: The student's class.
        graphs: The graphs.
        backward: Whether to call backward() on each output, and read the gradients.

    Raises:
        SubmissionError: If the student's code fails on a graph.
    """
    reply = _replay_graphs(Value, graphs, backward)
    if reply.failure:
        raise reply.failure
    return reply


def _replay_graphs(Value: Subject, graphs: Sequence[Graph], backward: bool) -> Reply:
    if not graphs:
        raise ValueError("an item without graphs would pass whatever the student wrote")
    return replay(Value, graphs, backward)
