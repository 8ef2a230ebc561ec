"""What one operation of a student's Value does wrong: its number, or what it passes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradkit.inside.graph import Answers, Graph
from gradkit.oracle.tolerance import ROUNDED_TOLERANCE, is_close

from .formulas import derivative, derivative_formulas, value, value_formulas
from .operation import ADDITION, Operation
from .order import lost_node_hint
from .slips import agree, find_formula
from .student import Student
from .wiring import (
    BEFORE,
    Call,
    added_by_backward,
    changed_data_hint,
    copied_operand_hint,
    own_gradient_hint,
    runs_in_operand,
    seed_hint,
    shared_by_all_hint,
    shares_by_hand,
    why_nothing_arrives,
)

UPSTREAM = 3.0
"""The upstream gradient of the questions about `out.grad`."""


def value_hint(student: Student, operation: Operation) -> str:
    """Return what is wrong with an operation's number; empty if nothing is."""
    points = operation.points
    answers = student.answers([operation.graph(point) for point in points], backward=False)
    got = [answer.data[-1] for answer in answers if answer]
    points = [point for point, answer in zip(points, answers) if answer]
    right = [value(operation.name, point) for point in points]
    text = operation.text
    if any(_leaves_changed(answer, point) for answer, point in zip(filter(None, answers), points)):
        return f"{text} changes the data of its own operand: an operation makes a new Value and leaves its operands."
    if all(is_close(*pair) for point, *pair in zip(points, got, right) if operation.is_asked(point)):
        return ""
    if all(abs(mine - want) <= ROUNDED_TOLERANCE * abs(want) for mine, want in zip(got, right)):
        return (
            f"The first digits of {text} are right: something is rounded, kept in less than double precision "
            "(float32), or a small number is added that does not belong there."
        )
    found = find_formula(got, points, value_formulas(operation.name))
    if found:
        return f"{text} gives {operation.letters(found)}."
    if agree(got, [float(int(number)) for number in right]):
        return f"{text} gives whole numbers only: is there an int() or a // on the way?"
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
                return (
                    f"{text} is right elsewhere, and wrong where {letter} is {what}: look at what is computed there, "
                    "and at what decides it."
                )
    return ""


_REGIONS: dict[str, Callable[[float], bool]] = {
    "negative": lambda number: number < 0,
    "positive": lambda number: number > 0,
    "not a whole number": lambda number: number != int(number),
    "larger than 1": lambda number: number > 1,
    "between 0 and 1": lambda number: 0 < number < 1,
}


# --- gradients -------------------------------------------------------------------------------------------------------


def gradient_hint(student: Student, operation: Operation, times_is_right: bool = True) -> str:
    """Return what is wrong with the gradients that an operation passes back; empty if nothing is.

    Args:
        student: The student's code. Its `a + b` must pass gradients on rightly, and add them up.
        operation: The operation.
        times_is_right: Whether `a * b` passes the right gradients to leaves, so that questions can use it.
    """
    hint = slope_hint(student, operation)
    if hint:
        return hint
    point = operation.points[0]
    hint = (
        _own_grad_hint(student, operation, [derivative(operation.name, i, point) for i in range(operation.arity)])
        or _zero_hint(student, operation)
        or (lost_node_hint(student) if operation == ADDITION else "")
        or _same_operand_hint(student, operation)
        or _overwrite_hint(student, operation)
        or (upstream_hint(student, operation) if times_is_right else "")
        or _inner_hint(student, operation)
    )
    return (hint and operand_keeps_hint(student, operation)) or hint


def operand_keeps_hint(student: Student, operation: Operation) -> str:
    """Return a hint if the closure of an operation is kept in its operand, which shows in many ways."""
    if not runs_in_operand(student, Call(operation)):
        return ""
    return (
        f"The closure of {operation.text} is kept in its operand (self._backward), where it takes the place of the "
        "operand's own; it belongs to the result: out._backward."
    )


