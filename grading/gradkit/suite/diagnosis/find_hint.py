"""Find a hint for a failed item: by questions to the student's code, by fingerprint, or from the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item

from .engine import engine_error_hint, engine_hint
from .fingerprints import find_misconception_hint
from .losses import CALLS, decision_hint, loss_hint
from .networks import initial_hint, network_hint, zero_grad_hint
from .optimizers import optimizer_hint
from .student import GOES_ON, Student
from .training_loop import train_hint


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
    found = _ask(item, verdict, evidence, diagnosis) if diagnosis and verdict in GOES_ON else ""
    return found or find_misconception_hint(item.id, evidence) or evidence.hint


def _ask(item: Item, verdict: Verdict, evidence: Evidence, diagnosis: Diagnosis) -> str:
    """Return the hint that more questions to the student's code give; empty if it cannot be asked."""
    student, about = diagnosis.student, diagnosis.about
    try:
        student.start()
        for name in about:
            if name in CALLS:
                return loss_hint(student, name)
            if name in ("binary_decision", "most_likely"):
                return decision_hint(student, name)
        classes = {name.partition(".")[0] for name in about}
        for name in ("SGD", "Adam"):
            hint = optimizer_hint(student, name) if name in classes else ""
            if hint:
                return hint
        if "train" in about:
            return train_hint(student)
        if "Module.zero_grad" in about:
            return zero_grad_hint(student)
        if classes & {"Neuron", "Layer", "MLP"}:
            return (initial_hint(student) if "Neuron.__init__" in about else "") or network_hint(
                student, about, item.id
            )
        if any(name.startswith("Value.") for name in diagnosis.about):
            if verdict is not Verdict.FAILED:
                return engine_error_hint(student, about, evidence.message)
            graph = evidence.failing_graph
            gradients = bool(graph.got.grad) if graph else item.assignment >= "a2"
            return engine_hint(student, about, graph, gradients)
    except SubmissionError:
        return ""
    return ""
