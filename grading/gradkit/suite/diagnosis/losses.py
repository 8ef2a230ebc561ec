"""What a student's loss function, or softmax, computes instead of the right number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradkit.submissions.transport.subject import Subject, numbers

from .loss_slips import LOGITS, LOSS_CASES, loss_slips, probability_slips
from .mathematics import softmax
from .slips import agree, find_simplest_slip
from .student import Student, UnexpectedAnswerError, ask, attempt


def loss_hint(student: Student, name: str, is_about_gradients: bool = False) -> str:
    """Return what a loss function, or softmax, computes instead; empty if the questions do not show it.

    Args:
        student: The student's code.
        name: The function.
        is_about_gradients: Whether a gradient was wrong in the item.
    """
    answers = ask(_answers, name, student.load(name), student.load("Value"))
    if answers is None:
        return ""
    got, leaves, changes_outputs = answers
    if changes_outputs:
        return f"{name} changes the data of the outputs that it gets: it computes with them, and leaves them."
    slips = probability_slips() if name == "softmax" else loss_slips(name)
    right = slips.pop("")
    if not agree(got, right):
        found = find_simplest_slip(got, slips)
        return f"{name}: {found}." if found else ""
    hint = _loss_gradient_hint(name, leaves)
    if hint or not is_about_gradients:
        return hint
    return (
        f"The numbers of {name} are right, and a gradient is not: a part of it is computed with a plain number "
        "(.data), through which no gradient flows, where a Value is due. Or has it a closure of its own that passes "
        "on something else?"
    )


def _answers(name: str, function: Subject, make_value: Subject) -> tuple[list[float], list[list[Subject]], bool]:
    """Return the numbers for LOSS_CASES, the outputs of each case after backward(), and whether their data changed."""
    got: list[float] = []
    leaves: list[list[Subject]] = []
    for outputs, targets in LOSS_CASES[name]:
        rows = outputs if name == "cross_entropy" else [outputs]
        values = [[make_value(number) for number in row] for row in rows]
        given: Any = values if name == "cross_entropy" else values[0]
        results = list(function(given)) if targets is None else [function(given, list(targets))]
        got += numbers(results, "data")
        leaves.append([leaf for row in values for leaf in row])
        if not agree(numbers(leaves[-1], "data"), [number for row in rows for number in row]):
            return got, leaves, True
        if not results:
            raise UnexpectedAnswerError("softmax of some logits is empty")
        results[0].backward()
    return got, leaves, False


def _loss_gradient_hint(name: str, leaves: Sequence[Sequence[Subject]]) -> str:
    """Explain a loss whose numbers are right, and that passes no gradient on."""
    gradients = numbers([leaf for some in leaves for leaf in some], "grad")
    if name == "softmax":
        rows = [softmax(row) for row, _ in LOGITS]
        firsts = [p if place == 0 else 0.0 for row in rows for place, p in enumerate(row)]  # backward() ran from these
        if agree(gradients, firsts):
            return (
                "The numbers of softmax are right, but their sum below the line passes no gradient on: it is a Value, "
                "too, and not its number."
            )
    if not any(gradients):
        return (
            f"The numbers of {name} are right, but no gradient arrives at any output: the graph ends somewhere. Use "
            "the Values themselves, and take .data only to decide something."
        )
    return ""


def large_logits_hint(student: Student, name: str) -> str:
    """Explain a loss that raises an exception for large logits only; empty if it raises one for others, too."""
    if name not in ("binary_cross_entropy", "cross_entropy", "softmax"):
        return ""
    function, make_value = student.load(name), student.load("Value")

    def call(size: float) -> object:
        row = [make_value(size), make_value(-size)]
        if name == "softmax":
            return function(row)
        return function(row, [0, 1]) if name == "binary_cross_entropy" else function([row], [1])

    if attempt(lambda: call(0.7)):
        return ""
    if name == "binary_cross_entropy":
        return "" if not attempt(lambda: call(1000.0)) else _too_large(name)

    def fails(row: Sequence[float], target: int = 0) -> bool:
        logits = list(map(make_value, row))
        return bool(attempt(lambda: function(logits) if name == "softmax" else function([logits], [target])))

    if fails((1000.0, -1000.0), 0) and not fails((1000.0, 1000.0)):
        return (
            f"{name} works for the logits 1000 and 1000, and raises an exception for 1000 and -1000: is the shift the "
            "largest of the logits, and not the smallest, or their mean?"
        )
    if fails((1000.0, -1000.0), 0):
        return _too_large(name)
    if fails((-1000.0, 1000.0), 1):
        return (
            f"{name} works for the logits 1000 and -1000, and raises an exception for -1000 and 1000: the shift is the "
            "largest of all logits, wherever it stands."
        )
    if name == "cross_entropy" and fails((1000.0, -1000.0), 1):
        return (
            "cross_entropy of the logits 1000 and -1000 works for class 0, and raises an exception for class 1: its "
            "probability becomes 0, which has no logarithm. So do not compute p first: -log(p) has another form."
        )
    if fails((-1000.0, -1000.0)):
        return (
            f"{name} works at 1000 and -1000, and raises an exception where all logits are -1000. There every exp is 0 "
            "unless the shift is the largest logit itself, -1000: does the search for it begin at 0, or does it look "
            "at sizes without their sign?"
        )
    rows = [[make_value(z) for z in row] for row in ([1000.0, -1000.0], [0.7, -0.7])]
    if name == "cross_entropy" and attempt(lambda: function(rows, [1, 1])):
        return (
            "cross_entropy works for one row of large logits, and raises an exception where another row has small "
            "ones: each row is shifted by its own largest logit. By that of another row, all its exp become 0."
        )
    return ""


def _too_large(name: str) -> str:
    return (
        f"{name} works for logits such as 0.7, and raises an exception at 1000 and -1000: there exp overflows, or a "
        "probability becomes 0, which has no logarithm, nor can one divide by it. Shift first, or use another form."
    )


def plain_number_hint(student: Student, name: str) -> str:
    """Explain a loss, or softmax, that has returned a plain number."""
    function, make_value = student.load(name), student.load("Value")
    left_out = _left_out_hint(student, name)
    if left_out:
        return left_out
    plain = 0
    for outputs, targets in LOSS_CASES[name]:
        rows = outputs if name == "cross_entropy" else [outputs]
        values = [[make_value(number) for number in row] for row in rows]
        given: Any = values if name == "cross_entropy" else values[0]
        results = list(function(given)) if targets is None else [function(given, list(targets))]
        plain += bool(attempt(numbers, results, "grad"))
    if plain < len(LOSS_CASES[name]):
        return (
            f"For some outputs {name} returns a plain number, as where nothing is left to be added up: it is a Value "
            "always, and each example has its part in it, also if that costs 0."
        )
    return (
        f"What {name} returns is a plain number, which remembers nothing: compute it from the outputs themselves, "
        "which are Values, and not from their numbers (.data)."
    )


def no_probabilities_hint(message: str) -> str:
    """Explain a softmax that has returned something else than a list.

    Args:
        message: The exception's message.
    """
    if "NoneType" in message:
        return (
            "softmax returns None: is a `return` missing at its end? Or does it return what append() gives, which "
            "is None?"
        )
    return (
        "softmax returns one single thing, where a list is due: the probability of each class. Is a `return` "
        "inside the loop, or is one of them picked?"
    )


def _left_out_hint(student: Student, name: str) -> str:
    """Explain a loss in which the first or the last example has no part, so that nothing is left of a single one."""
    if name not in ("mean_squared_error", "binary_cross_entropy"):
        return ""
    outputs = [student.load("Value")(number) for number in (0.7, -1.3, 2.2)]
    loss = student.load(name)(outputs, [1, 1, 0])
    if attempt(lambda: loss.backward()):
        return ""
    places = ["first", "second", "last"]
    idle = [place for place, gradient in zip(places, numbers(outputs, "grad")) if not gradient]
    if len(idle) != 1:
        return ""
    return (
        f"Of three examples the {idle[0]} one has no part in {name}, and of a single one nothing is left: does the "
        "loop go through all of them?"
    )
