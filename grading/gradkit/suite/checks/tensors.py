"""Checks of a tensor engine: replay graphs on a student's Tensor, and compare shapes and numbers with PyTorch's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from gradkit.corpora.spec import Corpus
from gradkit.graphs.tensor.graph import Array, Leaf, TensorAnswers, TensorGraph
from gradkit.graphs.tensor.program import name_nodes, write_step, write_tensor_program
from gradkit.graphs.tensor.reduce import smaller_tensor_graphs, tensor_graph_cost
from gradkit.oracle.complex_arrays import answer_tensor_graph, evaluate_tensor_graph
from gradkit.oracle.tensor_mismatch import Kind, TensorMismatch, compare_arrays
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.transport.subject import Subject, arrays, replay_tensors
from gradkit.suite.evidence import NODES_SHOWN, Evidence
from gradkit.suite.excerpt import excerpt_of
from gradkit.suite.explanations import explain_number
from gradkit.suite.failures import not_passed
from gradkit.suite.pictures import nodes_of_tensors

from .cases import Reduction, check_cases, readable, wrong_numbers

NUMPY = "import numpy as np"
"""The line of a program that imports numpy."""

Lists = Any
"""An array as nested lists of numbers, or a number."""

GRAPHS = Reduction(
    partial(smaller_tensor_graphs, evaluate=evaluate_tensor_graph), tensor_graph_cost, answer_tensor_graph
)
"""How graphs of tensors are reduced."""


def check_tensors(Tensor: Subject, corpus: Corpus[TensorGraph, TensorAnswers]) -> None:
    """Check that the output of every graph is PyTorch's, in shape and numbers, and that the leaves are unchanged.

    Raises:
        NotPassed: If a shape or a number is wrong.
    """
    check_cases(corpus, (Tensor,), partial(_run_graph, "data", _output_and_leaves), partial(_program, False), GRAPHS)


def check_tensor_gradients(Tensor: Subject, corpus: Corpus[TensorGraph, TensorAnswers]) -> None:
    """Check that the gradient of every leaf is PyTorch's, in shape and numbers. Raises NotPassed."""
    check_cases(corpus, (Tensor,), partial(_run_graph, "grad", _leaves), partial(_program, True), GRAPHS)


def check_inner_tensor_gradients(Tensor: Subject, corpus: Corpus[TensorGraph, TensorAnswers]) -> None:
    """Check that the gradient of every node, inner ones too, is PyTorch's. Raises NotPassed."""
    check_cases(corpus, (Tensor,), partial(_run_graph, "grad", _all_nodes), partial(_program, True), GRAPHS)


def _output_and_leaves(graph: TensorGraph) -> Sequence[int]:
    return [len(graph) - 1, *_leaves(graph)]


def _leaves(graph: TensorGraph) -> Sequence[int]:
    return range(len(graph.leaves))


def _all_nodes(graph: TensorGraph) -> Sequence[int]:
    return range(len(graph) - 1, -1, -1)  # in the order in which backward() computes gradients


def _program(gradients: bool, graph: TensorGraph, shown: Sequence[str]) -> list[str]:
    return write_tensor_program(graph, gradients, shown)


def _run_graph(
    kind: Kind,
    decisive_nodes: Callable[[TensorGraph], Sequence[int]],
    graph: TensorGraph,
    answers: TensorAnswers,
    Tensor: Subject,
) -> Evidence | None:
    """Replay a graph, and return the evidence of the first decisive node that is wrong."""
    replayed = replay_tensors(Tensor, graph, kind == "grad")
    data, yours = replayed[: len(graph)], replayed[-len(graph) :]
    mismatch = compare_arrays(graph, kind, answers.arrays(kind), yours, decisive_nodes(graph))
    if mismatch is None:
        return None
    if kind == "data":
        return explain_tensor_mismatch(mismatch)
    # Gradients of wrong numbers are wrong as well, and would only distract.
    wrong_data = compare_arrays(graph, "data", answers.arrays("data"), data, range(len(graph)))
    return explain_tensor_mismatch(wrong_data or mismatch)


def explain_tensor_mismatch(mismatch: TensorMismatch) -> Evidence:
    """Return the evidence of a wrong array in a graph: its first wrong numbers, and the node that went wrong first."""
    graph, kind, node, origin = mismatch.graph, mismatch.kind, mismatch.node, mismatch.origin
    names = name_nodes(graph)
    program = partial(write_tensor_program, graph, kind == "grad")
    evidence = wrong_array(f"{names[node]}.{kind}", mismatch.got[node], mismatch.want[node], program)
    assert evidence is not None
    evidence = msgspec.structs.replace(evidence, nodes=nodes_of_tensors(mismatch))
    if origin is None:
        return evidence
    text = names[origin]
    if origin >= len(graph.leaves):
        text += f" = {write_step(graph, origin, names)}"
    if origin == node or not evidence.rows or mismatch.got[origin].shape != mismatch.want[origin].shape:
        return msgspec.structs.replace(evidence, origin=text)

    at_origin = wrong_array(f"{names[origin]}.{kind}", mismatch.got[origin], mismatch.want[origin], program)
    assert at_origin is not None
    rows = (*evidence.rows[: NODES_SHOWN - 1], at_origin.rows[0])
    return msgspec.structs.replace(evidence, rows=rows, code=readable(program([row.name for row in rows])), origin=text)


