"""What a student's loss function, or decision, computes instead of the right number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, reduce
from itertools import accumulate
from math import exp, log, tanh
from typing import Any

from gradkit.submissions.transport.subject import Subject, decisions, numbers

from .mathematics import sigmoid
from .slips import JOIN, agree, find_simplest_slip, find_slip
from .student import Student, UnexpectedAnswerError, ask, attempt

LossCase = tuple[Any, Any]
"""(outputs, targets): the numbers of one call."""

REGRESSION: tuple[LossCase, ...] = (
    ([0.7], [1.9]),
    ([0.7, -1.3], [1.9, 0.4]),
    ([0.7, -1.3, 2.2, 0.4], [1.9, 0.4, -0.6, 3.1]),
)
MARGINS: tuple[LossCase, ...] = (
    ([0.7], [1]),
    ([0.7, -1.3], [-1, -1]),
    ([0.7, -1.3, 2.2, 0.4], [1, 1, -1, -1]),
    ([0.7, 2.9], [1, 1]),
)
YES_OR_NO: tuple[LossCase, ...] = (([0.7], [1]), ([-1.3], [0]), ([0.7, -1.3, 2.2, -0.4], [0, 1, 1, 0]))
CLASSES: tuple[LossCase, ...] = (
    ([[0.7, -1.3, 2.2]], [0]),
    ([[0.7, -1.3, 2.2]], [2]),
    ([[0.7, -1.3, 2.2], [0.4, 1.9, -0.6], [1.1, 0.2, 0.5]], [2, 0, 1]),
    ([[0.7, -1.3], [0.4, 1.9], [3.1, -0.6]], [0, 0, 1]),
)
LOGITS: tuple[LossCase, ...] = (([0.7, -1.3, 2.2], None), ([0.4, 1.9], None), ([0.3, 0.3, -0.6, 1.2], None))


def _softmax(row: Sequence[float]) -> list[float]:
    total = sum(map(exp, row))
    return [exp(z) / total for z in row]


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


Term = Callable[[Any, Any], float]
"""What one example costs: (output, target)."""

COMBINATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "": _mean,
    "added up over the examples, where their mean is due": sum,
    "half of the mean": lambda terms: _mean(terms) / 2,
    "half of the sum": lambda terms: sum(terms) / 2,
    "divided by the number of examples twice": lambda terms: _mean(terms) / len(terms),
    "divided by one example too few": lambda terms: sum(terms) / (len(terms) - 1),
    "divided by one example too many": lambda terms: sum(terms) / (len(terms) + 1),
    "the first example's alone": lambda terms: terms[0],
    "the first example's alone, divided by the number of all, as with a return inside the loop": lambda terms: (
        terms[0] / len(terms)
    ),
    "the last example's alone": lambda terms: terms[-1],
    "the last example's alone, divided by the number of all": lambda terms: terms[-1] / len(terms),
    "without the last example, though divided by all": lambda terms: sum(terms[:-1]) / len(terms),
    "without the first example, though divided by all": lambda terms: sum(terms[1:]) / len(terms),
    "the root of the mean": lambda terms: _mean(terms) ** 0.5,
    "with the sign turned": lambda terms: -_mean(terms),
    "added up over the examples, and with the sign turned": lambda terms: -sum(terms),
    "the largest of the examples": max,
    "the logarithm of the mean": lambda terms: log(_mean(terms)),
    "each example's cost still has in it what those before it cost: a sum is not set back to 0 between them": (
        lambda terms: _mean(list(accumulate(terms)))
    ),
    "divided by the number of examples after each of them, where the whole sum is divided once, in the end": (
        lambda terms: reduce(lambda total, term: (total + term) / len(terms), terms, 0.0)
    ),
}
"""How the costs of the examples are put together, right first, and then by mistake."""

TERMS: dict[str, dict[str, Term]] = {
    "mean_squared_error": {
        "": lambda o, t: (o - t) ** 2,
        "the difference is not squared": lambda o, t: o - t,
        "the difference is not squared, and the output is subtracted from the target": lambda o, t: t - o,
        "the absolute difference, where its square is due": lambda o, t: abs(o - t),
        "the sum of output and target is squared, not their difference": lambda o, t: (o + t) ** 2,
        "the squares are subtracted, where the difference is to be squared": lambda o, t: o**2 - t**2,
        "the output alone is squared, without the target": lambda o, t: o**2,
        "the third power of the difference": lambda o, t: (o - t) ** 3,
        "output times target": lambda o, t: o * t,
        "twice the difference, where its square is due": lambda o, t: 2 * (o - t),
        "the output less the square of the target": lambda o, t: o - t**2,
        "the square of the output less the target, where their difference is squared": lambda o, t: o**2 - t,
        "the difference divided by the target, and then squared": lambda o, t: ((o - t) / t) ** 2,
    },
    "hinge": {
        "": lambda o, t: max(0.0, 1 - o * t),
        "it is not cut at 0: what is right by more than 1 costs less than nothing": lambda o, t: 1 - o * t,
        "the margin of 1 is missing": lambda o, t: max(0.0, -o * t),
        "the sign of target * output is turned": lambda o, t: max(0.0, 1 + o * t),
        "the difference is taken the other way round": lambda o, t: max(0.0, o * t - 1),
        "it is target * output that is cut at 0, where 1 less that is to be cut (parentheses)": (
            lambda o, t: 1 - max(0.0, o * t)
        ),
        "the output is cut at 0, where it is 1 - target * output that is to be cut": lambda o, t: 1 - t * max(0.0, o),
        "the output is cut at 0 before it is multiplied by the target, and then the result again": (
            lambda o, t: max(0.0, 1 - t * max(0.0, o))
        ),
        "1 - target is multiplied by the output, where 1 - (target * output) is due": lambda o, t: max(
            0.0, (1 - t) * o
        ),
        "the target is left out": lambda o, t: max(0.0, 1 - o),
        "the absolute value, where it is to be cut at 0": lambda o, t: abs(1 - o * t),
        "it is squared": lambda o, t: max(0.0, 1 - o * t) ** 2,
        "target * output is not subtracted from 1": lambda o, t: max(0.0, o * t),
        "targets of -1 are taken for 0": lambda o, t: max(0.0, 1 - o * max(t, 0)),
        "targets are taken to be 0 and 1": lambda o, t: max(0.0, 1 - o * (2 * t - 1)),
        "the margin is 2 and not 1": lambda o, t: max(0.0, 2 - o * t),
        "the margin is one half and not 1": lambda o, t: max(0.0, 0.5 - o * t),
        "target minus output, cut at 0, where 1 less their product is due": lambda o, t: max(0.0, t - o),
        "output minus target, cut at 0, where 1 less their product is due": lambda o, t: max(0.0, o - t),
        "target minus output, where they are to be multiplied": lambda o, t: max(0.0, 1 - (t - o)),
    },
    "binary_cross_entropy": {
        "": lambda z, t: -log(sigmoid(z)) if t else -log(1 - sigmoid(z)),
        "the two targets are swapped": lambda z, t: -log(1 - sigmoid(z)) if t else -log(sigmoid(z)),
        "only target 1 costs something": lambda z, t: -log(sigmoid(z)) if t else 0.0,
        "only target 0 costs something": lambda z, t: 0.0 if t else -log(1 - sigmoid(z)),
        "target 0 costs -log(p), too": lambda z, t: -log(sigmoid(z)),
        "target 1 costs -log(1 - p), too": lambda z, t: -log(1 - sigmoid(z)),
        "the probability itself, without its logarithm": lambda z, t: 1 - sigmoid(z) if t else sigmoid(z),
        "the squared difference of probability and target": lambda z, t: (sigmoid(z) - t) ** 2,
        "the logarithm to the base 2": lambda z, t: -log(sigmoid(z if t else -z)) / log(2),
        "the logarithm to the base 10": lambda z, t: -log(sigmoid(z if t else -z)) / log(10),
        "the sigmoid is taken twice": lambda z, t: -log(sigmoid(sigmoid(z)) if t else 1 - sigmoid(sigmoid(z))),
        "tanh takes the place of the sigmoid": lambda z, t: -log((tanh(z) + 1) / 2 if t else (1 - tanh(z)) / 2),
        "right where the logit has the sign of its target; elsewhere a term with the logit itself is missing": (
            lambda z, t: log(1 + exp(-abs(z)))
        ),
        "for target 0 and a positive logit, a term with the logit itself is missing": lambda z, t: (
            log(1 + exp(-abs(z))) if z >= 0 else log(1 + exp(z)) - t * z
        ),
        "for target 1 and a negative logit, a term with the logit itself is missing": lambda z, t: (
            log(1 + exp(-z)) + (1 - t) * z if z >= 0 else log(1 + exp(z))
        ),
        "where the logit is above 0, the term with the logit itself comes at target 1, and is due at target 0": (
            lambda z, t: log(1 + exp(-z)) + t * z if z >= 0 else log(1 + exp(z)) - t * z
        ),
        "where the logit is below 0, the term with the logit itself comes at target 0, and is due at target 1": (
            lambda z, t: log(1 + exp(-z)) + (1 - t) * z if z >= 0 else log(1 + exp(z)) - (1 - t) * z
        ),
        "the term with the logit itself has the wrong sign where the logit is above 0": (
            lambda z, t: log(1 + exp(-z)) - (1 - t) * z if z >= 0 else log(1 + exp(z)) - t * z
        ),
        "the term with the logit itself has the wrong sign where the logit is below 0": (
            lambda z, t: log(1 + exp(-z)) + (1 - t) * z if z >= 0 else log(1 + exp(z)) + t * z
        ),
        "the term z * target is added, not subtracted": lambda z, t: log(1 + exp(z)) + t * z,
        "the logit is multiplied by the target, as if that was 1 or -1: it is 1 or 0 here": (
            lambda z, t: log(1 + exp(-z * t))
        ),
        "the logit is multiplied by the target, as if that was 1 or -1, and has the wrong sign": (
            lambda z, t: log(1 + exp(z * t))
        ),
        "log(p) and log(1 - p) stand at the wrong targets, and only target 0 costs something": (
            lambda z, t: (1 - t) * -log(sigmoid(z))
        ),
    },
    "cross_entropy": {
        "": lambda row, t: -log(_softmax(row)[t]),
        "the logit itself, without softmax": lambda row, t: -row[t],
        "the probability itself, without its logarithm": lambda row, t: -_softmax(row)[t],
        "1 less the probability, without a logarithm": lambda row, t: 1 - _softmax(row)[t],
        "classes are counted from 1, not from 0": lambda row, t: -log(_softmax(row)[t - 1]),
        "the first class's probability, whatever the target is": lambda row, t: -log(_softmax(row)[0]),
        "the last class's probability, whatever the target is": lambda row, t: -log(_softmax(row)[-1]),
        "added up over all classes, not the right one alone": lambda row, t: -sum(map(log, _softmax(row))),
        "the mean over all classes, not the right one alone": lambda row, t: -_mean(list(map(log, _softmax(row)))),
        "the wrong classes cost, and not the right one": lambda row, t: (
            -sum(log(p) for index, p in enumerate(_softmax(row)) if index != t)
        ),
        "the logarithm of the sum alone, without the right class's logit": lambda row, t: log(sum(map(exp, row))),
        "the sum of all exp, without its logarithm": lambda row, t: sum(map(exp, row)) - row[t],
        "the logarithm to the base 2": lambda row, t: -log(_softmax(row)[t]) / log(2),
        "the logarithm to the base 10": lambda row, t: -log(_softmax(row)[t]) / log(10),
        "the right class's logit is added, not subtracted": lambda row, t: log(sum(map(exp, row))) + row[t],
        "the largest logit is added to that of the right class, where it is subtracted": lambda row, t: (
            log(sum(map(exp, row))) - row[t] - 2 * max(row)
        ),
        "the logarithm is taken of each exp, where it is that of their sum": lambda row, t: sum(row) - row[t],
        "after the shift, the logarithm is taken of each exp, where it is that of their sum": lambda row, t: (
            sum(z - max(row) for z in row) - (row[t] - max(row))
        ),
        "after the shift, the right class's logit is added, not subtracted": lambda row, t: (
            log(sum(map(exp, row))) + row[t] - 2 * max(row)
        ),
        "after the shift, the sum of all exp is taken without its logarithm": lambda row, t: (
            sum(exp(z - max(row)) for z in row) - (row[t] - max(row))
        ),
        "softmax is taken twice": lambda row, t: -log(_softmax(_softmax(row))[t]),
        "sigmoid takes the place of softmax": lambda row, t: -log(sigmoid(row[t])),
        "the largest logit takes the place of the right class's": lambda row, t: log(sum(map(exp, row))) - max(row),
        "the right class is left out of the sum": lambda row, t: (
            log(sum(exp(z) for index, z in enumerate(row) if index != t)) - row[t]
        ),
        "the largest logit is subtracted in one place only": lambda row, t: -log(_softmax(row)[t]) - max(row),
        "the largest logit is subtracted in one place only, and so left over": lambda row, t: (
            -log(_softmax(row)[t]) + max(row)
        ),
    },
}
"""What one example costs, by loss function: the right rule first, under an empty text, and then slips."""


def _running(
    rows: Sequence[Sequence[float]], targets: Sequence[int], shifts: bool
) -> Iterator[tuple[float, Sequence[float], int]]:
    """Yield (sum of the exp of this row and of all before it, row, target); `shifts` by each row's largest logit."""
    sums = [sum(exp(z - max(row) * shifts) for z in row) for row in rows]
    yield from zip(accumulate(sums), rows, targets)


