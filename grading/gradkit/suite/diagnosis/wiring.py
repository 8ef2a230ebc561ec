"""What is wrong with the way in which gradients travel: the closures, and backward() on the smallest graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradkit.inside.graph import STUDENT_FUNCTIONS
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.transport.subject import Subject, write

from .formulas import derivative, value
from .operation import ADDITION, MULTIPLICATION, Operation
from .slips import agree
from .student import Student, attempt, count_attributes, find_misspelling, find_parents, read


@dataclass(frozen=True)
class Call:
    """One operation on fresh leaves, object by object.

    Attributes:
        operation: The operation.
        place: Which of the operation's points the leaves are at.
    """

    operation: Operation
    place: int = 0

    def make(self, student: Student) -> tuple[list[Subject], Subject]:
        """Return the operands and the result. Raises SubmissionError if the student's code fails."""
        make_value = student.load("Value")
        point = self.operation.points[self.place]
        leaves = [make_value(number) for number in point[: self.operation.arity]]
        result: Any = STUDENT_FUNCTIONS[self.operation.name](*leaves, *point[self.operation.arity :])
        return leaves, result


def seed_hint(student: Student, call: Call) -> str:
    """Return why the result's own gradient is not 1 after backward(); empty if it is 1."""
    text = call.operation.text
    leaves, result = call.make(student)
    if read([result], "grad") is None:
        message = attempt(lambda: result.grad)
        if "function" in message or "method" in message:
            return (
                f"Before backward(), the grad of {text} holds a function and not a number: the closure belongs into "
                "out._backward."
            )
        return ""
    if attempt(lambda: result.backward()):
        return ""
    after = read([result, *leaves], "grad")
    if after is None or is_close(after[0], 1.0):
        return ""
    if not is_close(after[0], 0.0):
        return (
            f"After backward() on {text} the result's own gradient is {after[0]!r}, and it should be 1, whatever its "
            "number is."
        )
    if any(after[1:]):
        return (
            f"From {text} gradients arrive at the leaves, but the result's own is 0 after backward(): it is set "
            "back after its closure has run, where it should stay 1."
        )
    marked, again = call.make(student)
    write(marked, "grad", [5.0] * len(marked))
    if not attempt(lambda: again.backward()) and not any(read(marked, "grad") or (1,)):
        return (
            f"After backward() on {text} every gradient is 0, also where it was not 0 before: backward() sets them "
            "back. After the closures have run they stay as they are, and the result's stays 1."
        )
    others, second = call.make(student)
    write([second], "grad", [1.0])
    starts = not attempt(lambda: second.backward()) and any(read(others, "grad") or ())
    leaf = student.load("Value")(2.0)
    leaf_starts = not attempt(lambda: leaf.backward()) and read([leaf], "grad") == [1.0]
    if leaf_starts and starts:
        return (
            f"backward() gives a leaf the gradient 1, but not the result of {text}, where it only runs the closure: an "
            "attribute of the result hides the method. The closure belongs into out._backward, not out.backward."
        )
    if leaf_starts:
        return f"backward() gives a leaf the gradient 1, but not the result of {text}: is it the same method?"
    if starts:
        return (
            "If the result's gradient is set to 1 by hand, gradients arrive: backward() has to start by setting "
            "self.grad to 1."
        )
    make_value = student.load("Value")
    _, third = call.make(student)
    attempt(lambda: make_value.backward(third))
    if read([third], "grad") == [1.0]:
        return (
            "Value.backward(x) works and x.backward() does not: each object has an attribute of that name, which hides "
            "the method."
        )
    return "After backward() the result's own gradient is still 0: backward() starts by setting self.grad to 1."


MAX_ANCESTORS = 20
"""Nodes behind a result that are searched for an operand. An operation is made of a few others at most."""


def ancestors(result: Subject) -> list[Subject] | None:
    """Return the nodes from which a result was made, nearest first; None if a _prev cannot be read."""
    found: list[Subject] = []
    waiting = [result]
    while waiting and len(found) < MAX_ANCESTORS:
        parents = find_parents(waiting.pop(0))
        if parents is None:
            return None
        found += parents
        waiting += parents
    return found