def wrong_array(
    name: str, yours: Array, expected: Array, program: Callable[[Sequence[str]], list[str]]
) -> Evidence | None:
    """Return the evidence if an array differs from PyTorch's in shape or numbers, else None.

    Args:
        name: What the program calls it.
        yours: The student's array.
        expected: PyTorch's array.
        program: Writes the program that prints the names it is given.
    """
    if yours.shape != expected.shape:
        message = f"{name} has shape {yours.shape}, and PyTorch's has {expected.shape}"
        hint = ""
        if name.endswith(".grad"):
            hint = "A gradient has the shape of its own data: sum over what broadcasting added or stretched."
        code = program([f"np.shape({name})"])
        return Evidence(message, readable(code if NUMPY in code else [NUMPY, *code]), hint=hint)
    names = [f"{name}{expected.index_text(index)}" for index in range(len(expected.numbers))]
    return wrong_numbers(names, yours.numbers, expected.numbers, program)


def check_tensor_chain(Tensor: Subject, steps: int) -> None:
    """Check the numbers and gradients of a chain of additions.

    Args:
        Tensor: The student's class.
        steps: The number of additions.

    Raises:
        NotPassed: If a shape or a number is wrong.
    """
    a, one, upstream = Leaf((2,), (0.5, -1.5)), Leaf((2,), (1.0, 1.0)), Leaf((2,), (2.0, -3.0))
    operands = (0, *range(2, steps + 1))  # the first addition takes a, and each other one the addition before it
    chain = TensorGraph((a, one), tuple(("add", operand, 1) for operand in operands), upstream)
    code = (
        "import numpy as np",
        "from tensor import Tensor",
        "y = a = Tensor([0.5, -1.5]); one = Tensor([1.0, 1.0])",
        f"for _ in range({steps}): y = y + one",
        "y.backward(np.array([2.0, -3.0]))",
    )
    yours = replay_tensors(Tensor, chain, True)
    output, gradient_of_a = yours[steps + 1], yours[steps + 2]
    for name, array, numbers in (
        ("y.data", output, (steps + 0.5, steps - 1.5)),
        ("a.grad", gradient_of_a, (2.0, -3.0)),
    ):
        evidence = wrong_array(name, array, Array((2,), numbers), lambda shown: [*code, f"print({shown[0]})"])
        if evidence:
            raise not_passed(evidence)


# --- hand-written items ----------------------------------------------------------------------------------------------


def expect_array(yours: Subject, name: Kind, expected: Lists) -> None:
    """Check an array of a hand-written item, in shape and numbers.

    Args:
        yours: The student's Tensor.
        name: The attribute that holds the array.
        expected: The right numbers.

    Raises:
        NotPassed: If the arrays differ. The evidence shows the test's statements up to this one.
        SubmissionError: If the attribute is not an array of floats.
    """
    array, right = arrays([yours], name)[0], convert_to_array(expected)
    if array.shape != right.shape:
        excerpt = excerpt_of(sys._getframe(1))
        message = f"{excerpt.checked} has shape {array.shape} and should have {right.shape}"
        code, longer = (_with_print_of_shape(lines, excerpt.checked) for lines in (excerpt.lines, excerpt.longer))
        raise not_passed(Evidence(message, code), longer)

    wrong = [index for index, pair in enumerate(zip(array.numbers, right.numbers)) if not is_close(*pair)]
    if wrong:
        excerpt = excerpt_of(sys._getframe(1))
        number = excerpt.checked + right.index_text(wrong[0])
        code, longer = (_with_last_print(lines, number) for lines in (excerpt.lines, excerpt.longer))
        raise not_passed(explain_number(number, array.numbers[wrong[0]], right.numbers[wrong[0]], code), longer)


def _with_print_of_shape(lines: tuple[str, ...], expression: str) -> tuple[str, ...]:
    """Return a program that prints the shape of an expression in its last line, also if it is a plain number."""
    return (NUMPY, *_with_last_print(lines, f"np.shape({expression})")) if lines else ()


def _with_last_print(lines: tuple[str, ...], expression: str) -> tuple[str, ...]:
    """Return a program that prints another expression in its last line."""
    return (*lines[:-1], f"print({expression})") if lines else ()


def convert_to_array(lists: Lists) -> Array:
    """Return nested lists of numbers as an array."""
    if not isinstance(lists, list):
        return Array((), (float(lists),))
    rows = [convert_to_array(each) for each in lists]
    return Array((len(rows), *rows[0].shape), tuple(number for row in rows for number in row.numbers))
