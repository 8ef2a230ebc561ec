"""What is wrong with the way in which gradients travel between Tensors: closures called by hand, and backward()."""

from __future__ import annotations

from dataclasses import dataclass

from gradkit.graphs.tensor.graph import Array, TensorGraph
from gradkit.inside.tensor_replay import TENSOR_OPERATIONS
from gradkit.submissions.transport.subject import Subject, arrays, replay_tensors, write

from .student import Student, ask, attempt, find_misspelling, find_parents

FIRST, SECOND = [0.7, 1.3, 2.2], [1.9, 0.6, 1.6]
"""The numbers of the operands."""


@dataclass(frozen=True)
class TensorCall:
    """One operation on fresh Tensors of one axis, object by object. Its result has one axis, or is a single number.

    Attributes:
        name: Its name in TENSOR_OPERATIONS.
        text: How a student writes it.
        constants: The plain numbers that it takes.
    """

    name: str
    text: str
    constants: tuple[float, ...] = ()

    def make(self, student: Student) -> tuple[list[Subject], Subject]:
        """Return the operands and the result. Raises SubmissionError if the student's code fails."""
        make_tensor = student.load("Tensor")
        operation = TENSOR_OPERATIONS[self.name]
        leaves = [make_tensor(list(numbers)) for numbers in (FIRST, SECOND)[: operation.arity]]
        return leaves, operation.function(*leaves, *self.constants)


def read_gradients(tensors: list[Subject]) -> list[Array] | None:
    """Read the gradients of some Tensors; None if one is not an array."""
    return ask(arrays, tensors, "grad")


def _arrives(leaves: list[Subject]) -> bool:
    return any(any(gradient.numbers) for gradient in read_gradients(leaves) or ())


def _run_closure(node: Subject) -> None:
    node._backward()


def _made_and_seeded(student: Student, call: TensorCall) -> tuple[list[Subject], Subject]:
    """Return operands and result, whose gradient is 1 at every place, as if backward() had come to it."""
    leaves, result = call.make(student)
    write([result], "grad", [_ones(student, result)])
    return leaves, result


def _ones(student: Student, result: Subject) -> Subject:
    """Return an array of ones in the shape of a result."""
    ones: list[float] | float = [1.0] * len(FIRST) if arrays([result], "data")[0].shape else 1.0
    return student.load("array")(ones)


def kept_in_operand_hint(student: Student, call: TensorCall) -> str:
    """Explain a closure that an operation has stored in its operand; empty if it has not, or if it fails."""
    if not ask(_is_kept_in_operand, student, call):
        return ""
    return (
        f"The closure of {call.text} is kept in its operand (self._backward), in place of the operand's own: it "
        "belongs to the result (out._backward)."
    )


def _is_kept_in_operand(student: Student, call: TensorCall) -> bool:
    leaves, result = _made_and_seeded(student, call)
    if attempt(_run_closure, result) or _arrives(leaves):
        return False
    return any(not attempt(_run_closure, leaf) and _arrives(leaves) for leaf in leaves)


def nothing_arrives_hint(student: Student, call: TensorCall, letter: str) -> str:
    """Explain an operation that is the result itself, and whose operand gets no gradient."""
    if ask(_works_by_hand_only, student, call):
        return (
            f"The closure of {call.text} works when it is called by hand, and in backward() it does nothing: does "
            "backward() set self.grad first, and then go over every node, the result too, and call node._backward(), "
            "with its parentheses?"
        )
    return ask(_by_hand_hint, student, call, letter) or (
        f"No gradient arrives from {call.text} at {letter}: either its closure is not kept in the result "
        f"(out._backward), or it adds nothing to the grad of {letter}, as with an out.grad that was read too early."
    )


def _by_hand_hint(student: Student, call: TensorCall, letter: str) -> str:
    """Explain what the closure of an operation does when it is called by hand; empty if that shows nothing."""
    text = call.text
    leaves, result = _made_and_seeded(student, call)
    before = arrays(leaves, "data")
    returned = [result._backward()]
    if arrays(leaves, "data") != before:
        return f"The closure of {text} changes the data of the operands: it should add to their grad."
    if not attempt(lambda: len(returned[0])):
        return f"The closure of {text} returns the gradients, and nobody takes them: it has to add them to each grad."
    misspelt = find_misspelling(leaves[0], "grad", student.load("Tensor")(1.0))
    if misspelt:
        return f"After the closure of {text} has run, its operand has an attribute {misspelt}: grad is meant."
    if _arrives(leaves) and len(leaves) == 1:
        return (
            f"From {text} a gradient arrives at {letter} for some numbers, and for others none at all: what is decided "
            "is decided for each number of the array by itself."
        )
    if _arrives(leaves):
        return f"From {text} one operand gets its share, and {letter} gets nothing: each operand gets its own."
    if find_parents(result) == []:
        return (
            f"The result of {text} remembers no operands (its _prev is empty), and no gradient goes back through it: "
            "a Tensor of the numbers alone ends the graph there."
        )
    return ""