def copied_operand_hint(student: Student, call: Call) -> str:
    """Return which operand cannot be reached from the result; empty if all can be, or a _prev cannot be read."""
    leaves, result = call.make(student)
    text = call.operation.text
    behind = ancestors(result)
    if behind is None:
        return ""
    if not behind:
        return (
            f"Nothing arrives from {text}: its result remembers no parents (its _prev is empty), so backward() finds "
            "no way back."
        )
    for leaf, letter in zip(leaves, call.operation.operands):
        if not any(node is leaf for node in behind):
            return (
                f"From the result of {text} no way leads back to {letter}: either it is missing among the parents "
                f"(_prev), or a new Value or a number takes its place. _prev and the closure need {letter} itself."
            )
    return ""


def wiring_hint(student: Student) -> str:
    """Return what is wrong with + and *, or with backward() on the smallest graphs; empty if nothing is."""
    hint = shared_by_all_hint(student, Call(ADDITION)) or seed_hint(student, Call(ADDITION))
    if hint:
        return hint
    plus, times = (
        student.answers([each.graph(each.points[0])], backward=True)[0] for each in (ADDITION, MULTIPLICATION)
    )
    if plus and times and not any(plus.grad[:2]) and not any(times.grad[:2]):
        return why_nothing_arrives(student, Call(ADDITION))
    return ""


def shared_by_all_hint(student: Student, call: Call) -> str:
    """Explain a leaf whose backward() passes something on to Values that it has nothing to do with."""
    leaves, result = call.make(student)
    leaf = student.load("Value")(5.0)
    write([result], "grad", [1.0])
    if attempt(lambda: leaf.backward()) or not any(read(leaves, "grad") or ()):
        return ""
    return (
        f"Once {call.operation.text} was computed, backward() on a leaf that has nothing to do with it changes "
        "gradients there: something that each Value needs of its own (such as parents, pairs or a closure) is shared "
        "by all of them. Make it anew for each, on the object itself."
    )


_SAME_SLIPS: dict[str, Callable[[float, float], float]] = {
    "it has the wrong sign, as if it were subtracted from the grad of the parents": lambda share, number: -share,
    "it is 1 too much, as if out.grad, which is 1 here, were added to the local derivative. The chain rule "
    "multiplies": lambda share, number: share + 1,
    "it has the result's number as a factor, where the result's gradient is due": lambda share, number: share * number,
    "it is twice what is due": lambda share, number: 2 * share,
    "it is 3 times what is due, which is the number of nodes here. Each node runs its own closure, once": (
        lambda share, number: 3 * share
    ),
}
"""What + and * may both pass on by the same mistake: functions of the right share and the result's number."""


def same_slip_hint(student: Student) -> str:
    """Explain shares that are wrong in the same way for + and for *, as by a mistake in backward() itself."""
    answers = [
        (each, point, answer)
        for each in (ADDITION, MULTIPLICATION)
        for point, answer in zip(
            each.points, student.answers([each.graph(point) for point in each.points], backward=True)
        )
        if answer
    ]
    if {each.name for each, _, _ in answers} != {"add", "mul"}:
        return ""
    got = [share for _, _, answer in answers for share in answer.grad[:2]]
    right = [
        (derivative(each.name, operand, point), value(each.name, point))
        for each, point, _ in answers
        for operand in (0, 1)
    ]
    for text, slip in _SAME_SLIPS.items():
        if agree(got, [slip(*pair) for pair in right]):
            return (
                f"What `a + b` and `a * b` pass on is wrong in the same way: {text}. Look at backward(), and at what "
                "else both share."
            )
    return ""


_N_ATTRIBUTES_OF_A1 = 4
"""The attributes that a result has before a2: data, grad, _prev and _op."""


def _nothing_kept_hint(result: Subject, text: str) -> str:
    """Return the next step of a first backward(), before any operation keeps a closure; empty if one keeps something.

    Args:
        result: The result of an operation.
        text: The operation, as the student writes it.
    """
    n_attributes = count_attributes(result)
    if n_attributes is None or n_attributes > _N_ATTRIBUTES_OF_A1:
        return ""
    return (
        f"backward() gives the result of {text} the gradient 1, and nothing passes it on yet. Let every operation keep "
        "a closure, out._backward, that adds the operation's share to the grad of each parent, and let backward() call "
        "it."
    )


