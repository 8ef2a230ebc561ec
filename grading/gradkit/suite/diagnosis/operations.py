"""What one operation of a student's Value does wrong: its number, or what it passes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle.tolerance import ROUNDED_TOLERANCE, is_close

from .candidates import agree, identify
from .formulas import PLAIN_NUMBERS, derivative, derivative_formulas, points_of, value, value_formulas
from .student import Student

UPSTREAM = 3.0
"""The upstream gradient of the questions about `out.grad`."""


@dataclass(frozen=True)
class Operation:
    """An operation of the table, and the points at which it is asked for.

    Attributes:
        name: Its name in OPERATIONS.
        constants: The plain numbers to ask for, if it takes one: those of the failed case first.
    """

    name: str
    constants: tuple[float, ...] = ()

    @property
    def arity(self) -> int:
        return OPERATIONS[self.name].arity

    @property
    def points(self) -> list[tuple[float, ...]]:
        constants = self.constants or PLAIN_NUMBERS if OPERATIONS[self.name].constants else ()
        if self.name == "const_pow":
            constants = tuple(number for number in constants if number > 0) or (2, 3)
        return points_of(self.name, self.arity, tuple(dict.fromkeys(constants)))

    @property
    def text(self) -> str:
        """How a student writes it: `a + b`, `x + k`, `x.tanh()`."""
        row = OPERATIONS[self.name]
        k = repr(self.constants[0]) if len(self.constants) == 1 else "k"
        return f"`{row.text.format(a='a' if row.arity == 2 else 'x', b='b', k=k)}`"

    @property
    def operands(self) -> tuple[str, ...]:
        """The letters of the operands in `text`."""
        return ("a", "b") if self.arity == 2 else ("x",)

    def step(self, point: Sequence[float], *operands: int) -> tuple[str | int | float, ...]:
        """Return a step of a graph: this operation on nodes, with the point's plain number if it takes one."""
        return (self.name, *operands, *point[self.arity :])

    def graph(self, point: Sequence[float]) -> Graph:
        """Return the graph of the operation alone, at a point."""
        return Graph(point[: self.arity], [self.step(point, *range(self.arity))])

    def letters(self, text: str) -> str:
        """Return a formula's text with this operation's letters: formulas of operators are written in a, b or x, n."""
        row = OPERATIONS[self.name]
        if not row.constants:
            return text if self.name != "pow" else re.sub(r"\bx\b", "a", re.sub(r"\bn\b", "b", text))
        first, second = ("k", "x") if row.text.startswith("{k}") else ("x", "k")
        text = re.sub(r"\bx\b", first, text) if "n" not in text else text
        return re.sub(r"\b[an]\b", lambda m: {"a": first, "n": second}[m[0]], re.sub(r"\bb\b", second, text))


def value_hint(student: Student, operation: Operation) -> str:
    """Return what is wrong with an operation's number; empty if nothing is."""
    points = operation.points
    answers = student.answers([operation.graph(point) for point in points], backward=False)
    got = [answer.data[-1] for answer in answers if answer]
    points = [point for point, answer in zip(points, answers) if answer]
    right = [value(operation.name, point) for point in points]
    if not points or agree(got, right):
        return ""
    text = operation.text
    if any(_leaves_changed(answer, point) for answer, point in zip(filter(None, answers), points)):
        return f"{text} changes the data of its own operand: an operation makes a new Value and leaves its operands."
    if all(abs(mine - want) <= ROUNDED_TOLERANCE * abs(want) for mine, want in zip(got, right)):
        return (
            f"The first digits of {text} are right: something is rounded, kept in less than double precision "
            "(float32), or a small number is added that does not belong there."
        )
    formulas = value_formulas(operation.arity, bool(OPERATIONS[operation.name].constants))
    found = identify(got, points, formulas)
    if found:
        return f"{text} gives {found}: at every point that was tried the numbers are the same."
    return _where_it_is_wrong(text, operation, points, [is_close(*pair) for pair in zip(got, right)])


def _leaves_changed(answer: Answers, point: Sequence[float]) -> bool:
    return any(answer.data[index] != number for index, number in enumerate(point[: len(answer.data) - 1]))


def _where_it_is_wrong(text: str, operation: Operation, points: Sequence[Sequence[float]], right: list[bool]) -> str:
    """Say where an operation is right and where it is wrong, if its numbers show a rule."""
    for index, letter in enumerate((*operation.operands, "k")[: len(points[0])]):
        for what, is_there in _REGIONS.items():
            inside = [ok for point, ok in zip(points, right) if is_there(point[index])]
            outside = [ok for point, ok in zip(points, right) if not is_there(point[index])]
            if inside and outside and all(outside) and not any(inside):
                return f"{text} is right elsewhere, and wrong where {letter} is {what}: look at what decides there."
    return ""


