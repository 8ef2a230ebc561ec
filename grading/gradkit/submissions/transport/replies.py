"""What a transport returns for a batch of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from gradkit.inside.graph import Answers, Graph
from gradkit.submissions.outcome import SubmissionError


class Reply:
    """Answers to a batch of graphs, in order.

    If graph `k` failed, `answers` has `k` entries and `failure` describes the error.

    Args:
        graphs: The batch.
        backward: Whether backward() was called.
        numbers: For each graph in turn the data of every node and, with `backward`, the gradient of every node.
        failure: How the student's code failed, if it did.

    Raises:
        ValueError: The numbers do not fit the graphs.
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
            raise ValueError("These numbers do not answer these graphs.")

    def _fits(self) -> bool:
        """Return whether the numbers end with a graph: the last one or, after a failure, an earlier one."""
        if not self.failure:
            return self._size(self._graphs) == len(self.numbers)
        n_answered = len(self.answers)
        return n_answered < len(self._graphs) and self._size(self._graphs[:n_answered]) == len(self.numbers)

    def _size(self, graphs: Sequence[Graph]) -> int:
        """Return how many numbers answer these graphs."""
        return sum(map(len, graphs)) * (1 + self._backward)

    @cached_property
    def answers(self) -> tuple[Answers, ...]:
        """The answer to every graph that was answered."""
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