def why_nothing_arrives(student: Student, call: Call) -> str:
    """Explain an operation that is the result itself, with the gradient 1, and whose operands get no gradient."""
    text = call.operation.text
    leaves, result = call.make(student)
    unreached = copied_operand_hint(student, call)
    if unreached:
        return unreached
    parents = find_parents(result)
    if parents is not None and not any(parent is leaf for parent in parents for leaf in leaves):
        return (
            f"Nothing arrives from {text}, although _prev leads back to its operands: look at the closures of the "
            "operations that it is built of."
        )
    write([result], "grad", [1.0])
    message = attempt(lambda: result._backward)
    if message:
        return (
            changed_data_hint(student, call)
            or _taken_back_hint(student, call)
            or _nothing_kept_hint(result, text)
            or (
                f"Nothing arrives from {text}: either its result does not keep what is needed on the way back (a "
                "closure, or the derivatives with their parents), or backward() does not add that to the grad of the "
                "parents."
            )
        )
    returned: list[Any] = []
    message = attempt(lambda: returned.append(result._backward()))
    if "'NoneType' object is not callable" in message:
        return (
            f"Nothing arrives from {text}: its result's _backward is None. Keep the closure itself in it, without "
            "calling it: no () behind the name."
        )
    if message:
        return ""
    gradients = read(leaves, "grad")
    if gradients is None:
        return ""
    if any(gradients):
        return _backward_does_not_call(student, text)
    changed = changed_data_hint(student, call)
    if changed:
        return changed
    if returned and (read(returned) is not None or not attempt(lambda: len(returned[0]))):
        return f"The closure of {text} returns the gradients, and nobody takes them: it has to add them to each grad."
    if returned and not attempt(lambda: returned[0]()) and any(read(leaves, "grad") or ()):
        return (
            f"The _backward of the result of {text} gives the closure back and does not run it: keep the closure "
            "itself in out._backward."
        )
    return _misplaced_closure_hint(student, call, leaves, result) or _idle_closure_hint(student, call, result)


def _misplaced_closure_hint(student: Student, call: Call, leaves: Sequence[Subject], result: Subject) -> str:
    """Explain a closure that is kept, or adds what it computes, where nobody looks.

    Args:
        student: The student's code.
        call: The operation.
        leaves: The operands, after the closure of the result has run.
        result: The result.
    """
    text = call.operation.text
    if runs_in_operand(student, call):
        return (
            f"The closure of {text} is kept in its operand (self._backward); it belongs to the result: out._backward."
        )
    fresh = student.load("Value")(2.0)
    kept_as = find_misspelling(result, "_backward", fresh)
    if kept_as:
        return (
            f"The result of {text} has an attribute {kept_as}, and it is _backward that is called: one name for both."
        )
    added_to = find_misspelling(leaves[0], "grad", fresh)
    if added_to:
        return f"After the closure of {text} has run, its operand has an attribute {added_to}: grad is meant."
    return own_gradient_hint(student, call, 0) or own_gradient_hint(student, call, len(leaves) - 1)


def _idle_closure_hint(student: Student, call: Call, result: Subject) -> str:
    """Explain a result whose _backward() changes no grad when it is called by hand with the gradient 1."""
    text = call.operation.text
    others, second = call.make(student)
    write([second], "grad", [3.0])
    if not attempt(_call_closure, second) and any(read(others, "grad") or ()):
        return (
            f"The closure of {text} passes nothing on where the result's own gradient is 1, and something where that "
            "is 3: either the local derivative is computed from out.grad, where a number (data) is due, or a part of "
            "it is not multiplied by out.grad (parentheses)."
        )
    leaf = student.load("Value")(2.0)
    names = [attempt(_call_closure, node, 1.0) for node in (leaf, result)]
    is_named = all("positional argument" in name for name in names)
    if is_named and names[0] == names[1]:
        return (
            f"Nothing arrives from {text}: its result has the _backward that a leaf has, which does nothing. Either no "
            "closure is written for it, or its closure is not kept in it (out._backward = ...)."
        )
    causes = [
        *["the closure is not kept there"] * (not is_named),
        "it does not add (+=) to the attribute grad of its operands",
        "what it adds is 0, as it is if out.grad was read outside of it, before it runs, or if the local derivative "
        "is 0",
    ]
    return (
        f"Nothing arrives from {text}: when its result's _backward() is called by hand, no operand's grad changes. "
        f"Either {', or '.join(causes)}."
    )


