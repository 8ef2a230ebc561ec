"""Checks on cases other than graphs: each is asked of a student's objects and held against PyTorch's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from gradkit.corpora.spec import Corpus
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.subject import Subject
from gradkit.suite.evidence import NODES_SHOWN, Evidence, NotPassed, Row, of_error

Case = TypeVar("Case")
Answer = TypeVar("Answer")

Ask = Callable[..., "Evidence | None"]
"""Asks one case of a student's objects: (case, answers, *subjects). The evidence, if something is wrong; raises
SubmissionError where the student's code gives no answer."""

Program = Callable[[Case, Sequence[str]], "list[str]"]
"""A case as a program to paste, which prints these names."""

MAX_LINE, MAX_LINES = 200, 16
"""The most characters and lines of a program that a student is shown: nobody would read a longer one."""

_is_whole = ContextVar("_is_whole", default=False)


def check_cases(corpus: Corpus[Case, Answer], subjects: Sequence[Subject], ask: Ask, program: Program[Case]) -> None:
    """Every case of a corpus is answered as PyTorch does. Raises NotPassed with the first that is not."""
    if not corpus.cases:
        raise ValueError("an item without cases would pass whatever the student wrote")
    wrong = _first_wrong(corpus, subjects, ask, program)
    if wrong:
        raise NotPassed(wrong.verdict, lambda: wrong)


def _first_wrong(
    corpus: Corpus[Case, Answer], subjects: Sequence[Subject], ask: Ask, program: Program[Case]
) -> Evidence | None:
    for case, answers in zip(corpus.cases, corpus.answers):
        try:
            wrong = ask(case, answers, *subjects)
        except SubmissionError as error:
            told = error.verdict in (Verdict.ERROR, Verdict.FAILED)
            return of_error(error, readable(program(case, ())) if told else ())
        if wrong:
            return wrong
    return None


def wrong_numbers(
    names: Sequence[str],
    yours: Sequence[float],
    expected: Sequence[float],
    program: Callable[[Sequence[str]], list[str]],
    role: Callable[[int], str] = lambda place: "",
) -> Evidence | None:
    """The evidence where numbers differ from PyTorch's; None where they do not.

    names:   how the program calls each.   program: prints the names that it is given.
    role:    what the number at a place is, in words.
    """
    wrong = [place for place in range(len(expected)) if not is_close(yours[place], expected[place])][:NODES_SHOWN]
    if not wrong:
        return None
    # Adding 0.0 makes a 0.0 of a -0.0, which would only be one more thing to wonder about.
    rows = tuple(Row(names[place], yours[place], expected[place] + 0.0) for place in wrong)
    message = f"{rows[0].name} is {rows[0].yours!r}, PyTorch says {rows[0].expected!r}"
    code = readable(program([row.name for row in rows]))
    what = role(wrong[0])
    return Evidence(Verdict.FAILED, message, code, rows, hint=f"{rows[0].name} is about {what}." if what else "")


def wrong_count(what: str, yours: int, expected: int, code: Sequence[str]) -> Evidence | None:
    """The evidence where there are more or fewer of something than there should be."""
    if yours == expected:
        return None
    row = Row(what, float(yours), float(expected))
    message = f"{what} is {yours} and should be {expected}"
    return Evidence(Verdict.FAILED, message, readable([*code, f"print({what})"]), (row,), source="right")


@contextmanager
def whole_programs() -> Iterator[None]:
    """Have evidence that is made within this context contain its program, however long it is."""
    before = _is_whole.set(True)
    try:
        yield
    finally:
        _is_whole.reset(before)


def readable(lines: Sequence[str]) -> tuple[str, ...]:
    """Return a program's lines; none if it is too long to be read, outside `whole_programs`."""
    is_long = len(lines) > MAX_LINES or any(len(line) > MAX_LINE for line in lines)
    return () if is_long and not _is_whole.get() else tuple(lines)