_REGIONS: dict[str, Callable[[float], bool]] = {
    "negative": lambda number: number < 0,
    "positive": lambda number: number > 0,
    "not a whole number": lambda number: number != int(number),
    "larger than 1": lambda number: number > 1,
    "between 0 and 1": lambda number: 0 < number < 1,
}


# --- gradients -------------------------------------------------------------------------------------------------------


def gradient_hint(student: Student, operation: Operation) -> str:
    """Return what is wrong with the gradients that an operation passes back; empty if nothing is.

    The operations that the questions use beside it, `a + b` and `a * b`, must be right; see `wiring_hint`.
    """
    return (
        _slope_hint(student, operation)
        or _same_operand_hint(student, operation)
        or _overwrite_hint(student, operation)
        or _upstream_hint(student, operation)
        or _inner_hint(student, operation)
    )


def _slope_hint(student: Student, operation: Operation) -> str:
    """Explain gradients that are wrong where the operation is the result itself, so that its own gradient is 1."""
    points = operation.points
    answers = student.answers([operation.graph(point) for point in points], backward=True)
    asked = [(point, answer) for point, answer in zip(points, answers) if answer]
    if not asked or not all(is_close(answer.grad[-1], 1.0) for _, answer in asked):
        return ""
    points = [point for point, _ in asked]
    shares = [[answer.grad[operand] for _, answer in asked] for operand in range(operation.arity)]
    right = [[derivative(operation.name, operand, point) for point in points] for operand in range(operation.arity)]
    is_right = [agree(*pair) for pair in zip(shares, right)]
    if all(is_right):
        return ""

    text, operands = operation.text, operation.operands
    is_nothing = [not any(share) for share in shares]
    if all(is_nothing):
        return _nothing_arrives(student, operation)
    if operation.arity == 2:
        if is_nothing[0] != is_nothing[1]:
            empty = operands[is_nothing.index(True)]
            served = is_nothing.index(False)
            if is_right[served]:
                return (
                    f"In {text}, {operands[served]} gets its share and {empty} gets nothing: "
                    "the closure has to add to both."
                )
            if agree(shares[served], [sum(both) for both in zip(*right)]):
                return f"In {text}, {operands[served]} gets both shares and {empty} gets nothing: one share each."
            if agree(shares[served], [2 * share for share in right[served]]):
                return (
                    f"In {text}, {operands[served]} gets its share twice and {empty} gets nothing: "
                    "is one name used in both lines?"
                )
        elif agree(shares[0], right[1]) and agree(shares[1], right[0]):
            return f"In {text}, a gets the share that is due to b, and b that of a: the two are swapped."

    wrong = is_right.index(False)
    specific, general = derivative_formulas(operation.name, wrong)
    found = identify(shares[wrong], points, specific) or identify(shares[wrong], points, general)
    letter = operands[wrong]
    if found:
        others = " (the other operand's share is right)" if operation.arity == 2 and is_right[1 - wrong] else ""
        return f"What {text} passes on to {letter} is {operation.letters(found)}{others}."
    place = _where_it_is_wrong(
        f"The derivative of {text}", operation, points, [is_close(*pair) for pair in zip(shares[wrong], right[wrong])]
    )
    return place or (
        f"Alone, as the result itself, {text} already passes a wrong number to {letter}: the upstream gradient is 1 "
        "there, so it is the local derivative that is wrong."
    )


def _nothing_arrives(student: Student, operation: Operation) -> str:
    """Explain an operation that is the result itself, and whose operands get no gradient at all."""
    from .wiring import Call, why_nothing_arrives  # wiring asks about operations, too

    return why_nothing_arrives(student, Call(operation))


