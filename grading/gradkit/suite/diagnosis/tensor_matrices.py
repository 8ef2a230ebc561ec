"""What is wrong with the gradients of a product of two matrices, or of stacks of them."""

from __future__ import annotations

from collections.abc import Sequence

from gradkit.graphs.tensor.graph import Leaf, TensorGraph

from .mathematics import dot
from .slips import agree, find_slip
from .student import Student
from .tensor_wiring import replay_graph

Matrix = tuple[tuple[float, float], tuple[float, float]]


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = _turned(b)
    return (dot(a[0], columns[0]), dot(a[0], columns[1])), (dot(a[1], columns[0]), dot(a[1], columns[1]))


def _turned(a: Matrix) -> Matrix:
    return (a[0][0], a[1][0]), (a[0][1], a[1][1])


A, B, G = ((0.7, 1.3), (2.2, 1.6)), ((0.4, 3.1), (1.9, 0.6)), ((3.0, -2.0), (0.5, 4.0))
"""The two factors, and the gradient of their product."""


def matmul_slips(place: int) -> dict[str, list[float]]:
    """Return the gradient of a factor of A @ B: the right one under an empty text, and those of known slips."""
    a, b, g = A, B, G
    other = b if place == 0 else a
    right = _times(g, _turned(b)) if place == 0 else _times(_turned(a), g)
    slips: dict[str, Matrix] = {
        "": right,
        "has the two factors the other way round: order matters in a product of matrices": (
            _times(_turned(b), g) if place == 0 else _times(g, _turned(a))
        ),
        "lacks a transposition: the other matrix stands there as it is": (_times(g, b) if place == 0 else _times(a, g)),
        "lacks a transposition, and has the two factors the other way round": (
            _times(b, g) if place == 0 else _times(g, a)
        ),
        "is transposed": _turned(right),
        "is the other matrix alone, without out.grad": other,
        "is the other matrix transposed, without out.grad": _turned(other),
    }
    return {text: [*matrix[0], *matrix[1]] for text, matrix in slips.items()}


def matmul_hint(student: Student) -> str:
    """Explain wrong gradients of a product of two square matrices, whose sizes fit in any order."""
    leaves = tuple(Leaf((2, 2), (*matrix[0], *matrix[1])) for matrix in (A, B))
    upstream = Leaf((2, 2), (*G[0], *G[1]))
    arrays = replay_graph(student, TensorGraph(leaves, (("matmul", 0, 1),), upstream), backward=True)
    if arrays is None:
        return ""
    for place, letter in enumerate("ab"):
        got, slips = list(arrays[3 + place].numbers), matmul_slips(place)
        right = slips.pop("")
        found = "" if agree(got, right) else find_slip(got, slips)
        if found:
            return f"What `a @ b` passes on to {letter} {found}."
    return ""


STACK_A: tuple[Matrix, Matrix] = (((0.7, 1.3), (2.2, 1.6)), ((0.9, 2.4), (1.1, 0.3)))
STACK_B: tuple[Matrix, Matrix] = (((0.4, 3.1), (1.9, 0.6)), ((1.2, 0.8), (2.7, 1.4)))
STACK_G: tuple[Matrix, Matrix] = (((3.0, -2.0), (0.5, 4.0)), ((-1.5, 2.5), (1.0, -3.0)))


def _flat(stack: Sequence[Matrix]) -> tuple[float, ...]:
    return tuple(number for matrix in stack for row in matrix for number in row)


def stack_hint(student: Student) -> str:
    """Explain wrong gradients of products of many matrices, where those of two matrices are right."""
    upstream = Leaf((2, 2, 2), _flat(STACK_G))
    leaves = (Leaf((2, 2, 2), _flat(STACK_A)), Leaf((2, 2, 2), _flat(STACK_B)))
    arrays = replay_graph(student, TensorGraph(leaves, (("matmul", 0, 1),), upstream), backward=True)
    if arrays is None:
        return ""
    right_a = _flat([_times(g, _turned(b)) for g, b in zip(STACK_G, STACK_B)])
    right_b = _flat([_times(_turned(a), g) for g, a in zip(STACK_G, STACK_A)])
    if not agree([*arrays[3].numbers, *arrays[4].numbers], [*right_a, *right_b]):
        return (
            "The gradients of `a @ b` are right for two matrices, and wrong for stacks of them, of shape (2, 2, 2): "
            "there only the last two axes change places, and the axes in front stay (.T turns all of them round)."
        )
    leaves = (leaves[0], Leaf((2, 2), _flat(STACK_B[:1])))
    arrays = replay_graph(student, TensorGraph(leaves, (("matmul", 0, 1),), upstream), backward=True)
    if arrays is None:
        return ""
    shares = [_flat([_times(_turned(a), g)]) for g, a in zip(STACK_G, STACK_A)]
    if not agree(list(arrays[4].numbers), list(map(sum, zip(*shares)))):
        return (
            "Where one matrix b serves for a whole stack a in `a @ b`, its gradient is wrong: it is the sum of what "
            "comes from each matrix of the stack."
        )
    return ""