def slope_hint(student: Student, operation: Operation) -> str:
    """Explain gradients that are wrong where the operation is the result itself, so that its own gradient is 1."""
    points = operation.points
    answers = student.answers([operation.graph(point) for point in points], backward=True)
    asked = [(point, answer) for point, answer in zip(points, answers) if answer]
    if not asked:
        return ""
    if not all(is_close(answer.grad[-1], 1.0) for _, answer in asked):
        return seed_hint(student, Call(operation))
    points = [point for point, _ in asked]
    shares = [[answer.grad[operand] for _, answer in asked] for operand in range(operation.arity)]
    right = [[derivative(operation.name, operand, point) for point in points] for operand in range(operation.arity)]
    is_right = [
        all(is_close(*pair) for point, *pair in zip(points, share, want) if operation.is_asked(point))
        for share, want in zip(shares, right)
    ]
    if all(is_right):
        return ""

    text, operands = operation.text, operation.operands
    is_nothing = [not any(share) for share in shares]
    if all(is_nothing):
        return why_nothing_arrives(student, Call(operation))
    kept_in_operand = operand_keeps_hint(student, operation)
    if kept_in_operand:
        return kept_in_operand
    if operation.arity == 2:
        if is_nothing[0] != is_nothing[1]:
            empty = operands[is_nothing.index(True)]
            served = is_nothing.index(False)
            if is_right[served]:
                return (
                    copied_operand_hint(student, Call(operation))
                    or changed_data_hint(student, Call(operation))
                    or own_gradient_hint(student, Call(operation), operands.index(empty))
                    or f"In {text}, {operands[served]} gets its share and {empty} gets nothing: each operand gets one, "
                    "added to its grad."
                )
            if agree(shares[served], [sum(both) for both in zip(*right)]):
                return f"In {text}, {operands[served]} gets both shares and {empty} gets nothing: one share each."
            if agree(shares[served], [2 * share for share in right[served]]):
                return (
                    f"In {text}, {operands[served]} gets its share twice and {empty} gets nothing: "
                    "is one name used in both lines, or do functions made in a loop all see its last pass?"
                )
        elif agree(shares[0], right[1]) and is_right[1] and _is_last_share_for_all(student, operation):
            return (
                f"In {text} both operands get the share that is due to {operands[1]}, as in other operations, too: "
                "functions that are made in a loop all see what its variables hold in the last pass. Hand each what it "
                "needs when it is made."
            )
        elif agree(shares[0], right[1]) and agree(shares[1], right[0]):
            return f"In {text}, a gets the share that is due to b, and b that of a: the two are swapped."

    wrong = is_right.index(False)
    own = _own_grad_hint(student, operation, [share[0] for share in shares])
    if own:
        return own
    specific, general = derivative_formulas(operation.name, wrong)
    found = find_formula(shares[wrong], points, specific) or find_formula(shares[wrong], points, general)
    letter = operands[wrong]
    if operation.name == "relu" and agree(shares[0], [1.0] * len(points)) and _looks_at_upstream(student):
        return (
            "`x.relu()` passes a positive gradient on and no negative one, whatever x is: its condition asks about "
            "out.grad, and it is the number of x that decides."
        )
    if found:
        others = " (the other operand's share is right)" if operation.arity == 2 and is_right[1 - wrong] else ""
        return f"What {text} passes on to {letter} is {operation.letters(found)}{others}."
    place = [is_close(*pair) for pair in zip(shares[wrong], right[wrong])].index(False)
    by_hand = shares_by_hand(student, Call(operation, place)) if len(points) == len(operation.points) else []
    if agree(by_hand, [want[place] for want in right]):
        return (
            f"The closure of {text} adds the right shares when it is called by hand, but after backward() there are "
            "others: look at how often it is run, and at what else changes them."
        )
    region = _where_it_is_wrong(
        f"The derivative of {text}", operation, points, [is_close(*pair) for pair in zip(shares[wrong], right[wrong])]
    )
    return (
        region
        or shared_by_all_hint(student, Call(operation))
        or (
            f"What {text} passes on to {letter} is {shares[wrong][place]:.6g}, where {right[wrong][place]:.6g} is due "
            f"({_numbers_at(operation, points[place])}): look at the local derivative there."
            if (is_close(by_hand[wrong], shares[wrong][place]) if by_hand else operation != ADDITION)
            else ""
        )
        or (
            f"Alone, as the result itself, {text} already passes a wrong number to {letter}, though the upstream "
            "gradient is 1 there: look at the local derivative, at how often it is added, and at backward()."
        )
    )


def _is_last_share_for_all(student: Student, operation: Operation) -> bool:
    """Return whether another operation, too, passes the share of its right operand on to both."""
    for other in (Operation("pow"), Operation("sub"), Operation("mul")):
        asked = [(p, a) for p, a in zip(other.points, student.answers(list(map(other.graph, other.points)), True)) if a]
        got = [share for _, answer in asked for share in answer.grad[:2]]
        last = [derivative(other.name, 1, point) for point, _ in asked]
        if other.name != operation.name and asked and agree(got, [share for share in last for _ in (0, 1)]):
            return True
    return False


def _looks_at_upstream(student: Student) -> bool:
    """Return whether relu holds a negative gradient back where its operand is above zero."""
    (answer,) = student.answers([Graph((2.0, -1.0), [("relu", 0), ("mul", 2, 1)])], backward=True)
    return answer is not None and answer.grad[0] == 0.0