WHOLE_LOSSES: dict[str, dict[str, Callable[[Any, Any], float]]] = {
    "mean_squared_error": {
        "the differences are added up and then squared, where each is to be squared by itself": (
            lambda outputs, targets: sum(o - t for o, t in zip(outputs, targets)) ** 2
        ),
        "the sum of the differences is squared, where each is to be squared by itself": (
            lambda outputs, targets: sum(o - t for o, t in zip(outputs, targets)) ** 2 / len(outputs)
        ),
        "the mean of the differences is squared, where each is to be squared by itself": (
            lambda outputs, targets: _mean([o - t for o, t in zip(outputs, targets)]) ** 2
        ),
    },
    "hinge": {
        "the mean is cut at 0, where each example is to be cut by itself, before the mean": (
            lambda outputs, targets: max(0.0, _mean([1 - o * t for o, t in zip(outputs, targets)]))
        ),
        "the sum is cut at 0, where each example is to be cut by itself, and their mean is due": (
            lambda outputs, targets: max(0.0, sum(1 - o * t for o, t in zip(outputs, targets)))
        ),
    },
    "cross_entropy": {
        "divided by the number of classes, where the number of examples is due": (
            lambda rows, targets: sum(-log(_softmax(row)[t]) for row, t in zip(rows, targets)) / len(rows[0])
        ),
        "the sum of all exp still has in it those of the examples before: each example begins with a sum of 0": (
            lambda rows, targets: _mean(
                [log(total) - row[t] for total, row, t in _running(rows, targets, shifts=False)]
            )
        ),
        "the sum of all exp still has in it those of the examples before, where each example begins with 0": (
            lambda rows, targets: _mean(
                [log(total) - row[t] + max(row) for total, row, t in _running(rows, targets, shifts=True)]
            )
        ),
        "each row of logits is asked for the classes of all examples, where it has one of its own": (
            lambda rows, targets: _mean([-log(_softmax(row)[t]) for row in rows for t in targets])
        ),
    },
}
"""Slips that are not in the cost of one example, nor in how costs are put together: (outputs, targets)."""

