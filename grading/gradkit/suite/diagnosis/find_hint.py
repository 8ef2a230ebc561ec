"""Find a hint for a failed item: by questions to the student's code, by fingerprint, or from the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item

from .engine import engine_hint
from .fingerprints import find_misconception_hint
from .student import Student


@dataclass(frozen=True)
class Diagnosis:
    """What a hint can be found from, beside the evidence.

    Attributes:
        student: The student's code, to be asked more questions. Never used for a hidden item, or in a later phase of
            grading: what students are shown then must not come from a worker.
        about: The functions of the solution that the item is about.
    """

    student: Student
    about: tuple[str, ...]


def find_hint(item: Item, verdict: Verdict, evidence: Evidence, diagnosis: Diagnosis | None) -> str:
    """Return the hint for a failed item: the most certain one; empty if there is none.

    Args:
        item: The item.
        verdict: Its verdict.
        evidence: What is shown of its failure.
        diagnosis: The student's code. Without it, only the evidence is used.
    """
    if item.hidden:
        return evidence.hint
    found = _ask(item, evidence, diagnosis) if diagnosis and verdict is Verdict.FAILED else ""
    return found or find_misconception_hint(item.id, evidence) or evidence.hint


def _ask(item: Item, evidence: Evidence, diagnosis: Diagnosis) -> str:
    """Return the hint that more questions to the student's code give; empty if it cannot be asked."""
    try:
        diagnosis.student.start()
        if any(name.startswith("Value.") for name in diagnosis.about):
            graph = evidence.failing_graph
            gradients = bool(graph.got.grad) if graph else item.assignment >= "a2"
            return engine_hint(diagnosis.student, diagnosis.about, graph, gradients)
    except SubmissionError:
        return ""
    return ""
