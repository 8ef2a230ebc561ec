"""What a student's train() does in another way, found by a network so small that its training can be worked out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gradkit.submissions.transport.subject import numbers, write

from .slips import agree, find_slip
from .student import Student, attempt

INPUTS, TARGETS = ((1.0,), (2.0,), (-1.0,)), (3.0, 5.0, 0.5)
START = (1.0, 0.25)
"""The weight and the bias at first."""

LEFT = (0.5, -0.25)
"""The gradients that both have at first, as if something was left from before."""

LR, STEPS = 0.05, 4


@dataclass(frozen=True)
class LoopRule:
    """The training of a linear neuron by gradient descent on the mean squared error, and its slips.

    Attributes:
        clears: When gradients are set back to 0: "before" backward(), "after step", "never", "first", or "between" a
            step that comes first and backward().
        steps_first: Whether the optimizer steps before backward().
        records_after: Whether the loss is recorded after the step.
        is_stale: Whether the loss is computed once, before the first step.
        one_by_one: Whether each step takes the next example only.
        n_steps: The number of steps.
        n_examples: The number of examples that count.
        n_skipped: The number of examples before them that do not count.
        steps_each: Whether the optimizer steps after each example.
        clears_each: Whether gradients are set back to 0 for each example, too.
        n_backwards: What the gradient is multiplied by, as if backward() ran for each example's own loss.
        moves: Whether parameters move at all.
        has_backward: Whether gradients are computed.
    """

    clears: str = "before"
    steps_first: bool = False
    records_after: bool = False
    is_stale: bool = False
    one_by_one: bool = False
    n_steps: int = STEPS
    n_examples: int = len(INPUTS)
    n_skipped: int = 0
    steps_each: bool = False
    clears_each: bool = False
    n_backwards: int = 1
    moves: bool = True
    has_backward: bool = True

    def run(self) -> list[float]:
        """Return the losses, and then the weight and the bias."""
        w, b = START
        gw, gb = LEFT
        history = []
        for step in range(self.n_steps):
            pairs = list(zip(INPUTS, TARGETS))[self.n_skipped : self.n_examples]
            if self.steps_each:
                gw = gb = 0.0
                for pair in pairs:
                    loss, dw, db = _loss(w, b, [pair])
                    gw, gb = (dw, db) if self.clears_each else (gw + dw, gb + db)
                    w, b = w - LR * gw, b - LR * gb
                history.append(loss)
                continue
            if self.one_by_one:
                pairs = [pairs[step % len(pairs)]]
            loss, dw, db = _loss(*(START if self.is_stale else (w, b)), pairs)
            history.append(loss)
            if self.clears == "before" or (self.clears == "first" and step == 0):
                gw = gb = 0.0
            if self.steps_first and self.moves:
                w, b = w - LR * gw, b - LR * gb
            if self.clears == "between":
                gw = gb = 0.0
            if self.has_backward:
                gw, gb = gw + self.n_backwards * dw, gb + self.n_backwards * db
            if not self.steps_first and self.moves:
                w, b = w - LR * gw, b - LR * gb
            if self.clears == "after step":
                gw = gb = 0.0
            if self.records_after:
                history[-1] = _loss(w, b, pairs)[0]
        return [*history, w, b]


def _loss(w: float, b: float, examples: Sequence[tuple[tuple[float], float]]) -> tuple[float, float, float]:
    """Return the loss, and its derivatives by the weight and the bias."""
    pairs = [(x, w * x + b - target) for (x,), target in examples]
    n = len(pairs)
    return (
        sum(error**2 for _, error in pairs) / n,
        sum(2 * error * x for x, error in pairs) / n,
        sum(2 * error for _, error in pairs) / n,
    )


SLIPS: dict[str, LoopRule] = {
    "": LoopRule(),
    "the gradients are never set back to 0, so those of earlier steps push, too": LoopRule(clears="never"),
    "the gradients are set back to 0 before the first step only": LoopRule(clears="first"),
    "step() comes before backward(), so it uses the gradients of the step before": LoopRule(
        clears="after step", steps_first=True
    ),
    "step() comes before zero_grad() and backward(), so it uses the gradients of the step before": LoopRule(
        clears="between", steps_first=True
    ),
    "step() comes before backward(), and no gradient is set back to 0": LoopRule(clears="never", steps_first=True),
    "the loss is recorded after the step, where it is to be recorded before": LoopRule(records_after=True),
    "the loss is computed once, before the loop, though the parameters move": LoopRule(is_stale=True),
    "there is one step too few": LoopRule(n_steps=STEPS - 1),
    "there is one step too many": LoopRule(n_steps=STEPS + 1),
    "there is one single step, as with a return inside the loop": LoopRule(n_steps=1),
    "each step takes one example only, in turn": LoopRule(one_by_one=True),
    "the last example is left out": LoopRule(n_examples=len(INPUTS) - 1),
    "only the first example counts": LoopRule(n_examples=1),
    "only the last example counts in each step": LoopRule(n_skipped=len(INPUTS) - 1),
    "the first example is left out": LoopRule(n_skipped=1),
    "the optimizer steps after each example, where one step is due for all of them together": LoopRule(
        steps_each=True, clears_each=True
    ),
    "the optimizer steps after each example, and the gradients of those before still push": LoopRule(steps_each=True),
    "the gradients of the examples are added up, where that of one loss, their mean, is due": LoopRule(
        n_backwards=len(INPUTS)
    ),
}


def train_hint(student: Student) -> str:
    """Return what train() does in another way; empty if the questions do not show it."""
    model = student.load("MLP")(1, [1], linear_last=True)
    write(list(model.parameters()), "data", START)
    write(list(model.parameters()), "grad", LEFT)
    optimizer = student.load("SGD")(model.parameters(), lr=LR)
    loss = student.load("mean_squared_error")
    inputs, targets = [list(x) for x in INPUTS], list(TARGETS)
    returned = student.load("train")(model, inputs, targets, loss, optimizer, STEPS)
    parameters = numbers(list(model.parameters()), "data")
    history = numbers(list(returned))

    slips = {text: rule.run() for text, rule in SLIPS.items()}
    right = slips.pop("")
    if agree([*history, *parameters], right):
        return _moved_inputs_hint(student)
    found = find_slip([*history, *parameters], slips)
    if not found and not agree(parameters, right[-2:]) and not agree(parameters, START):
        found = find_slip(parameters, {text: slip[-2:] for text, slip in slips.items()})
    if found:
        return f"train: {found}."
    if agree(parameters, START):
        if any(numbers(list(model.parameters()), "grad")):
            return (
                "train: the parameters have gradients in the end, but did not move: no step is made with them, or only "
                "right after zero_grad()."
            )
        return (
            "train: no parameter moves, and all gradients are 0 in the end. Either none arrive (is backward() called, "
            "on a loss of the model's own outputs?), or zero_grad() comes between backward() and step()."
        )
    if len(history) > 1 and agree(history, [1.0] * len(history)):
        return "train: it returns 1 for every step, which is the gradient of the loss: its number (.data) is due."
    if len(history) > 1 and agree(history, [history[0] / (step + 1) for step in range(len(history))]):
        return (
            "train: in each step the loss is that of the first outputs once more, divided by a number that grows: is "
            "the list of outputs made anew in each step?"
        )
    if len(history) > 1 and agree(history[1:], history[:-1]) and agree(history[:1], right[:1]):
        return (
            "train: the loss is the same number in every step, though the parameters move: compute outputs and loss "
            "anew in each step."
        )
    if len(history) != STEPS:
        return f"train: asked for {STEPS} steps, it returns a list of length {len(history)}: one loss for each is due."
    if agree(parameters, right[-2:]) and all(abs(yours - due) < 0.01 * due for yours, due in zip(history, right)):
        return "train: the first digits of the losses that it returns are right, and they are rounded: they stay whole."
    if agree(parameters, right[-2:]):
        return "train: the parameters end where they should, but the losses that it returns are other ones."
    moved = [second - first for first, second in pairwise(history)]
    if agree(history[:1], right[:1]) and any(moved) and not agree(history[:2], right[:2]):
        return "train: the first loss is right, and the one after the first step is not: look at that step."
    return ""


def no_history_hint(message: str) -> str:
    """Explain a train() that has returned something else than a list.

    Args:
        message: The exception's message.
    """
    if "NoneType" in message:
        return (
            "train() returns None: is a `return` missing at its end? Or does it return what append() gives, "
            "which is None?"
        )
    return "train() returns one single thing, where a list is due: the loss of each step, as a plain number."


_FUNCTIONS = re.compile(r"^\w+\.py:\d+, in (\w+)$", re.MULTILINE)


_ONE_BY_ONE = (
    "The network works for one example, so look at what train() hands over to it: each of the inputs by itself, one "
    "after the other, as it came."
)


def handed_over_hint(student: Student, traceback: str) -> str:
    """Explain an exception raised in a loss function that train() calls, and that is right by itself.

    Args:
        student: The student's code.
        traceback: The student's own frames, innermost last.
    """
    functions = _FUNCTIONS.findall(traceback)
    called = functions[functions.index("train") + 1 :] if "train" in functions else []
    if called[:1] == ["__call__"] or ("__call__" in functions and "train" not in functions):  # only the last are shown
        model = student.load("MLP")(1, [1], linear_last=True)
        return "" if attempt(lambda: model([1.0])) else _ONE_BY_ONE
    if not called or called[0] not in ("mean_squared_error", "hinge", "binary_cross_entropy", "cross_entropy"):
        return ""
    loss, make_value = student.load(called[0]), student.load("Value")
    outputs = [make_value(0.7), make_value(-1.3)]
    if attempt(lambda: loss(*(([outputs], [1]) if called[0] == "cross_entropy" else (outputs, [1, 1])))):
        return ""
    return (
        f"{called[0]} works when it is called by itself, so look at what train() hands over to it: in each step a new "
        "list of outputs, one for each input, and then the targets as they came."
    )


def _moved_inputs_hint(student: Student) -> str:
    """Explain a training that moves the inputs, too, if they are Values."""
    model = student.load("MLP")(1, [1], linear_last=True)
    write(list(model.parameters()), "data", START)
    make_value = student.load("Value")
    inputs = [[make_value(number) for number in x] for x in INPUTS]
    optimizer = student.load("SGD")(model.parameters(), lr=LR)
    student.load("train")(model, inputs, list(TARGETS), student.load("mean_squared_error"), optimizer, STEPS)
    if agree(numbers([x for row in inputs for x in row], "data"), [x for row in INPUTS for x in row]):
        return ""
    return "train: the inputs move, too, if they are Values: only what model.parameters() gives is to be changed."