PROBABILITIES: dict[str, Callable[[list[float]], list[float]]] = {
    "": _softmax,
    "the exp of each logit, not divided by their sum": lambda row: list(map(exp, row)),
    "each logit divided by their sum, without exp": lambda row: [z / sum(row) for z in row],
    "each logit by itself, as it came": lambda row: list(row),
    "after the shift, the exp are not divided by their sum": lambda row: [exp(z) / max(map(exp, row)) for z in row],
    "divided by the number of classes, where the sum is due": lambda row: [exp(z) / len(row) for z in row],
    "of the logits with their signs turned": lambda row: _softmax([-z for z in row]),
    "divided by the sum of the logits, where the sum of their exp is due": lambda row: [exp(z) / sum(row) for z in row],
    "divided by the sum so far, where it is to be complete before anything is divided by it": lambda row: [
        exp(z) / sum(map(exp, row[: place + 1])) for place, z in enumerate(row)
    ],
    "the logarithm of the probabilities": lambda row: list(map(log, _softmax(row))),
    "the sigmoid of each logit": lambda row: list(map(sigmoid, row)),
    "the largest logit is subtracted from each exp, where it is subtracted from the logit before exp": lambda row: [
        (exp(z) - max(row)) / sum(exp(other) - max(row) for other in row) for z in row
    ],
    "divided by the sum of the others, without its own exp": lambda row: [
        exp(z) / (sum(map(exp, row)) - exp(z)) for z in row
    ],
    "divided by the sum of the exp before the shift": lambda row: [exp(z - max(row)) / sum(map(exp, row)) for z in row],
    "divided by the sum of the exp after the shift, though not shifted above": lambda row: [
        exp(z) / sum(exp(other - max(row)) for other in row) for z in row
    ],
    "of twice the logits": lambda row: _softmax([2 * z for z in row]),
    "from powers of 2, where exp is due": lambda row: [2**z / sum(2**other for other in row) for z in row],
    "in the opposite order": lambda row: _softmax(row)[::-1],
    "without the first class in the sum": lambda row: [exp(z) / sum(map(exp, row[1:])) for z in row],
    "without the last class in the sum": lambda row: [exp(z) / sum(map(exp, row[:-1])) for z in row],
    "softmax taken twice": lambda row: _softmax(_softmax(row)),
}
"""What softmax gives: the right rule first, under an empty text, and then slips."""

