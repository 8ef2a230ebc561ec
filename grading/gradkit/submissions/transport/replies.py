"""What a transport returns when it has replayed a batch of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from gradkit.inside.graph import Answers, Graph
from gradkit.submissions.outcome import SubmissionError


class Reply:
    """The reply to `Transport.replay`: the student's numbers for every graph of a batch, in order.

    If graph `k` failed, `answers` has `k` entries and `failure` describes the error.

    Args:
        graphs: The batch.
        backward: Whether backward() was called.
        numbers: For each graph in turn the data of every node and, with `backward`, the gradient of every node.
        failure: How the student's code failed, if it did.

    Raises:
        ValueError: If the numbers do not fit the graphs.
    """

    def __init__(
        self,
        graphs: Sequence[Graph],
        backward: bool,
        numbers: Sequence[float],
        failure: SubmissionError | None = None,
    ) -> None:
        self.numbers = numbers
        self.failure = failure
        self._graphs = graphs
        self._backward = backward
        if not self._fits():
            raise ValueError("These numbers do not fit these graphs.")

    def _fits(self) -> bool:
        """Return whether the numbers end with a graph: the last one or, after a failure, an earlier one."""
        if not self.failure:
            return self._size(self._graphs) == len(self.numbers)
        n_complete = len(self.answers)
        return n_complete < len(self._graphs) and self._size(self._graphs[:n_complete]) == len(self.numbers)

    def _size(self, graphs: Sequence[Graph]) -> int:
        """Return how many numbers these graphs have."""
        return sum(map(len, graphs)) * (1 + self._backward)

    @cached_property
    def answers(self) -> tuple[Answers, ...]:
        """The numbers of every graph that was replayed, as `oracle.mismatch` compares them."""
        answers = []
        start = 0
        for graph in self._graphs:
            middle = start + len(graph)
            end = middle + len(graph) * self._backward
            if end > len(self.numbers):
                break
            answers.append(Answers(list(self.numbers[start:middle]), list(self.numbers[middle:end])))
            start = end
        return tuple(answers)
