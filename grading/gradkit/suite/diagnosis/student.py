"""More questions to the student's code, after an item has failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.inside.graph import Answers, Graph
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.protocol import Transport
from gradkit.submissions.transport.subject import Subject, numbers, replay

QUESTION_SECONDS = 1.0
"""Processor time that the student's code can use for all questions about one item. They take a few milliseconds."""

GOES_ON = (Verdict.ERROR, Verdict.FAILED, Verdict.NOT_IMPLEMENTED)
"""Verdicts after which the student's code can be asked again."""


class UnexpectedAnswerError(Exception):
    """An answer of the student's code has a form in which no question can use it, so there is no hint."""


class Student:
    """Asks the student's code small questions.

    Args:
        transport: The submission.
        packages: Packages that the student's code can import beside the standard library.
    """

    def __init__(self, transport: Transport, packages: tuple[str, ...] = ()) -> None:
        self._transport = transport
        self._packages = packages

    def start(self) -> None:
        """Start the questions about one item: subjects of the item itself are no longer valid."""
        self._transport.start_item(QUESTION_SECONDS, self._packages)

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
                if reply.failure.verdict not in GOES_ON:
                    raise reply.failure
                answers.append(None)
        return answers


def attempt(question: Callable[[], object]) -> str:
    """Ask one question. Return the message of the student's exception; empty if there was none.

    Raises:
        SubmissionError: If the student's code cannot be asked again.
    """
    try:
        question()
    except SubmissionError as error:
        if error.verdict not in GOES_ON:
            raise
        return error.message or "an exception"
    return ""


MISSPELLINGS = {
    "grad": ("gard", "grads", "gradient", "gradients", "_grad", "Grad", "gradd", "grade", "gra", "garde"),
    "data": ("date", "dta", "_data", "datum", "value", "Data", "dat", "val", "number"),
    "_backward": ("_backwards", "backwards", "_backwrd", "_bacward", "_back", "_backward_", "_bakward", "_Backward"),
}
"""Names that an attribute may have by mistake."""


def find_misspelling(subject: Subject, name: str, fresh: Subject) -> str:
    """Return the misspelt name of an attribute that an object has got; empty if it has got none.

    Args:
        subject: The object.
        name: The right name of the attribute.
        fresh: An object of the same class that nothing has happened to. What it has, too, is part of its design.
    """
    for other in MISSPELLINGS[name]:
        if not attempt(partial(getattr, subject, other)) and attempt(partial(getattr, fresh, other)):
            return other
    return ""


def read(subjects: Sequence[Subject], name: str = "") -> list[float] | None:
    """Read attribute `name` of every subject as a float; None if one of them is not a number.

    Raises:
        SubmissionError: If the student's code cannot be asked again.
    """
    found: list[float] = []
    return None if attempt(lambda: found.extend(numbers(subjects, name))) else found
