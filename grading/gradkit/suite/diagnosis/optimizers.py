"""What a student's optimizer does instead of the right step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gradkit.submissions.transport.subject import Subject, numbers, write

from .slips import agree, find_slip
from .student import Student, ask, find_misspelling

START = (2.0, -1.0)
GRADIENTS = ((3.0, 0.5), (2.0, 4.0), (1.0, 0.25))
"""The gradients of both parameters before each step."""

LR, MOMENTUM, BETAS, EPS = 0.1, 0.6, (0.6, 0.75), 0.4

Rule = Callable[[], list[float]]


@dataclass(frozen=True)
class SGDRule:
    """Gradient descent with momentum, and its slips.

    Attributes:
        sign: -1 goes downhill.
        lr: The learning rate.
        kept: The factor on the velocity that was.
        new: The factor on the gradient that comes to it.
        is_shared: Whether all parameters share one velocity.
        is_nesterov: Whether the step looks ahead.
        uses_sign: Whether only the sign of the gradient counts.
        uses_old_velocity: Whether the step is the velocity from before the gradient came to it.
        n_moving: How many parameters move.
        replaces: Whether data is set to the step itself.
        squares: Whether the gradient is squared.
        start: The velocity before the first step.
        uses_data: Whether data takes the place of the gradient.
    """

    sign: float = -1.0
    lr: float = LR
    kept: float = MOMENTUM
    new: float = 1.0
    is_shared: bool = False
    is_nesterov: bool = False
    uses_sign: bool = False
    uses_old_velocity: bool = False
    n_moving: int = 2
    replaces: bool = False
    squares: bool = False
    start: float = 0.0
    uses_data: bool = False

    def run(self) -> list[float]:
        """Return the data of both parameters after each step."""
        data, velocities, shown = list(START), [self.start] * 2, []
        for gradients in GRADIENTS:
            for index, gradient in enumerate(gradients[: self.n_moving]):
                place = 0 if self.is_shared else index
                before = velocities[place]
                gradient = math.copysign(1.0, gradient) if self.uses_sign else gradient
                gradient = gradient**2 if self.squares else gradient
                gradient = data[index] if self.uses_data else gradient
                velocities[place] = self.kept * before + self.new * gradient
                step = before if self.uses_old_velocity else velocities[place]
                if self.is_nesterov:
                    step = gradient + self.kept * step
                moved = self.sign * self.lr * step
                data[index] = moved if self.replaces else data[index] + moved
            shown += data
        return shown


NOTHING_MOVES = "nothing moves. A step changes the attribute data of the parameters themselves, under just this name"

SGD_SLIPS: dict[str, SGDRule] = {
    "": SGDRule(),
    "it goes uphill: the step is against the gradient": SGDRule(sign=1.0),
    "the learning rate lr is left out": SGDRule(lr=1.0),
    "momentum is left out, or the new velocity is not kept for the next step": SGDRule(kept=0.0),
    "momentum is 1, whatever was given": SGDRule(kept=1.0),
    "the new velocity is added to the old one (+=), which momentum has scaled already": SGDRule(kept=1.0 + MOMENTUM),
    "momentum has no effect, and it goes uphill": SGDRule(kept=0.0, sign=1.0),
    "the velocity is a mean: the gradient is multiplied by 1 - momentum": SGDRule(new=1 - MOMENTUM),
    "the gradient is multiplied by momentum, and the velocity is not": SGDRule(kept=1.0, new=MOMENTUM),
    "both the velocity and the gradient are multiplied by momentum": SGDRule(new=MOMENTUM),
    "the velocity is subtracted where it should be added to the gradient": SGDRule(kept=-MOMENTUM),
    "all parameters share one velocity": SGDRule(is_shared=True),
    "it looks ahead (Nesterov's momentum), where plain momentum is due": SGDRule(is_nesterov=True),
    "only the sign of the gradient counts": SGDRule(uses_sign=True),
    "it steps by the velocity of the step before": SGDRule(uses_old_velocity=True),
    "only the first parameter moves": SGDRule(n_moving=1),
    NOTHING_MOVES: SGDRule(n_moving=0),
    "data is set to the step itself, where the step is to be added to it": SGDRule(replaces=True),
    "after a step data holds lr * velocity itself, where that is to be subtracted from it": SGDRule(
        replaces=True, sign=1.0
    ),
    "the gradient is squared": SGDRule(squares=True),
    "data stands in the place of the gradient": SGDRule(uses_data=True),
    "each velocity begins at 1, where it begins at 0": SGDRule(start=1.0),
    "lr is divided by 2": SGDRule(lr=LR / 2),
    "lr is applied twice": SGDRule(lr=LR**2),
    "lr is applied twice as large": SGDRule(lr=2 * LR),
    "it divides by lr, where it should multiply": SGDRule(lr=1 / LR),
}

PLAIN_SGD_SLIPS = {
    **{text: replace(rule, kept=0.0) for text, rule in SGD_SLIPS.items()},
    **{
        f"it has momentum {momentum:g}, where none was given: the default is 0, and what is given counts": SGDRule(
            kept=momentum
        )
        for momentum in (0.9, 0.5, 0.99)
    },
    "the gradients of earlier steps stay in the velocity, where without momentum it is the gradient alone": SGDRule(
        kept=1.0
    ),
}


CORRECTIONS: dict[str, Callable[[float, float, int], float]] = {
    "": lambda mean, beta, t: mean / (1 - beta**t),
    "divided by 1 - beta / t": lambda mean, beta, t: mean / (1 - beta / t),
    "divided by beta**t": lambda mean, beta, t: mean / beta**t,
    "divided by 1 - beta * t": lambda mean, beta, t: mean / (1 - beta * t),
    "multiplied by 1 - beta**t": lambda mean, beta, t: mean * (1 - beta**t),
    "divided by 1, and then less beta**t": lambda mean, beta, t: mean / 1 - beta**t,
    "divided by 1 + beta**t": lambda mean, beta, t: mean / (1 + beta**t),
    "divided by (1 - beta)**t": lambda mean, beta, t: mean / (1 - beta) ** t,
}
"""How a mean is corrected, right first, and then by mistake: (mean, beta, t)."""


@dataclass
class _Means:
    """What Adam keeps of each parameter: m, v, and the largest v so far, as it is or corrected."""

    m: list[float]
    v: list[float]
    largest: list[float]


@dataclass(frozen=True)
class AdamRule:
    """Adam, and its slips.

    Attributes:
        sign: -1 goes downhill.
        lr: The learning rate.
        b1: The beta by which m is corrected.
        b2: The beta by which v is corrected.
        eps: What is added below the line.
        kept1: The factor on the m that was.
        kept2: The factor on the v that was.
        new1: The factor on the gradient that comes to m.
        new2: The factor on the square that comes to v.
        corrects_m: Whether m is corrected.
        corrects_v: Whether v is corrected.
        first_count: t of the first step.
        counts_parameters: Whether t goes up with every parameter.
        counts: Whether t goes up at all.
        eps_in_root: Whether eps is added under the root.
        has_root: Whether the root of v is taken.
        squares: Whether the gradient is squared in v.
        keeps_corrected_m: Whether the corrected mean is kept as m.
        keeps_corrected_v: Whether the corrected mean is kept as v.
        uses_largest_corrected_v: Whether the largest corrected v so far takes the place of the corrected v.
        uses_gradient: Whether the gradient takes the place of m in the step.
        is_shared: Whether all parameters share the two means.
        n_moving: How many parameters move.
        clips: Whether gradients are cut to between -1 and 1.
        m_corrected_by: Whether m is corrected by the first or the second of betas.
        v_corrected_by: Whether v is corrected by the first or the second of betas.
        squares_mean: Whether the new m takes the place of the gradient in v.
        has_one_list: Whether m and v are the same list.
        adds_eps_last: Whether eps is added to the whole step.
        correction_m: How m is corrected, a key of CORRECTIONS.
        correction_v: How v is corrected, a key of CORRECTIONS.
        start_m: Where m begins.
        start_v: Where v begins.
        exponent: The power of v below the line.
        doubles: Whether the gradient is doubled in v, and not squared.
        multiplies_gradient: Whether the step is multiplied by the gradient.
        swaps: Whether m and v have changed places in the step.
        eps_on_quotient: Whether eps is added to m / v ** 0.5.
        m_lacks_parentheses: Whether 1 - b1 * gradient comes to m.
        v_lacks_parentheses: Whether 1 - b2 * square comes to v.
        mixes: Whether m takes the place of the v that was.
        uses_largest_v: Whether the largest v so far takes the place of v, and is then corrected.
        lr_falls: Whether the step is divided by t.
    """

    sign: float = -1.0
    lr: float = LR
    b1: float = BETAS[0]
    b2: float = BETAS[1]
    eps: float = EPS
    kept1: float = BETAS[0]
    kept2: float = BETAS[1]
    new1: float = 1 - BETAS[0]
    new2: float = 1 - BETAS[1]
    corrects_m: bool = True
    corrects_v: bool = True
    first_count: int = 1
    counts_parameters: bool = False
    counts: bool = True
    eps_in_root: bool = False
    has_root: bool = True
    squares: bool = True
    keeps_corrected_m: bool = False
    keeps_corrected_v: bool = False
    uses_largest_corrected_v: bool = False
    uses_gradient: bool = False
    is_shared: bool = False
    n_moving: int = 2
    clips: bool = False
    m_corrected_by: Literal["first", "second"] = "first"
    v_corrected_by: Literal["first", "second"] = "second"
    squares_mean: bool = False
    has_one_list: bool = False
    adds_eps_last: bool = False
    correction_m: str = ""
    correction_v: str = ""
    start_m: float = 0.0
    start_v: float = 0.0
    exponent: float = 0.5
    doubles: bool = False
    multiplies_gradient: bool = False
    swaps: bool = False
    eps_on_quotient: bool = False
    m_lacks_parentheses: bool = False
    v_lacks_parentheses: bool = False
    mixes: bool = False
    uses_largest_v: bool = False
    lr_falls: bool = False

    def run(self) -> list[float]:
        """Return the data of both parameters after each step."""
        data, shown = list(START), []
        means = _Means([self.start_m] * 2, [self.start_v] * 2, [0.0, 0.0])
        if self.has_one_list:
            means.v = means.m
        count = self.first_count - 1
        for gradients in GRADIENTS:
            count += 0 if self.counts_parameters else 1
            for index, gradient in enumerate(gradients[: self.n_moving]):
                count += 1 if self.counts_parameters else 0
                t = count if self.counts else 1
                place = 0 if self.is_shared else index
                gradient = max(-1.0, min(1.0, gradient)) if self.clips else gradient
                self._update_means(means, place, gradient)
                mean, square = self._corrected(means, place, t)
                data[index] += self._step(mean, square, gradient, t)
            shown += data
        return shown

    def _update_means(self, means: _Means, place: int, gradient: float) -> None:
        """Let a gradient and its square come to the means of a parameter."""
        m, v = means.m, means.v
        m[place] = self.kept1 * m[place] + (
            1 - self.b1 * gradient if self.m_lacks_parentheses else self.new1 * gradient
        )
        squared = m[place] if self.squares_mean else gradient
        squared = 2 * squared if self.doubles else squared**2 if self.squares else squared
        kept = m[place] if self.mixes else v[place]
        v[place] = self.kept2 * kept + (1 - self.b2 * squared if self.v_lacks_parentheses else self.new2 * squared)

    def _corrected(self, means: _Means, place: int, t: int) -> tuple[float, float]:
        """Return the corrected means of a parameter."""
        m, v, largest = means.m, means.v, means.largest
        if self.uses_largest_v:
            largest[place] = max(largest[place], v[place])
        beta1, beta2 = (
            self.b1 if which == "first" else self.b2 for which in (self.m_corrected_by, self.v_corrected_by)
        )
        mean = CORRECTIONS[self.correction_m](m[place], beta1, t) if self.corrects_m else m[place]
        square = CORRECTIONS[self.correction_v](v[place], beta2, t) if self.corrects_v else v[place]
        if self.uses_largest_v:
            square = largest[place] / (1 - beta2**t)
        m[place] = mean if self.keeps_corrected_m else m[place]
        v[place] = square if self.keeps_corrected_v else v[place]
        if self.uses_largest_corrected_v:
            largest[place] = square = max(largest[place], square)
        return mean, square

    def _step(self, mean: float, square: float, gradient: float, t: int) -> float:
        """Return how far a parameter moves."""
        top = gradient if self.uses_gradient else mean * gradient if self.multiplies_gradient else mean
        if self.swaps:
            top, square = square, mean
        if self.eps_in_root:
            bottom = (square + self.eps) ** 0.5
        else:
            bottom = (square**self.exponent if self.has_root else square) + self.eps
        if self.lr_falls:
            top = top / t
        if self.eps_on_quotient:
            step: float = self.sign * self.lr * (top / square**0.5 + self.eps)
        elif self.adds_eps_last:
            step = self.sign * self.lr * top / square**0.5 + self.eps
        else:
            step = self.sign * self.lr * top / bottom
        return step


ADAM_SLIPS: dict[str, AdamRule] = {
    "": AdamRule(),
    "it goes uphill: the step is against the gradient": AdamRule(sign=1.0),
    "the learning rate lr is left out": AdamRule(lr=1.0),
    "lr is 0.001, whatever was given": AdamRule(lr=0.001),
    "neither mean is corrected, and both are too small at first": AdamRule(corrects_m=False, corrects_v=False),
    "the mean m of the gradients is not corrected": AdamRule(corrects_m=False),
    "the mean v of the squares is not corrected": AdamRule(corrects_v=False),
    "betas has its two numbers the other way round": AdamRule(
        b1=BETAS[1], b2=BETAS[0], kept1=BETAS[1], kept2=BETAS[0], new1=1 - BETAS[1], new2=1 - BETAS[0]
    ),
    "betas is left out: 0.9 and 0.999, whatever was given": AdamRule(
        b1=0.9, b2=0.999, kept1=0.9, kept2=0.999, new1=1 - 0.9, new2=1 - 0.999
    ),
    "the first of betas serves for both means": AdamRule(b2=BETAS[0], kept2=BETAS[0], new2=1 - BETAS[0]),
    "the second of betas serves for both means": AdamRule(b1=BETAS[1], kept1=BETAS[1], new1=1 - BETAS[1]),
    "steps are counted from 2: the first one has t = 1": AdamRule(first_count=2),
    "t goes up with every parameter, and not with every step": AdamRule(counts_parameters=True),
    "t stays 1 in every step, or is left out of 1 - beta**t": AdamRule(counts=False),
    "eps stands under the root": AdamRule(eps_in_root=True),
    "eps is left out, or taken as the default": AdamRule(eps=1e-8),
    "the root is missing: the square is divided by": AdamRule(has_root=False),
    "the gradient is not squared in v": AdamRule(squares=False),
    "the gradient is not squared in v, nor the root taken": AdamRule(squares=False, has_root=False),
    "the corrected means are kept as m and v": AdamRule(keeps_corrected_m=True, keeps_corrected_v=True),
    "the corrected mean is kept as m, which is to stay uncorrected": AdamRule(keeps_corrected_m=True),
    "the corrected mean is kept as v, which is to stay uncorrected": AdamRule(keeps_corrected_v=True),
    "m and v are not kept for the next step": AdamRule(kept1=0.0, kept2=0.0),
    "m is not kept for the next step": AdamRule(kept1=0.0),
    "v is not kept for the next step": AdamRule(kept2=0.0),
    "m is corrected by the second of betas, and v by the first": AdamRule(
        m_corrected_by="second", v_corrected_by="first"
    ),
    "eps is added after the division: it belongs below the line, to the root (parentheses)": AdamRule(
        adds_eps_last=True
    ),
    "eps is added to the quotient: it belongs below the line, to the root (parentheses)": AdamRule(
        eps_on_quotient=True
    ),
    "eps is subtracted, where it is to be added": AdamRule(eps=-EPS),
    "v is squared below the line, where its root is due": AdamRule(exponent=2.0),
    "the step is multiplied by the gradient once more": AdamRule(multiplies_gradient=True),
    "m and v have changed places in the step": AdamRule(swaps=True),
    "1 - beta has no parentheses around it in m": AdamRule(m_lacks_parentheses=True),
    "1 - beta has no parentheses around it in v": AdamRule(v_lacks_parentheses=True),
    "1 - beta has no parentheses around it in both means": AdamRule(m_lacks_parentheses=True, v_lacks_parentheses=True),
    "the new m is added to the old one (+=), which beta has scaled already": AdamRule(kept1=1 + BETAS[0]),
    "the new v is added to the old one (+=), which beta has scaled already": AdamRule(kept2=1 + BETAS[1]),
    "the new m and v are added to the old ones (+=), which beta has scaled already": AdamRule(
        kept1=1 + BETAS[0], kept2=1 + BETAS[1]
    ),
    "v never falls: it may, and each new v is b2 * v and the new square together, also if that is less": AdamRule(
        uses_largest_v=True
    ),
    "the step gets shorter with t, as if lr was divided by it": AdamRule(lr_falls=True),
    "m is not scaled by beta before the new gradient comes to it": AdamRule(kept1=1.0),
    "v is not scaled by beta before the new square comes to it": AdamRule(kept2=1.0),
    "neither m nor v is scaled by beta before something comes to it": AdamRule(kept1=1.0, kept2=1.0),
    "nothing is scaled by beta: all gradients, and all squares, are added up": AdamRule(
        kept1=1.0, kept2=1.0, new1=1.0, new2=1.0
    ),
    "the first of betas weighs the new gradient in m, where it weighs what m was": AdamRule(
        kept1=1 - BETAS[0], new1=BETAS[0]
    ),
    "the second of betas weighs the new square in v, where it weighs what v was": AdamRule(
        kept2=1 - BETAS[1], new2=BETAS[1]
    ),
    "the gradient is doubled in v, where it is to be squared": AdamRule(doubles=True),
    "the factor 1 - beta is squared, too, in v: only the gradient is": AdamRule(new2=(1 - BETAS[1]) ** 2),
    "m stands in the place of v where the new v is made": AdamRule(mixes=True),
    "the largest v so far takes the place of v": AdamRule(uses_largest_corrected_v=True),
    "the gradient itself takes the place of its mean": AdamRule(uses_gradient=True),
    "each beta weighs the new gradient, where it weighs the mean that was": AdamRule(
        kept1=1 - BETAS[0], kept2=1 - BETAS[1], new1=BETAS[0], new2=BETAS[1]
    ),
    "both means are corrected by the first of betas": AdamRule(v_corrected_by="first"),
    "both means are corrected by the second of betas": AdamRule(m_corrected_by="second"),
    "v is the square of the mean, where it is the mean of the squares": AdamRule(squares_mean=True),
    "the gradients are cut to between -1 and 1": AdamRule(clips=True),
    "all parameters share the two means": AdamRule(is_shared=True),
    "only the first parameter moves": AdamRule(n_moving=1),
    NOTHING_MOVES: AdamRule(n_moving=0),
    "m and v are one and the same list, where each needs its own": AdamRule(has_one_list=True),
    **{
        f"{which} {text}, where 1 - beta**t is to be divided by": AdamRule(
            correction_m="" if which == "v is" else text, correction_v="" if which == "m is" else text
        )
        for which in ("m and v are", "m is", "v is")
        for text in CORRECTIONS
        if text
    },
    "m and v begin at 1, where they begin at 0": AdamRule(start_m=1.0, start_v=1.0),
    "m begins at 1, where it begins at 0": AdamRule(start_m=1.0),
    "v begins at 1, where it begins at 0": AdamRule(start_v=1.0),
    "the factor 1 - beta is missing in m": AdamRule(new1=1.0),
    "the factor 1 - beta is missing in v": AdamRule(new2=1.0),
    "the factor 1 - beta is missing in both means": AdamRule(new1=1.0, new2=1.0),
}


DEFAULTS = AdamRule(lr=0.001, b1=0.9, b2=0.999, eps=1e-8, kept1=0.9, kept2=0.999, new1=1 - 0.9, new2=1 - 0.999)

DEFAULT_SLIPS: dict[str, AdamRule] = {
    "": DEFAULTS,
    **{f"the default of lr is {lr:g}, not 0.001": replace(DEFAULTS, lr=lr) for lr in (0.01, 0.1, 1.0, 0.0001)},
    **{
        f"the default of the first of betas is {beta:g}, not 0.9": replace(DEFAULTS, b1=beta, kept1=beta, new1=1 - beta)
        for beta in (0.99, 0.999, 0.5, 0.95, 0.8)
    },
    **{
        f"the default of the second of betas is {beta:g}, not 0.999": replace(
            DEFAULTS, b2=beta, kept2=beta, new2=1 - beta
        )
        for beta in (0.99, 0.9, 0.9999, 0.95, 0.998)
    },
    **{f"the default of eps is {eps:g}, not 1e-8": replace(DEFAULTS, eps=eps) for eps in (1e-3, 1e-4, 1e-2, 0.1, 1.0)},
}
"""Adam without settings, and slips in its defaults. A smaller wrong eps does not show at these gradients."""


def optimizer_hint(student: Student, name: str) -> str:
    """Return what SGD or Adam does instead of the right steps; empty if the questions do not show it."""
    if name == "SGD":
        plain, moving = [
            _compare(student, name, settings, {text: rule.run for text, rule in slips.items()})
            for settings, slips in (({"lr": LR}, PLAIN_SGD_SLIPS), ({"lr": LR, "momentum": MOMENTUM}, SGD_SLIPS))
        ]
        return moving if not plain or (moving and NOTHING_MOVES in plain) else plain
    given: dict[str, object] = {"lr": LR, "betas": list(BETAS), "eps": EPS}
    rules = {text: rule.run for text, rule in ADAM_SLIPS.items()}
    hint = _compare(student, name, given, rules)
    if hint:
        return hint
    if _compare(student, name, given, rules):
        return "Adam: a second optimizer steps in another way than the first: what one keeps must not be shared by all."
    return _compare(student, name, {}, {text: rule.run for text, rule in DEFAULT_SLIPS.items()})


def steps_are_right(student: Student, name: str) -> bool:
    """Return whether an optimizer makes the right steps here, and its mistake shows elsewhere only."""
    settings: dict[str, object] = {"lr": LR, "momentum": MOMENTUM}
    rule: Rule = SGDRule().run
    if name == "Adam":
        settings, rule = {"lr": LR, "betas": list(BETAS), "eps": EPS}, AdamRule().run
    steps = ask(_steps, student, name, settings)
    return steps is not None and agree(steps[1], rule())


def _steps(student: Student, name: str, settings: Mapping[str, object]) -> tuple[list[Subject], list[float]]:
    """Return the parameters, and their data after each step."""
    parameters = [student.load("Value")(number) for number in START]
    optimizer = student.load(name)(parameters, **settings)
    got: list[float] = []
    for gradients in GRADIENTS:
        write(parameters, "grad", gradients)
        optimizer.step()
        got += numbers(parameters, "data")
    return parameters, got


def _compare(student: Student, name: str, settings: Mapping[str, object], slips: dict[str, Rule]) -> str:
    parameters, got = _steps(student, name, settings)
    numbers_of = {}
    for text, rule in slips.items():
        try:
            numbers_of[text] = rule()
        except (ArithmeticError, ValueError, TypeError):  # TypeError for the root of a negative number
            continue
    right = numbers_of.pop("")
    if agree(got, right):
        return _cleared_hint(name, numbers(parameters, "grad"))
    other = find_misspelling(parameters[0], "data", student.load("Value")(2.0))
    if other:
        return f"{name}: step() sets an attribute {other} of the parameters: data is meant."
    found = find_slip(got, {text: each for text, each in numbers_of.items() if not agree(each, right)})
    if found:
        return f"{name}: {found}."
    if not agree(got[:2], right[:2]):
        return ""
    more = ", and at what depends on t" * (name == "Adam")
    return f"{name}: the first step is right, and a later one is not: look at what is kept from step to step{more}."


def _cleared_hint(name: str, gradients: list[float]) -> str:
    if agree(gradients, GRADIENTS[-1]):
        return ""
    return f"{name}: step() changes the grad of the parameters. It changes their data, and nothing else."