LOSS_CASES: dict[str, tuple[LossCase, ...]] = {
    "mean_squared_error": REGRESSION,
    "hinge": MARGINS,
    "binary_cross_entropy": YES_OR_NO,
    "cross_entropy": CLASSES,
    "softmax": LOGITS,
}


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
        rows = [_softmax(row) for row, _ in LOGITS]
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


def loss_slips(name: str) -> dict[str, list[float]]:
    """Return what a loss function gives for LOSS_CASES: the right numbers under an empty text, and those of slips.

    A slip is either in what an example costs, or in how the costs are put together.
    """
    slips: dict[str, list[float]] = {}
    for term_text, term in TERMS[name].items():
        for combination_text, combination in COMBINATIONS.items():
            try:
                results = [
                    combination([term(*pair) for pair in zip(outputs, targets)])
                    for outputs, targets in LOSS_CASES[name]
                ]
            except (ArithmeticError, ValueError):
                continue
            if not isinstance(results[0], complex):
                slips[JOIN.join(filter(None, (term_text, combination_text)))] = results
    for text, whole in (WHOLE_LOSSES.get(name, {}) | _all_pairs(name)).items():
        slips[text] = [whole(outputs, targets) for outputs, targets in LOSS_CASES[name]]
    return slips


def _all_pairs(name: str) -> dict[str, Callable[[Any, Any], float]]:
    """Return slips of a loss in which each output meets all targets."""
    if name == "cross_entropy":  # it is in WHOLE_LOSSES, in words of its own
        return {}
    text = "each output is compared with every target, as with a loop inside a loop: each has a target of its own (zip)"
    ends = {0: ", and nothing is divided", 1: "", 2: ", and their mean is taken"}

    def mean_of_pairs(power: int, outputs: Sequence[float], targets: Sequence[int]) -> float:
        costs = [TERMS[name][""](output, target) for output in outputs for target in targets]
        return sum(costs) / float(len(targets) ** power)

    return {f"{text}{end}": partial(mean_of_pairs, power) for power, end in ends.items()}


