"""More questions to the student's code, after an item has failed: with a time limit of their own, on new subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.inside.graph import Answers, Graph
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.protocol import Transport
from gradkit.submissions.transport.subject import Subject, numbers, replay

P = ParamSpec("P")
T = TypeVar("T")

QUESTION_SECONDS = 1.0
"""Time that the student's code can use for all questions about one item. They take a few milliseconds."""

MAX_QUESTION_SECONDS = 10.0
"""Time that the questions about all items of one submission can take together. It counts as time of the submission, and
code that hangs at questions must not use up the time of later items."""


class UnexpectedAnswerError(Exception):
    """The student's code has answered a question in a form that the question cannot use, so there is no hint."""


class Student:
    """Asks the code of one submission small questions, until they have taken MAX_QUESTION_SECONDS.

    Args:
        transport: The submission.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._spent_seconds = 0.0

    @contextmanager
    def questions(self, packages: tuple[str, ...] = ()) -> Iterator[None]:
        """Allow questions about one item within this context. Subjects that were loaded before are no longer valid.

        Args:
            packages: Packages that the student's code can import beside the standard library.

        Raises:
            SubmissionError: With the verdict timeout, if no time is left.
        """
        if self._spent_seconds >= MAX_QUESTION_SECONDS:
            raise SubmissionError(Verdict.TIMEOUT, "The time for questions is used up.")
        spent_before = self._transport.spent_seconds
        self._transport.start_item(QUESTION_SECONDS, packages)
        try:
            yield
        finally:
            self._spent_seconds += self._transport.spent_seconds - spent_before

    def load(self, name: str) -> Subject:
        """Return one of SUBJECTS. Raises SubmissionError if it cannot be loaded."""
        return self._transport.load(*SUBJECTS[name])

    def answers(self, graphs: Sequence[Graph], backward: bool) -> list[Answers | None]:
        """Replay graphs of Values. An answer is None if the student's code failed on that graph.

        Raises:
            SubmissionError: If the student's code cannot be asked again.
        """
        value_class = self.load("Value")
        answers: list[Answers | None] = []
        while len(answers) < len(graphs):
            reply = replay(value_class, graphs[len(answers) :], backward)
            answers += reply.answers
            if reply.failure:
                if not reply.failure.verdict.keeps_worker:
                    raise reply.failure
                answers.append(None)
        return answers


def ask(question: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T | None:
    """Ask one question. Return the answer; None if the student's code failed.

    Raises:
        SubmissionError: If the student's code cannot be asked again.
    """
    try:
        return question(*arguments, **keywords)
    except SubmissionError as error:
        if not error.verdict.keeps_worker:
            raise
        return None


def attempt(question: Callable[P, object], *arguments: P.args, **keywords: P.kwargs) -> str:
    """Ask one question. Return the message of the student's exception; empty if there was none.

    Raises:
        SubmissionError: If the student's code cannot be asked again.
    """
    try:
        question(*arguments, **keywords)
    except SubmissionError as error:
        if not error.verdict.keeps_worker:
            raise
        return error.message or "an exception"
    return ""


def first_hint(questions: Iterable[Callable[[], str]]) -> str:
    """Ask one question after another; return the first hint, or an empty string."""
    return next(filter(None, (question() for question in questions)), "")


def find_parents(node: Subject) -> list[Subject] | None:
    """Return what _prev of a node holds; None if it cannot be read one by one."""
    return ask(lambda: list(node._prev))


MISSPELLINGS = {
    "grad": ("gard", "grads", "gradient", "gradients", "_grad", "Grad", "gradd", "grade", "gra", "garde"),
    "data": ("date", "dta", "_data", "datum", "value", "Data", "dat", "val", "number"),
    "_backward": ("_backwards", "backwards", "_backwrd", "_bacward", "_back", "_backward_", "_bakward", "_Backward"),
}
"""Names that an attribute may have by mistake."""


def count_attributes(subject: Subject) -> int | None:
    """Return how many attributes an object has in its __dict__; None if it has none."""
    return ask(lambda: len(list(subject._transport.apply("getattr", (subject, "__dict__"), {}))))


def find_misspelling(subject: Subject, name: str, fresh: Subject) -> str:
    """Return the misspelt name under which an object has an attribute; empty if it has none.

    Args:
        subject: The object.
        name: The right name of the attribute.
        fresh: An object of the same class that nothing has happened to. What it has, too, is part of its design.
    """
    for other in MISSPELLINGS[name]:
        if not attempt(getattr, subject, other) and attempt(getattr, fresh, other):
            return other
    return ""


def read(subjects: Sequence[Subject], name: str = "") -> list[float] | None:
    """Read attribute `name` of every subject as a float; None if one of them is not a number.

    Raises:
        SubmissionError: If the student's code cannot be asked again.
    """
    return ask(numbers, subjects, name)
