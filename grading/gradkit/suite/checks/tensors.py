"""What the items about tensors call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from gradkit.corpora.spec import Corpus
from gradkit.graphs.tensor.graph import Array, Leaf, TensorAnswers, TensorGraph
from gradkit.graphs.tensor.program import node_names, tensor_program
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.subject import Subject, arrays, replay_tensors
from gradkit.suite.evidence import Evidence, NotPassed, of_number
from gradkit.suite.excerpt import lines_up_to

from .cases import check_cases, readable, wrong_numbers

Kind = Literal["data", "grad"]

Lists = Any
"""An array as nested lists of numbers, or a number."""


def check_tensors(Tensor: Subject, corpus: Corpus[TensorGraph, TensorAnswers]) -> None:
    """The output of every graph is PyTorch's, in shape and numbers, and the leaves are as they were.

    Raises NotPassed.
    """
    check_cases(corpus, (Tensor,), partial(_asked, "data", _output_and_leaves), partial(_program, False))


def check_tensor_gradients(Tensor: Subject, corpus: Corpus[TensorGraph, TensorAnswers]) -> None:
    """The gradient of every leaf is PyTorch's, in shape and numbers. Raises NotPassed."""
    check_cases(corpus, (Tensor,), partial(_asked, "grad", _leaves), partial(_program, True))


def check_inner_tensor_gradients(Tensor: Subject, corpus: Corpus[TensorGraph, TensorAnswers]) -> None:
    """The gradient of every node, inner ones too, is PyTorch's. Raises NotPassed."""
    check_cases(corpus, (Tensor,), partial(_asked, "grad", _all), partial(_program, True))


def _output_and_leaves(graph: TensorGraph) -> Sequence[int]:
    return [len(graph) - 1, *_leaves(graph)]


def _leaves(graph: TensorGraph) -> Sequence[int]:
    return range(len(graph.leaves))


def _all(graph: TensorGraph) -> Sequence[int]:
    return range(len(graph) - 1, -1, -1)  # in the order in which gradients are found


def _program(gradients: bool, graph: TensorGraph, shown: Sequence[str]) -> list[str]:
    return tensor_program(graph, gradients, shown)


def _asked(
    kind: Kind,
    decisive: Callable[[TensorGraph], Sequence[int]],
    graph: TensorGraph,
    answers: TensorAnswers,
    Tensor: Subject,
) -> Evidence | None:
    gradients = kind == "grad"
    found = replay_tensors(Tensor, graph, gradients)[-len(graph) :]
    names, due = node_names(graph), answers.arrays(kind)
    for node in decisive(graph):
        wrong = wrong_array(f"{names[node]}.{kind}", found[node], due[node], partial(tensor_program, graph, gradients))
        if wrong:
            return wrong
    return None


def wrong_array(
    name: str, yours: Array, expected: Array, program: Callable[[Sequence[str]], list[str]], role: str = ""
) -> Evidence | None:
    """The evidence where an array differs from PyTorch's in shape or numbers; None where it does not.

    name:    how the program calls it.   program: prints what it is given.   role: what the array is, in words.
    """
    if yours.shape != expected.shape:
        message = f"{name} has shape {yours.shape}, and PyTorch's has {expected.shape}"
        hint = ""
        if name.endswith(".grad"):
            hint = "A gradient has the shape of its own data: sum over what broadcasting added or stretched."
        return Evidence(Verdict.FAILED, message, readable(program([f"{name}.shape"])), hint=hint)
    names = [f"{name}{expected.index_text(number)}" for number in range(len(expected.numbers))]
    return wrong_numbers(names, yours.numbers, expected.numbers, program, lambda _: role)


def check_tensor_chain(Tensor: Subject, steps: int) -> None:
    """A chain of so many additions has the right numbers and gradients. Raises NotPassed."""
    nodes = (0, *range(2, steps + 1))
    chain = TensorGraph(
        (Leaf((2,), (0.5, -1.5)), Leaf((2,), (1.0, 1.0))),
        tuple(("add", node, 1) for node in nodes),
        Leaf((2,), (2.0, -3.0)),
    )
    code = (
        "import numpy as np",
        "from tensor import Tensor",
        "y = a = Tensor([0.5, -1.5]); one = Tensor([1.0, 1.0])",
        f"for _ in range({steps}): y = y + one",
        "y.backward(np.array([2.0, -3.0]))",
    )
    found = replay_tensors(Tensor, chain, True)
    for name, place, numbers in (("y.data", steps + 1, (steps + 0.5, steps - 1.5)), ("a.grad", steps + 2, (2.0, -3.0))):
        wrong = wrong_array(name, found[place], Array((2,), numbers), lambda shown: [*code, f"print({shown[0]})"])
        if wrong:
            raise NotPassed(wrong.verdict, partial(replace, wrong))


def expect_array(yours: Subject, name: Kind, expected: Lists) -> None:
    """A hand-written item's array is right, in shape and numbers. Raises NotPassed, showing the test's own lines.

    Raises SubmissionError where yours has no array of floats there.
    """
    found, due = arrays([yours], name)[0], array_of_lists(expected)
    wrong = [place for place, pair in enumerate(zip(found.numbers, due.numbers)) if not is_close(*pair)]
    if found.shape == due.shape and not wrong:
        return
    frame = sys._getframe(1)
    lines, what = lines_up_to(frame.f_code, frame.f_lineno)
    if found.shape != due.shape:
        asked, message = f"{what}.shape", f"{what} has shape {found.shape} and should have {due.shape}"
        raise NotPassed(Verdict.FAILED, partial(Evidence, Verdict.FAILED, message, _printing(lines, asked)))
    what += due.index_text(wrong[0])
    number = partial(of_number, what, found.numbers[wrong[0]], due.numbers[wrong[0]])
    raise NotPassed(Verdict.FAILED, partial(number, _printing(lines, what)))


def _printing(lines: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The same program, which prints something else in its last line."""
    return (*lines[:-1], f"print({what})") if lines else ()


def array_of_lists(lists: Lists) -> Array:
    """Nested lists as an array."""
    if not isinstance(lists, list):
        return Array((), (float(lists),))
    rows = [array_of_lists(each) for each in lists]
    return Array((len(rows), *rows[0].shape), tuple(number for row in rows for number in row.numbers))
