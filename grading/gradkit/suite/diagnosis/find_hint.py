"""Find a hint for a failed item: by questions to the student's code, by fingerprint, or from the evidence alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from gradkit.errors import UserError
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item

from .decisions import DECIDERS, decision_hint
from .engine import engine_error_hint, engine_hint
from .fingerprints import find_misconception_hint
from .item_hints import ITEM_HINTS, TIMEOUT_HINTS
from .loss_slips import LOSS_CASES
from .losses import large_logits_hint, loss_hint, no_probabilities_hint, plain_number_hint
from .networks import network_hint, zero_grad_hint
from .optimizers import optimizer_hint, steps_are_right
from .student import Student, UnexpectedAnswerError
from .tensor_networks import network_error_hint, tensor_network_hint
from .tensors import tensor_hint
from .training_loop import handed_over_hint, no_history_hint, train_hint

_NAME_ERRORS = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError")
"""Exceptions that say all by themselves: what a function computes has not been reached yet."""

FIRST_ASSIGNMENT = "a1_expressions"
"""The assignment without gradients. All others come after it."""

_is_strict: ContextVar[bool] = ContextVar("is_strict", default=False)


@contextmanager
def strict_questions() -> Iterator[None]:
    """Raise errors of the questions themselves within this context. Otherwise they only cost the hint."""
    token = _is_strict.set(True)
    try:
        yield
    finally:
        _is_strict.reset(token)


@dataclass(frozen=True)
class HintSource:
    """What a hint can be found from, beside the evidence.

    Attributes:
        student: The student's code, to be asked more questions. Never used for a hidden item, nor in a later phase of
            grading: what students are shown then must not come from a worker.
        about: The functions of the solution that the item is about.
        packages: Packages that the student's code can import beside the standard library.
    """

    student: Student
    about: tuple[str, ...]
    packages: tuple[str, ...] = ()


def find_hint(item: Item, verdict: Verdict, evidence: Evidence, hint_source: HintSource | None) -> str:
    """Return the hint for a failed item: the most certain one; empty if there is none.

    Args:
        item: The item.
        verdict: Its verdict.
        evidence: What is shown of its failure.
        hint_source: The student's code. Without it, only the evidence is used.

    Raises:
        UserError, OSError: If no worker can be started.
    """
    if item.hidden:
        return evidence.hint
    if verdict is Verdict.ERROR and evidence.hint and evidence.message.startswith(_NAME_ERRORS):
        return evidence.hint
    found = ""
    steps_are_wrong = False
    if hint_source and verdict.keeps_worker:
        try:
            with hint_source.student.questions(hint_source.packages):
                found = _ask(hint_source.student, hint_source.about, item, verdict, evidence)
                steps_are_wrong = not found and _are_steps_wrong(hint_source.student, hint_source.about)
        except (UserError, OSError):  # a fault of this machine: without it there could have been a hint
            raise
        except (SubmissionError, UnexpectedAnswerError):
            pass
        except Exception:  # no hint is worth a report
            if _is_strict.get():
                raise
    general = ITEM_HINTS.get(item.id, "") if verdict is Verdict.FAILED or not evidence.hint else ""
    if verdict is Verdict.TIMEOUT:
        general = TIMEOUT_HINTS.get(item.id, general)
    about = hint_source.about if hint_source else ()
    is_doubtful = steps_are_wrong or _is_fingerprint_doubtful(item, verdict, evidence, about)
    recorded = "" if is_doubtful else find_misconception_hint(item.id, evidence)
    return found or recorded or general or evidence.hint


def _is_fingerprint_doubtful(item: Item, verdict: Verdict, evidence: Evidence, about: tuple[str, ...]) -> bool:
    """Return whether a hint by fingerprint would be a guess, as many mistakes share what it was recorded by.

    A RecursionError has many causes, and its traceback says more. A loss or decision of Values is asked at several
    examples: what a misconception computes would have been recognised there, and the single number of the smallest
    example is that of many others, too.
    """
    if evidence.hint and evidence.message.startswith("RecursionError"):
        return True
    is_of_tensors = item.assignment == "a6_tensors"
    return verdict is Verdict.FAILED and not is_of_tensors and bool(about) and about[0] in (*LOSS_CASES, *DECIDERS)


def _are_steps_wrong(student: Student, about: tuple[str, ...]) -> bool:
    """Return whether an optimizer makes wrong steps of no known kind. Many of them share the first step's number."""
    names = {name.partition(".")[0] for name in about} & {"SGD", "Adam"}
    return any(not steps_are_right(student, name) for name in names)


def _ask(student: Student, about: tuple[str, ...], item: Item, verdict: Verdict, evidence: Evidence) -> str:
    """Return the hint that more questions to the student's code give, or an empty string.

    Raises:
        SubmissionError: If the student's code fails at a question.
    """
    has_numbers = verdict is Verdict.FAILED
    classes = {name.partition(".")[0] for name in about}
    first = about[0] if about else ""
    is_not_a_list = not evidence.traceback and bool(re.search(r"has no len|not iterable", evidence.message))
    if item.assignment == "a6_tensors":
        if classes & {"Tensor", "unbroadcast"}:
            return tensor_hint(student, about, evidence.message)
        return network_error_hint(about, evidence.message) or (
            tensor_network_hint(student, about, item.id) if classes & {"MLP", "cross_entropy"} else ""
        )
    if first in LOSS_CASES and "is a plain" in evidence.message:
        return plain_number_hint(student, first)
    if first == "softmax" and is_not_a_list:
        return no_probabilities_hint(evidence.message)
    if first in LOSS_CASES:
        return (
            loss_hint(student, first, ".grad" in evidence.message) if has_numbers else large_logits_hint(student, first)
        )
    if first in DECIDERS:
        return decision_hint(student, first) if has_numbers else ""
    for name in ("SGD", "Adam"):
        hint = optimizer_hint(student, name) if name in classes and has_numbers else ""
        if hint:
            return hint
    if "train" in about:
        if not has_numbers and is_not_a_list:
            return no_history_hint(evidence.message)
        return train_hint(student) if has_numbers else handed_over_hint(student, evidence.traceback)
    if "Module.zero_grad" in about:
        return zero_grad_hint(student)
    if item.assignment == "a4_networks":
        return network_hint(student, about, item.id, evidence.message)
    if "Value" in classes:
        has_backward = item.assignment != FIRST_ASSIGNMENT
        if not has_numbers:
            return engine_error_hint(student, about, evidence.message, has_backward)
        graph = evidence.failing_graph
        gradients = bool(graph.got.grad) if graph else has_backward
        return engine_hint(student, about, graph, gradients)
    return ""
