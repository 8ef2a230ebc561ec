"""Checks on cases other than graphs: run each case on a student's objects, and compare with PyTorch's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn, TypeVar

from gradkit.corpora.spec import Corpus
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import Subject
from gradkit.suite.evidence import NODES_SHOWN, Evidence, make_row, number_text
from gradkit.suite.explanations import explain_error
from gradkit.suite.failures import Explained, NotPassed, not_passed

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


def check_cases(
    corpus: Corpus[Case, Answer], subjects: Sequence[Subject], run_case: RunCase, program: Program[Case]
) -> None:
    """Check that the student's numbers for every case of a corpus are PyTorch's answers.

    Args:
        corpus: The cases and PyTorch's answers.
        subjects: The student's objects.
        run_case: Runs one case on them.
        program: Writes a case as a program.

    Raises:
        NotPassed: If a number is wrong, or the student's code fails. It is about the first case of which that is so.
        ValueError: If the corpus has no cases.
    """
    if not corpus.cases:
        raise ValueError("an item without cases would pass whatever the student wrote")
    for case, answers in zip(corpus.cases, corpus.answers):
        try:
            evidence = run_case(case, answers, *subjects)
        except SubmissionError as error:
            has_program = error.verdict in (Verdict.ERROR, Verdict.FAILED)
            code = readable(program(case, ())) if has_program else ()
            failure = NotPassed(Explained(error.verdict, explain_error(error, code)))
            raise failure.with_traceback(error.__traceback__) from None  # for --pdb
        if evidence:
            raise not_passed(evidence)


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
        message=f"{first.name} is {number_text(first.yours)}, PyTorch says {number_text(first.expected)}",
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