def probability_slips() -> dict[str, list[float]]:
    """Return the numbers of softmax for LOSS_CASES: the right ones under an empty text, and those of known slips."""
    slips: dict[str, list[float]] = {}
    for text, rule in PROBABILITIES.items():
        try:
            slips[text] = [share for row, _ in LOGITS for share in rule(list(row))]
        except (ArithmeticError, ValueError):
            continue
    return slips


# --- decisions -------------------------------------------------------------------------------------------------------

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
    "it gives the probability of the class, where its index is due": lambda row: max(_softmax(row)),
    "a class is taken only if its probability is above one half, and the largest may be less": lambda row: next(
        (index for index, p in enumerate(_softmax(row)) if p > 0.5), 0
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


def decision_hint(student: Student, name: str) -> str:
    """Return what `binary_decision` or `most_likely` decides instead; empty if the questions do not show it."""
    function, make_value = student.load(name), student.load("Value")
    if name == "binary_decision":
        got = decisions([function(make_value(z)) for z in DECIDED_LOGITS])
        slips = {text: [rule(z) for z in DECIDED_LOGITS] for text, rule in DECISIONS.items()}
    else:
        got = decisions([function(list(map(make_value, row))) for row in DECIDED_ROWS])
        slips = {text: [float(rule(list(row))) for row in DECIDED_ROWS] for text, rule in CHOICES.items()}
    right = slips.pop("")
    found = "" if agree(got, right) else find_slip(got, slips)
    return f"{name}: {found}." if found else ""