def remembers_nothing(student: Student, call: TensorCall) -> bool:
    """Return whether the _prev of an operation's result is empty."""
    return bool(ask(lambda: find_parents(call.make(student)[1]) == []))


def _works_by_hand_only(student: Student, call: TensorCall) -> bool:
    """Return whether every operand gets a gradient when the closure is called by hand, and none by backward()."""
    leaves, result = _made_and_seeded(student, call)
    _run_closure(result)
    gradients = read_gradients(leaves) or []
    if not gradients or not all(any(gradient.numbers) for gradient in gradients):
        return False
    others, again = call.make(student)
    ones = _ones(student, again)
    return not attempt(lambda: again.backward(ones)) and not _arrives(others)


def chain_hint(student: Student) -> str:
    """Explain a backward() that does not get from the result of (a + b) + c to a."""
    make_tensor, array = student.load("Tensor"), student.load("array")
    a, b = make_tensor([0.7]), make_tensor([1.3])
    single = a + b
    if attempt(lambda: single.backward(array([3.0]))):
        return ""
    gradients = read_gradients([single, a, b])
    if gradients is None or any(gradient.shape != (1,) for gradient in gradients):
        return ""
    own, *alone = [gradient.numbers[0] for gradient in gradients]
    if own == 0.0 and any(alone):
        return (
            "After y.backward(g) gradients have arrived at the operands, but y.grad is 0: it is set back after its "
            "closure has run, where it should stay as it is."
        )
    if own != 3.0:
        return (
            f"After y.backward(g) with g = 3.0, its own gradient is {own!r}: backward(gradient) starts by setting "
            "self.grad to it."
        )
    if alone != [3.0, 3.0]:
        return ""

    a, b, c = make_tensor([0.7]), make_tensor([1.3]), make_tensor([2.2])
    inner = a + b
    result = inner + c
    if attempt(lambda: result.backward(array([3.0]))):
        return ""
    gradients = read_gradients([a, b, c])
    if gradients is None or any(gradient.shape != (1,) for gradient in gradients):
        return ""
    got = [gradient.numbers[0] for gradient in gradients]
    if got == [3.0, 3.0, 3.0]:
        return ""
    if got == [0.0, 0.0, 3.0]:
        return _lost_behind_hint(student, inner, a)
    return "A single a + b passes its gradient on, and (a + b) + c does not: look at how backward() goes on from there."


def _lost_behind_hint(student: Student, inner: Subject, a: Subject) -> str:
    """Explain why the closure of a + b passes nothing on in (a + b) + c."""
    parents = find_parents(inner)
    if parents == []:
        return (
            "The _prev of a + b is empty, so backward() finds no way back behind it: the operation hands its operands "
            "to Tensor(...), and __init__ stores what it gets."
        )
    make_tensor, array = student.load("Tensor"), student.load("array")
    a, b, c = make_tensor([0.7]), make_tensor([1.3]), make_tensor([2.2])
    inner = a + b
    result = inner + c
    write([inner], "grad", [array([5.0])])
    gradients = None if attempt(lambda: result.backward(array([3.0]))) else read_gradients([a])
    if gradients and gradients[0].numbers == (5.0,):
        return (
            "In (a + b) + c the closure of a + b runs before that of the result, when it has nothing to pass on yet: "
            "backward() goes through the order from the result to the leaves (reversed)."
        )
    return (
        "In (a + b) + c the result's closure runs, and then that of a + b does not: backward() has to go on, through "
        "the parents of the parents (_prev), to the leaves."
    )


def replay_graph(student: Student, graph: TensorGraph, backward: bool) -> list[Array] | None:
    """Replay a graph; None if the student's code fails on it."""
    return ask(lambda: replay_tensors(student.load("Tensor"), graph, backward))
