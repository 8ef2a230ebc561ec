"""What a student's binary_decision() or most_likely() decides instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from gradkit.submissions.transport.subject import decisions

from .mathematics import sigmoid, softmax
from .slips import agree, find_slip
from .student import Student

DECIDERS = ("binary_decision", "most_likely")

DECIDED_LOGITS = (0.3, -0.3, 0.6, -0.6, 0.0, 1.5, -1.5)

DECISIONS: Mapping[str, Callable[[float], float]] = {
    "": lambda z: float(z > 0),
    "the logit is compared with one half, though it is its sigmoid that is to be above one half": lambda z: float(
        z > 0.5
    ),
    "yes and no are swapped": lambda z: float(z < 0),
    "yes and no are swapped, and 0 counts as yes": lambda z: float(z <= 0),
    "a logit of exactly 0 counts as yes, though its sigmoid is not above one half": lambda z: float(z >= 0),
    "the logit is compared with 1": lambda z: float(z > 1),
    "it gives 1 and -1, where 1 and 0 are due": lambda z: 1.0 if z > 0 else -1.0,
    "it gives the probability, not yet a decision": sigmoid,
    "it gives the logit itself, not yet a decision": lambda z: z,
    "always yes": lambda z: 1.0,
    "always no": lambda z: 0.0,
    "it looks at the size of the logit, without its sign": lambda z: float(abs(z) > 0.5),
    "every logit but 0 counts as yes, the negative ones, too": lambda z: float(z != 0),
}

DECIDED_ROWS = (
    [0.1, 2.0, -1.0],
    [-3.0, -5.0],
    [1.0, 2.0, 3.0, 9.0],
    [0.4, -7.0, 0.2],
    [-0.2, -0.1, -4.0],
    [0.1, 0.3, 0.2],
    [0.5, 1.4, -0.8, 0.9],
    [-3.0, -1.0, -2.0],
    [1.2, 4.0, 0.3, 2.5, 3.0],
)


def _search(row: Sequence[float], replaces: Callable[[int, int], bool]) -> int:
    """Return what a search through all classes finds: `replaces(index, best)` says whether index is the new best."""
    return reduce(lambda best, index: index if replaces(index, best) else best, range(len(row)), 0)


CHOICES: Mapping[str, Callable[[list[float]], float]] = {
    "": lambda row: row.index(max(row)),
    "it gives the largest logit, where its index is due": max,
    "it gives the index of the smallest": lambda row: row.index(min(row)),
    "it looks at the size of the logits, without their signs": lambda row: max(
        range(len(row)), key=lambda index: abs(row[index])
    ),
    "classes are counted from 1, not from 0": lambda row: row.index(max(row)) + 1,
    "the search for the largest begins at 0, so nothing is found where all logits are negative": lambda row: (
        row.index(max(row)) if max(row) > 0 else 0
    ),
    "always the first class": lambda row: 0,
    "always the last class": lambda row: len(row) - 1,
    "counted from the end": lambda row: len(row) - 1 - row.index(max(row)),
    "it gives the probability of the class, where its index is due": lambda row: max(softmax(row)),
    "a class is taken only if its probability is above one half, and the largest may be less": lambda row: next(
        (index for index, p in enumerate(softmax(row)) if p > 0.5), 0
    ),
    "it is the number of a class that the logit is compared with, where it is that class's logit": (
        lambda row: _search(row, lambda index, best: row[index] > best)
    ),
    "each logit is compared with its neighbour's, where the largest so far counts": (
        lambda row: _search(row, lambda index, best: index > 0 and row[index] > row[index - 1])
    ),
    "each logit is compared with the first one, where the largest so far counts": (
        lambda row: _search(row, lambda index, best: row[index] > row[0])
    ),
    "the last class whose logit is above 0": lambda row: _search(row, lambda index, best: row[index] > 0),
    "the search ends at the first logit that is larger than the one before": lambda row: next(
        (index for index in range(1, len(row)) if row[index] > row[index - 1]), 0
    ),
    "the last class is left out": lambda row: row.index(max(row[:-1])),
    "the first class is left out": lambda row: row.index(max(row[1:])),
}


def decision_slips(name: str) -> dict[str, list[float]]:
    """Return what is decided: the right decisions under an empty text, and those of known slips."""
    if name == "binary_decision":
        return {text: [rule(z) for z in DECIDED_LOGITS] for text, rule in DECISIONS.items()}
    return {text: [float(rule(list(row))) for row in DECIDED_ROWS] for text, rule in CHOICES.items()}


def decision_hint(student: Student, name: str) -> str:
    """Return what `binary_decision` or `most_likely` decides instead; empty if the questions do not show it."""
    function, make_value = student.load(name), student.load("Value")
    if name == "binary_decision":
        got = decisions([function(make_value(z)) for z in DECIDED_LOGITS])
    else:
        got = decisions([function(list(map(make_value, row))) for row in DECIDED_ROWS])
    slips = decision_slips(name)
    right = slips.pop("")
    found = "" if agree(got, right) else find_slip(got, slips)
    return f"{name}: {found}." if found else ""
