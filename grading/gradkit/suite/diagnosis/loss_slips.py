"""What loss functions and softmax may compute: cases with numbers, the right rules, and slips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from itertools import accumulate
from math import exp, log, tanh
from typing import Any

from .mathematics import mean, sigmoid, softmax
from .slips import JOIN

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


Term = Callable[[Any, Any], float]
"""What one example costs: (output, target)."""

COMBINATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "": mean,
    "added up over the examples, where their mean is due": sum,
    "half of the mean": lambda terms: mean(terms) / 2,
    "half of the sum": lambda terms: sum(terms) / 2,
    "divided by the number of examples twice": lambda terms: mean(terms) / len(terms),
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
    "the root of the mean": lambda terms: mean(terms) ** 0.5,
    "with the sign turned": lambda terms: -mean(terms),
    "added up over the examples, and with the sign turned": lambda terms: -sum(terms),
    "the largest of the examples": max,
    "the logarithm of the mean": lambda terms: log(mean(terms)),
    "each example's cost still has in it what those before it cost: a sum is not set back to 0 between them": (
        lambda terms: mean(list(accumulate(terms)))
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
        "": lambda row, t: -log(softmax(row)[t]),
        "the logit itself, without softmax": lambda row, t: -row[t],
        "the probability itself, without its logarithm": lambda row, t: -softmax(row)[t],
        "1 less the probability, without a logarithm": lambda row, t: 1 - softmax(row)[t],
        "classes are counted from 1, not from 0": lambda row, t: -log(softmax(row)[t - 1]),
        "the first class's probability, whatever the target is": lambda row, t: -log(softmax(row)[0]),
        "the last class's probability, whatever the target is": lambda row, t: -log(softmax(row)[-1]),
        "added up over all classes, not the right one alone": lambda row, t: -sum(map(log, softmax(row))),
        "the mean over all classes, not the right one alone": lambda row, t: -mean(list(map(log, softmax(row)))),
        "the wrong classes cost, and not the right one": lambda row, t: (
            -sum(log(p) for index, p in enumerate(softmax(row)) if index != t)
        ),
        "the logarithm of the sum alone, without the right class's logit": lambda row, t: log(sum(map(exp, row))),
        "the sum of all exp, without its logarithm": lambda row, t: sum(map(exp, row)) - row[t],
        "the logarithm to the base 2": lambda row, t: -log(softmax(row)[t]) / log(2),
        "the logarithm to the base 10": lambda row, t: -log(softmax(row)[t]) / log(10),
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
        "softmax is taken twice": lambda row, t: -log(softmax(softmax(row))[t]),
        "sigmoid takes the place of softmax": lambda row, t: -log(sigmoid(row[t])),
        "the largest logit takes the place of the right class's": lambda row, t: log(sum(map(exp, row))) - max(row),
        "the right class is left out of the sum": lambda row, t: (
            log(sum(exp(z) for index, z in enumerate(row) if index != t)) - row[t]
        ),
        "the largest logit is subtracted in one place only": lambda row, t: -log(softmax(row)[t]) - max(row),
        "the largest logit is subtracted in one place only, and so left over": lambda row, t: (
            -log(softmax(row)[t]) + max(row)
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
            lambda outputs, targets: mean([o - t for o, t in zip(outputs, targets)]) ** 2
        ),
    },
    "hinge": {
        "the mean is cut at 0, where each example is to be cut by itself, before the mean": (
            lambda outputs, targets: max(0.0, mean([1 - o * t for o, t in zip(outputs, targets)]))
        ),
        "the sum is cut at 0, where each example is to be cut by itself, and their mean is due": (
            lambda outputs, targets: max(0.0, sum(1 - o * t for o, t in zip(outputs, targets)))
        ),
    },
    "cross_entropy": {
        "divided by the number of classes, where the number of examples is due": (
            lambda rows, targets: sum(-log(softmax(row)[t]) for row, t in zip(rows, targets)) / len(rows[0])
        ),
        "the sum of all exp still has in it those of the examples before: each example begins with a sum of 0": (
            lambda rows, targets: mean([log(total) - row[t] for total, row, t in _running(rows, targets, shifts=False)])
        ),
        "the sum of all exp still has in it those of the examples before, where each example begins with 0": (
            lambda rows, targets: mean(
                [log(total) - row[t] + max(row) for total, row, t in _running(rows, targets, shifts=True)]
            )
        ),
        "each row of logits is asked for the classes of all examples, where it has one of its own": (
            lambda rows, targets: mean([-log(softmax(row)[t]) for row in rows for t in targets])
        ),
    },
}
"""Slips that are not in the cost of one example, nor in how costs are put together: (outputs, targets)."""

PROBABILITIES: dict[str, Callable[[list[float]], list[float]]] = {
    "": softmax,
    "the exp of each logit, not divided by their sum": lambda row: list(map(exp, row)),
    "each logit divided by their sum, without exp": lambda row: [z / sum(row) for z in row],
    "each logit by itself, as it came": lambda row: list(row),
    "after the shift, the exp are not divided by their sum": lambda row: [exp(z) / max(map(exp, row)) for z in row],
    "divided by the number of classes, where the sum is due": lambda row: [exp(z) / len(row) for z in row],
    "of the logits with their signs turned": lambda row: softmax([-z for z in row]),
    "divided by the sum of the logits, where the sum of their exp is due": lambda row: [exp(z) / sum(row) for z in row],
    "divided by the sum so far, where it is to be complete before anything is divided by it": lambda row: [
        exp(z) / sum(map(exp, row[: place + 1])) for place, z in enumerate(row)
    ],
    "the logarithm of the probabilities": lambda row: list(map(log, softmax(row))),
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
    "of twice the logits": lambda row: softmax([2 * z for z in row]),
    "from powers of 2, where exp is due": lambda row: [2**z / sum(2**other for other in row) for z in row],
    "in the opposite order": lambda row: softmax(row)[::-1],
    "without the first class in the sum": lambda row: [exp(z) / sum(map(exp, row[1:])) for z in row],
    "without the last class in the sum": lambda row: [exp(z) / sum(map(exp, row[:-1])) for z in row],
    "softmax taken twice": lambda row: softmax(softmax(row)),
}
"""What softmax gives: the right rule first, under an empty text, and then slips."""

LOSS_CASES: dict[str, tuple[LossCase, ...]] = {
    "mean_squared_error": REGRESSION,
    "hinge": MARGINS,
    "binary_cross_entropy": YES_OR_NO,
    "cross_entropy": CLASSES,
    "softmax": LOGITS,
}


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