def upstream_hint(student: Student, operation: Operation) -> str:
    """Explain gradients that are wrong only where the operation's own gradient is not 1."""
    graphs, rights = [], []
    for point in operation.points:
        n_leaves = operation.arity
        steps = [operation.step(point, *range(n_leaves)), ("mul", n_leaves + 1, n_leaves)]
        graphs.append(Graph((*point[:n_leaves], UPSTREAM), steps))
        rights.append([derivative(operation.name, operand, point) for operand in range(n_leaves)])
    answers = student.answers(graphs, backward=True)
    asked = [(right, answer) for right, answer in zip(rights, answers) if answer]
    text = operation.text
    for operand, letter in enumerate(operation.operands):
        share = [answer.grad[operand] for _, answer in asked]
        alone = [right[operand] for right, _ in asked]
        if agree(share, [each * UPSTREAM for each in alone]):
            continue
        if agree(share, alone):
            return (
                f"{text} passes its local derivative on to {letter} as it is, also where its own gradient is "
                f"{UPSTREAM:g}: the chain rule multiplies that gradient (out.grad) with it."
            )
        if agree(share, [each * UPSTREAM**2 for each in alone]):
            return f"{text} multiplies by out.grad twice on the way to {letter}: once is due."
        if agree(share, [each / UPSTREAM for each in alone]):
            return f"{text} divides by out.grad on the way to {letter}, where it should multiply."
        if agree(share, [each + UPSTREAM for each in alone]) or agree(share, [each + UPSTREAM - 1 for each in alone]):
            return f"{text} adds out.grad to the local derivative on the way to {letter}: the chain rule multiplies."
        return (
            f"What {text} passes on to {letter} is right where its own gradient is 1, and wrong where that is "
            f"{UPSTREAM:g}: is the whole local derivative multiplied by out.grad (parentheses)?"
        )
    return ""


def _numbers_at(operation: Operation, point: Sequence[float]) -> str:
    """Write the numbers of a point: a = 0.7, b = 1.3."""
    letters = (*operation.operands, "k")[: len(point)]
    return ", ".join(f"{letter} = {number:g}" for letter, number in zip(letters, point))


def _own_grad_hint(student: Student, operation: Operation, shares: Sequence[float]) -> str:
    """Explain shares that change with the gradients that the operands have themselves.

    Args:
        student: The student's code.
        operation: The operation.
        shares: What it passes on to each operand at its first point, while these gradients are 0.
    """
    added = added_by_backward(student, Call(operation))
    if not agree(added_by_backward(student, Call(operation), (0.0, 0.0)), shares):
        return ""  # what is passed on is different each time, whatever the gradients are
    for letter, got, share, before in zip(operation.operands, added, shares, BEFORE):
        if not is_close(got, share) and not is_close(before + got, share):
            return shared_by_all_hint(student, Call(operation)) or (
                f"What {operation.text} passes on to {letter} changes with the grads that its operands have already: "
                "it depends on one of those. It is the grad of the result (out.grad) that is passed on, times a number "
                "that comes from the operands' data."
            )
    return ""


def _zero_hint(student: Student, operation: Operation) -> str:
    """Explain relu at exactly 0, where its slope is 0 by convention."""
    if operation.name != "relu":
        return ""
    (answer,) = student.answers([Graph((0.0,), [("relu", 0)])], backward=True)
    if answer and answer.grad[0]:
        return f"At exactly 0, `x.relu()` passes on {answer.grad[0]:g}: only what is above 0 lets the gradient through."
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
    same = operation.of_one_node
    kept = [agree(got, share) for share in shares]
    first = operation.points[0]
    alone = [derivative(operation.name, operand, first) for operand in (0, 1)]
    if any(kept) and agree(added_by_backward(student, Call(operation)), alone):
        return (
            f"Where both operands are one node, as in {same}, only one of the two shares stays, although shares of "
            "separate uses add up. Either a dict or a set (of the parents) keeps one entry for both, or both sums are "
            "computed before the first is stored."
        )
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
            # Of the other operations + is a part, and it is known by then that backward() overwrites nothing in it.
            culprit = "its closure, or backward()," if operation == ADDITION else "its closure"
            return (
                f"Where {used_twice}, only the share of {text} stays in {letter}.grad: "
                f"{culprit} overwrites (=) what was there; collect with +=."
            )
        if agree(got, [1.0] * len(got)):
            return (
                f"Where {used_twice}, the share of {text} does not arrive: either another closure overwrites (=) it, "
                "or its own runs too early, or not at all."
            )
        return (
            f"The gradient of {text} is right alone, and wrong where {used_twice}: either a closure overwrites (=) the "
            "share of another, or one runs before its own gradient is complete, or never."
        )
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
            return copied_operand_hint(student, Call(operation)) or (
                f"{operation.text} passes the right gradients to leaves, but when an operand is itself a result, "
                "what is behind it gets a wrong one: does backward() reach the operand's own closure, after this one?"
            )
    return ""
