"""Make evidence of what failed: a wrong number in a graph, a wrong number by itself, or an exception."""

from __future__ import annotations

from gradkit.graphs.scalar.program import name_nodes, write_expression, write_program
from gradkit.oracle.mismatch import Mismatch
from gradkit.submissions.outcome import SubmissionError

from .error_hints import find_error_hint
from .evidence import NODES_SHOWN, Evidence, make_failing_graph, make_row, wrong_number_message
from .number_hints import hint_from_numbers


def explain_mismatch(mismatch: Mismatch) -> Evidence:
    """Return the evidence of wrong numbers in a graph."""
    graph = mismatch.graph
    shown = list(mismatch.wrong[:NODES_SHOWN])
    if mismatch.origin is not None and mismatch.origin not in shown:
        shown.append(mismatch.origin)

    names = name_nodes(graph, shown)
    got, want = (getattr(answers, mismatch.kind) for answers in (mismatch.got, mismatch.want))
    # Adding 0.0 turns a right number of -0.0 into 0.0, because the sign would only distract.
    rows = tuple(make_row(f"{names[node]}.{mismatch.kind}", got[node], want[node] + 0.0) for node in shown)
    origin = ""
    if mismatch.origin is not None:
        origin = names[mismatch.origin]
        if mismatch.origin >= len(graph.inputs):
            origin += f" = {write_expression(graph, mismatch.origin, names)}"

    return Evidence(
        message=wrong_number_message(rows[0], "PyTorch"),
        code=tuple(write_program(graph, gradients=mismatch.kind == "grad", shown=shown)),
        rows=rows,
        source="PyTorch",
        origin=origin,
        hint=hint_from_numbers(mismatch),
        failing_graph=make_failing_graph(graph, mismatch.want, mismatch.got, shown),
    )


def explain_number(name: str, yours: float, expected: float, code: tuple[str, ...]) -> Evidence:
    """Return the evidence of a wrong number in a hand-written item.

    Args:
        name: The expression whose number it is.
        yours: The student's number.
        expected: The right number.
        code: The test's statements, as a program that prints the number in its last line.
    """
    row = make_row(name, yours, expected)
    return Evidence(wrong_number_message(row, "right"), code, (row,), source="right")


def explain_error(error: SubmissionError, code: tuple[str, ...] = (), heading: str = "") -> Evidence:
    """Return the evidence of student code that failed.

    Args:
        error: How the code ended.
        code: A program that ends in the same way, if there is one.
        heading: A title for the failure, if the item's own title does not fit.
    """
    return Evidence(
        error.message,
        code,
        heading=heading,
        hint=find_error_hint(error.message, error.traceback),
        traceback=error.traceback,
    )