def _upstream_hint(student: Student, operation: Operation) -> str:
    """Explain gradients that are wrong only where the operation's own gradient is not 1."""
    graphs, rights = [], []
    for point in operation.points:
        n_leaves = operation.arity
        if operation.name in ("add", "mul"):  # s + s, because the product itself may be wrong
            steps = [operation.step(point, 0, 1), ("add", n_leaves, n_leaves)]
            graphs.append(Graph(point[:n_leaves], steps))
            factor = 2.0
        else:
            steps = [operation.step(point, *range(n_leaves)), ("mul", n_leaves + 1, n_leaves)]
            graphs.append(Graph((*point[:n_leaves], UPSTREAM), steps))
            factor = UPSTREAM
        rights.append([derivative(operation.name, operand, point) for operand in range(n_leaves)])
    answers = student.answers(graphs, backward=True)
    asked = [(right, answer) for right, answer in zip(rights, answers) if answer]
    text = operation.text
    for operand, letter in enumerate(operation.operands):
        share = [answer.grad[operand] for _, answer in asked]
        alone = [right[operand] for right, _ in asked]
        if agree(share, [each * factor for each in alone]):
            continue
        if agree(share, alone):
            return (
                f"{text} passes its local derivative on to {letter} as it is, also where its own gradient is "
                f"{factor:g}: the chain rule multiplies by out.grad."
            )
        if agree(share, [each * factor**2 for each in alone]):
            return f"{text} multiplies by out.grad twice on the way to {letter}: once is due."
        if agree(share, [each / factor for each in alone]):
            return f"{text} divides by out.grad on the way to {letter}, where it should multiply."
        if agree(share, [each + factor for each in alone]) or agree(share, [each + factor - 1 for each in alone]):
            return f"{text} adds out.grad to the local derivative on the way to {letter}: the chain rule multiplies."
        return (
            f"What {text} passes on to {letter} is right where its own gradient is 1, and wrong where that is "
            f"{factor:g}: is the whole local derivative multiplied by out.grad (parentheses)?"
        )
    return ""


def _same_operand_hint(student: Student, operation: Operation) -> str:
    """Explain gradients that are wrong only where both operands are the same node."""
    if operation.arity != 2:
        return ""
    numbers = (0.7, 1.3, 2.2)
    graphs = [Graph((number,), [(operation.name, 0, 0)]) for number in numbers]
    asked = [(n, answer.grad[0]) for n, answer in zip(numbers, student.answers(graphs, backward=True)) if answer]
    shares = [[derivative(operation.name, operand, (n, n)) for n, _ in asked] for operand in (0, 1)]
    got = [grad for _, grad in asked]
    if not asked or agree(got, [sum(both) for both in zip(*shares)]):
        return ""
    same = operation.text.replace("b", "a")
    kept = [agree(got, share) for share in shares]
    if any(kept):
        return (
            f"Where both operands are one node, as in {same}, only one of the two shares stays: "
            "each share must be added (+=), also then."
        )
    return f"The gradient is wrong only where both operands are one node, as in {same}: each use adds its own share."


def _overwrite_hint(student: Student, operation: Operation) -> str:
    """Explain an operation that is right by itself, and loses what another use of its operand has passed on."""
    text = operation.text
    for operand, letter in enumerate(operation.operands):
        graphs, shares = [], []
        for point in operation.points[:4]:
            n_leaves = operation.arity
            steps = [operation.step(point, *range(n_leaves))]
            graphs.append(Graph(point[:n_leaves], [*steps, ("add", n_leaves, operand)]))
            graphs.append(Graph(point[:n_leaves], [*steps, ("add", operand, n_leaves)]))
            shares += [derivative(operation.name, operand, point)] * 2
        asked = [
            (share, answer.grad[operand])
            for share, answer in zip(shares, student.answers(graphs, backward=True))
            if answer
        ]
        alone, got = [share for share, _ in asked], [grad for _, grad in asked]
        if agree(got, [share + 1 for share in alone]):
            continue
        used_twice = f"{text} is used beside another use of {letter} ({text.strip('`')} + {letter})"
        if agree(got, alone):
            return (
                f"Where {used_twice}, only the share of {text} stays in {letter}.grad: "
                "its closure overwrites (=) what was there; collect with +=."
            )
        if agree(got, [1.0] * len(got)):
            return f"Where {used_twice}, the share of {text} does not arrive: each use adds (+=) its own."
        return f"The gradient of {text} is right alone, and wrong where {used_twice}: each use adds (+=) its own share."
    return ""


def _inner_hint(student: Student, operation: Operation) -> str:
    """Explain an operation whose gradient arrives at leaves, and not at what is behind an inner node."""
    graphs, rights = [], []
    for point in operation.points[:3]:
        n_leaves = operation.arity
        carrier, neutral = ("add", 0.0) if operation.name == "add" else ("mul", 1.0)
        leaves = (*point[:n_leaves], neutral)
        factors = [(carrier, operand, n_leaves) for operand in range(n_leaves)]
        inner = range(n_leaves + 1, 2 * n_leaves + 1)
        graphs.append(Graph(leaves, [*factors, operation.step(point, *inner)]))
        rights.append([derivative(operation.name, operand, point) for operand in range(n_leaves)])
    for right, answer in zip(rights, student.answers(graphs, backward=True)):
        if answer and not agree(answer.grad[: len(right)], right):
            if not any(answer.grad[: len(right)]):
                return (
                    f"{operation.text} passes gradients to leaves, but nothing arrives behind an inner node: "
                    "_prev has to hold the operands themselves."
                )
            return f"{operation.text} is right with leaves for operands, and wrong with results of other operations."
    return ""
