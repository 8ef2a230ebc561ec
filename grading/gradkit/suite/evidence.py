"""What an item shows when it does not pass: the smallest failing expression, yours beside PyTorch's, and a hint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from gradkit.graphs.scalar.program import expression_text, node_names, program
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle.hints import hint
from gradkit.oracle.mismatch import Mismatch
from gradkit.submissions.outcome import SubmissionError, Verdict

from .error_hints import hint_for

NODES_SHOWN = 3

NOT_WRITTEN_YET = "not written yet"
"""The message of a stub that has no words of its own."""

HIDDEN = "What this item checks is kept for grading: its title is the hint."
"""All that is shown of a hidden item."""

PRIVATE_ONLY = "It is right on the cases that you have, and not on all of those that the class is graded with."
"""All that is shown of an item that passed on the public corpus and not on the private one."""


@dataclass(frozen=True)
class Row:
    """One number of the evidence: what was asked for, yours, and the right one."""

    name: str
    yours: float
    expected: float


@dataclass(frozen=True)
class Drawing:
    """What a picture of the failing expression shows: PyTorch's answers, the student's, and which nodes are wrong."""

    graph: Graph
    want: Answers
    got: Answers
    wrong: tuple[int, ...]


@dataclass(frozen=True)
class Evidence:
    """Everything that a screen, a page or a record shows of a failure.

    heading:   what the trouble is called, where it is not the item's own.
    message:   one sentence or the last line of a traceback.
    code:      lines of a program to paste; the last len(rows) of them print the rows' numbers.
    rows:      yours beside PyTorch's.
    source:    whose number the right one is.
    origin:    the first wrong node, as the code names it; empty where the numbers cannot tell.
    traceback: the student's own frames.
    drawing:   the expression as a graph, where a wrong number was found in one.
    """

    verdict: Verdict
    message: str
    code: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    heading: str = ""
    source: str = "PyTorch"
    origin: str = ""
    hint: str = ""
    traceback: str = ""
    drawing: Drawing | None = field(default=None, compare=False)

    def cause(self) -> tuple[object, ...]:
        """Equal for failures that are one and the same mistake, as far as the evidence tells."""
        if self.rows:
            return (self.verdict, self.code, self.rows)
        missing_name = self.message.startswith("NameError")  # wherever it is met
        return (self.verdict, self.message, "" if missing_name else self.traceback or self.code)


class NotPassed(Exception):
    """Ends an item that did not pass.

    Args:
        verdict: How the item ends.
        explain: Makes the evidence. It is called when the evidence is first read: reducing a graph takes longer than
            the item itself, and an item that is blocked by another needs no evidence.
        explain_as_drawn: Makes the evidence of the failing case as it was drawn, where `explain` reduces the case.
    """

    def __init__(
        self,
        verdict: Verdict,
        explain: Callable[[], Evidence],
        explain_as_drawn: Callable[[], Evidence] | None = None,
    ) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        self._explain = explain
        self._explain_as_drawn = explain_as_drawn or explain

    @cached_property
    def evidence(self) -> Evidence:
        return self._explain()

    @cached_property
    def evidence_as_drawn(self) -> Evidence:
        return self._explain_as_drawn()

    def __str__(self) -> str:
        return self.evidence.message


def of_mismatch(mismatch: Mismatch) -> Evidence:
    """The evidence of a wrong number."""
    graph = mismatch.graph
    gradients = mismatch.kind == "grad"
    shown = list(mismatch.wrong[:NODES_SHOWN])
    if mismatch.origin is not None and mismatch.origin not in shown:
        shown.append(mismatch.origin)
    names = node_names(graph, shown)
    got, want = (getattr(answers, mismatch.kind) for answers in (mismatch.got, mismatch.want))
    # Adding 0.0 makes a 0.0 of a -0.0, which would only be one more thing to wonder about.
    rows = tuple(Row(f"{names[node]}.{mismatch.kind}", got[node], want[node] + 0.0) for node in shown)
    origin = ""
    if mismatch.origin is not None:
        node = mismatch.origin
        made = "" if node < len(graph.inputs) else f" = {expression_text(graph, node, names)}"
        origin = names[node] + made
    message = f"{rows[0].name} is {rows[0].yours!r}, PyTorch says {rows[0].expected!r}"
    code = tuple(program(graph, gradients=gradients, shown=shown))
    drawing = Drawing(graph, mismatch.want, mismatch.got, tuple(shown))
    return Evidence(Verdict.FAILED, message, code, rows, origin=origin, hint=hint(mismatch), drawing=drawing)


def of_number(what: str, yours: float, expected: float, code: tuple[str, ...]) -> Evidence:
    """The evidence of a wrong number in a hand-written item, whose own lines are the code."""
    row = Row(what, yours, expected)
    return Evidence(Verdict.FAILED, f"{what} is {yours!r} and should be {expected!r}", code, (row,), source="right")


def of_error(error: SubmissionError, code: tuple[str, ...] = (), heading: str = "") -> Evidence:
    """The evidence of student's code that gave no answer."""
    return Evidence(
        error.verdict, error.message, code, heading=heading, hint=hint_for(error.message), traceback=error.traceback
    )
