"""Checks on cases other than graphs: run each case on a student's objects, and compare with PyTorch's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from gradkit.corpora.spec import Corpus
from gradkit.graphs.reduction import NOT_A_CASE, reduce_greedily
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import Subject
from gradkit.suite.evidence import NODES_SHOWN, Evidence, make_row, wrong_number_message
from gradkit.suite.explanations import explain_error
from gradkit.suite.failures import REDUCIBLE, Failure, NotPassed, not_passed

Case = TypeVar("Case")
Answer = TypeVar("Answer")

RunCase = Callable[..., Evidence | None]
"""Runs one case on a student's objects: (case, answers, *subjects). Returns the evidence if something is wrong. Raises
SubmissionError if the student's code fails."""

Program = Callable[[Case, Sequence[str]], list[str]]
"""Writes a case as a program to paste, which prints the numbers of these names."""

MAX_LINE_LENGTH = 200
"""Characters of a program's line that a student is shown. Nobody would read a longer one."""

MAX_LINES = 16
"""Lines of a program that a student is shown."""

_is_whole = ContextVar("_is_whole", default=False)


@dataclass(frozen=True)
class Reduction(Generic[Case, Answer]):
    """How a failing case of one kind is reduced.

    Attributes:
        candidates: Makes cases that may be smaller, most promising first.
        cost: A key that orders cases.
        answer: Computes the right answers to a case, without PyTorch. Raises one of NOT_A_CASE if right engines could
            differ on it.
    """

    candidates: Callable[[Case], Iterable[Case]]
    cost: Callable[[Case], Any]
    answer: Callable[[Case], Answer]


@dataclass(frozen=True)
class WrongCase(Failure, Generic[Case, Answer]):
    """A case on which the student's code is wrong or fails.

    Attributes:
        verdict: How the item ended.
        evidence: The evidence of the case as it was drawn.
        has_raised: Whether the student's code failed, or else was wrong.
        case: The case.
        run: Runs a case with its answers. Returns the evidence if something is wrong; raises SubmissionError.
        program: Writes a case as a program.
        reduction: How the case is reduced; None if it is not.
    """

    verdict: Verdict
    evidence: Evidence
    has_raised: bool
    case: Case
    run: Callable[[Case, Answer], Evidence | None]
    program: Program[Case]
    reduction: Reduction[Case, Answer] | None

    def explain(self) -> Evidence:
        """Return the evidence of the smallest failing case that reducing this one finds."""
        if self.reduction is None or self.verdict not in REDUCIBLE:
            return self.evidence
        smallest = self.evidence
        answer = self.reduction.answer

        def still_fails(candidate: Case) -> bool:
            nonlocal smallest
            try:
                answers = answer(candidate)
            except NOT_A_CASE:
                return False
            evidence = self._run(candidate, answers)
            if evidence is None:
                return False
            smallest = evidence
            return True

        reduce_greedily(self.case, self.reduction.candidates, self.reduction.cost, still_fails)
        return smallest

    def as_drawn(self) -> Evidence:
        return self.evidence

    def _run(self, candidate: Case, answers: Answer) -> Evidence | None:
        """Return the evidence of a candidate if it fails in the same way as the drawn case.

        That is: by the same exception, by a number that PyTorch has differently, by a wrong count, or by a wrong shape.
        """
        try:
            evidence = self.run(candidate, answers)
        except SubmissionError as error:
            is_same_error = error.verdict is self.verdict and kind_of(error.message) == kind_of(self.evidence.message)
            is_same = self.has_raised and is_same_error
            return explain_error(error, readable(self.program(candidate, ()))) if is_same else None
        if self.has_raised or evidence is None:
            return None
        return evidence if _kind_of_wrong(evidence) == _kind_of_wrong(self.evidence) else None


def _kind_of_wrong(evidence: Evidence) -> tuple[str, str]:
    """Return a key that is equal for two wrong numbers, for two wrong shapes, and for two wrong counts of one thing."""
    counted = [row.name for row in evidence.rows if row.name.startswith("len(")]
    return evidence.source, counted[0] if counted else ""