def _taken_back_hint(student: Student, call: Call) -> str:
    """Explain operands without a gradient after backward(), by what becomes of gradients that they have already."""
    text = call.operation.text
    added = added_by_backward(student, call)
    if not any(added):
        return ""
    if not any(before + share for before, share in zip(BEFORE, added)):
        return (
            f"After backward() on {text} the grad of its operands is 0, also where it was not 0 before: backward() "
            "sets it back. What has arrived there is to stay."
        )
    return (
        f"What {text} passes on is computed from the grads that its operands have themselves, which are 0 at first. It "
        "is the grad of the result that is passed on, times the local derivative."
    )


def changed_data_hint(student: Student, call: Call) -> str:
    """Return a hint if backward() changes the numbers of an operation's operands."""
    leaves, result = call.make(student)
    before = read(leaves, "data")
    if attempt(lambda: result.backward()) or read(leaves, "data") == before:
        return ""
    return f"backward() on {call.operation.text} changes the data of an operand: it is its grad that is added to."


def shares_by_hand(student: Student, call: Call) -> list[float]:
    """Return what a closure adds that is called by hand, with the gradient 1; empty if it cannot be called."""
    leaves, result = call.make(student)
    write([result], "grad", [1.0])
    return [] if attempt(_call_closure, result) else read(leaves, "grad") or []


BEFORE = (2.0, 3.0)
"""Gradients that operands have already, in questions about what is added to them."""


def added_by_backward(student: Student, call: Call, start: Sequence[float] = BEFORE) -> list[float]:
    """Return what backward() adds to gradients that the operands have already; empty if it fails."""
    leaves, result = call.make(student)
    before = start[: len(leaves)]
    write(leaves, "grad", before)
    after = [] if attempt(lambda: result.backward()) else read(leaves, "grad") or []
    return [grad - start for grad, start in zip(after, before)]


def own_gradient_hint(student: Student, call: Call, operand: int) -> str:
    """Return a hint if what an operand gets is computed from the gradients that the operands have themselves.

    Those are 0 at first, and so is what is computed from them: nothing seems to arrive.
    """
    leaves, result = call.make(student)
    before = BEFORE[: len(leaves)]
    write(leaves, "grad", before)
    write([result], "grad", [1.0])
    if attempt(_call_closure, result):
        return ""
    after = read(leaves, "grad")
    if after is None or after[operand] == before[operand]:
        return ""
    return (
        f"What {call.operation.text} passes on to {call.operation.operands[operand]} is computed from an operand's own "
        "grad, which is 0 at first. It is the grad of the result (out.grad) that is passed on, times a number that "
        "comes from the operands' data."
    )


def _call_closure(node: Subject, *too_many: float) -> None:
    """Call a closure by hand. With an argument too many, Python's message names the function and where it was made."""
    node._backward(*too_many)


def runs_in_operand(student: Student, call: Call) -> bool:
    """Return whether calling the _backward of an operand does what the result's should do."""
    leaves, result = call.make(student)
    write([result], "grad", [1.0])
    return any(not attempt(_call_closure, leaf) and any(read(leaves, "grad") or ()) for leaf in leaves)


def _backward_does_not_call(student: Student, text: str) -> str:
    """Explain a closure that works when it is called by hand, and that backward() does not run."""
    make_value = student.load("Value")
    a, b, c = make_value(0.7), make_value(1.3), make_value(2.2)
    inner = a + b
    result = inner + c
    write([inner], "grad", [5.0])
    attempt(lambda: result.backward())
    if read([a, c], "grad") == [5.0, 0.0]:
        others, again = Call(ADDITION).make(student)
        write([again], "grad", [1.0])
        attempt(lambda: again.backward())
        if any(read(others, "grad") or ()):
            return (
                "The closure of the result runs while the result's own gradient is still 0: backward() sets self.grad "
                "to 1 first, and runs the closures then."
            )
        return (
            "In (a + b) + c the closure of a + b runs, but that of the result itself does not: "
            "the result belongs into the order, too."
        )
    return (
        f"The closure of {text} works when it is called by hand, but backward() does not run it: does the loop go over "
        "every node, the result too, and call node._backward(), with its parentheses?"
    )