def kind_of(message: str) -> str:
    """Return the kind of an error: the name of an exception, or the first words of another message."""
    return message.partition(":")[0][:20]


def check_cases(
    corpus: Corpus[Case, Answer],
    subjects: Sequence[Subject],
    run_case: RunCase,
    program: Program[Case],
    reduction: Reduction[Case, Answer] | None = None,
) -> None:
    """Check that the student's numbers for every case of a corpus are PyTorch's answers.

    Args:
        corpus: The cases and PyTorch's answers.
        subjects: The student's objects.
        run_case: Runs one case on them.
        program: Writes a case as a program.
        reduction: How a failing case is reduced before it is shown.

    Raises:
        NotPassed: If a number is wrong, or the student's code fails. It is about the first case of which that is so.
        ValueError: If the corpus has no cases.
    """
    if not corpus.cases:
        raise ValueError("an item without cases would pass whatever the student wrote")

    def run(case: Case, answers: Answer) -> Evidence | None:
        return run_case(case, answers, *subjects)

    for case, answers in zip(corpus.cases, corpus.answers):
        try:
            evidence = run(case, answers)
        except SubmissionError as error:
            code = readable(program(case, ())) if error.verdict in REDUCIBLE else ()
            failure = WrongCase(error.verdict, explain_error(error, code), True, case, run, program, reduction)
            raise NotPassed(failure).with_traceback(error.__traceback__) from None  # for --pdb
        if evidence:
            raise NotPassed(WrongCase(Verdict.FAILED, evidence, False, case, run, program, reduction))


def wrong_numbers(
    names: Sequence[str],
    yours: Sequence[float],
    expected: Sequence[float],
    program: Callable[[Sequence[str]], list[str]],
    describe: Callable[[int], str] = lambda index: "",
) -> Evidence | None:
    """Return the evidence if numbers differ from PyTorch's, else None.

    Args:
        names: What the program calls each number.
        yours: The student's numbers, one for each name.
        expected: PyTorch's numbers, one for each name.
        program: Writes the program that prints the names it is given.
        describe: Says what the number at an index is, in words.
    """
    wrong = [index for index in range(len(expected)) if not is_close(yours[index], expected[index])]
    if not wrong:
        return None

    # Adding 0.0 turns a right number of -0.0 into 0.0, because the sign would only distract.
    rows = tuple(make_row(names[index], yours[index], expected[index] + 0.0) for index in wrong[:NODES_SHOWN])
    first = rows[0]
    description = describe(wrong[0])
    return Evidence(
        message=wrong_number_message(first, "PyTorch"),
        code=readable(program([row.name for row in rows])),
        rows=rows,
        source="PyTorch",
        hint=f"{first.name} is about {description}." if description else "",
    )


def wrong_count(name: str, yours: int, expected: int, code: Sequence[str]) -> Evidence | None:
    """Return the evidence if there are more or fewer of something than there should be, else None.

    Args:
        name: The expression that counts them, as in "len(y)".
        yours: The student's number of them.
        expected: The right number of them.
        code: A program to which the print of the expression is added.
    """
    if yours == expected:
        return None
    row = make_row(name, float(yours), float(expected))
    message = f"{name} is {yours} and should be {expected}"
    return Evidence(message, readable([*code, f"print({name})"]), (row,), source="right")


def fail(message: str, code: Sequence[str]) -> NoReturn:
    """End an item with a message.

    Args:
        message: What is wrong, in one sentence.
        code: A program that shows it; may be empty.

    Raises:
        NotPassed: Always.
    """
    raise not_passed(Evidence(message, tuple(code)))


@contextmanager
def whole_programs() -> Iterator[None]:
    """Make evidence within this context contain its program, however long it is."""
    token = _is_whole.set(True)
    try:
        yield
    finally:
        _is_whole.reset(token)


def readable(lines: Sequence[str]) -> tuple[str, ...]:
    """Return a program's lines; none if it is too long to be read, except within `whole_programs`."""
    is_long = len(lines) > MAX_LINES or any(len(line) > MAX_LINE_LENGTH for line in lines)
    return () if is_long and not _is_whole.get() else tuple(lines)
